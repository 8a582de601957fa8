"""Looping: endless motion closed into a period of T frames (paper, section 5, GENERATELOOP).

Each output frame is a blend of one or two samplings of the input picture, for the whole of it or
for each region; `Layers` says which, at the predictor's resolution, and `compositing` makes the
pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, cycle

import torch
import torch.nn.functional as F
from torch import Tensor

from ..settings import LoopSettings
from . import contrast, masks, warping, waves
from .motion_fields import KEPT_FIELDS, MotionField, MovingPart, Track, future, past, steady_motion

OUTSIDE = 1e-3  # weight of a source outside the picture: never zero, so that a blend always exists
SOFTENED_PX = 2  # pixels of the predictor's grid over which that weight fades
EDGE_PX = 20  # pixels of that grid from a region's edge over which its sources come to count fully
EDGE_WEIGHT = 0.03  # weight of a source at the edge or beyond it, mirrored
NOISE_CELLS = 3  # lattice cells of the phase noise across the picture


@dataclass(frozen=True)
class Layers:
    """One region's part of a frame: `O = (1 - share) I(first) + share I(second)`, corrected.

    What is shown is `g O - correction` (see `contrast.correct`).
    """

    first: Tensor  # [1, 2, h, w] backward, normalised, from this frame to the input picture
    second: Tensor | None = None  # [1, 2, h, w]
    share: Tensor | None = None  # [1, 1, h, w] or [1, 1, 1, 1], of the second; 0..1
    contrast: Tensor | None = None  # [1, 4, h, w] g - 1, then the correction
    alpha: Tensor | None = None  # [1, 1, H, W] the region; None for the whole picture


def frames(
    motion: MotionField, settings: LoopSettings, period: int
) -> Iterator[tuple[Layers, ...]]:
    """The frames of a motion, endlessly: frame n + period equals frame n, unless kind is "none".

    Args:
        motion: what moves.
        settings: how the loop closes.
        period: T, frames in one loop; at least 2.
    """
    if not motion.parts:
        alone = _frames_of(motion, settings, period)
        while True:
            yield (next(alone),)
    streams = [_frames_of_part(part, motion.small, settings, period) for part in motion.parts]
    while True:
        yield tuple(next(stream) for stream in streams)


def _frames_of(motion: MotionField, settings: LoopSettings, period: int) -> Iterator[Layers]:
    if settings.kind == "none":
        yield Layers(torch.zeros_like(motion.step))
        for flow in motion.accumulated():
            yield Layers(flow)
    loop: TwoPhase | CrossFade
    loop = TwoPhase(motion, period) if settings.kind == "two-phase" else CrossFade(motion, period)
    for t in cycle(range(period)):
        yield loop.at(t)


def _frames_of_part(
    part: MovingPart, small: Tensor | None, settings: LoopSettings, period: int
) -> Iterator[Layers]:
    motion = steady_motion(part.step)
    place = Place(part)
    start = round(part.region.guide.phase * period)
    if settings.kind == "none":
        still = [torch.zeros_like(part.step)]
        for t, flow in enumerate(chain(still, motion.accumulated())):
            yield place.put(_waved(part, Layers(place.fold(flow)), t / period))
    if settings.kind == "crossfade":
        faded = CrossFade(motion, period, place)
        for t in count(start):
            yield _waved(part, faded.at(t % period), (t % period) / period)
    if not bool(part.step.any()):  # nothing but waves, if any
        for t in count(start):
            layers = place.put(Layers(torch.zeros_like(part.step)))
            yield _waved(part, layers, (t % period) / period)
    loop = TwoPhase(motion, period, place, settings.phase_noise)
    pictured = None
    if settings.blend == "contrast" and small is not None:
        pictured = contrast.take_apart(small, part.region.core)
    made: dict[int, Layers] = {}  # kept from round to round
    for t in count(start):
        if t % period in made:
            yield made[t % period]
            continue
        layers = _waved(part, loop.at(t % period), (t % period) / period)
        if pictured and layers.second is not None and layers.share is not None:
            lacking = contrast.correct(pictured, layers.first, layers.second, layers.share)
            layers = replace(layers, contrast=lacking)
        if period <= KEPT_FIELDS:
            made[t % period] = layers
        yield layers


def _waved(part: MovingPart, layers: Layers, phase: float) -> Layers:
    """The layers with the part's ripples and sway added."""
    core, guide = part.region.core, part.region.guide
    wave = None
    if part.ripple or guide.ripple:
        wave = waves.ripple(core, part.ripple or guide.ripple, phase)
    if guide.sway:
        swaying = waves.sway(core, guide.sway, phase)
        wave = swaying if wave is None else wave + swaying
    if wave is None:
        return layers
    second = None if layers.second is None else layers.second + wave
    return replace(layers, first=layers.first + wave, second=second)


