"""Regions: where a picture moves.

The shares of land, sky and water, from a scene network or from the predictor's answers, become
soft masks: what is unsure is left out (`certainty`), borders go to the picture's own edges
(`edges`) and fade where there are none (`feather`), thin things and lights in the sky stay.

Legend: h w pixels of the predictor's grid or of the shares, H W pixels of the masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..ops import masks, shrinking
from ..ops.wrapping import Wrap
from . import (
    certainty,
    colored_things,
    edges,
    falls,
    feather,
    fliers,
    floaters,
    gaps,
    lights_in_the_sky,
    masts,
    moons,
    rooted,
    thin_things,
)
from .certainty import LAND, SKY, WATER

DOUBT = 0.3  # vectors slower than this share of the 70th percentile count as unknown
MASK_WIDTH = 1280  # masks are made at the picture's width, or at this if that is larger; pixels
REACH = 0.019  # how far a mask's edge may go to meet the picture's, share of the width
SPECK = 5e-4  # share of the picture below which what the picture's edges cut off is none
HOLE = 2e-4  # share of the picture below which a hole that they leave is none
LEAST_SURE = 0.3  # share of its motion that a region keeps where the network is least sure of it
SPREAD = 0.03  # over which sureness is averaged, share of the grid's width
RegionKind = Literal["sky", "water", "falls", "other"]
Moves = Literal["all", "detail"]
NAMES = {SKY: "sky", WATER: "water"}
FALLS = "falls"  # name and kind of the water that falls, which is a region of its own
MASKED = "moving"  # the name of what the artist's moving mask marks


@dataclass(frozen=True)
class Guide:
    """The artist's settings of one region; the rest comes from the motion's settings."""

    code: str | None = None  # as `MotionSettings.code`
    speed: float = 1.0  # factor on the region's speed
    phase: float = 0.0  # share of the loop by which it runs ahead
    ripple: float = 0.0  # height of ripples, in thousandths of the picture's height
    sway: float = 0.0  # width of swaying, in thousandths of the picture's width
    arrows: tuple[str, ...] = ()
    moves: Moves | None = None  # all of it, or what differs from its base; None: as its kind does


@dataclass(frozen=True)
class Region:
    """A part of the picture that moves.

    Attributes:
        name: "sky", "water", "falls", or what the artist called it.
        alpha: [1, 1, H, W] how much of each pixel moves, 0..1; exactly 0 where all stays.
        core: [1, 1, h, w] bool, the grid's pixels that lie wholly inside.
        guide: what the artist wants of it.
        kind: "sky", "water", "falls" or "other", which decides its static base (`bases`).
        certainty: [1, 1, h, w] share of its motion that a region keeps, by how surely it moves;
            nothing of an artist's own region is doubted.
        share: [1, 1, H, W] how much of each pixel is what the region is of, 0..1, whether or not it
            moves (thin things, lights in the sky); None of an artist's own region.
        foam: [1, 1, h', w'] how much of each pixel is white water, 0..1, by the scene network; None
            if it doesn't say.
    """

    name: str
    alpha: Tensor
    core: Tensor
    guide: Guide = Guide()
    kind: RegionKind = "other"
    certainty: Tensor | None = None
    share: Tensor | None = None
    foam: Tensor | None = None


def find(
    shares: Tensor,  # [1, 3, h, w] of land, sky and water, at the picture's aspect
    picture: NDArray[np.uint8],  # [H, W, 3]
    horizon: float | None = None,
    grid_hw: tuple[int, int] = (256, 256),
    device: torch.device | str = "cpu",
    white: Tensor | None = None,  # [1, 1, h, w] how much of each pixel is white water
) -> list[Region]:
    """Sky, water and falls with edges that are the picture's.

    Args:
        shares: what the scene network says, or `answers.shares_by_answers`; their sum is 1.
        picture: the picture at the masks' size (`mask_size`).
        horizon: where the water begins, as a share of the height; found if not given.
        grid_hw: height and width of the predictor's grid.
        device: where the regions go.
        white: what the scene network says of falls, rapids and surf; none if not given.

    Returns:
        None to three regions; they don't overlap but for their soft edges.
    """
    settled = certainty.settle(shares, picture, horizon)
    if not certainty.label(settled).any():
        return []
    followed = edges.follow(settled, picture, max(2, round(REACH * picture.shape[1])))
    labels = _without_specks(certainty.label(followed))
    sky, water = labels == SKY, labels == WATER
    foam = None if white is None else falls.foam_in(water, white)
    still = thin_things.find(labels, picture, foam)
    still |= masts.find(sky, picture, (labels == LAND) | still) | fliers.find(sky, picture)
    still |= moons.find(sky, picture) | rooted.find(sky, picture)
    still |= colored_things.find(sky, picture)
    still |= colored_things.find(water, picture, grey=True)
    still |= floaters.find(
        water, picture, None if white is None else white[0, 0].float().cpu().numpy()
    )
    moving = 1 - still.astype(np.float32)
    moving *= lights_in_the_sky.moving_share(sky, picture)
    sure = _sureness(settled, grid_hw).to(device)
    falling = np.zeros(labels.shape, bool)
    if white is not None:
        falling = falls.find(water, white, picture)
    found = []
    for label, name in (*NAMES.items(), (WATER, FALLS)):
        inside = (labels == label) & ~falling
        if name == FALLS:
            inside = falls.without_rim(falling, water)
        if inside.any():
            alpha = feather.soften(inside, picture) * moving
            region = region_of(alpha, grid_hw, name, torch.device(device), soften=0)
            shown = followed[label].clip(0, 1)
            if label == SKY:
                shown = np.maximum(shown, gaps.find(sky, labels == LAND, picture))
            share = torch.from_numpy(shown)[None, None].to(device)
            found.append(replace(region, certainty=sure, share=share))
    return found


def region_of(
    mask: NDArray[np.float32],  # [H, W] 0..1
    grid_hw: tuple[int, int],
    name: str,
    device: torch.device,
    soften: int = 1,
) -> Region:
    """A region of a mask, its edge softened inwards by `soften` pixels."""
    hard = torch.from_numpy(np.ascontiguousarray(mask))[None, None]
    # blurred inwards: what the mask leaves out stays out, bit for bit
    alpha = masks.blur(masks.shrink(hard, soften), soften) * (hard > 0) if soften else hard
    alpha = torch.where(alpha > 0.995, torch.ones(()), alpha).to(device)
    core = shrinking.area((alpha > 0.5).float(), grid_hw) > 0.999
    if not bool(core.any()):  # a thread of a region
        core = shrinking.area(alpha, grid_hw) > 0
    return Region(name, alpha, core)


def shrunk(region: Region, size_hw: tuple[int, int]) -> Region:
    """A region with its masks no larger than that, by the mean over the area of each pixel."""
    if tuple(region.alpha.shape[2:]) == tuple(size_hw):
        return region
    alpha = shrinking.area(region.alpha, size_hw)
    share = None if region.share is None else shrinking.area(region.share, size_hw)
    return replace(region, alpha=alpha, share=share)


def closed(region: Region, wrap: Wrap) -> Region:
    """A region of an extended picture that is the same in both copies of its overlap."""

    def close(field: Tensor | None) -> Tensor | None:
        return None if field is None else wrap.close_field(field)

    return replace(
        region,
        alpha=wrap.close_field(region.alpha),
        core=wrap.close_field(region.core.float()) > 0.5,
        certainty=close(region.certainty),
        share=close(region.share),
        foam=close(region.foam),
    )


def nothing(size_hw: tuple[int, int], grid_hw: tuple[int, int], device: torch.device) -> Region:
    """A region that holds no place: that of a picture in which nothing moves."""
    return region_of(np.zeros(size_hw, np.float32), grid_hw, "nothing", device)


def filled(regions: Sequence[Region]) -> list[Region]:
    """The regions that hold any place."""
    return [region for region in regions if bool(region.core.any())]


def mask_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the masks for a picture's."""
    scale = min(1.0, MASK_WIDTH / width)
    return max(8, round(height * scale)), max(8, round(width * scale))


