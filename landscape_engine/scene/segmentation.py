"""Segmentation: a picture's moving regions, by the scene network or the motion predictor.

What is asked of the networks is kept by `landscape.Landscape`; here it is made into regions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .. import images
from ..networks.inputs import PREDICTOR_SIZE
from ..ops import masks
from ..settings import RegionSettings
from . import answers, certainty, edges, lights_in_the_sky, region_files, regions
from .regions import Guide, Region, RegionKind

PROBE_SIZE = 128  # side at which a motion predictor is asked
PROBES = 6  # codes of the codebook, evenly, for which the motion predictor is asked
GRID_HW = (PREDICTOR_SIZE, PREDICTOR_SIZE)
DOUBT = 1e-3  # least share that either of the two networks gives to a class
DECIDED = 4.0  # exponent of the shares where falls are seen
FOAM = 0.3, 0.8  # share of white water by which the parser, which knows none, is heard: still, not
THREADS = 0.1, 0.4  # … of water whose threads stand upright
MISTY = 0.3, 0.6  # share of water by the scene network that the parser calls sky: as it says, water
MISSED = 0.5, 0.8  # share of land by the scene network where the parser sees water: perhaps, surely
WHITE, GREY = (-0.02, 0.29), (0.2, 0.4)  # mean of white water's channels, -1..1: not, surely; their
# range: surely, not
SPRAY_PX = 4  # of the shares, over which that is averaged
NARROW = 0.018  # of the longer side: what is narrower is told by the scene network alone
EDGE_REACH = 10  # pixels of that grid within which shares follow the picture's edges


def find(
    pixels: np.ndarray,  # uint8 [H', W', 3] the picture at the size of masks, or larger
    shares: Tensor,  # [1, 3, h, w] of land, sky and water
    white: Tensor | None,  # [1, 1, h, w] of white water, if the network tells it
    settings: RegionSettings,
    size_hw: tuple[int, int],  # H, W of the masks
    device: torch.device,
) -> list[Region]:
    """Segment the picture; the artist's masks and regions override the network."""
    found = []
    if not settings.moving_mask:
        found = regions.find(shares, pixels, settings.horizon, GRID_HW, device, white)
        found = [regions.shrunk(region, size_hw) for region in found]
    moving = region_files.apply(settings, found, size_hw, GRID_HW, device)
    return [replace(region, kind=_kind(region, shares), foam=white) for region in moving]


def _kind(
    region: Region,
    shares: Tensor,  # [1, 3, h, w]
) -> RegionKind:
    """The main class of a region: a found one's by its name, the artist's by its pixels.

    An artist's region of which all moves is of no class; one whose detail moves is sky or water.
    """
    if region.guide.moves == "all":
        return "other"
    if region.name in (*regions.NAMES.values(), regions.FALLS) and region.guide == Guide():
        return cast(RegionKind, region.name)
    inside = on_grid(shares)[0][:, region.core[0, 0].to(shares.device)]
    means = inside.mean(1) if inside.numel() else torch.tensor([1.0, 0.0, 0.0])
    if region.guide.moves == "detail":
        _, sky, water = means.tolist() if len(means) > 1 else (1.0, 0.0, 0.0)
        return "sky" if sky > water else "water"
    most = int(means.argmax())
    return cast(RegionKind, regions.NAMES.get(most, "other"))


