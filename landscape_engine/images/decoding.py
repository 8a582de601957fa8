"""Decoded pixels on their way into a tensor, and quiet around decoders that print."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
PROCESS_LOCK = threading.Lock()  # for Pillow's size limit and stderr, which are global


def decode_with_opencv(path: Path) -> NDArray[Any]:
    """Pixels `[H, W, C]` in the file's own type, R, G, B(, A); a TIFF comes the right way up."""
    import cv2

    data = np.fromfile(path, np.uint8)  # imread can't open every file name on Windows
    if data[: len(_PNG_MAGIC)].tobytes() == _PNG_MAGIC:
        data = _still_of_png(data)
    with silenced():
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("OpenCV found no picture")
    if pixels.ndim == 2:
        return pixels[..., None]
    blue = pixels[..., 0].copy()
    pixels[..., 0] = pixels[..., 2]
    pixels[..., 2] = blue
    return pixels


def _still_of_png(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A PNG without its animation, of whose 16-bit frames OpenCV makes something else."""
    file, at, animated = data.data, len(_PNG_MAGIC), False
    kept: list[bytes | memoryview] = [_PNG_MAGIC]
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(file[at : at + 4], "big")
        name = bytes(file[at + 4 : at + 8])
        if name == b"IDAT" and not animated:
            return data  # what is animated says so before its pixels
        if name in (b"acTL", b"fcTL", b"fdAT"):
            animated = True
        else:
            kept.append(file[at:end])
        at = end
    return np.frombuffer(b"".join(kept), np.uint8)


class _DeafTo:
    """A stream that takes nothing from one thread, and all from others."""

    def __init__(self, stream: Any, thread: int) -> None:
        self._stream, self._thread = stream, thread

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread or self._stream is None:
            return len(text)
        written: int = self._stream.write(text)
        return written

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Close stderr to C code: OpenCV and OpenEXR report there what we say in our own words.

    OpenEXR prints by Python as well, on stdout.
    """
    with PROCESS_LOCK, contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(_DeafTo(sys.stdout, threading.get_ident())))
        with contextlib.suppress(OSError):  # no stderr at all, as in a Windows service
            kept = os.dup(2)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, 2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        yield


def fill_tensor(
    pixels: NDArray[Any],  # [H, W, 1|3|4] any number type
    half_of_largest: float | None,  # 127.5, 32767.5, or None for scene-linear pixels
    orientation: int = 1,  # EXIF, 1..8
) -> Tensor:  # [1, 3|4, H, W]
    """Copy pixels into a new tensor, plane by plane: the tensor is the only large allocation."""
    pixels = _turn(pixels, orientation)
    height, width, channels = pixels.shape
    # From numpy, because its out-of-memory error has a name.
    planes = np.empty((max(channels, 3), height, width), np.float32)
    with np.errstate(over="ignore"):  # a double too large for float32: refused later, as infinite
        for plane in range(len(planes)):
            planes[plane] = pixels[..., plane if channels > 1 else 0]
    if half_of_largest is not None:
        planes /= half_of_largest
        planes -= 1
    return torch.from_numpy(planes)[None]


def turn_back(
    image: Tensor,  # [1, C, H, W] upright
    orientation: int,  # EXIF, 1..8
) -> Tensor:  # [1, C, H, W] or [1, C, W, H]
    """The picture as it is stored, before its EXIF orientation was applied."""
    stored = _turn(image[0].permute(1, 2, 0).numpy(), {6: 8, 8: 6}.get(orientation, orientation))
    return torch.from_numpy(np.ascontiguousarray(stored.transpose(2, 0, 1)))[None]


def _turn(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A view of the picture the right way up."""
    turned = pixels.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else pixels
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return turned
