"""Rendering: a loop's layers and the changing light made into frames, several at a time on a CPU.

A frame takes many small steps that leave little to share out within one, so that on a CPU whole
frames are shared out instead, one to a core; they come out in order, and few wait.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from .. import cpus
from ..loops.looping import Make
from .lighting import ColorMap, Light, Start, when_needed
from .moved_frames import MovedFrames
from .stopwatch import Stopwatch

IN_FLIGHT_BYTES = 1 << 30  # frames being made at one time take no more than this
MOST_WORKERS = 16


def frames(
    picture: Tensor,  # [1, 3 or 4, H, W]
    plan: Iterator[Make],
    period: int | None,
    light: Light | None,
    count: int,
    stopwatch: Stopwatch,
) -> Iterator[Tensor]:  # each [1, 3 or 4, H, W]
    """Make `count` frames in order; closing the generator stops the work within a strip's time.

    Args:
        picture: the picture.
        plan: how each frame moves, from `looping.plan`.
        period: frames after which the motion comes again; None if it never does.
        light: how the light changes; None if it doesn't.
        count: frames.
        stopwatch: counts the seconds of each stage.
    """
    cancelled = threading.Event()
    keyed = light is not None and not light.is_per_frame
    rounds = light.rounds if light else 1
    again = period if period and period < count else None
    prepare = light.prepare if light and keyed else None
    drifts = light is not None and keyed and not light.skyline
    moved = MovedFrames(picture, again, drifts, cancelled.is_set, prepare)

    def make(n: int, layers: Make, color_map: ColorMap | None, phase: float) -> Tensor:
        with torch.inference_mode():
            frame = moved.frame(n, layers)
            if light is None or cancelled.is_set():
                return frame.moved
            if light.is_per_frame:
                colors = light.per_frame(frame.moved, phase)
                return torch.cat([colors, frame.moved[:, 3:]], 1)
            assert color_map is not None  # of each frame of keyed light
            return light.recolor(frame.moved, frame.drift, color_map(), phase, cancelled.is_set)

    def jobs(start: Start) -> Iterator[tuple[int, Make, ColorMap | None, float]]:
        for n in range(count):
            phase = (n * rounds % count) / count
            color_map = None
            # inference mode is per step: left on between yields it would leak into the caller
            with torch.inference_mode():
                with stopwatch.stage("motion"):
                    layers = next(plan)
                if light and keyed:
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
                del frame
        return
    pool = _start_pool(workers)
    waiting: deque[Future[Tensor]] = deque()
    try:
        # frames come after the maps that they need, so that none waits for a map behind it
        for job in jobs(_started_in(pool)):
            waiting.append(pool.submit(make, *job))
            if len(waiting) >= min(workers + 1, _affordable(picture)):
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


def _started_in(pool: ThreadPoolExecutor) -> Start:
    """Start a map's computation in the pool, whose threads keep no gradients."""

    def infer(function: Callable[..., Tensor], *arguments: Any) -> Tensor:
        with torch.inference_mode():
            return function(*arguments)

    return lambda *call: pool.submit(infer, *call).result


def _workers(picture: Tensor) -> int:
    """The number of frames rendered at the same time."""
    if picture.device.type != "cpu":
        return 1
    return min(cpus.available(), MOST_WORKERS, _affordable(picture))


def _affordable(picture: Tensor) -> int:
    """The number of frames that may be held at the same time."""
    return max(1, IN_FLIGHT_BYTES // (picture.numel() * picture.element_size()))


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
