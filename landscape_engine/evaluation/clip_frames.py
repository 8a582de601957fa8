"""Clip frames: the frames of a filmed clip that are compared, at the evaluation size.

A clip is a video, or a folder of frames in the order of their names. Frame 0 is the one from which
is predicted; what can't be read leaves a gap in time and is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import images
from ..errors import PictureError
from ..motion.reference_clips import PICTURE_ENDINGS, VIDEO_ENDINGS
from ..settings import ClipEvaluationSettings

LATER = 48  # frames, evenly from what is left of the clip, among which the reference is chosen
TOO_FEW = "expected a video, or a folder of frames, with two or more"

Read = Callable[[], Tensor]  # gives [1, 3, H, W] in [-1, 1] or raises PictureError


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


def is_clip(path: Path) -> bool:
    """Whether a path is a clip: a video by its ending, or a folder; else it is a still."""
    return path.suffix.lower() in VIDEO_ENDINGS or path.is_dir()


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
    count = _count(path)
    start = int(settings.start * count)
    wanted = range(start, min(start + settings.frames * settings.every + 1, count), settings.every)
    later = {start + round(k * (count - 1 - start) / LATER) for k in range(1, LATER + 1)}
    compared: dict[int, Tensor] = {}
    reference, reference_at, farthest = None, 0, -1.0
    reader = _Reader(path, width)
    first = None
    for number, read in _numbered(path, {*wanted, *later}):
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
        return images.resize(frame, wide, max(2, round(wide * height / width))).clamp(-1, 1)


def _numbered(path: Path, wanted: set[int]) -> Iterator[tuple[int, Read]]:
    return _folder(path, wanted) if path.is_dir() else _video(path, wanted)


def _names(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURE_ENDINGS)


def _folder(path: Path, wanted: set[int]) -> Iterator[tuple[int, Read]]:
    for number, name in enumerate(_names(path)):
        if number in wanted:
            yield number, partial(_of_picture, name)


def _of_picture(path: Path) -> Tensor:  # [1, 3, H, W]
    return images.load_image(path)[:, :3]


def _count(path: Path) -> int:
    """Frames of a clip.

    Raises:
        PictureError: it can't be read.
    """
    return len(_names(path)) if path.is_dir() else len(_times(path))


def _times(path: Path) -> list[int]:
    """The presentation times of a video's frames, sorted; read from packets without decoding.

    Raises:
        PictureError: it can't be read.
    """
    import av

    if not path.is_file():
        raise PictureError(f"'{path}' doesn't exist; expected a video: check the spelling.")
    try:
        with av.open(str(path)) as container:
            packets = [p.pts for p in container.demux(video=0) if p.size]
    except (av.error.FFmpegError, IndexError) as error:
        raise PictureError(
            f"'{path}' can't be read as a video ({error}); export it again as MP4."
        ) from error
    known = {p for p in packets if p is not None}
    return sorted(known) if len(known) == len(packets) else list(range(len(packets)))


def _video(path: Path, wanted: set[int]) -> Iterator[tuple[int, Read]]:
    """The wanted frames; the times of the others reveal those that the decoder drops."""
    numbers = {time: number for number, time in enumerate(_times(path))}
    left, last = sorted(wanted), -1
    for frame in _decoded(path):
        last = numbers.get(frame.pts, last + 1)
        while left and left[0] < last:
            yield left.pop(0), _refuse_damaged
        if left and left[0] == last:
            yield left.pop(0), partial(_of_video, frame)
        if not left:
            return
    for number in left:
        yield number, _refuse_damaged


def _decoded(path: Path) -> Iterator[Any]:
    """A video's frames in presentation order, without damaged ones."""
    import av

    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            with suppress(av.error.FFmpegError):
                yield from packet.decode()


def _of_video(frame: Any) -> Tensor:  # [1, 3, H, W]
    pixels = torch.from_numpy(frame.to_ndarray(format="rgb24"))
    return pixels.permute(2, 0, 1)[None].float() / 127.5 - 1


def _refuse_damaged() -> Tensor:
    raise PictureError("it is damaged.")
