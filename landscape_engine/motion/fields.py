"""Motion fields: accumulated backward flows of successive frames.

Legend: T frames, h w pixels of the predictor's grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from ..ops import shrinking, warping
from ..ops.wrapping import Wrap
from ..scene.bases import Base
from ..scene.regions import Region

KEPT_FIELDS = 128  # accumulated flows that a track holds at most; those between are interpolated
SINGLE_STEPS = 64  # frames that a constant field is integrated one by one; longer ways are doubled
STEADY_FIELDS = 32  # the same of a region's motion, which is steady and smooth


@dataclass(frozen=True)
class MovingPart:
    """One region and how it moves.

    Attributes:
        region: where.
        step: [1, 2, h, w] backward, normalised flow of one frame, defined beyond the region too.
        ripple: height of ripples, in thousandths of the picture's height.
        mirror: [1, 1, h, w] how far a water is a mirror (`mirrors`), which breathes, 0..1; or None.
        base: the region's static layer, by `bases.base_of`; None: all of it moves.
        rounds: loops that it takes within the period, by `travel.fit`.
        slowed: the share of its speed that was left it there, 0..1.
        wrap: how the picture is laid out, where its left and right borders are one.
    """

    region: Region
    step: Tensor
    ripple: float = 0.0
    mirror: Tensor | None = None
    base: Base | None = None
    rounds: int = 1
    slowed: float = 1.0
    wrap: Wrap | None = None

    @property
    def waves(self) -> bool:
        """Whether a water's surface moves over its reflections."""
        return self.base is not None and self.base.most is not None


@dataclass(frozen=True)
class MotionField:
    """The motion of one picture, held by the caller and used for as many renders as wanted.

    Attributes:
        step: [1, 2, h, w] backward, normalised flow of one frame (of the first one, if recurrent).
        accumulated: starts a generator of the flows A_1, A_2, ... (each [1, 2, h, w]) that lead
            from frame t back to the input picture; endless.
        steady: whether every frame moves by the same field.
        parts: what moves, each in its region; none if the whole picture moves by `accumulated`.
        small: [1, 3, h, w] the picture on the predictor's grid, for blends that keep its contrast.
        period: frames of the loop that the parts' travel was fitted to by `travel.fit`, if it was.
    """

    step: Tensor
    accumulated: Callable[[], Iterator[Tensor]]
    steady: bool
    parts: tuple[MovingPart, ...] = ()
    small: Tensor | None = None
    period: int | None = None


def steady_motion(
    step: Tensor,  # [1, 2, h, w] backward, normalised
) -> MotionField:
    """Motion by one constant field, integrated frame by frame."""

    def accumulate() -> Iterator[Tensor]:
        flow = step
        while True:
            yield flow
            flow = warping.compose(step, flow)

    return MotionField(step, accumulate, steady=True)


def motion_of_parts(
    parts: Sequence[MovingPart],
    small: Tensor,  # [1, 3, h, w] the picture on the predictor's grid
) -> MotionField:
    """Steady motion of regions, each by its own field; all else is still."""
    h, w = small.shape[2:]
    step = torch.zeros(1, 2, h, w, device=small.device)
    for part in parts:
        alpha = shrinking.area(part.region.alpha, (h, w))
        step = torch.lerp(step, part.step, alpha)
    whole = steady_motion(step)
    return MotionField(step, whole.accumulated, steady=True, parts=tuple(parts), small=small)


