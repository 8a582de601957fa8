"""Samplings: what a motion's frames are sampled from; the one place that knows regions and layers.

Where regions move, each by its own field, what lies in none of them is still.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from ..ops import looping, warping
from ..ops.layers import Layers
from ..ops.motion_fields import MotionField
from ..settings import LoopSettings
from . import metrics


def step_of(
    motion: MotionField,
    height: int,
    width: int,
) -> Tensor:  # [1, 2, height, width] backward, normalised
    """One frame's flow at a picture's size, regions cut as sharply as in rendering."""
    if not motion.parts:
        return warping.enlarge(motion.step, height, width)
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
    """The stretch of one loop's frames, every so many, each layer weighed by its share.

    `(1 - share) stretch(first) + share stretch(second)`, in each region (see
    `metrics.stretch_of`); what lies in no region isn't stretched.
    """
    for layers in islice(looping.frames(motion, loop, period), 0, period, every):
        fields = [(_stretch_of(one, width / height), one.alpha) for one in layers]
        yield _lay_over(fields, height, width)


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
