"""Compositing: layers of a loop and a color transfer map made into one frame, strip by strip.

Strips keep the working set in the cache and let a picture of any size be rendered in little more
memory than the picture itself. All fields of a frame are enlarged together, as one stack.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from . import color, warping
from .looping import Layers

STRIP_PIXELS = {"cpu": 1 << 16, "cuda": 1 << 23, "mps": 1 << 22}


def render_frame(
    image: Tensor,  # [1, 3 or 4, H, W]; a fourth channel is alpha, which moves but keeps its value
    layers: Layers,
    color_map: Tensor | None = None,  # [1, 6, h, w]
    cancelled: Callable[[], bool] = lambda: False,
) -> Tensor:  # [1, 3 or 4, H, W]
    """Sample the input picture once per layer and pixel, blend, and transfer the colors.

    A pixel that no layer moves (by `STILL_PX` or more, at any of the field's pixels around it) is
    copied bit for bit, but for its colors. Once `cancelled` says so, the rest is left unmade.
    """
    height, width = image.shape[2:]
    moving = ~warping.is_still(layers.first, height, width)
    if layers.second is not None:
        moving |= ~warping.is_still(layers.second, height, width)
    if not bool(moving.any()):
        layers, moves_all = Layers(layers.first), None
    else:
        moves_all = bool(moving.all())
    stack = _stack(layers, moving, color_map)
    frame = torch.empty_like(image)
    for rows in strips(height, width, image.device):
        if cancelled():
            break
        fields = warping.enlarge(stack, height, width, rows)
        if moves_all is None:
            strip = image[:, :, rows]
        else:
            strip = _blend(image, layers, fields)
            if not moves_all:
                still = fields[:, -1:] == 0
                strip = torch.where(still, image[:, :, rows], strip)
        if color_map is None:
            frame[:, :, rows] = strip
        else:
            frame[:, :3, rows] = color.transfer(strip[:, :3], fields[:, :6])
            frame[:, 3:, rows] = strip[:, 3:]
    return frame


def _stack(layers: Layers, moving: Tensor, color_map: Tensor | None) -> Tensor:  # [1, C, h, w]
    """Map (6), share (1), positions of each layer (2 + 2), moving (1), as far as there are any.

    Positions may be enlarged in place of flows: the identity is linear, so that it stays itself.
    """
    h, w = layers.first.shape[2:]
    places = [warping.identity_grid(h, w, layers.first.device) + layers.first]
    fields: list[Tensor] = []
    if layers.second is not None:
        places.append(warping.identity_grid(h, w, layers.second.device) + layers.second)
        fields.append(layers.share.expand(1, 1, h, w))
    if color_map is not None:
        if color_map.shape[2:] != (h, w):
            color_map = F.interpolate(color_map, (h, w), mode="bilinear", align_corners=True)
        fields.insert(0, _follow(color_map, places, layers.share))
    return torch.cat([*fields, *reversed(places), moving.to(layers.first.dtype)], dim=1)


def _follow(color_map: Tensor, places: list[Tensor], share: Tensor | None) -> Tensor:
    """Let a map [1, 6, h, w] that was predicted from the unmoved picture half follow the motion.

    Light hangs in part on what moves (a lit cloud) and in part on the place (a glow above a ridge).
    Halfway between both, frames come 2 dB closer to those whose map is predicted from the moved
    frame itself than with either alone.
    """
    moved = warping.sample(color_map, places[0])
    if len(places) > 1:
        moved = torch.lerp(moved, warping.sample(color_map, places[1]), share)
    return torch.lerp(color_map, moved, 0.5)


def _blend(image: Tensor, layers: Layers, fields: Tensor) -> Tensor:  # [1, C, R, W]
    first = warping.sample(image, fields[:, -3:-1])
    if layers.second is None:
        return first
    second = warping.sample(image, fields[:, -5:-3])
    return torch.lerp(first, second, fields[:, -6:-5])


def strips(height: int, width: int, device: torch.device) -> list[slice]:
    """Rows of a picture in strips of a size that suits the device."""
    rows = max(1, STRIP_PIXELS.get(device.type, 1 << 20) // width)
    return [slice(y, min(y + rows, height)) for y in range(0, height, rows)]
