"""Compositing: blend a loop's layers and recolor them into one frame, strip by strip.

Strips keep the working set in the cache and let a picture of any size be rendered in little more
memory than the picture itself. All fields of a region are enlarged together, as one stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..loops import exchange
from ..loops.layers import Layers
from ..ops import color, masks, picking, warping
from ..ops.strips import strips
from ..settings import SamplingKind
from . import translucent
from .plates import Plates

VEIL = 0.1  # of 2, by which what differs from a base may do so anywhere
MOST_MIXED = 0.6  # share of a strip up to which pixels that show both layers are picked
FOLLOWED = 64  # side of the grid on which a color map is moved

Transfer = Callable[[Tensor, Tensor], Tensor]  # colors [1, 3, H, W], map [1, M, H, W] → colors
Enlarge = Callable[[Tensor, int, int, slice], Tensor]  # as `warping.enlarge`


def never() -> bool:
    """Say that nobody has cancelled."""
    return False


def render_frame(
    image: Tensor,  # [1, 3 or 4, H, W]; a fourth channel is alpha, which moves but keeps its value
    layers: Sequence[Layers],
    color_map: Tensor | None = None,  # [1, M, h, w], predicted from the unmoved picture
    cancelled: Callable[[], bool] = never,
    transfer: Transfer = color.transfer,
) -> Tensor:  # [1, 3 or 4, H, W]
    """Move a picture and transfer the colors of a map that half follows the motion."""
    frame = move(image, layers, cancelled)
    if color_map is None:
        return frame
    return recolor(frame, Drift.of(layers).carry(color_map), cancelled, frame, transfer)


def move(
    image: Tensor,  # [1, 3 or 4, H, W]
    layers: Sequence[Layers],
    cancelled: Callable[[], bool] = never,
    plates: Plates | None = None,
    prepare: Callable[[Tensor], None] | None = None,
) -> Tensor:  # [1, 3 or 4, H, W]
    """Sample the input picture, or its plate, once per layer and pixel, and blend.

    A pixel that no layer moves (by `STILL_PX` or more, at any of the field's pixels around it), or
    that lies in no region, is copied bit for bit.

    Args:
        image: the picture.
        layers: those of each region.
        cancelled: once it says so, the rest is left unmade.
        plates: the picture's, for whoever makes more frames of it.
        prepare: what is done to each strip then, in place, while it is in the cache.
    """
    height, width = image.shape[2:]
    plates = plates or Plates(image)
    parts = [part for one in layers if (part := _Part(one, height, width, plates)).moves]
    frame = torch.empty_like(image)
    for rows in strips(range(height), width, image.device):
        if cancelled():
            break
        strip = frame[:, :, rows]
        strip.copy_(image[:, :, rows])
        for part in parts:
            part.render(strip, rows)
        if prepare:
            prepare(strip)
    return frame


def recolor(
    frame: Tensor,  # [1, 3 or 4, H, W]
    color_map: Tensor,  # [1, M, h, w]
    cancelled: Callable[[], bool] = never,
    out: Tensor | None = None,  # [1, 3 or 4, H, W], may be the frame itself
    transfer: Transfer = color.transfer,  # or one of tone_curves, whichever the map is made for
    enlarge: Enlarge = warping.enlarge,  # or a skyline's
) -> Tensor:  # [1, 3 or 4, H, W]
    """Transfer the colors (Equation 6); alpha stays."""
    height, width = frame.shape[2:]
    out = frame.clone() if out is None else out
    for rows in strips(range(height), width, frame.device):
        if cancelled():
            break
        enlarged = enlarge(color_map, height, width, rows)
        out[:, :3, rows] = transfer(frame[:, :3, rows], enlarged)
    return out


class _Part:
    """One region's layers with the values that all strips of a frame share."""

    def __init__(
        self,
        layers: Layers,
        height: int,
        width: int,
        plates: Plates,
    ) -> None:
        self.layers = layers
        self.limits = plates.limits
        # what bicubic sampling overshoots is cut off
        self.bounds = plates.bounds if layers.sampling == "bicubic" else None
        self.height, self.width = height, width
        if layers.alpha is not None:
            self.moves = layers.second is not None or bool(layers.first.any())
            self.reach = layers.touched.around(height) if layers.touched else None
            moving, self.all_moves = None, True
        else:
            moving = ~warping.is_still(layers.first, height, width)
            if layers.second is not None:
                moving |= ~warping.is_still(layers.second, height, width)
            self.moves, self.all_moves = bool(moving.any()), bool(moving.all())
            self.reach = None
        self.covers = self.bounded = False
        self.density: Tensor | None = None  # [1, 1, h, w] of the plate, where layers have `begun`
        if self.moves:
            self.stack = self._stack(moving)
            self._take(plates)

    def _take(self, plates: Plates) -> None:
        """The plate, [1, C, H, W]: the picture, the region's own, or its difference."""
        layers = self.layers
        self.plate = plates.of(layers.alpha, layers.base)
        # [1, 8, H, W], where there is alpha
        self.premultiplied = plates.premultiplied(self.plate, layers.base)
        if layers.begun is not None:
            self.density, opacity = plates.forms(self.plate)
            if plates.alpha is None:  # what is clear covers nothing
                self.cover(plates, self.density, opacity)
        if layers.breath is not None and layers.base is not None:
            self.breathe(plates)

    def _stack(self, moving: Tensor | None) -> Tensor:  # [1, C, b, w]
        """Positions of each layer (2 + 2), (begun) share (1), contrast (4), moving (1), as needed.

        Positions may be enlarged in place of flows: the identity is linear, so that it stays
        itself.
        """
        layers = self.layers
        b, w = layers.first.shape[2:]
        held = layers.held
        identity = warping.identity_grid(held.height, w, layers.first.device, held.rows)
        fields = [identity + layers.first]
        if layers.second is not None:
            share = layers.share if layers.begun is None else layers.begun
            assert share is not None  # of a second layer
            fields += [identity + layers.second, share.expand(1, 1, b, w)]
        if layers.contrast is not None:
            fields.append(layers.contrast)
        if moving is not None and not self.all_moves:
            fields.append(moving.to(layers.first.dtype))
        return torch.cat(fields, dim=1)

    def cover(
        self,
        plates: Plates,
        density: Tensor,  # [1, 1, h', w'] of the plate
        opacity: Tensor,  # [1, 1, h', w']
    ) -> None:
        """Let dense forms cover the base that they come before, as a cloud does the blue.

        What is shown is `B + D(p')`, p' = p + flow. With o the opacity of a form,
        `o(p') (B(p') - B)` is added: an opaque one keeps its colors whatever base it gets to. None
        gets beyond its colors `B(p') + D(p')` and the base (see `_between`).
        """
        layers = self.layers
        assert layers.alpha is not None and layers.base is not None and layers.begun is not None
        held, w = layers.held, layers.first.shape[3]
        light = plates.behind(layers.alpha, layers.base, (held.height, w))

        def covered(positions: Tensor) -> tuple[Tensor, Tensor]:
            dense = warping.sample(density, positions)
            moved = warping.sample(light, positions) - light[:, :, held.rows]
            return dense, torch.cat([moved, warping.sample(opacity, positions) * moved], 1)

        dense, change = covered(self.stack[:, :2])
        if layers.second is not None:
            denser, other = covered(self.stack[:, 2:4])
            change = torch.lerp(change, other, exchange.shown(layers.begun, dense, denser))
        self.stack = torch.cat([self.stack, change], 1)
        self.covers = self.bounded = True

    def breathe(self, plates: Plates) -> None:
        """Let the base go with the ripples of a mirror: `B(p + ripples) - B` is added."""
        layers = self.layers
        assert layers.alpha is not None and layers.base is not None and layers.breath is not None
        held, w = layers.held, layers.first.shape[3]
        light = plates.behind(layers.alpha, layers.base, (held.height, w))
        identity = warping.identity_grid(held.height, w, light.device, held.rows)
        change = warping.sample(light, identity + layers.breath) - light[:, :, held.rows]
        self.stack, self.covers = torch.cat([self.stack, change], 1), True

    def render(
        self,
        strip: Tensor,  # [1, C, R, W] these rows as they are so far; the region is put into them
        rows: slice,
    ) -> None:
        """Put this region into a strip, as far as it reaches there."""
        layers, plate, start = self.layers, self.plate, rows.start
        if self.reach:
            rows = slice(max(start, self.reach.first), min(rows.stop, self.reach.last))
            if rows.start >= rows.stop:
                return
            strip = strip[:, :, rows.start - start : rows.stop - start]
        alpha, columns = None, slice(None)
        if layers.alpha is not None:
            alpha = warping.enlarge(layers.alpha, self.height, self.width, rows)
            columns = masks.columns_of(alpha)
            if columns.start == columns.stop:
                return
            alpha, strip = alpha[..., columns], strip[..., columns]
        fields = warping.enlarge(self.stack, self.height, self.width, rows, layers.band)
        fields = fields[..., columns]
        at = 2
        if layers.second is None:
            made, weight = _sample(plate, self.premultiplied, fields[:, :2], layers.sampling)
        else:
            share = fields[:, 4:5]
            if self.density is not None:
                dense, denser = (warping.sample(self.density, fields[:, i : i + 2]) for i in (0, 2))
                share = exchange.shown(share, dense, denser)
            made, weight = _sample_both(
                plate, self.premultiplied, fields[:, :4], share, layers.sampling
            )
            at = 5
        if layers.contrast is not None:
            more, low = fields[:, at : at + 1], fields[:, at + 1 : at + 4]
            made[:, :3].addcmul_(made[:, :3], more).sub_(low)
        if self.bounded:
            made[:, :3] = _between(made[:, :3], fields[:, -3:], fields[:, -6:-3])
        elif self.covers:
            made[:, :3].add_(fields[:, -3:])
        if layers.base is not None:  # I + alpha (moved D - D), which is I where alpha is 0
            assert alpha is not None  # a base is a region's
            strip.addcmul_(made.sub_(plate[:, :, rows, columns]), alpha)
            if self.bounds is None:
                strip.clamp_(*self.limits)
            else:
                _clamp(strip, self.bounds)
            return
        if layers.contrast is not None:
            made.clamp_(min=self.limits[0])
        if self.bounds is not None:
            _clamp(made, self.bounds)
        if alpha is not None:
            # a share of exactly nothing leaves a pixel as it is, to the bit
            if weight is None:
                strip.lerp_(made, alpha)
            else:
                own = strip[:, 3:].add(1).div_(2)
                strip.copy_(_blend(strip, own, made, weight, alpha)[0])
        elif self.all_moves:
            strip.copy_(made)
        else:
            torch.where(fields[:, -1:] == 0, strip, made, out=strip)


def _clamp(
    values: Tensor,  # [1, C, R, W]; changed here
    bounds: Sequence[tuple[float, float]],  # of each channel
) -> None:
    """Clamp each channel by itself: by numbers it takes a fifth of the time of tensors."""
    for channel, (lowest, highest) in zip(values.unbind(1), bounds, strict=True):
        channel.clamp_(lowest, highest)


def _between(
    rest: Tensor,  # [1, 3, R, W] D(p')
    change: Tensor,  # [1, 3, R, W] o(p') (B(p') - B)
    moved: Tensor,  # [1, 3, R, W] B(p') - B
) -> Tensor:  # [1, 3, R, W]
    """What is added to the base: D and the change, between the form's own color and the base's.

    Beside them D up to `VEIL` counts: the veils of a sky may be brighter than both. A bright rim
    that gets before a bright horizon would burn out.
    """
    own = rest + moved
    highest = torch.maximum(own, rest.clamp(max=VEIL)).clamp_(min=0)
    lowest = torch.minimum(own, rest.clamp(min=-VEIL)).clamp_(max=0)
    return torch.add(rest, change, out=own).clamp_(lowest, highest)


def _sample(
    plate: Tensor,  # [1, C, H, W]
    premultiplied: Tensor | None,  # [1, 8, H, W]
    positions: Tensor,  # [1, 2, R, W]
    sampling: SamplingKind,
) -> tuple[Tensor, Tensor | None]:  # [1, C, R, W], [1, 1, R, W]
    """The plate at some positions and, where it has alpha, the alpha there."""
    if premultiplied is None:
        return warping.sample(plate, positions, sampling), None
    return translucent.sample(premultiplied, positions, sampling)


def _sample_both(
    plate: Tensor,  # [1, C, H, W]
    premultiplied: Tensor | None,  # [1, 8, H, W]
    positions: Tensor,  # [1, 4, R, W] normalised, of the one layer and of the other
    share: Tensor,  # [1, 1, R, W] of the other, 0..1
    sampling: SamplingKind,
) -> tuple[Tensor, Tensor | None]:  # [1, C, R, W], [1, 1, R, W]
    """Both layers, blended, and the alpha of both where there is any.

    To sample is what a frame takes longest for. Where most pixels of a strip show one layer alone,
    the other one is sampled for the rest only; what comes out is the same.
    """
    one, other = positions.split(2, 1)
    if premultiplied is None and share.device.type == "cpu":
        mixed = picking.numbers(((share > 0) & (share < 1))[0, 0])
        if len(mixed) < MOST_MIXED * share.numel():
            made = warping.sample(plate, torch.lerp(one, other, (share > 0).to(share)), sampling)
            if len(mixed):
                rest = warping.sample(plate, picking.take(one, mixed), sampling)
                shown, mix = picking.take(made, mixed), picking.take(share, mixed)
                picking.put(made, mixed, torch.lerp(rest, shown, mix))
            return made, None
    first, weight = _sample(plate, premultiplied, one, sampling)
    second, other_weight = _sample(plate, premultiplied, other, sampling)
    return _blend(first, weight, second, other_weight, share)


def _blend(
    one: Tensor,  # [1, C, R, W]
    weight: Tensor | None,  # [1, 1, R, W] its alpha
    other: Tensor,  # [1, C, R, W]
    other_weight: Tensor | None,  # [1, 1, R, W]
    share: Tensor,  # [1, 1, R, W] of the other
) -> tuple[Tensor, Tensor | None]:
    """Blend two layers; those with alpha premultiplied."""
    if weight is None or other_weight is None:
        return torch.lerp(one, other, share), None
    return translucent.blend(one, weight, other, other_weight, share)


@dataclass(frozen=True)
class Drift:
    """How a frame's layers move a color transfer map, on a small grid: the change is smooth."""

    layers: tuple[Layers, ...]

    @classmethod
    def of(cls, layers: Sequence[Layers]) -> Drift:
        """The drift of a frame's layers."""
        return cls(tuple(_coarse(one) for one in layers))

    def carry(
        self,
        color_map: Tensor,  # [1, M, h, w]
    ) -> Tensor:  # [1, M, h, w]
        """Let a map that was predicted from the unmoved picture half follow the motion.

        Light hangs in part on what moves (a lit cloud) and in part on the place (a glow above a
        ridge). Halfway between both, frames come 2 dB closer to those whose map is predicted from
        the moved frame itself than with either alone.
        """
        if not self.layers:
            return color_map
        small = _resize(color_map, FOLLOWED, FOLLOWED)
        change = torch.zeros_like(small)
        for one in self.layers:
            rows = one.held.rows
            identity = warping.identity_grid(FOLLOWED, FOLLOWED, small.device, rows)
            moved = warping.sample(small, identity + one.first)
            if one.second is not None and one.share is not None:
                moved = torch.lerp(moved, warping.sample(small, identity + one.second), one.share)
            moved -= small[:, :, rows]
            change[:, :, rows] += moved if one.alpha is None else moved * one.alpha[:, :, rows]
        return torch.add(color_map, _resize(change, *color_map.shape[2:]), alpha=0.5)


def _coarse(layers: Layers) -> Layers:
    """The same layers on the grid on which a color map is moved."""
    band = layers.held.on(FOLLOWED)

    layers = layers.folded()

    def small(field: Tensor | None) -> Tensor | None:
        if field is None or field.shape[2:] == (1, 1):
            return field
        return warping.enlarge(field, FOLLOWED, FOLLOWED, band.rows, layers.held).contiguous()

    first = small(layers.first)
    assert first is not None
    alpha = None if layers.alpha is None else _resize(layers.alpha, FOLLOWED, FOLLOWED)
    return Layers(first, small(layers.second), small(layers.share), alpha=alpha, band=band)


def _resize(field: Tensor, h: int, w: int) -> Tensor:  # [1, C, h, w]
    return F.interpolate(field, (h, w), mode="bilinear", align_corners=True)
