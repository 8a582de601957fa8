"""Rendering: a loop's layers and the changing light made into frames, several at a time on a CPU.

A frame takes many small steps that leave little to share out within one, so that on a CPU whole
frames are shared out instead, one to a core; they come out in order, and few wait.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from .codebook import CodeCycle
from .moved_frames import MovedFrames
from .networks.inputs import square
from .ops import color, tone_curves, warping
from .ops.compositing import Drift, recolor
from .ops.looping import Make
from .ops.skyline import Skyline
from .settings import AppearanceSettings

IN_FLIGHT_BYTES = 1 << 30  # frames being made at one time take no more than this
MOST_WORKERS = 16

ColorMap = Callable[[], Tensor]  # gives a color transfer map [1, 6, h, w] when it's there
Start = Callable[..., ColorMap]  # starts a function that makes one, with its arguments


@dataclass
class Stopwatch:
    """Seconds per stage of a render, summed."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block to a stage."""
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - started


class Light:
    """The changing light of one clip: color transfer maps along a closed cycle of key codes."""

    def __init__(
        self,
        predict: Callable[[Tensor, Tensor], Tensor],
        picture: Tensor,  # [1, 3 or 4, H, W]
        cycle: CodeCycle,
        skyline: Skyline | None = None,
    ) -> None:
        """Hold the codes.

        `predict` gives the map [1, 6, h, w] of a picture and a code [1, Z], or, where the cycle is
        relative, the tone curves, which end at a skyline.
        """
        self.predict = predict
        self.transfer = tone_curves.shade_logits if cycle.relative else color.transfer
        self.picture = picture
        self.cycle = cycle
        self.skyline = skyline if cycle.relative else None
        self._maps: dict[int, ColorMap] = {}

    def keyed(self, phase: float, start: Start) -> ColorMap:
        """The map at a phase 0..1: predicted at the codes around it, interpolated between.

        Predictions are started at once, that of the code after them too; what is given waits for
        them.
        """
        first, second, weight = self.cycle.around(phase)
        next_one = (second + 1) % len(self.cycle.codes)
        self._maps = {
            k: self._maps.get(k) or start(self._at_key, k) for k in (first, second, next_one)
        }
        before, after = self._maps[first], self._maps[second]
        return lambda: torch.lerp(before(), after(), weight)

    def _at_key(self, k: int) -> Tensor:  # [1, 6, h, w]
        """The map of a key code, corrected if the cycle says so."""
        color_map = self.predict(self.picture, self.cycle.codes[k : k + 1])
        offset = self.cycle.corrections[k] if self.cycle.corrections else None
        if offset is None:
            return self.skyline.part(color_map) if self.skyline else color_map
        picture = square(self.picture, color_map.shape[3], color_map.device)
        return color.correct(color_map, picture, offset.to(color_map.device))

    @property
    def prepare(self) -> Callable[[Tensor], None] | None:
        """What is done to a moved frame [1, 3 or 4, H, W] once, in place, before recoloring."""
        return _take_logits if self.cycle.relative else None

    def recolor(
        self,
        frame: Tensor,  # [1, 3 or 4, H, W] moved and prepared, and changed here
        drift: Drift,
        color_map: Tensor,  # of the unmoved picture, as `keyed` gives it
        cancelled: Callable[[], bool],
    ) -> Tensor:  # [1, 3 or 4, H, W]
        """The recolored frame; a map half follows the motion, curves with a skyline stay."""
        if self.skyline:
            return recolor(frame, color_map, cancelled, frame, self.transfer, self.skyline.enlarge)
        return recolor(frame, drift.carry(color_map), cancelled, frame, self.transfer)

    def per_frame(
        self,
        frame: Tensor,  # [1, 3 or 4, H, W] moved, not yet recolored
        phase: float,
    ) -> Tensor:  # [1, 3, H, W]
        """The recolored frame, its map predicted from itself (Algorithm 1, lines 13-15)."""
        color_map = self.predict(frame, self.cycle.at(phase))
        height, width = frame.shape[2:]
        return color.transfer(frame[:, :3], warping.enlarge(color_map, height, width))


