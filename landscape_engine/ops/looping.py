"""Looping: endless motion closed into a period of T frames (paper, section 5, GENERATELOOP).

Each output frame is a blend of one or two samplings of the input picture; `Layers` says which, at
the predictor's resolution, and `compositing` makes the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import torch
import torch.nn.functional as F
from torch import Tensor

from ..settings import LoopKind
from . import warping
from .motion_fields import MotionField, future, past

OUTSIDE = 1e-3  # weight of a source outside the picture: never zero, so that a blend always exists
SOFTENED_PX = 2  # pixels of the predictor's grid over which that weight fades


@dataclass(frozen=True)
class Layers:
    """One frame as samplings of the input picture: `(1 - share) I(first) + share I(second)`."""

    first: Tensor  # [1, 2, h, w] backward, normalised, from this frame to the input picture
    second: Tensor | None = None  # [1, 2, h, w]
    share: Tensor | None = None  # [1, 1, h, w] or [1, 1, 1, 1], of the second; 0..1


def frames(motion: MotionField, kind: LoopKind, period: int) -> Iterator[Layers]:
    """The frames of a motion, endlessly: frame n + period equals frame n, unless kind is "none".

    Args:
        motion: what moves.
        kind: "two-phase", "crossfade" or "none".
        period: T, frames in one loop; at least 2.
    """
    if kind == "none":
        yield Layers(torch.zeros_like(motion.step))
        for flow in motion.accumulated():
            yield Layers(flow)
    loop = TwoPhase(motion, period) if kind == "two-phase" else CrossFade(motion, period)
    for t in cycle(range(period)):
        yield loop.at(t)


class TwoPhase:
    """Two copies of the motion half a period apart, each fading out before it wraps around.

    With u = t / T, A the flow t frames into the past and B the flow T - t frames into the future:
    `O_t = [(1-u) m_A I(A) + u m_B I(B)] / [(1-u) m_A + u m_B]`, t = 0..T-1, where m is 1 where the
    source lies inside the picture and `OUTSIDE` elsewhere, softened. Frame 0 is the input picture.
    """

    def __init__(self, motion: MotionField, period: int) -> None:
        self.period = period
        self.past = past(motion, period)
        self.future = future(motion, period, self.past)
        self._shares: dict[int, Tensor] = {}

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        if t == 0:
            return Layers(self.past.at(0))
        first, second = self.past.at(t), self.future.at(self.period - t)
        if t not in self._shares:
            u = t / self.period
            a, b = (1 - u) * _inside(first), u * _inside(second)
            share = (b / (a + b)).half()  # kept from round to round: half the bytes are enough
            if self.past.stride > 1:
                return Layers(first, second, share.float())
            self._shares[t] = share
        return Layers(first, second, self._shares[t].float())


class CrossFade:
    """The paper's cross-fade: N = 2 (T - 1) motion frames, their end laid over their start.

    Of the frames M_1..M_N: `O_t = (1 - w) M_{t+1} + w M_{t+1+T}` with `w = max(0, 1 - (t + 1) /
    (T - 1))`, t = 0..T-1: the first T - 2 frames fade from the motion's tail, so that frame 0
    follows on frame T - 1.
    """

    def __init__(self, motion: MotionField, period: int) -> None:
        self.period = period
        self.past = past(motion, 2 * (period - 1))

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        share = 1 - (t + 1) / (self.period - 1)
        first = self.past.at(t + 1)
        if share <= 0:
            return Layers(first)
        second = self.past.at(t + 1 + self.period)
        return Layers(first, second, torch.full((1, 1, 1, 1), share, device=first.device))


def _inside(
    flow: Tensor,  # [1, 2, h, w]
) -> Tensor:  # [1, 1, h, w]
    """1 where the source of a pixel lies inside the picture, `OUTSIDE` elsewhere, softened."""
    height, width = flow.shape[2:]
    source = warping.identity_grid(height, width, flow.device) + flow
    slack = 1 + 1e-4
    inside = (source.abs().amax(1, keepdim=True) <= slack).to(flow.dtype)
    if bool(inside.all()):
        return inside
    k = 2 * SOFTENED_PX + 1
    soft = F.avg_pool2d(inside, k, 1, SOFTENED_PX, count_include_pad=False)
    return soft.clamp(min=OUTSIDE)
