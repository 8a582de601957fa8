"""Frames drawn one at a time and encoded in the background."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray
from torch import Tensor

from ..errors import OutputError
from ..images import LINEAR_SRGB, ColorSpace
from ..settings import FormatName, OutputSettings
from ..settings.sentences import say
from ..staging import explaining, new_file
from .folder import ENDINGS, FrameFolder, new_folder
from .target import check_target, resolve_format
from .video import Video

WAITING_FRAMES, WAITING_BYTES = 4, 1 << 27  # rendered, not yet encoded


@dataclass(frozen=True)
class WrittenSequence:
    """The files that `write_sequence` has written."""

    paths: tuple[Path, ...]  # every file: the frames in order, or the one video
    frames: int  # how many were written
    width: int  # as encoded, in pixels
    height: int  # as encoded, in pixels
    format: FormatName
    notes: tuple[str, ...]  # where the file differs from the frames, one sentence each


def write_sequence(
    frames: Iterable[Tensor],  # each [1, 3|4, H, W], all of one size
    target: str | Path,
    settings: OutputSettings = OutputSettings(),  # noqa: B008 - frozen
    *,
    count: int | None = None,
    color_space: ColorSpace = LINEAR_SRGB,
) -> WrittenSequence:
    """Write frames as they come.

    Args:
        frames: float32 `[1, 3|4, H, W]` in [-1, 1], display-referred, straight alpha; a generator
            is drawn from one frame at a time. A frame may be reused once the next is asked for.
        target: a folder for png, png16 and exr (an earlier sequence in it is replaced whole); a
            file for mp4, webm and gif. Missing parents are made.
        settings: format and frames per second.
        count: how many frames to expect, for the width of the numbers in file names.
        color_space: what exr is written in, such as the picture's own; it says so.

    Returns:
        What was written.

    Raises:
        OutputError: the target can't be written, or there are no frames, or they change size. As
            for every other exception, `frames`' own included, nothing is left behind.
    """
    chosen = resolve_format(target, settings)
    check_target(target, settings)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise OutputError(f"There are no frames to write to '{target}'; expected at least one.")
    shape = tuple(first.shape)
    assert len(shape) == 4 and shape[0] == 1 and shape[1] in (3, 4), shape
    target = Path(target)
    steady = _refuse_size_changes(first, remaining)
    del first  # a huge one isn't held while the others are made
    with (new_folder if chosen in ENDINGS else new_file)(target) as staged:
        sink: Sink
        with _explaining(target):
            if chosen in ENDINGS:
                sink = FrameFolder(staged, chosen, count, color_space)
            else:
                sink = Video(staged, chosen, shape, settings.fps, settings.ten_bits)
        with contextlib.closing(sink):
            written = _encode_in_background(steady, sink, target)
            with _explaining(target):
                names = sink.finish(written)
            check_target(target, settings)  # others may have put something there since
    return WrittenSequence(
        paths=tuple(target / name for name in names) or (target,),
        frames=written,
        width=shape[3] + sink.padding_wh[0],
        height=shape[2] + sink.padding_wh[1],
        format=chosen,
        notes=sink.notes,
    )


class Sink(Protocol):
    """Where frames go: `convert` runs where they are rendered, `encode` in the background."""

    workers: int
    padding_wh: tuple[int, int]
    notes: tuple[str, ...]

    def convert(self, frame: Tensor) -> NDArray[Any]:
        """Turn a frame into the pixels to encode."""

    def encode(self, index: int, pixels: NDArray[Any]) -> None:
        """Write one frame."""

    def finish(self, written: int) -> list[str]:
        """Flush; returns the names of a folder's files."""

    def close(self) -> None:
        """Close everything, finished or not."""


def _refuse_size_changes(first: Tensor, others: Iterator[Tensor]) -> Iterator[Tensor]:
    shape, index = tuple(first.shape), 1
    yield first
    del first
    for frame in others:
        index += 1
        if tuple(frame.shape) != shape:
            raise OutputError(
                f"Frame {index} is {_name_shape(frame.shape)}; expected "
                f"{_name_shape(shape)} like the first: render all frames in one size."
            )
        yield frame
        del frame


def _name_shape(shape: tuple[int, ...]) -> str:
    return f"{shape[3]}×{shape[2]} with {shape[1]} channels"


def _encode_in_background(frames: Iterable[Tensor], sink: Sink, target: Path) -> int:
    """Draw frames here, encode them in other threads; returns how many there were."""
    pool = ThreadPoolExecutor(sink.workers, thread_name_prefix="encode")
    pending: deque[Future[None]] = deque()
    written = 0
    try:
        for frame in frames:
            pixels = sink.convert(frame)
            del frame
            most = max(1, min(WAITING_FRAMES, WAITING_BYTES // pixels.nbytes))
            while pending and (len(pending) >= most or pending[0].done()):
                with _explaining(target):
                    pending.popleft().result()
            pending.append(pool.submit(sink.encode, written, pixels))
            del pixels
            written += 1
        while pending:
            with _explaining(target):
                pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return written


@contextlib.contextmanager
def _explaining(target: Path) -> Iterator[None]:
    """Turn encoding errors, and only those, into ours."""
    import av
    import cv2

    try:
        with explaining(target):  # PyAV's are OSErrors too, where the system was the cause
            yield
    except (av.FFmpegError, cv2.error) as error:
        reason = " ".join(str(error).split())[:200]
        raise OutputError(
            say(
                f"'{target}' can't be encoded ({reason}); expected an encoder that takes these "
                "frames: choose another <output.format> or <clip.size>."
            )
        ) from error
