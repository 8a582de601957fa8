"""Looping: endless motion closed into a period of T frames (paper, section 5, GENERATELOOP).

Each output frame is a blend of one or two samplings of the input picture, for the whole of it or
for each region; `Layers` says which, at the predictor's resolution, and `compositing` makes the
pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import torch
from torch import Tensor

from ..motion import mirrors
from ..motion.fields import MotionField, MovingPart, steady_motion
from ..scene import bases
from ..settings import LoopSettings, SamplingKind
from . import contrast, exchange, travel, waves
from . import phase_noise as noise
from .crossfade import CrossFade
from .layers import Layers
from .places import Everywhere, Place
from .two_phase import TwoPhase, led_aside

Make = Callable[[], tuple[Layers, ...]]  # makes one frame's layers, in whatever thread


def frames(
    motion: MotionField, settings: LoopSettings, period: int
) -> Iterator[tuple[Layers, ...]]:
    """Endless frames of a motion: frame n + period equals frame n, unless kind is "none".

    Args:
        motion: what moves.
        settings: how the loop closes.
        period: T, frames in one loop; at least 2.
    """
    return (make() for make in plan(motion, settings, period))


def plan(motion: MotionField, settings: LoopSettings, period: int) -> Iterator[Make]:
    """The same frames as functions; each can be rendered on its own."""
    motion = travel.fit(motion, settings, period)
    if motion.parts:
        streams = [_plan_part(part, motion.small, settings, period) for part in motion.parts]
    else:
        streams = [_plan_whole(motion, settings, period)]
    while True:
        makers = [next(stream) for stream in streams]
        yield partial(_make_all, makers, settings.sampling)


def _make_all(makers: list[Callable[[], Layers]], sampling: SamplingKind) -> tuple[Layers, ...]:
    return tuple(replace(make(), sampling=sampling) for make in makers)


def _plan_whole(
    motion: MotionField, settings: LoopSettings, period: int
) -> Iterator[Callable[[], Layers]]:
    if settings.kind == "none":
        for flow in _open(motion):
            yield partial(Layers, flow)
    at = _close(motion, replace(settings, phase_noise=0.0), period, Everywhere())
    for t in count():
        yield partial(at, t % period)


def _close(
    motion: MotionField, settings: LoopSettings, period: int, place: Place | Everywhere
) -> Callable[[int], Layers]:
    """How frame t, 0..T-1, of a closed motion is made."""
    if settings.kind == "crossfade":
        return CrossFade(motion, period, place, settings.start).at
    return TwoPhase(motion, period, place, settings.phase_noise).at


def _plan_part(
    part: MovingPart, small: Tensor | None, settings: LoopSettings, period: int
) -> Iterator[Callable[[], Layers]]:
    place = Place(part, small, settings.blend != "plain")
    if settings.kind == "none":
        for t, flow in enumerate(_open(steady_motion(part.step))):
            yield partial(_open_at, part, place, flow, t / period)
    loop = PartLoop(part, place, small, settings, period)
    start = round(part.region.guide.phase * period)
    for t in count(start):
        yield partial(loop.at, t % period)


def _open(motion: MotionField) -> Iterator[Tensor]:  # each [1, 2, h, w]
    yield torch.zeros_like(motion.step)
    yield from motion.accumulated()


def _open_at(part: MovingPart, place: Place, flow: Tensor, phase: float) -> Layers:
    return _waved(part, place.put(Layers(place.cut(flow))), phase)


class PartLoop:
    """The loop of one region, with its waves, blended as the settings say."""

    def __init__(
        self,
        part: MovingPart,
        place: Place,
        small: Tensor | None,  # [1, 3, h, w] the picture on the predictor's grid
        settings: LoopSettings,
        period: int,
    ) -> None:
        self.part = part
        self.period = period
        self.round = period // part.rounds  # frames in which the motion closes
        self.pictured = self.scattered = self.order = self.glowing = None
        self.identity = place.identity
        if not bool(part.step.any()):  # nothing but waves, if any
            still = place.put(Layers(place.cut(part.step)))
            self._at: Callable[[int], Layers] = lambda t: still
            return
        self._at = self._closed(settings, place)
        if settings.kind != "two-phase" or settings.blend == "plain":
            return
        if settings.blend == "condense" and part.base is not None:
            scattered = noise.smooth(part.step, exchange.CELLS)
            if part.wrap:
                scattered = part.wrap.close_field(scattered)
            scattered = noise.even(scattered, part.region.core)
            self.scattered = place.cut(scattered)
            if small is not None and not part.waves:
                apart = bases.difference_on(small, part.base, part.region.alpha)
                glowing = exchange.glowing(apart)
                self.glowing = None if glowing is None else place.cut(glowing)
                if part.wrap is None:
                    self.order = _order(scattered, apart)
        # waves have no forms of their own that could be seen twice, but a contrast to be kept
        if small is not None and (self.scattered is None or part.waves):
            if part.base is None:
                self.pictured = contrast.take_apart(small, part.region.core)
            else:
                apart = bases.difference_on(small, part.base, part.region.alpha)
                self.pictured = contrast.take_apart(apart, None)

    def _closed(self, settings: LoopSettings, place: Place) -> Callable[[int], Layers]:
        """How frame t, 0..T-1, is made without ripples; only rounds of waves aren't all alike."""
        part, motion = self.part, steady_motion(self.part.step)
        settings = replace(settings, phase_noise=settings.varied(part.base is not None))
        if settings.kind != "two-phase" or settings.blend == "plain" or not part.waves:
            at = _close(motion, settings, self.round, place)
            return lambda t: at(t % self.round)
        aside = led_aside(part.step, part.region.core, self.round)
        if part.wrap:
            aside = part.wrap.close_field(aside)
        return TwoPhase(motion, self.round, place, settings.phase_noise, part.rounds, aside).at

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        layers = _waved(self.part, self._at(t), t / self.period)
        if self.scattered is not None:
            if self.part.waves:
                layers = exchange.waves(layers, self.scattered)
            else:
                layers = (
                    self.order.planned(layers, self.identity, self.glowing)
                    if self.order
                    else exchange.planned(layers, self.scattered, self.glowing)
                )
        if self.pictured:
            return contrast.corrected(self.pictured, layers)
        return contrast.plain(layers)


def _order(
    scattered: Tensor,  # [1, 1, h, w]
    apart: Tensor,  # [1, 3, h, w] what differs from the base
) -> exchange.Order:
    dense = exchange.density(exchange.contrast(apart, (apart.shape[2], apart.shape[3])))
    return exchange.Order(scattered, dense)


def _waved(part: MovingPart, layers: Layers, phase: float) -> Layers:
    """The layers with the part's ripples, or a mirror's breath, and sway added."""
    core, guide = part.region.core, part.region.guide
    ripple = part.ripple or guide.ripple
    if ripple:
        layers = _shifted(layers, waves.ripple(core, ripple, phase))
    elif part.mirror is not None:
        breath = waves.breath(core, mirrors.BREATH, phase) * part.mirror
        layers = replace(_shifted(layers, breath), breath=breath[:, :, layers.held.rows])
    if guide.sway:
        layers = _shifted(layers, waves.sway(core, guide.sway, phase))
    return layers


def _shifted(layers: Layers, moved: Tensor) -> Layers:
    """The layers with all sources moved by a flow [1, 2, h, w]."""
    moved = moved[:, :, layers.held.rows]
    second = None if layers.second is None else layers.second + moved
    return replace(layers, first=layers.first + moved, second=second)
