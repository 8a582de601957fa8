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
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from .codebook import CodeCycle
from .ops import color, warping
from .ops.compositing import Drift, move, recolor
from .ops.looping import Make
from .settings import AppearanceSettings

IN_FLIGHT_BYTES = 1 << 30  # frames being made at one time take no more than this
KEPT_BYTES = 1 << 28  # frames of a loop that are kept for its next round
MOST_WORKERS = 16


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
    ) -> None:
        """Hold the codes; `predict` gives the map [1, 6, h, w] of a picture and a code [1, Z]."""
        self.predict = predict
        self.picture = picture
        self.cycle = cycle
        self._maps: dict[int, Tensor] = {}

    def keyed(self, phase: float) -> Tensor:  # [1, 6, h, w]
        """The map at a phase 0..1: predicted at the codes around it, interpolated between."""
        first, second, weight = self.cycle.around(phase)
        self._maps = {k: self._maps[k] for k in (first, second) if k in self._maps}
        for k in (first, second):
            if k not in self._maps:
                self._maps[k] = self.predict(self.picture, self.cycle.codes[k : k + 1])
        return torch.lerp(self._maps[first], self._maps[second], weight)

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
    moved = MovedFrames(picture, again, keyed, cancelled.is_set)

    def make(n: int, layers: Make, color_map: Tensor | None, phase: float) -> Tensor:
        with torch.inference_mode():
            frame = moved.frame(n, layers)
            if light is None or cancelled.is_set():
                return frame.moved.clone() if frame.kept else frame.moved
            if appearance.kind == "per-frame":
                colors = light.per_frame(frame.moved, phase)
                return torch.cat([colors, frame.moved[:, 3:]], 1)
            carried = frame.drift.carry(color_map)
            out = None if frame.kept else frame.moved
            return recolor(frame.moved, carried, cancelled.is_set, out=out)

    def jobs() -> Iterator[tuple[int, Make, Tensor | None, float]]:
        for n in range(count):
            phase = (n * appearance.cycles % count) / count
            color_map = None
            # inference mode is per step: left on between yields it would leak into the caller
            with torch.inference_mode():
                with stopwatch.stage("motion"):
                    layers = next(plan)
                if keyed:
                    with stopwatch.stage("appearance"):
                        color_map = light.keyed(phase)
            yield n, layers, color_map, phase

    workers = _workers(picture) if count > 1 else 1
    if workers == 1:
        for job in jobs():
            with stopwatch.stage("render"):
                frame = make(*job)
            yield frame
        return
    pool = _start_pool(workers)
    waiting: deque[Future[Tensor]] = deque()
    try:
        for job in jobs():
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


@dataclass(frozen=True)
class MovedFrame:
    """A frame before its colors change."""

    moved: Tensor  # [1, 3 or 4, H, W]
    drift: Drift
    kept: bool  # for the next round: to be left as it is


class MovedFrames:
    """A loop's moved frames, kept from round to round as far as `KEPT_BYTES` go."""

    def __init__(
        self,
        picture: Tensor,  # [1, 3 or 4, H, W]
        period: int | None,
        recolored: bool,
        cancelled: Callable[[], bool],
    ) -> None:
        """Keep frames of a loop of so many; of None no frame is asked for twice.

        Only frames that are `recolored` by a map of the unmoved picture need their drift.
        """
        self.picture = picture
        self.recolored = recolored
        self.cancelled = cancelled
        self.period = period
        self.most = KEPT_BYTES // (picture.numel() * picture.element_size())
        self._made: dict[int, MovedFrame] = {}

    def frame(self, n: int, layers: Make) -> MovedFrame:
        """Frame n of the clip, made from its layers unless it is one of those that are kept."""
        at = n % self.period if self.period else n
        if at in self._made:
            return self._made[at]
        shown = layers()
        kept = self.period is not None and at < self.most
        drift = Drift.of(shown if self.recolored else ())
        frame = MovedFrame(move(self.picture, shown, self.cancelled), drift, kept)
        if kept:
            self._made[at] = frame
        return frame


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
