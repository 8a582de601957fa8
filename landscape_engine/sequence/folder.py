"""Frames as numbered picture files in a folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from .. import cpus, staging
from ..images import LINEAR_SRGB, ColorSpace, to_linear_float16, to_uint16
from ..images.kinds import is_hidden
from ..leftovers import remove_abandoned
from ..staging import (
    explaining,
    rename_all,
    resolve,
    swap_folder,
    working_folder,
)
from .dither import dithered

ENDINGS = {"png": ".png", "png16": ".png", "exr": ".exr"}  # by format
OUR_FRAME = re.compile(r"\d{4,}\.(png|exr)")
OUR_KIT = re.compile(
    r"live\.json|(picture|phase)\.png|(flow|plate|matte)_\d+\.png|light_\d_(weights|biases)\.png"
)
PNG_COMPRESSION = 1  # of 9: five times faster than the usual 6, a tenth larger
SOFTWARE = "landscape-engine"  # in each picture's metadata: only what it stands in is replaced
PNG_HEADER = 33  # bytes of a PNG's signature and its first chunk
READ_FOR_MARK = 4096  # bytes of a file within which its metadata stands


class FrameFolder:
    """Numbered picture files."""

    workers = max(2, min(4, cpus.available()))
    padding_wh = (0, 0)
    notes: tuple[str, ...] = ()

    def __init__(
        self,
        folder: Path,
        format: str,
        count: int | None,
        color_space: ColorSpace = LINEAR_SRGB,  # of exr
    ) -> None:
        self._folder = folder
        self._space = color_space
        self._format = format
        self._digits = max(4, len(str(count or 0)))

    def _name(self, index: int, digits: int) -> str:
        return f"{index + 1:0{digits}d}{ENDINGS[self._format]}"

    def convert(self, frame: Tensor) -> NDArray[Any]:
        """Turn a frame into the pixels to encode."""
        if self._format == "exr":
            return to_linear_float16(frame, self._space)
        return dithered(frame) if self._format == "png" else to_uint16(frame)

    def encode(self, index: int, pixels: NDArray[Any]) -> None:
        """Write one frame's file."""
        path = self._folder / self._name(index, self._digits)
        if self._format == "exr":
            _write_exr(path, pixels, self._space)
        else:
            write_png(path, pixels)

    def finish(self, written: int) -> list[str]:
        """The names of the files, in order."""
        # Without a count, more than 9,999 frames need wider numbers, or they sort wrongly.
        digits = max(self._digits, len(str(written)))
        names = [self._name(index, digits) for index in range(written)]
        if digits > self._digits:
            for index, name in enumerate(names):
                earlier = self._folder / self._name(index, self._digits)
                earlier.rename(self._folder / name)
        return names

    def close(self) -> None:
        """Nothing stays open between frames."""


def is_replaceable(path: Path) -> bool:
    """Whether a file has a frame's name, or a name of a live kit's, of which the engine wrote it.

    Frames of others are replaced where that is forced; nothing that a kit would call alike is.
    """
    if OUR_KIT.fullmatch(path.name):
        return is_ours(path)
    return bool(OUR_FRAME.fullmatch(path.name))


def is_ours(path: Path) -> bool:
    """Whether a file says that the engine wrote it."""
    try:
        with path.open("rb") as file:
            return SOFTWARE.encode() in file.read(READ_FOR_MARK)
    except OSError:
        return False


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


_TEXT = _chunk(b"tEXt", b"Software\0" + SOFTWARE.encode())


def write_png(
    path: Path,
    pixels: NDArray[Any],  # [H, W, 1|3|4] uint8 or uint16: grey, or R, G, B(, A)
) -> None:
    """Write a PNG that says who wrote it."""
    data = _encode_png(pixels)
    with path.open("wb") as file:
        file.writelines([data[:PNG_HEADER], _TEXT, data[PNG_HEADER:]])


def _encode_png(pixels: NDArray[Any]) -> memoryview:  # [H, W, 1|3|4]
    import cv2

    if pixels.shape[2] > 1:
        order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = cv2.cvtColor(pixels, order)
    options = [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION]
    _, data = cv2.imencode(".png", pixels, options)
    return data.data


def _write_exr(
    path: Path,
    pixels: NDArray[Any],  # [H, W, 3|4] float16, scene-linear
    space: ColorSpace,  # of the pixels
) -> None:
    import OpenEXR

    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "software": SOFTWARE,
    }
    if space.tag:
        header["colorInteropID"] = space.tag
    if space != LINEAR_SRGB:
        header["chromaticities"] = tuple(map(float, space.chromaticities))
    channels = {"RGB" if pixels.shape[2] == 3 else "RGBA": pixels}
    try:
        OpenEXR.File(header, channels).write(str(path))
    except RuntimeError as error:  # the library tells the system's error in words only
        full = os.strerror(errno.ENOSPC) in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, " ".join(str(error).split())) from error


def _must_stay(folder: Path) -> bool:
    """Whether a folder's files can be replaced, but not the folder itself."""
    if not folder.exists():
        return False
    here = working_folder()
    return (
        os.path.ismount(folder)
        or (here is not None and folder in (here, *here.parents))
        or any(map(_is_kept, folder.iterdir()))
        or not os.access(folder.parent, os.W_OK | os.X_OK)
    )


def _is_kept(entry: Path) -> bool:
    """Whether a file in a folder is someone's: hidden, and no litter of a Mac's browser.

    So is what another run writes there, or has left for another target: whose lock nobody holds
    goes by `leftovers` alone.
    """
    litter = entry.name == ".DS_Store" or entry.name.startswith("._")
    return is_hidden(entry) and not litter


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A hidden folder to fill; at the block's end it takes the target's place, or is gone.

    Raises:
        OutputError: it can't be made, or can't take its place.
    """
    place = resolve(target)
    if place.is_dir():
        remove_abandoned(place, place)
    home = place if _must_stay(place) else place.parent
    with staging.stage(target, place, home) as staged:
        with explaining(target), staging.making():
            staged.mkdir()
        yield staged
        with explaining(target), staging.making():
            _install_folder(staged, place)


def _install_folder(staged: Path, place: Path) -> None:
    """Put a finished folder in its place; an earlier one's files are kept until the last step."""
    if not place.exists():
        try:
            staged.rename(place)
            return
        except OSError:
            if not place.exists():
                raise
            # another run has made one since
    if staged.parent != place and not _must_stay(place):  # others may have begun in it since
        try:
            swap_folder(staged, place)
            return
        except OSError:
            pass  # Windows: another program looks into the folder; its files may still be free
    new = sorted(entry for entry in staged.iterdir())
    earlier = [entry for entry in place.iterdir() if is_replaceable(entry)]
    replaced = staged / "replaced"
    replaced.mkdir()
    rename_all(
        [(entry, replaced / entry.name) for entry in earlier]
        + [(entry, place / entry.name) for entry in new]
    )
