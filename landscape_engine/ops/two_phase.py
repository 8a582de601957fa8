"""Two phases: a loop of two copies of the motion, of which the one that is old does not show."""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from . import warping
from .layers import Layers
from .motion_fields import KEPT_FIELDS, STEADY_FIELDS, MotionField, Track, future, past
from .places import Place

OUTSIDE = 1e-3  # weight of a source outside the picture: never zero, so that a blend always exists
SOFTENED_PX = 2  # pixels of the predictor's grid over which that weight fades
NOISE_CELLS = 3  # lattice cells of the phase noise across the picture


class TwoPhase:
    """Two copies of the motion half a period apart, each fading out before it wraps around.

    With u = t / T, A the flow t frames into the past and B the flow T - t frames into the future:
    `O_t = [(1-u) m_A I(A) + u m_B I(B)] / [(1-u) m_A + u m_B]`, t = 0..T-1, where m is 1 where the
    source lies inside the picture (and the region) and `OUTSIDE` elsewhere, softened. Frame 0 is
    the input picture, unless noise shifts the phase u from place to place, so that the picture
    doesn't soften and sharpen all at once.
    """

    def __init__(
        self,
        motion: MotionField,
        period: int,
        place: Place | None = None,
        phase_noise: float = 0.0,
    ) -> None:
        self.period = period
        self.place = place
        most = STEADY_FIELDS if place else KEPT_FIELDS
        self.past = past(motion, period, most)
        self.future = future(motion, period, self.past, most)
        self.offset = None
        if phase_noise:
            self.offset = self._cut(phase_noise * smooth_noise(motion.step))
            self._held = tuple(
                torch.cat([self._cut(flow) for flow in track.held])
                for track in (self.past, self.future)
            )
            self.past.held.clear()
            self.future.held.clear()

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        if self.offset is not None:
            unwrapped = t / self.period + self.offset  # [1, 1, b, w]
            when = unwrapped - unwrapped.floor()
            first = _at_times(self._held[0], self.past, when * self.period)
            second = _at_times(self._held[1], self.future, (1 - when) * self.period)
            blend = self._blend(first, second, when)
            return _exchanged(blend, unwrapped.floor() % 2 == 1)
        if t == 0:
            return self._put(Layers(self._cut(self.past.at(0))))
        first, second = self._cut(self.past.at(t)), self._cut(self.future.at(self.period - t))
        return self._blend(first, second, t / self.period)

    def _cut(self, flow: Tensor) -> Tensor:  # [1, 2, b, w]
        return self.place.cut(flow) if self.place else flow

    def _put(self, layers: Layers) -> Layers:
        return self.place.put(layers) if self.place else layers

    def _blend(self, first: Tensor, second: Tensor, u: float | Tensor) -> Layers:
        holds = self.place.holds if self.place else _inside
        a, b = (1 - u) * holds(first), u * holds(second)
        if self.place:
            first, second = self.place.fold(first), self.place.fold(second)
        return self._put(Layers(first, second, b / (a + b)))


def smooth_noise(like: Tensor, seed: int = 0) -> Tensor:  # [1, 1, h, w] in -0.5..0.5
    """Smooth noise of a few cells across a field [1, 2, h, w]; always the same."""
    generator = torch.Generator().manual_seed(seed)
    cells = torch.rand(1, 1, NOISE_CELLS + 1, NOISE_CELLS + 1, generator=generator) - 0.5
    noise = F.interpolate(cells, like.shape[2:], mode="bicubic", align_corners=True)
    return noise.clamp(-0.5, 0.5).to(like.device)


def _exchanged(
    layers: Layers,
    where: Tensor,  # [1, 1, b, w] bool
) -> Layers:
    """The same blend, its layers in the other order at some pixels.

    Where the phase wraps, the second layer goes on as the first: exchanged from one round to the
    next, each layer is continuous but for a leap at which it doesn't count, and fields between two
    pixels can be interpolated.
    """
    if not where.any():
        return layers
    first, second, share = layers.first, layers.second, layers.share
    assert second is not None and share is not None
    return replace(
        layers,
        first=torch.where(where, second, first),
        second=torch.where(where, first, second),
        share=torch.where(where, 1 - share, share),
    )


def _at_times(
    held: Tensor,  # [N, 2, b, w] the flows that a track held
    track: Track,
    times: Tensor,  # [1, 1, b, w] in 0..T
) -> Tensor:  # [1, 2, b, w]
    """A track's flow at a time of its own for each pixel."""
    # the last held flow may lie closer than a stride behind the one before
    last = (len(held) - 2) * track.stride
    at = torch.where(
        times > last,
        len(held) - 2 + (times - last) / max(track.frames - last, 1),
        times / track.stride,
    )
    k = at.floor().clamp(0, len(held) - 2).long().expand(1, 2, -1, -1)
    before, after = held.gather(0, k), held.gather(0, k + 1)
    return torch.lerp(before, after, at - k[:, :1])


def _inside(
    flow: Tensor,  # [1, 2, h, w]
) -> Tensor:  # [1, 1, h, w]
    """1 where the source of a pixel lies inside the picture, `OUTSIDE` elsewhere, softened."""
    height, width = flow.shape[2:]
    source = warping.identity_grid(height, width, flow.device) + flow
    inside = (source.abs().amax(1, keepdim=True) <= 1 + 1e-4).to(flow.dtype)
    if bool((inside == 1).all()):
        return inside
    k = 2 * SOFTENED_PX + 1
    soft = F.avg_pool2d(inside, k, 1, SOFTENED_PX, count_include_pad=False)
    return soft.clamp(min=OUTSIDE)
