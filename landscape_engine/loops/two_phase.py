"""Two-phase loop: two copies half a period apart; each fades out before it wraps."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..motion.fields import MotionField, future, past
from . import phase_noise as noise
from .layers import Layers
from .places import Everywhere, Place

CELLS = (3,)  # of the phase noise across the picture
SURE = 0.25  # weight of a source from which a place is free to go over when it likes


class TwoPhase:
    """Two copies of the motion half a period apart, each fading out before it wraps around.

    With u = t / T, A the flow t frames into the past and B the flow T - t frames into the future:
    `O_t = [(1-u) m_A I(A) + u m_B I(B)] / [(1-u) m_A + u m_B]`, t = 0..T-1, where m is 1 where the
    source lies inside the place (picture or region) and little elsewhere, softened. Frame 0 is
    the input picture, unless noise shifts the phase u from place to place, so that the picture
    doesn't soften and sharpen all at once. Where a region has a base and neither copy a source in
    it, the base alone is shown.
    """

    def __init__(
        self,
        motion: MotionField,
        period: int,
        place: Place | Everywhere,
        phase_noise: float = 0.0,
    ) -> None:
        self.period = period
        self.place = place
        gone = past(motion, period, place.most_fields)
        coming = future(motion, period, gone, place.most_fields)
        self.past, self.future = gone.cut(place.cut), coming.cut(place.cut)
        self.offset = None
        if phase_noise:
            offset = phase_offset(motion.step, phase_noise)
            self.offset = place.cut(place.wrap.close_field(offset) if place.wrap else offset)

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        if self.offset is not None:
            unwrapped = t / self.period + self.offset  # [1, 1, b, w]
            when = unwrapped - unwrapped.floor()
            first = self.past.at_times(when * self.period)
            second = self.future.at_times((1 - when) * self.period)
            return _exchanged(self._blend(first, second, when), unwrapped.floor() % 2 == 1)
        if t == 0:
            return self.place.put(Layers(self.past.at(0)))
        return self._blend(self.past.at(t), self.future.at(self.period - t), t / self.period)

    def _blend(self, first: Tensor, second: Tensor, u: float | Tensor) -> Layers:
        place = self.place
        older, younger = place.holds(first), place.holds(second)
        a, b = (1 - u) * older, u * younger
        share, found = b / (a + b), place.found(first)
        later = place.found(second)
        if found is not None and later is not None:
            found = torch.lerp(found, later, share)
        leeway = (torch.minimum(older, younger) / SURE).clamp(max=1)
        return place.put(Layers(first, second, share, leeway=leeway, found=found))


def phase_offset(
    step: Tensor,  # [1, 2, h, w]
    phase_noise: float,
) -> Tensor:  # [1, 1, h, w]
    """The share of a loop, ±1/2 at most, by which each place runs ahead, the same for any field."""
    return phase_noise / 2 * noise.smooth(step, CELLS)


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
    first, second, share, leeway = layers.first, layers.second, layers.share, layers.leeway
    assert second is not None and share is not None and leeway is not None
    return replace(
        layers,
        first=torch.where(where, second, first),
        second=torch.where(where, first, second),
        share=torch.where(where, 1 - share, share),
        leeway=torch.where(where, -leeway, leeway),
    )