def motion_within(
    region: Region,
    step: Tensor,  # [1, 2, h, w] backward, normalised: what the predictor says
    radius: int = 8,
) -> Tensor:  # [1, 2, h, w]
    """A region's field: drop slow and outlying vectors, smooth, extrapolate past the region's edge.

    Vectors shorter than `DOUBT` times the region's usual length (its 70th percentile) are filled
    from their neighbours (clouds at the horizon are a quarter as fast as those overhead, and stay
    so); those longer than its 95th percentile are shortened to it. Doubt shortens motion: where the
    region is unsure by its `certainty`, and nothing ever lengthens it.
    """
    inside = region.core.float()
    length = step.square().sum(1, keepdim=True).sqrt()
    within = length[region.core]
    usual, longest = torch.quantile(within, 0.7), torch.quantile(within, 0.95)
    sure = inside * (length >= DOUBT * usual)
    field = step * (longest / length.clamp(min=1e-12)).clamp(max=1)
    if float(sure.sum()) == 0:
        return torch.zeros_like(step)
    field = masks.extend(field, sure)
    field = masks.extend(masks.blur_within(field, inside, radius), inside)
    field = masks.blur(field, radius // 2)
    return field if region.certainty is None else field * region.certainty


def _sureness(
    shares: NDArray[np.float32],  # [3, h, w]
    grid_hw: tuple[int, int],
) -> Tensor:  # [1, 1, *grid_hw] from LEAST_SURE to 1
    """The share of its motion that each pixel keeps: 1 where certain, less where in doubt."""
    moving = torch.from_numpy(1 - shares[LAND])[None, None]
    small = F.interpolate(moving, grid_hw, mode="bilinear", antialias=True, align_corners=False)
    surely = masks.soft_threshold(small, (0.5, certainty.SURE))
    inside = (small > 0.5).float()
    smooth = masks.blur_within(surely, inside, max(1, round(SPREAD * grid_hw[1] / 2)))
    return LEAST_SURE + (1 - LEAST_SURE) * smooth


def _without_specks(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels [H, W] without regions and holes that are too small."""
    import cv2

    labels = labels.copy()
    for label, least in ((SKY, SPECK), (WATER, SPECK), (LAND, HOLE)):
        mask = (labels == label).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        small = stats[:, cv2.CC_STAT_AREA] < least * labels.size
        small[0] = False
        if label != LAND:
            labels[small[parts]] = LAND
        else:
            hole = small[parts]
            grown = cv2.dilate(labels, np.ones((3, 3), np.uint8))
            labels[hole] = grown[hole]
    return labels
