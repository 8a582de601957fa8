"""Compositing: layers of a loop and a color transfer map made into one frame, strip by strip.

Strips keep the working set in the cache and let a picture of any size be rendered in little more
memory than the picture itself. All fields of a region are enlarged together, as one stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from . import color, warping
from .looping import Layers

FOLLOWED = 2  # how much coarser than itself a map is moved
STRIP_PIXELS = {"cpu": 1 << 16, "cuda": 1 << 23, "mps": 1 << 22}


def render_frame(
    image: Tensor,  # [1, 3 or 4, H, W]; a fourth channel is alpha, which moves but keeps its value
    layers: Sequence[Layers],
    color_map: Tensor | None = None,  # [1, 6, h, w]
    cancelled: Callable[[], bool] = lambda: False,
) -> Tensor:  # [1, 3 or 4, H, W]
    """Sample the input picture once per layer and pixel, blend, and transfer the colors.

    A pixel that no layer moves (by `STILL_PX` or more, at any of the field's pixels around it), or
    that lies in no region, is copied bit for bit, but for its colors. Once `cancelled` says so, the
    rest is left unmade.
    """
    height, width = image.shape[2:]
    parts = [part for part in map(lambda one: _Part(one, height, width), layers) if part.moves]
    if color_map is not None:
        color_map = _follow(color_map, [part.layers for part in parts])
    frame = torch.empty_like(image)
    for rows in strips(height, width, image.device):
        if cancelled():
            break
        strip = image[:, :, rows]
        for part in parts:
            strip = part.render(image, strip, rows)
        if color_map is None:
            frame[:, :, rows] = strip
        else:
            enlarged = warping.enlarge(color_map, height, width, rows)
            frame[:, :3, rows] = color.transfer(strip[:, :3], enlarged)
            frame[:, 3:, rows] = strip[:, 3:]
    return frame


class _Part:
    """One region's layers with what all strips of a frame need of them."""

    def __init__(self, layers: Layers, height: int, width: int) -> None:
        self.layers = layers
        self.height, self.width = height, width
        if layers.alpha is not None:
            self.moves = layers.second is not None or bool(layers.first.any())
            self.rows = self._rows_of(layers.alpha)
            moving, self.all_moves = None, True
        else:
            moving = ~warping.is_still(layers.first, height, width)
            if layers.second is not None:
                moving |= ~warping.is_still(layers.second, height, width)
            self.moves, self.all_moves = bool(moving.any()), bool(moving.all())
            self.rows = range(height)
        if self.moves:
            self.stack = self._stack(moving)

    def _stack(self, moving: Tensor | None) -> Tensor:  # [1, C, h, w]
        """Contrast (4), share (1), positions of each layer (2 + 2), moving (1), as needed.

        Positions may be enlarged in place of flows: the identity is linear, so that it stays
        itself.
        """
        layers = self.layers
        h, w = layers.first.shape[2:]
        identity = warping.identity_grid(h, w, layers.first.device)
        fields = [identity + layers.first]
        if layers.second is not None:
            fields += [identity + layers.second, layers.share.expand(1, 1, h, w)]
        if layers.contrast is not None:
            fields.append(layers.contrast)
        if moving is not None and not self.all_moves:
            fields.append(moving.to(layers.first.dtype))
        return torch.cat(fields, dim=1)

    def _rows_of(self, alpha: Tensor) -> range:
        """The picture's rows that a region may touch."""
        seen = torch.nonzero(alpha.amax((0, 1, 3))).flatten()
        if not len(seen):
            return range(0)
        scale = (self.height - 1) / max(alpha.shape[2] - 1, 1)
        first, last = (int(seen[0]) - 1) * scale, (int(seen[-1]) + 1) * scale
        return range(max(0, int(first)), min(self.height, int(last) + 2))

    def render(
        self,
        image: Tensor,  # [1, C, H, W]
        strip: Tensor,  # [1, C, R, W] these rows as they are so far
        rows: slice,
    ) -> Tensor:  # [1, C, R, W]
        """The strip with this region in it."""
        if rows.stop <= self.rows.start or rows.start >= self.rows.stop:
            return strip
        layers = self.layers
        fields = warping.enlarge(self.stack, self.height, self.width, rows)
        made = warping.sample(image, fields[:, :2])
        at = 2
        if layers.second is not None:
            made = torch.lerp(made, warping.sample(image, fields[:, 2:4]), fields[:, 4:5])
            at = 5
        if layers.contrast is not None:
            more, low = fields[:, at : at + 1], fields[:, at + 1 : at + 4]
            made[:, :3] += made[:, :3] * more - low
            made[:, :3].clamp_(min=-1)
        if layers.alpha is not None:
            alpha = warping.enlarge(layers.alpha, self.height, self.width, rows)
            return torch.where(alpha == 0, strip, torch.lerp(strip, made, alpha))
        if not self.all_moves:
            return torch.where(fields[:, -1:] == 0, strip, made)
        return made


def _follow(color_map: Tensor, layers: Sequence[Layers]) -> Tensor:  # [1, 6, h, w]
    """Let a map [1, 6, h, w] that was predicted from the unmoved picture half follow the motion.

    Light hangs in part on what moves (a lit cloud) and in part on the place (a glow above a ridge).
    Halfway between both, frames come 2 dB closer to those whose map is predicted from the moved
    frame itself than with either alone.
    """
    if not layers:
        return color_map
    h, w = (max(2, side // FOLLOWED) for side in color_map.shape[2:])
    identity = warping.identity_grid(h, w, color_map.device)
    change = torch.zeros(1, 6, h, w, device=color_map.device)
    for one in layers:
        # the change is smooth: a coarser grid will do
        moved = warping.sample(color_map, identity + _coarse(one.first, h, w))
        if one.second is not None:
            second = warping.sample(color_map, identity + _coarse(one.second, h, w))
            moved = torch.lerp(moved, second, _coarse(one.share, h, w))
        moved -= warping.sample(color_map, identity)
        change += moved if one.alpha is None else moved * _coarse(one.alpha, h, w)
    change = F.interpolate(change, color_map.shape[2:], mode="bilinear", align_corners=True)
    return torch.add(color_map, change, alpha=0.5)


def _coarse(field: Tensor, h: int, w: int) -> Tensor:  # [1, C, h, w]
    return F.interpolate(field, (h, w), mode="bilinear", align_corners=True)


def strips(height: int, width: int, device: torch.device) -> list[slice]:
    """Rows of a picture in strips of a size that suits the device."""
    rows = max(1, STRIP_PIXELS.get(device.type, 1 << 20) // width)
    return [slice(y, min(y + rows, height)) for y in range(0, height, rows)]
