"""Two-phase loop: two copies half a period apart; each fades out before it wraps."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..motion.fields import MotionField, future, past
from ..ops import masks, warping
from . import phase_noise as noise
from .layers import Layers
from .places import Everywhere, Place

CELLS = (3,)  # of the phase noise across the picture
ASIDE = (0.0, 1.0, -0.6, 0.5, -1.0, 0.25, -0.3, 0.8)  # shares of what each round is led aside by
SLANT = 0.35  # pixels by which sources are led aside for each pixel from the region's edge, at most
SURE = 1.0  # weight of a source from which a place is free to go over when it likes


class TwoPhase:
    """Two copies of the motion half a period apart, each fading out before it wraps around.

    With u = t / T, A the flow t frames into the past and B the flow T - t frames into the future:
    `O_t = [(1-u) m_A I(A) + u m_B I(B)] / [(1-u) m_A + u m_B]`, t = 0..T-1, where m is 1 where the
    source lies inside the place (picture or region) and little elsewhere, softened. Frame 0 is
    the input picture, unless noise shifts the phase u from place to place, so that the picture
    doesn't soften and sharpen all at once. Where a region has a base and neither copy a source in
    it, the base alone is shown.

    Of several rounds, each can show other sources: copy k of a pixel is sampled `ASIDE[k]` times a
    flow aside, and copy 0 follows the last one. So rounds that are alike in motion differ in form.
    """

    def __init__(
        self,
        motion: MotionField,
        period: int,
        place: Place | Everywhere,
        phase_noise: float = 0.0,
        rounds: int = 1,
        aside: Tensor | None = None,  # [1, 2, h, w] backward, normalised
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
        self.rounds = rounds
        self.aside = None if aside is None or rounds == 1 else place.cut(aside)

    def at(self, t: int) -> Layers:
        """Frame t, 0..R T - 1, of R rounds."""
        if self.offset is not None:
            unwrapped = t / self.period + self.offset  # [1, 1, b, w]
            copy = unwrapped.floor()
            when = unwrapped - copy
            first = self._led(self.past.at_times(when * self.period), copy)
            second = self._led(self.future.at_times((1 - when) * self.period), copy + 1)
            return _exchanged(self._blend(first, second, when), copy % 2 == 1)
        turn, t = divmod(t, self.period)
        first = self._led(self.past.at(t), turn)
        if t == 0:
            return self.place.put(Layers(first))
        second = self._led(self.future.at(self.period - t), turn + 1)
        return self._blend(first, second, t / self.period)

    def _led(self, flow: Tensor, copy: int | Tensor) -> Tensor:
        """The flow of copy k, of which there are as many as rounds, led aside."""
        if self.aside is None:
            return flow
        shares = flow.new_tensor([ASIDE[k % len(ASIDE)] for k in range(self.rounds)])
        which = torch.as_tensor(copy, device=flow.device).long() % self.rounds
        return flow + shares[which] * self.aside

    def _blend(self, first: Tensor, second: Tensor, u: float | Tensor) -> Layers:
        place = self.place
        older, younger = place.holds(first), place.holds(second)
        a, b = (1 - u) * older, u * younger
        share, found = b / (a + b), place.found(first)
        later = place.found(second)
        if found is not None and later is not None:
            found = torch.lerp(found, later, share)
        leeway = (torch.minimum(older, younger) / SURE).clamp(max=1)
        first, second = place.slanted(first), place.slanted(second)
        return place.put(Layers(first, second, share, leeway=leeway, found=found))


def led_aside(
    step: Tensor,  # [1, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
    frames: int,
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """A level flow as long as a motion's in so many frames, and less towards a region's edge.

    Forms keep the size that they have in their row, and sources stay inside the region.
    """
    pixels = warping.pixels_per_unit(step.shape[2], step.shape[3], step.device)
    length = (step * frames * pixels).square().sum(1, keepdim=True).sqrt()
    within = torch.minimum(length, SLANT * masks.depth(core))
    return torch.cat([within, torch.zeros_like(within)], 1) / pixels


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