def frames(
    picture: Tensor,  # [1, 3 or 4, H, W]
    plan: Iterator[Make],
    period: int | None,
    light: Light | None,
    appearance: AppearanceSettings,
    count: int,
    stopwatch: Stopwatch,
) -> Iterator[Tensor]:  # each [1, 3 or 4, H, W]
    """Make `count` frames in order; closing the generator stops the work within a strip's time.

    Args:
        picture: the picture.
        plan: how each frame moves, from `looping.plan`.
        period: frames after which the motion comes again; None if it never does.
        light: how the light changes; None if it doesn't.
        appearance: whether its maps are predicted from the picture or from each frame.
        count: frames.
        stopwatch: counts the seconds of each stage.
    """
    cancelled = threading.Event()
    keyed = light is not None and appearance.kind == "keyed"
    again = period if period and period < count else None
    prepare = light.prepare if keyed else None
    drifts = keyed and not light.skyline
    moved = MovedFrames(picture, again, drifts, cancelled.is_set, prepare)

    def make(n: int, layers: Make, color_map: ColorMap | None, phase: float) -> Tensor:
        with torch.inference_mode():
            frame = moved.frame(n, layers)
            if light is None or cancelled.is_set():
                return frame.moved
            if appearance.kind == "per-frame":
                colors = light.per_frame(frame.moved, phase)
                return torch.cat([colors, frame.moved[:, 3:]], 1)
            return light.recolor(frame.moved, frame.drift, color_map(), cancelled.is_set)

    def jobs(start: Start) -> Iterator[tuple[int, Make, ColorMap | None, float]]:
        for n in range(count):
            phase = (n * appearance.cycles % count) / count
            color_map = None
            # inference mode is per step: left on between yields it would leak into the caller
            with torch.inference_mode():
                with stopwatch.stage("motion"):
                    layers = next(plan)
                if keyed:
                    with stopwatch.stage("appearance"):
                        color_map = light.keyed(phase, start)
            yield n, layers, color_map, phase

    workers = _workers(picture) if count > 1 else 1
    if workers == 1:
        with closing(moved):
            for job in jobs(when_needed):
                with stopwatch.stage("render"):
                    frame = make(*job)
                yield frame
        return
    pool = _start_pool(workers)
    waiting: deque[Future[Tensor]] = deque()
    try:
        # frames come after the maps that they need, so that none waits for a map behind it
        for job in jobs(_started_in(pool)):
            waiting.append(pool.submit(make, *job))
            if len(waiting) > workers:
                with stopwatch.stage("render"):
                    frame = waiting.popleft().result()
                yield frame
                del frame
        while waiting:
            with stopwatch.stage("render"):
                frame = waiting.popleft().result()
            yield frame
            del frame
    finally:
        cancelled.set()
        pool.shutdown(wait=True, cancel_futures=True)
        moved.close()


def _take_logits(frame: Tensor) -> None:  # [1, 3 or 4, H, W]
    tone_curves.logits(frame[:, :3], out=frame[:, :3])


def _started_in(pool: ThreadPoolExecutor) -> Start:
    """Start what makes a map in the pool, whose threads keep no gradients."""

    def infer(function: Callable[..., Tensor], *arguments: Any) -> Tensor:
        with torch.inference_mode():
            return function(*arguments)

    return lambda *call: pool.submit(infer, *call).result


def when_needed(function: Callable[..., Tensor], *arguments: Any) -> ColorMap:
    """Make a map when it's first asked for."""
    return cache(partial(function, *arguments))


def _workers(picture: Tensor) -> int:
    """How many frames are made at one time."""
    if picture.device.type != "cpu":
        return 1
    affordable = IN_FLIGHT_BYTES // (picture.numel() * picture.element_size())
    return max(1, min(os.cpu_count() or 1, MOST_WORKERS, affordable))


def _start_pool(workers: int) -> ThreadPoolExecutor:
    """A pool whose threads share torch's threads out among them.

    torch keeps the number per thread, but hands the last one set to threads that start later: once
    all have started, it is put back.
    """
    usual = torch.get_num_threads()
    started = threading.Barrier(workers)
    pool = ThreadPoolExecutor(workers, "frame", torch.set_num_threads, (max(1, usual // workers),))
    for done in [pool.submit(started.wait) for _ in range(workers)]:
        done.result()
    torch.set_num_threads(usual)
    return pool