class Place:
    """A region as a place to sample from: what would come from outside is folded back into it."""

    def __init__(self, part: MovingPart) -> None:
        self.alpha = part.region.alpha
        # the nearer the edge, the less it counts: a line between two phases would show
        self.inside = masks.depth(part.region.core).div(EDGE_PX).clamp(EDGE_WEIGHT, 1)
        self.mirror = masks.mirror(part.region.core)
        h, w = part.step.shape[2:]
        self.pixels = warping.pixels_per_unit(h, w, part.step.device)
        self.identity = warping.identity_grid(h, w, part.step.device)

    def fold(
        self,
        flow: Tensor,  # [1, 2, h, w]
    ) -> Tensor:  # [1, 2, h, w]
        """The flow whose sources all lie inside the region, mirrored at its edge where need be."""
        source = warping.reflect(self.identity + flow)
        folded = source + warping.sample(self.mirror, source) - self.identity
        return torch.where(flow == 0, flow, folded)

    def holds(
        self,
        flow: Tensor,  # [1, 2, h, w]
    ) -> Tensor:  # [1, 1, h, w]
        """1 where a flow's source lies well inside region and picture, less towards their edge.

        A source not yet moved by much still counts, or the loop would jump where it starts anew.
        """
        source = self.identity + flow
        within = warping.sample(self.inside, source)
        beyond = source.abs().amax(1, keepdim=True) > 1 + 1e-4
        within = torch.where(beyond, within.new_tensor(EDGE_WEIGHT), within)
        moved = (flow * self.pixels).square().sum(1, keepdim=True).sqrt()
        return 1 - (1 - within) * (moved / EDGE_PX).clamp(max=1)

    def put(self, layers: Layers) -> Layers:
        """The same layers, for this region."""
        return Layers(layers.first, layers.second, layers.share, layers.contrast, self.alpha)


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
        self.past = past(motion, period)
        self.future = future(motion, period, self.past)
        self.offset = None
        if phase_noise:
            self.offset = phase_noise * smooth_noise(motion.step)
            self._held = torch.cat(self.past.held), torch.cat(self.future.held)
        self._shares: dict[int, Tensor] = {}

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        if self.offset is not None:
            unwrapped = t / self.period + self.offset  # [1, 1, h, w]
            when = unwrapped - unwrapped.floor()
            first = _at_times(self._held[0], self.past, when * self.period)
            second = _at_times(self._held[1], self.future, (1 - when) * self.period)
            blend = self._blend(first, second, when)
            return _exchanged(blend, unwrapped.floor() % 2 == 1)
        if t == 0:
            still = Layers(self.past.at(0))
            return self.place.put(still) if self.place else still
        first, second = self.past.at(t), self.future.at(self.period - t)
        if self.place:
            return self._blend(first, second, t / self.period)
        if t not in self._shares:
            share = self._share(first, second, t / self.period).half()
            if self.past.stride > 1:
                return Layers(first, second, share.float())
            self._shares[t] = share  # kept from round to round: half the bytes are enough
        return Layers(first, second, self._shares[t].float())

    def _blend(self, first: Tensor, second: Tensor, u: float | Tensor) -> Layers:
        share = self._share(first, second, u)
        if not self.place:
            return Layers(first, second, share)
        return self.place.put(Layers(self.place.fold(first), self.place.fold(second), share))

    def _share(self, first: Tensor, second: Tensor, u: float | Tensor) -> Tensor:  # [1, 1, h, w]
        holds = self.place.holds if self.place else _inside
        a, b = (1 - u) * holds(first), u * holds(second)
        return b / (a + b)


class CrossFade:
    """The paper's cross-fade: N = 2 (T - 1) motion frames, their end laid over their start.

    Of the frames M_1..M_N: `O_t = (1 - w) M_{t+1} + w M_{t+1+T}` with `w = max(0, 1 - (t + 1) /
    (T - 1))`, t = 0..T-1: the first T - 2 frames fade from the motion's tail, so that frame 0
    follows on frame T - 1.
    """

    def __init__(self, motion: MotionField, period: int, place: Place | None = None) -> None:
        self.period = period
        self.place = place
        self.past = past(motion, 2 * (period - 1))

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        fold: Callable[[Tensor], Tensor] = self.place.fold if self.place else lambda flow: flow
        share = 1 - (t + 1) / (self.period - 1)
        first = fold(self.past.at(t + 1))
        layers = Layers(first)
        if share > 0:
            second = fold(self.past.at(t + 1 + self.period))
            layers = Layers(first, second, torch.full((1, 1, 1, 1), share, device=first.device))
        return self.place.put(layers) if self.place else layers


def smooth_noise(like: Tensor, seed: int = 0) -> Tensor:  # [1, 1, h, w] in -0.5..0.5
    """Smooth noise of a few cells across a field [1, 2, h, w]; always the same."""
    generator = torch.Generator().manual_seed(seed)
    cells = torch.rand(1, 1, NOISE_CELLS + 1, NOISE_CELLS + 1, generator=generator) - 0.5
    noise = F.interpolate(cells, like.shape[2:], mode="bicubic", align_corners=True)
    return noise.clamp(-0.5, 0.5).to(like.device)


def _exchanged(
    layers: Layers,
    where: Tensor,  # [1, 1, h, w] bool
) -> Layers:
    """The same blend, its layers in the other order at some pixels.

    Where the phase wraps, the second layer goes on as the first: exchanged from one round to the
    next, each layer is continuous but for a leap at which it doesn't count, and fields between two
    pixels can be interpolated.
    """
    first, second, share = layers.first, layers.second, layers.share
    assert second is not None and share is not None
    return replace(
        layers,
        first=torch.where(where, second, first),
        second=torch.where(where, first, second),
        share=torch.where(where, 1 - share, share),
    )


def _at_times(
    held: Tensor,  # [N, 2, h, w] the flows that a track holds
    track: Track,
    times: Tensor,  # [1, 1, h, w] in 0..T
) -> Tensor:  # [1, 2, h, w]
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
