"""Samplings: the sources of a motion's frames; only this file knows regions and layers.

Where regions move, each by its own field, what lies in none of them is still.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor

from ..loops import looping
from ..loops.layers import Layers
from ..motion.fields import MotionField
from ..ops import warping
from ..settings import LoopSettings
from . import metrics

NEAR = 5  # pixels of the grid, 2 % of its width, about an edge that was carried along
EDGE_LEFT_OUT = 2  # pixels of the grid along a region's edge, which is none of what moves


def step_of(
    motion: MotionField,
    height: int,
    width: int,
) -> Tensor:  # [1, 2, height, width] backward, normalised
    """One frame's flow at a picture's size, regions cut as sharply as in rendering."""
    if not motion.parts:
        return warping.enlarge(motion.step, height, width)
    fields: list[tuple[Tensor, Tensor | None]]
    fields = [(part.step, part.region.alpha) for part in motion.parts]
    return _lay_over(fields, height, width)


def stretches(
    motion: MotionField,
    loop: LoopSettings,
    period: int,
    height: int,
    width: int,
    every: int = 1,
) -> Iterator[Tensor]:  # each [1, 1, height, width]
    """The stretch of every Nth frame of one loop, each layer weighted by its share.

    `(1 - share) stretch(first) + share stretch(second)`, in each region (see
    `metrics.stretch_of`); what lies in no region isn't stretched.
    """
    for layers in islice(looping.frames(motion, loop, period), 0, period, every):
        fields = [(_stretch_of(one, width / height), one.alpha) for one in layers]
        yield _lay_over(fields, height, width)


def sourceless(
    motion: MotionField, loop: LoopSettings, period: int, every: int = 1
) -> float | None:
    """Share of the moving pixels without a source in either phase, 0..1, at the worst of a loop.

    A phase is one of a frame's samplings of the picture. It has a source where it samples inside
    the picture and inside the region's core, to half a pixel of the grid; elsewhere what is shown
    was mirrored or made up. Moving are the pixels of all cores whose field isn't zero; where the
    whole picture moves, all such pixels. Only every Nth frame is tested. None if nothing moves.
    """
    moving = [_moving_part(*part) for part in _cores(motion)]
    area = sum(int(one.sum()) for one in moving)
    if area == 0:
        return None
    shares = []
    for layers in islice(looping.frames(motion, loop, period), 0, period, every):
        lost = 0
        for one, (core, _), there in zip(layers, _cores(motion), moving, strict=True):
            found = _has_source(one, one.first, core)
            if one.second is not None:
                found |= _has_source(one, one.second, core)
            lost += int((there[:, :, one.held.rows] & ~found).sum())
        shares.append(lost / area)
    return max(shares)


def carried(
    motion: MotionField,
    loop: LoopSettings,
    period: int,
    edges: Tensor,  # [1, 1, H, W] bool of the picture
    every: int = 1,
) -> Iterator[Tensor]:  # each [1, 1, H, W] bool
    """Pixels of a loop's frames with edges carried there from inside the moving regions.

    True around (`NEAR` pixels of the grid) what either phase samples from one of `edges` in a
    core, the core's own edge left out. Only every Nth frame is tested.
    """
    height, width = edges.shape[2:]
    cores = _cores(motion)
    marks = []
    for core, _ in cores:
        inside = metrics.erode(core, EDGE_LEFT_OUT)
        there = F.adaptive_max_pool2d(edges.float(), core.shape[2:]).to(core.device) * inside
        marks.append(F.max_pool2d(there, 2 * NEAR + 1, 1, NEAR))
    for layers in islice(looping.frames(motion, loop, period), 0, period, every):
        shown = torch.zeros_like(motion.step[:, :1])
        for one, (core, _), mark in zip(layers, cores, marks, strict=True):
            rows, w = one.held.rows, shown.shape[3]
            identity = warping.identity_grid(one.held.height, w, shown.device, rows)
            for flow in (one.first, *([] if one.second is None else [one.second])):
                there = warping.sample(mark, (identity + flow).clamp(-1, 1)) > 0
                there &= _has_source(one, flow, core)
                shown[:, :, rows] = shown[:, :, rows].maximum(there.float())
        yield (warping.enlarge(shown, height, width) > 0).cpu()


def what_moves(
    motion: MotionField,
    height: int,
    width: int,
) -> dict[str, Tensor]:  # name → [1, 1, height, width] 0..1
    """The share of each pixel that moves, by region; "picture" where there are no regions.

    Empty if nothing moves.
    """
    if not motion.parts:
        return {"picture": torch.ones(1, 1, height, width)} if bool(motion.step.any()) else {}
    found: dict[str, Tensor] = {}
    for part in motion.parts:
        alpha = warping.enlarge(part.region.alpha, height, width).cpu().clamp(0, 1)
        found[part.region.name] = alpha.maximum(found.get(part.region.name, alpha))
    return found


def _cores(motion: MotionField) -> list[tuple[Tensor, Tensor]]:  # core [1, 1, h, w] bool and step
    if not motion.parts:
        return [(torch.ones_like(motion.step[:, :1], dtype=torch.bool), motion.step)]
    return [(part.region.core, part.step) for part in motion.parts]


def _moving_part(core: Tensor, step: Tensor) -> Tensor:  # [1, 1, h, w] bool
    return core & (step != 0).any(1, keepdim=True)


def _has_source(
    layers: Layers,
    flow: Tensor,  # [1, 2, b, w] one of its fields
    core: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 1, b, w] bool
    w = flow.shape[3]
    source = warping.identity_grid(layers.held.height, w, flow.device, layers.held.rows) + flow
    inside = source.abs().amax(1, keepdim=True) <= 1 + 1 / max(w - 1, 1)
    return inside & (warping.sample(core.float(), source.clamp(-1, 1)) >= 0.5 - 1e-3)


def _stretch_of(layers: Layers, aspect: float) -> Tensor:  # [1, 1, h, w]
    def whole(field: Tensor) -> Tensor:
        return warping.enlarge(field, layers.held.height, field.shape[3], band=layers.band)

    stretch = metrics.stretch_of(whole(layers.first), aspect)
    if layers.second is None or layers.share is None:
        return stretch
    second = metrics.stretch_of(whole(layers.second), aspect)
    share = layers.share if layers.share.shape[2] == 1 else whole(layers.share)
    return torch.lerp(stretch, second, share)


def _lay_over(
    fields: list[tuple[Tensor, Tensor | None]],  # [1, C, h, w] and its region [1, 1, H, W], if any
    height: int,
    width: int,
) -> Tensor:  # [1, C, height, width]
    channels, device = fields[0][0].shape[1], fields[0][0].device
    laid = torch.zeros(1, channels, height, width, device=device)
    for field, alpha in fields:
        large = warping.enlarge(field, height, width)
        if alpha is not None:
            large = torch.lerp(laid, large, warping.enlarge(alpha, height, width))
        laid = large
    return laid
