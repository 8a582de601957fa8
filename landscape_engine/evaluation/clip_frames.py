"""Clip frames: the frames of a filmed clip that are compared, at the evaluation size.

A clip is a video, or a folder of frames in the order of their names. Frame 0 is the one from which
is predicted; what can't be read leaves a gap in time and is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from .. import images
from ..errors import PictureError
from ..images import clips
from ..images.clips import Read
from ..settings import ClipEvaluationSettings

LATER = 48  # frames, evenly from what is left of the clip, among which the reference is chosen
TOO_FEW = "expected a video, or a folder of frames, with two or more"


@dataclass
class ClipFrames:
    """One clip at the evaluation size; each frame is [1, 3, H, W] in [-1, 1]."""

    name: str
    first: Tensor
    following: list[Tensor | None]  # frames 1, 2, ...; None where one can't be read
    reference: Tensor  # the later frame whose mean color is farthest from the first's
    reference_at: int  # its number in the file
    light_change: float  # of the reference, see `light_change`
    notes: list[str] = field(default_factory=list)


def light_change(
    first: Tensor,  # [1, 3, H, W] in [-1, 1]
    later: Tensor,  # [1, 3, H, W]
) -> float:
    """The sum over R, G, B of the differences of the mean values, 0..3 with values in 0..1.

    By it the paper chooses frames of differing light (section 6.1).
    """
    return float((first.mean((2, 3)) - later.mean((2, 3))).abs().sum()) / 2


def load(path: Path, settings: ClipEvaluationSettings, width: int) -> ClipFrames:
    """Read the frames of a clip that are compared, `width` pixels wide or smaller.

    Raises:
        PictureError: it can't be read, holds fewer than two frames after the start, or frames of
            different sizes.
    """
    count = clips.count(path)
    start = int(settings.start * count)
    wanted = range(start, min(start + settings.frames * settings.every + 1, count), settings.every)
    later = {start + round(k * (count - 1 - start) / LATER) for k in range(1, LATER + 1)}
    compared: dict[int, Tensor] = {}
    reference, reference_at, farthest = None, 0, -1.0
    reader = _Reader(path, width)
    first = None
    for number, read in clips.numbered(path, {*wanted, *later}):
        frame = reader.take(number, read)
        if frame is None:
            continue
        if number in wanted:
            compared[number] = frame
        if first is None:
            if number not in wanted:
                continue
            first, start = frame, number
        elif (distance := light_change(first, frame)) > farthest:
            reference, reference_at, farthest = frame, number, distance
    if first is None or reference is None:
        left = count if settings.start == 0 else count - start
        where = f" after --clip-start {settings.start:g}" if settings.start else ""
        readable = " that can be read" if reader.notes else ""
        found = len(compared) if reader.notes else left
        raise PictureError(f"'{path}' holds {found} frames{where}{readable}; {TOO_FEW}.")
    following = [compared.get(number) for number in wanted if number > start]
    while following and following[-1] is None:
        following.pop()
    if not following:
        raise PictureError(f"'{path}' holds no second frame that can be read; {TOO_FEW}.")
    if len(following) < settings.frames:
        reader.notes.append(
            f"'{path.name}' has {len(following)} frames to compare, not {settings.frames}."
        )
    return ClipFrames(
        path.stem if path.is_file() else path.name,
        first, following, reference, reference_at, farthest, reader.notes,
    )  # fmt: skip


class _Reader:
    """Shrink frames to one size; unreadable ones are skipped and reported."""

    def __init__(self, path: Path, width: int) -> None:
        self.path = path
        self.width = width
        self.size: tuple[int, int] | None = None  # the file's, height first
        self.notes: list[str] = []

    def take(self, number: int, read: Read) -> Tensor | None:  # [1, 3, h, w] in [-1, 1]
        try:
            frame = read()
        except PictureError as error:
            self.notes.append(f"frame {number} of '{self.path.name}' is left out: {error}")
            return None
        height, width = frame.shape[2:]
        if self.size and self.size != (height, width):
            raise PictureError(
                f"frame {number} of '{self.path}' is {width}x{height}, those before it "
                f"{self.size[1]}x{self.size[0]}; expected frames of one size: a clip is one scene "
                "from a fixed camera."
            )
        self.size = (height, width)
        wide = min(self.width, width)
        small = images.resize(frame, wide, max(2, round(wide * height / width)))
        return images.opaque(small).clamp(-1, 1)
