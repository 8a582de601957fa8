"""Samplings: what a loop's frames are sampled from; the one place that knows `looping.Layers`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
import torch.nn.functional as F
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

    `(1 - share) stretch(first) + share stretch(second)`, in each region (see
    `metrics.stretch_of`); what lies in no region isn't stretched.
    """
    for regions in islice(looping.frames(motion, loop, period), 0, period, every):
        whole = torch.zeros_like(motion.step[:, :1])
        for layers in regions:
            stretch = metrics.stretch_of(layers.first, aspect)
            if layers.second is not None:
                second = metrics.stretch_of(layers.second, aspect)
                stretch = torch.lerp(stretch, second, layers.share)
            if layers.alpha is not None:
                alpha = F.interpolate(layers.alpha, stretch.shape[2:], mode="area")
                stretch = torch.lerp(whole, stretch, alpha)
            whole = stretch
        yield whole
