"""Scenery: what of a picture moves, by the scene network or by the predictor's own answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .. import images
from ..bundles.checkpoints import ModelBundle
from ..networks import scene
from ..networks.inputs import PREDICTOR_SIZE, predictor_input, square
from ..settings import RegionSettings
from . import answers, certainty, edges, region_files, regions
from .regions import Guide, Region, RegionKind

PROBE_SIZE = 128  # side at which a motion predictor is asked
PROBES = 6  # codes of the codebook, evenly, under which a picture is asked what of it moves
GRID_HW = (PREDICTOR_SIZE, PREDICTOR_SIZE)
EDGE_REACH = 10  # pixels of that grid within which shares follow the picture's edges


def find(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    settings: RegionSettings,
) -> list[Region]:
    """What moves; the artist's masks and regions come before what the network says."""
    if not settings.clean:
        return []
    height, width = regions.mask_size(*image.shape[2:])
    small = images.to_uint8(images.resize(image[:, :3], width, height))
    seen, white = _asked(bundle, image, settings.horizon)
    found = []
    if not settings.moving_mask:
        found = regions.find(seen, small, settings.horizon, GRID_HW, bundle.device, white)
    moving = region_files.apply(settings, found, (height, width), GRID_HW, bundle.device)
    return [replace(region, kind=_kind(region, seen), foam=white) for region in moving]


def _kind(
    region: Region,
    shares: Tensor,  # [1, 3, h, w]
) -> RegionKind:
    """What most of a region is: one that was found by its name, the artist's by what is seen."""
    if region.name in (*regions.NAMES.values(), regions.FALLS) and region.guide == Guide():
        return region.name
    inside = _on_grid(shares)[0][:, region.core[0, 0].to(shares.device)]
    most = int(inside.mean(1).argmax()) if inside.numel() else certainty.LAND
    return regions.NAMES.get(most, "other")


def label(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    horizon: float | None,
) -> np.ndarray:  # uint8 [256, 256]
    """Each pixel's label, as `ops.certainty` gives them."""
    on_grid = _on_grid(_asked(bundle, image, horizon)[0])
    small = images.to_uint8(images.resize(image[:, :3], GRID_HW[1], GRID_HW[0]))
    return certainty.label(certainty.settle(on_grid, small, horizon))


def _asked(
    bundle: ModelBundle, image: Tensor, horizon: float | None
) -> tuple[Tensor, Tensor | None]:  # [1, 3, h, w] of land, sky, water; [1, 1, h, w] of white water
    """The scene network's shares, or those by the motion predictor's answers."""
    if "scene_network" in bundle.networks:
        network = bundle.network("scene_network")
        found = scene.ask(network, image, bundle.device)
        return found[:, :3], None if network.white is None else found[:, 3:]
    flows = _enlarge(_answers(bundle, square(image, PROBE_SIZE, bundle.device)))
    return answers.shares_by_answers(flows, horizon), None


def shares(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, 3, h, w] of land, sky and water; their sum is 1
    """How much of each pixel is what, at the picture's own aspect (`scene.asked_size`).

    Raises:
        BundleError: the bundle has no scene network.
    """
    return scene.ask(bundle.network("scene_network"), image, bundle.device)[:, :3]


@torch.inference_mode()
def square_shares(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, 3, 256, 256] of land, sky and water
    """The shares on the color maps' grid; without a scene network, [1, 1, 256, 256] of 1."""
    if "scene_network" not in bundle.networks:
        return torch.ones(1, 1, *GRID_HW, device=bundle.device)
    return _on_grid(shares(bundle, image))


def followed_shares(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor | None:  # [1, 3, 256, 256] of land, sky and water
    """The same, put right and following the picture's edges; None without a scene network."""
    if "scene_network" not in bundle.networks:
        return None
    small = images.to_uint8(predictor_input(image, torch.device("cpu")))
    settled = certainty.settle(square_shares(bundle, image), small, None)
    followed = edges.follow(settled, small, EDGE_REACH)
    return torch.from_numpy(followed)[None].clamp(0, 1).to(bundle.device)


def _answers(bundle: ModelBundle, inputs: Tensor) -> Tensor:  # [PROBES, 2, h, w]
    """The flows under codes from all over the codebook, in units of the fastest step."""
    book, network = bundle.motion_codebook, bundle.network("motion_predictor")
    codes = [book.at(k / (PROBES - 1)).to(bundle.device) for k in range(PROBES)]
    return torch.cat([network(inputs, code) for code in codes]) * network.beta


def _on_grid(field: Tensor) -> Tensor:  # [B, C, 256, 256], averaged where it gets smaller
    return interpolate(field, GRID_HW, mode="bilinear", antialias=True, align_corners=False)


def _enlarge(field: Tensor) -> Tensor:  # [B, C, 256, 256]
    return interpolate(field, GRID_HW, mode="bilinear", align_corners=True)
