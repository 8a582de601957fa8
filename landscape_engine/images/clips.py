"""Clips in: a video the way it is shown, or a folder of frames in the order of their numbers.

One reader for fitting, training and evaluation. Two ways lead through a clip: `pictures` gives all
frames in order and refuses damaged ones; `numbered` gives those of some numbers, and a damaged one
leaves a gap in time. `decode` is below both, for who counts the gaps of a video itself.

It reads with PyAV, since a gap is told by the packets' times: they say when each frame is shown,
whether or not it can be decoded.

Legend: H W pixels.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import PictureError
from .kinds import begins_as_video, is_picture, is_video
from .reading import load_image

_TOO_LARGE = "it asks for more memory than there is, as damaged ones do"
_CONTAINERS = (  # FFmpeg's names of the kinds that are read; others, as playlists, name more files
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,ogg,flv,mpeg,mpegts,mpegvideo,asf,mxf,ivf,nut,"
    "dv,gxf,wtv,h264,hevc,m4v,mjpeg,obu,yuv4mpegpipe,apng"
)
_OTHER_KIND = "it is of another kind, such as a playlist or a picture"  # or damaged beyond that
Read = Callable[[], Tensor]  # gives [1, 3|4, H, W] in [-1, 1] or raises PictureError


@dataclass(frozen=True)
class VideoFrame:
    """One decoded frame of a video, made into RGB, and turned, when it is asked for.

    Attributes:
        time: when it is shown, in the file's own unit; None where the file doesn't say.
        decoded: PyAV's frame.
    """

    time: int | None
    decoded: Any

    def pixels(self) -> Tensor:  # [3, H, W] uint8
        """Its colors as they are in the file, the way up in which players show them."""
        stored = self.decoded.to_ndarray(format="rgb24")
        return torch.from_numpy(_turned(stored, self.decoded)).permute(2, 0, 1)

    def picture(self) -> Tensor:  # [1, 3, H, W] in [-1, 1]
        """Its colors as the engine takes them."""
        return self.pixels()[None].float() / 127.5 - 1


@dataclass(frozen=True)
class Damage:
    """A part of a video that the decoder refused, and what it said."""

    reason: str


def is_clip(path: Path) -> bool:
    """Whether a path is a clip: a folder, or a file that is a video; else it is a still."""
    return path.is_dir() or is_video(path) or begins_as_video(path)


def frame_paths(folder: Path) -> list[Path]:
    """The pictures of a folder, in the order of the numbers in their names: 2 before 10."""
    return sorted(filter(is_picture, folder.iterdir()), key=_by_number)


def _by_number(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if n % 2 else part for n, part in enumerate(parts)], path.name


def count(path: Path) -> int:
    """The number of a clip's frames, damaged ones among them; none is decoded.

    Raises:
        PictureError: it can't be read.
    """
    return len(frame_paths(path)) if path.is_dir() else len(_times(path))


def pictures(path: Path) -> Iterator[Tensor]:  # each [1, 3|4, H, W] in [-1, 1]
    """All frames of a clip in order; those of a folder with their alpha, if they have any.

    Raises:
        PictureError: it can't be read, or a frame is damaged.
    """
    if path.is_dir():
        yield from map(load_image, frame_paths(path))
    else:
        yield from (frame.picture() for frame in video(path))


def numbered(path: Path, wanted: set[int]) -> Iterator[tuple[int, Read]]:
    """Frames of a clip by their numbers from 0, in order; a damaged one is refused when it is read.

    Those that a video's decoder leaves out are told by the times of the others.

    Raises:
        PictureError: the clip as a whole can't be read.
    """
    if not path.is_dir():
        yield from _numbered_of_video(path, wanted)
        return
    for number, name in enumerate(frame_paths(path)):
        if number in wanted:
            yield number, partial(load_image, name)


def video(path: Path) -> Iterator[VideoFrame]:
    """All frames of a video in the order in which they are shown.

    Raises:
        PictureError: it can't be read, or a frame is damaged.
    """
    for frame in decode(path):
        if isinstance(frame, Damage):
            raise PictureError(_say_unreadable(path, frame.reason))
        yield frame


def decode(path: Path) -> Iterator[VideoFrame | Damage]:
    """The frames of a video in the order in which they are shown, and what can't be decoded.

    Raises:
        PictureError: it can't be read; the decoder's own error is its cause.
    """
    import av

    for packet in _packets(path):
        try:
            decoded = packet.decode()
        except av.error.FFmpegError as error:
            yield Damage(str(error))
        else:
            yield from (VideoFrame(frame.pts, frame) for frame in decoded)


def opened(path: Path) -> Any:
    """A video's container, as PyAV opens it, from this one file and no other protocol.

    Raises:
        av.FFmpegError: it is none.
    """
    import av

    return av.open(
        f"file:{path}",  # without "file:" a colon would end a protocol's name
        options={"protocol_whitelist": "file", "format_whitelist": _CONTAINERS},
        metadata_errors="replace",
    )


def _packets(path: Path) -> Iterator[Any]:
    import av

    if not path.is_file():
        raise PictureError(f"'{path}' doesn't exist; expected a video: check the spelling.")
    try:
        with opened(path) as container:
            yield from container.demux(video=0)
    except IndexError as error:  # PyAV's, where there is none to choose
        raise PictureError(_say_unreadable(path, "there are no pictures in it")) from error
    except av.error.FFmpegError as error:
        raise PictureError(_say_unreadable(path, error)) from error


def _turned(
    pixels: NDArray[np.uint8],  # [H, W, 3] as they are stored
    decoded: Any,
) -> NDArray[np.uint8]:
    """The pixels as the frame's display matrix turns and mirrors them, by right angles."""
    matrix = next((one for one in decoded.side_data if one.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return pixels
    # a pixel at x, y is shown at a x + c y, b x + d y
    a, b, _, c, d, *_ = np.frombuffer(bytes(matrix), np.int32).tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    turned = pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return np.ascontiguousarray(turned)


def _times(path: Path) -> list[int]:
    """When a video's frames are shown, in order; from its packets, which need not be decoded."""
    shown = [packet.pts for packet in _packets(path) if packet.size]
    known = [time for time in shown if time is not None]
    return sorted(known) if len(set(known)) == len(shown) else list(range(len(shown)))


def _numbered_of_video(path: Path, wanted: set[int]) -> Iterator[tuple[int, Read]]:
    numbers: dict[int | None, int] = {time: n for n, time in enumerate(_times(path))}
    left, last = sorted(wanted), -1
    for frame in decode(path):
        if isinstance(frame, Damage):
            continue
        last = numbers.get(frame.time, last + 1)
        while left and left[0] < last:
            yield left.pop(0), _refuse_damaged
        if left and left[0] == last:
            yield left.pop(0), frame.picture
        if not left:
            return
    for number in left:
        yield number, _refuse_damaged


def _refuse_damaged() -> Tensor:
    raise PictureError("it is damaged.")


def _say_unreadable(path: Path, reason: object) -> str:
    import av

    if isinstance(reason, av.error.FFmpegError):  # which tells a number and a URL of its own too
        known = {errno.ENOMEM: _TOO_LARGE, errno.EINVAL: _OTHER_KIND}
        reason = known.get(reason.errno or 0) or reason.strerror
    return f"'{path}' can't be read as a video ({reason}); export it again as MP4."
