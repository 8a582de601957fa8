"""ICC profiles: pictures of other color spaces converted to sRGB."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageCms
from torch import Tensor

from .curves import STRIP_ROWS

_PROFILE_NODES = 86  # nodes of the table for deep pictures: every third 8-bit level


def convert_by_profile(picture: Image.Image, profile: bytes | None, mode: str) -> Image.Image:
    """Convert an 8-bit picture to sRGB; the same object if there is nothing to do or no way to."""
    transform = _build_transform(profile, picture.mode, mode)
    if transform is None:
        return picture
    # never in place: what isn't compressed may be the file's own memory, which can't be written
    return ImageCms.applyTransform(picture, transform) or picture


def _build_transform(profile: bytes | None, source_mode: str, mode: str) -> Any | None:
    """The way from a profile to sRGB; None for none, an unreadable or foreign one, or sRGB."""
    if not profile and source_mode != "LAB":
        return None
    spaces = {"L": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
    try:
        source = (
            ImageCms.createProfile("LAB")
            if source_mode == "LAB"
            else ImageCms.ImageCmsProfile(BytesIO(profile or b""))
        )
        core: Any = getattr(source, "profile", source)
        found = core.xcolor_space.strip()
        if found != spaces[source_mode]:
            return None  # such as an RGB profile left in a picture made grey
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            source_mode,
            mode,
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if source_mode in ("RGB", "RGBA"):
            # Every camera embeds sRGB: leave those values alone rather than shake their last bit.
            probe = _color_grid(18)
            moved = _transform_colors(transform, probe, source_mode).astype(int) - probe
            if np.abs(moved).max() <= 1:
                return None
    except Exception:  # an unreadable profile is ignored, as viewers do
        return None
    return transform


def _color_grid(nodes: int) -> NDArray[np.uint8]:  # [nodes³, 3], red fastest
    levels = np.linspace(0, 255, nodes).round().astype(np.uint8)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    grid: NDArray[np.uint8] = np.stack([red, green, blue], -1).reshape(-1, 3)
    return grid


def _transform_colors(transform: Any, colors: NDArray[np.uint8], mode: str) -> NDArray[np.uint8]:
    swatches = Image.fromarray(np.ascontiguousarray(colors[None])).convert(mode)
    return np.asarray(ImageCms.applyTransform(swatches, transform))[0, :, :3]


def apply_profile(
    tensor: Tensor,  # [1, 3|4, H, W] in the profile's color space
    profile: bytes | None,
    grey: bool = False,
) -> Tensor:
    """Convert a deep picture to sRGB, in place.

    Pillow's color management stops at 8 bits. So the profile is sampled on a grid of colors, and
    the *difference* it makes is interpolated between them: smooth, and without 8-bit steps.

    Args:
        tensor: the picture; one without color has three equal channels.
        profile: the file's.
        grey: whether the file's colors are one channel.
    """
    mode = "L" if grey else "RGB"
    transform = _build_transform(profile, mode, "RGB")
    if transform is None:
        return tensor
    if grey:
        levels = np.linspace(0, 255, _PROFILE_NODES).round().astype(np.uint8)
        swatches = ImageCms.applyTransform(Image.fromarray(levels[None]), transform)
        shown = np.asarray(swatches)[0, :, 1].astype(np.float32)
        curve = torch.from_numpy((shown - levels) / 127.5)
        for strip in torch.split(tensor[:, :3], STRIP_ROWS, -2):
            at = (strip + 1).mul_((_PROFILE_NODES - 1) / 2).clamp_(0, _PROFILE_NODES - 1)
            below = at.floor().clamp_(max=_PROFILE_NODES - 2).long()
            strip += torch.lerp(curve[below], curve[below + 1], at - below)
        tensor[:, :3].clamp_(-1, 1)
        return tensor
    grid = _color_grid(_PROFILE_NODES)
    moved = _transform_colors(transform, grid, "RGB").astype(np.float32) - grid
    size = (1, _PROFILE_NODES, _PROFILE_NODES, _PROFILE_NODES, 3)
    table = torch.from_numpy(moved / 127.5).view(size).permute(0, 4, 1, 2, 3).contiguous()
    for strip in torch.split(tensor[:, :3], STRIP_ROWS, -2):
        where = strip.permute(0, 2, 3, 1)[:, None]  # [1, 1, h, W, 3], red picks the fastest axis
        strip += F.grid_sample(
            table, where, mode="bilinear", padding_mode="border", align_corners=True
        )[:, :, 0]
    tensor[:, :3].clamp_(-1, 1)
    return tensor
