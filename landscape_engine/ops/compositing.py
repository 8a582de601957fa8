"""Compositing: layers of a loop and a color transfer map made into one frame, strip by strip.

Strips keep the working set in the cache and let a picture of any size be rendered in little more
memory than the picture itself.
"""

from __future__ import annotations

import torch
from torch import Tensor

from . import color, warping
from .looping import Layers

STRIP_PIXELS = {"cpu": 1 << 17, "cuda": 1 << 23, "mps": 1 << 22}


def render_frame(
    image: Tensor,  # [1, 3 or 4, H, W]; a fourth channel is alpha, which moves but keeps its value
    layers: Layers,
    color_map: Tensor | None = None,  # [1, 6, h, w]
) -> Tensor:  # [1, 3 or 4, H, W]
    """Sample the input picture once per layer and pixel, blend, and transfer the colors."""
    height, width = image.shape[2:]
    frame = torch.empty_like(image)
    for rows in strips(height, width, image.device):
        strip = _layer(image, layers.first, rows)
        if layers.second is not None and layers.share is not None:
            share = layers.share
            if share.shape[2] > 1:
                share = warping.enlarge(share, height, width, rows)
            strip = torch.lerp(strip, _layer(image, layers.second, rows), share)
        if color_map is not None:
            enlarged = warping.enlarge(color_map, height, width, rows)
            frame[:, :3, rows] = color.transfer(strip[:, :3], enlarged)
            frame[:, 3:, rows] = strip[:, 3:]
        else:
            frame[:, :, rows] = strip
    return frame


def _layer(image: Tensor, flow: Tensor, rows: slice) -> Tensor:  # [1, C, R, W]
    height, width = image.shape[2:]
    return warping.warp(image, warping.enlarge(flow, height, width, rows), rows)


def strips(height: int, width: int, device: torch.device) -> list[slice]:
    """Rows of a picture in strips of a size that suits the device."""
    rows = max(1, STRIP_PIXELS.get(device.type, 1 << 20) // width)
    return [slice(y, min(y + rows, height)) for y in range(0, height, rows)]
