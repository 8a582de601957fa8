"""Samplings: what a loop's frames are sampled from; the one place that knows `looping.Layers`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from ..ops import looping
from ..ops.motion_fields import MotionField
from ..settings import LoopSettings
from . import metrics


def stretches(
    motion: MotionField,
    loop: LoopSettings,
    period: int,
    aspect: float,  # width / height of the picture
    every: int = 1,
) -> Iterator[Tensor]:  # each [1, 1, h, w]
    """The stretch of one loop's frames, every so many, each layer weighed by its share.

    `(1 - share) stretch(first) + share stretch(second)`; see `metrics.stretch_of`.
    """
    frames = looping.frames(motion, loop.kind, period)
    for layers in islice(frames, 0, period, every):
        stretch = metrics.stretch_of(layers.first, aspect)
        if layers.second is not None:
            stretch = torch.lerp(stretch, metrics.stretch_of(layers.second, aspect), layers.share)
        yield stretch