class Track:
    """Accumulated flows of frames 0..T, with at most a fixed number in memory.

    Paths through a smooth field bend slowly, so that the flows between two held ones are well
    interpolated, and memory does not grow with the period.
    """

    def __init__(self, flows: Iterator[Tensor], frames: int, most: int = KEPT_FIELDS) -> None:
        """Hold the flows A_1..A_`frames` (each [1, 2, h, w]) of an iterator; A_0 is zero."""
        stride = -(-frames // most)
        kept = [
            flow
            for t, flow in enumerate(islice(flows, frames), start=1)
            if t % stride == 0 or t == frames
        ]
        self._hold([torch.zeros_like(kept[0]), *kept], stride, frames)

    def _hold(self, flows: Sequence[Tensor], stride: int, frames: int) -> None:
        self.held = torch.cat(list(flows))  # [N, 2, h, w]
        self.stride = stride
        self.frames = frames

    @classmethod
    def of_steady(
        cls,
        step: Tensor,  # [1, 2, h, w] backward, normalised
        frames: int,
        most: int = KEPT_FIELDS,
    ) -> Track:
        """The track of one constant field, interpolated between stored flows."""
        stride = -(-frames // most)

        def leaps() -> Iterator[Tensor]:
            leap = _after(step, stride)
            yield torch.zeros_like(step)
            flow = leap
            for _ in range(frames // stride - 1):
                yield flow
                flow = warping.compose(leap, flow)
            yield flow
            if frames % stride:
                yield warping.compose(_after(step, frames % stride), flow)

        return cls._of(list(leaps()), stride, frames)

    @classmethod
    def _of(cls, flows: Sequence[Tensor], stride: int, frames: int) -> Track:
        track = cls.__new__(cls)
        track._hold(flows, stride, frames)
        return track

    def at(self, t: int) -> Tensor:  # [1, 2, h, w]
        """The flow that leads from frame `t` (0..T) back to frame 0."""
        k, rest = divmod(t, self.stride)
        if rest == 0:
            return self.held[k : k + 1]
        if t == self.frames:
            return self.held[-1:]
        gap = min(self.stride, self.frames - k * self.stride)
        return torch.lerp(self.held[k : k + 1], self.held[k + 1 : k + 2], rest / gap)

    def at_times(
        self,
        times: Tensor,  # [1, 1, h, w] in 0..T
    ) -> Tensor:  # [1, 2, h, w]
        """The same with a separate time for each pixel."""
        # the last held flow may lie closer than a stride behind the one before
        last = (len(self.held) - 2) * self.stride
        at = torch.where(
            times > last,
            len(self.held) - 2 + (times - last) / max(self.frames - last, 1),
            times / self.stride,
        )
        k = at.floor().clamp(0, len(self.held) - 2).long().expand(1, 2, -1, -1)
        before, after = self.held.gather(0, k), self.held.gather(0, k + 1)
        return torch.lerp(before, after, at - k[:, :1])

    def cut(self, cut: Callable[[Tensor], Tensor]) -> Track:
        """The same track with a part of each flow alone."""
        return self._of([cut(self.held)], self.stride, self.frames)

    def inverted(self) -> Track:
        """The track that leads the other way."""
        flows = [warping.invert(flow) for flow in torch.split(self.held, 1)]
        return self._of(flows, self.stride, self.frames)


def _after(step: Tensor, frames: int) -> Tensor:  # [1, 2, h, w]
    """The accumulated flow of a constant field after a number of frames, one or more.

    Its flow over 2 n frames is that over n frames, twice: a loop of any length takes few steps.
    """
    if frames <= SINGLE_STEPS:
        return next(islice(steady_motion(step).accumulated(), frames - 1, None))
    half = _after(step, frames // 2)
    flow = warping.compose(half, half)
    return warping.compose(step, flow) if frames % 2 else flow


def past(motion: MotionField, frames: int, most: int = KEPT_FIELDS) -> Track:
    """Where each pixel of frame t came from: t = 0..`frames`."""
    if motion.steady:
        return Track.of_steady(motion.step, frames, most)
    return Track(motion.accumulated(), frames, most)


def future(
    motion: MotionField, frames: int, past_track: Track | None = None, most: int = KEPT_FIELDS
) -> Track:
    """Where each pixel will be t frames on: exact for a steady field, else the past inverted."""
    if motion.steady:
        return Track.of_steady(-motion.step, frames, most)
    return (past_track or past(motion, frames, most)).inverted()
