"""The paper's cross-fade: the end of a motion laid over its start (section 5)."""

from __future__ import annotations

import torch

from ..motion.fields import MotionField, past
from .layers import Layers
from .places import Everywhere, Place


class CrossFade:
    """A loop of T frames from N = 2 (T - 1) motion frames.

    Of the frames M_1..M_N: `O_t = (1 - w) M_{t+1} + w M_{t+1+T}` with `w = max(0, 1 - (t + 1) /
    (T - 1))`, t = 0..T-1: the first T - 2 frames fade from the motion's tail, so that frame 0
    follows on frame T - 1.
    """

    def __init__(self, motion: MotionField, period: int, place: Place | Everywhere) -> None:
        self.period = period
        self.place = place
        self.past = past(motion, 2 * (period - 1), place.most_fields).cut(place.cut)

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        share = 1 - (t + 1) / (self.period - 1)
        layers = Layers(self.past.at(t + 1))
        if share > 0:
            second = self.past.at(t + 1 + self.period)
            weight = torch.full((1, 1, 1, 1), share, device=second.device)
            layers = Layers(layers.first, second, weight)
        return self.place.put(layers)