def agreed(
    told: Tensor,  # [1, 4, h, w] of land, sky and water, whose sum is 1, and of white water
    parsed: Tensor,  # [1, 3, h', w'] of land, sky and water, by the scene parser
    upright: Tensor | None = None,  # [1, 1, h, w] how surely falls are seen, by `falls.upright`
) -> Tensor:  # [1, 4, h, w]
    """What the scene network and the scene parser say together.

    Both look at the picture each in its own way: their shares are multiplied (a product of
    experts), so that the surer one decides where they contradict each other. The parser's pixels
    are coarse: of what it changes, what is narrower than `NARROW` goes, so that edges stay the
    scene network's. White water stays the same part of the water; the less the parser is heard
    there, which takes surf and rapids for snow and rock. What it calls sky on water is water: a
    lake that mirrors the evening is as smooth as fog.
    """
    size = told.shape[2:]
    other = interpolate(parsed, size, mode="bilinear", antialias=True, align_corners=False)
    land, sky, water = other.split(1, 1)
    misty = masks.soft_threshold(torch.minimum(told[:, 2:3], sky), MISTY)
    other = torch.cat((land, sky * (1 - misty), water + sky * misty), 1)
    both = told[:, :3].clamp(min=DOUBT) * other.clamp(min=DOUBT)
    both = both / both.sum(1, keepdim=True)
    width = 2 * round(NARROW * max(size) / 2) + 1
    apart = masks.sustained(both - told[:, :3], width)
    falls = torch.zeros_like(told[:, 3:])
    if upright is not None:
        falls = upright * masks.soft_threshold(told[:, 3:], THREADS)
    apart = apart * (1 - torch.maximum(masks.soft_threshold(told[:, 3:], FOAM), falls))
    shares = (told[:, :3] + apart).clamp(min=1e-6) ** (1 + (DECIDED - 1) * falls)
    shares = shares / shares.sum(1, keepdim=True)
    white = told[:, 3:] / told[:, 2:3].clamp(min=1e-6)
    return torch.cat((shares, shares[:, 2:] * white), 1)


def whitened(
    found: Tensor,  # [1, 4, h, w] by `agreed`
    told: Tensor,  # [1, 4, h, w] of land, sky, water and white water, by the scene network
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, 4, h, w]
    """What both say, with the white water that the scene network took for land.

    Of falls that it misses it can't tell whether they are white: there the picture does, which is
    light and grey.
    """
    small = images.resize(image[:, :3], found.shape[3], found.shape[2]).to(found.device)
    color = small.amax(1, keepdim=True) - small.amin(1, keepdim=True)
    light = masks.soft_threshold(small.mean(1, keepdim=True), WHITE)
    look = masks.blur(light * (1 - masks.soft_threshold(color, GREY)), SPRAY_PX)
    missed = masks.soft_threshold(told[:, :1], MISSED)
    white = torch.maximum(found[:, 3:], found[:, 2:3] * missed * look)
    return torch.cat((found[:, :3], white), 1)


def label(
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    shares: Tensor,  # [1, 3, h, w] of land, sky and water
    horizon: float | None,
) -> np.ndarray:  # uint8 [256, 256]
    """Each pixel's label, as `scene.certainty` gives them."""
    small = images.to_uint8(images.resize(image[:, :3], GRID_HW[1], GRID_HW[0]))
    return certainty.label(certainty.settle(on_grid(shares), small, horizon))


def starry(
    pixels: np.ndarray,  # uint8 [H, W, 3] the picture at the size of masks
    shares: Tensor,  # [1, 3, h, w] of land, sky and water
) -> float:
    """The share of the sky that is full of stars, 0..1."""
    sky = interpolate(shares, pixels.shape[:2], mode="bilinear").argmax(1)[0] == certainty.SKY
    return lights_in_the_sky.starry(sky.cpu().numpy(), pixels)


def follow_edges(
    small: Tensor,  # [1, 3, 256, 256] the picture, in [-1, 1]
    shares: Tensor,  # [1, 3, 256, 256] of land, sky and water
) -> Tensor:  # [1, 3, 256, 256]
    """The shares, corrected and refined along the picture's edges."""
    pixels = images.to_uint8(small.cpu())
    followed = edges.follow(certainty.settle(shares, pixels, None), pixels, EDGE_REACH)
    return torch.from_numpy(followed)[None].clamp(0, 1).to(small.device)


def by_answers(
    ask: Callable[[Tensor], Tensor],  # [1, Z] a code → [1, 2, s, s] its step, times beta
    codes: list[Tensor],  # each [1, Z]
    horizon: float | None,
) -> Tensor:  # [1, 3, 256, 256] of land, sky and water
    """The shares by a motion predictor's answers under codes from all over its codebook."""
    return answers.shares_by_answers(_enlarge(torch.cat([ask(code) for code in codes])), horizon)


def on_grid(field: Tensor) -> Tensor:  # [B, C, 256, 256], averaged where it gets smaller
    """A field on the predictors' grid."""
    return interpolate(field, GRID_HW, mode="bilinear", antialias=True, align_corners=False)


def _enlarge(field: Tensor) -> Tensor:  # [B, C, 256, 256]
    return interpolate(field, GRID_HW, mode="bilinear", align_corners=True)
