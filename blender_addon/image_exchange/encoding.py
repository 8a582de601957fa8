# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels of a Blender image as PNG or OpenEXR, in steps, without Blender's own writers.

`Image.save` gives the image another file, and encodes floating-point images wrongly in some
versions. Blender's rows go from the bottom up, those of files from the top down. What takes long is
a generator: each step takes some hundredths of a second, so that a timer can go on with it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Color

from .. import datablocks
from ..errors import AddonError
from .steps import LONG_NEXT, Steps

DARKEST = 1 / 255  # grey of a mask below which the engine takes it for black
STEP_VALUES = 1 << 19  # floats that one step takes: 2 MB
CACHED_VALUES = 1 << 16  # floats that a processor's cache holds with what is made of them
LARGEST_HALF = 65504


@dataclass(frozen=True)
class Pixels:
    """What an image showed when it was read.

    Attributes:
        values: float32 [H, W, C], the lowest row first.
        is_float: its values are floating-point ones, scene-linear unless they are data.
        is_data: its values are no colors (Non-Color).
        to_rec709: float32 [3, 3] from scene-linear colors, in the primaries that the .blend works
            in, to those of Rec.709; None: they are the same, or these are no such colors.
    """

    values: np.ndarray
    is_float: bool
    is_data: bool
    to_rec709: np.ndarray | None = None

    @property
    def suffix(self) -> str:
        """The ending of its file."""
        return ".exr" if self.is_float else ".png"

    def strips(self) -> Iterator[np.ndarray]:
        """All rows, the top one first, some of them at a time: [rows, W, 3 or 4]."""
        height, width, channels = self.values.shape
        rows = max(1, STEP_VALUES // (width * channels))
        for end in range(height, 0, -rows):
            strip = self.values[max(0, end - rows) : end][::-1]
            yield strip if channels > 2 else np.repeat(strip[..., :1], 3, axis=2)


def png(pixels: Pixels) -> Generator[None, None, bytes]:
    """A PNG file with the very levels of an 8-bit image that has four channels.

    One that is grey and opaque has one channel. Two million pixels take 40 to 90 ms in all, of one
    core.
    """
    height, width = pixels.values.shape[:2]
    values = pixels.values.ravel()
    levels, greys = np.empty(values.size, np.uint8), np.empty(width * height, np.uint8)
    is_grey = True
    for start in range(0, values.size, CACHED_VALUES):
        made = levels[start : start + CACHED_VALUES]
        made[:] = np.rint(values[start : start + CACHED_VALUES] * np.float32(255))
        if is_grey:
            four = made.view("<u4")
            grey = four & 0xFF
            is_grey = bool((four == grey * 0x010101 + 0xFF000000).all())
            greys[start // 4 : start // 4 + len(grey)] = grey
        if start % STEP_VALUES == 0:
            yield
    rows = (greys if is_grey else levels).reshape(height, width, -1)[::-1]
    step = max(1, STEP_VALUES // (width * rows.shape[2]))
    strips = (rows[first : first + step] for first in range(0, height, step))
    effort = 1 if is_grey else 0  # compressing colors takes twice as long as all else
    pieces = []
    for piece in _png_of(strips, width, height, rows.shape[2], effort):
        pieces.append(piece)
        yield
    return b"".join(pieces)


def smaller_grey(pixels: Pixels, width: int, height: int) -> Generator[None, None, bytes]:
    """What the engine sees of a mask as a smaller PNG file, 8 bits.

    It is the mean of the channels, alpha multiplied in, as sRGB where the image is scene-linear.
    Each pixel is the mean of the whole pixels that it covers.

    Args:
        pixels: of the mask.
        width: of the file, at most that of the mask.
        height: likewise.
    """
    rows, columns, channels = pixels.values.shape
    down = np.arange(height) * rows // height
    across = np.arange(width) * columns // width
    counts = np.diff(np.append(across, columns))
    made = np.empty((height, width), np.float32)
    step = max(1, STEP_VALUES * height // (rows * columns * channels))
    for first in range(0, height, step):
        start = down[first]
        end = down[first + step] if first + step < height else rows
        strip = pixels.values[start:end]
        grey = strip[..., : min(channels, 3)].mean(axis=2)
        alpha = strip[..., 3] if channels == 4 else np.float32(1)
        if pixels.is_float:  # whose buffers hold colors that alpha is multiplied into
            grey /= np.maximum(alpha, 1e-6)
            if not pixels.is_data:
                grey = _to_srgb(grey)
        grey = np.clip(grey, 0, 1) * alpha
        part = down[first : first + step] - start
        summed = np.add.reduceat(np.add.reduceat(grey, across, axis=1), part, axis=0)
        tall = np.diff(np.append(part, end - start))
        made[first : first + step] = summed / (tall[:, None] * counts)
        yield
    levels = np.rint(np.clip(made[::-1, :, None], 0, 1) * 255)
    yield
    return b"".join(_png_of([levels], width, height, 1, effort=1))


def read(uid: int, name: str) -> Steps[Pixels]:
    """The pixels of an image as they are now.

    The image is looked up by its number after each step, in which it may be gone. Blender gives
    all pixels in one call, which is ten times as fast into memory that was written to before.

    Raises:
        AddonError: it has gone.
    """
    while True:
        image = _image(uid, name)
        count = image.size[0] * image.size[1] * image.channels
        values = np.empty(count, np.float32)
        for start in range(0, count, STEP_VALUES):
            values[start : start + STEP_VALUES] = 0
            yield
        yield LONG_NEXT  # 50 ms for 8,192 × 4,096 floats
        image = _image(uid, name)
        width, height, channels = *image.size, image.channels
        if width * height * channels == count:
            break
    image.pixels.foreach_get(values)
    is_data = image.colorspace_settings.is_data
    scene_linear = image.is_float and not is_data
    to_rec709 = _to_rec709() if scene_linear else None
    return Pixels(values.reshape(height, width, channels), image.is_float, is_data, to_rec709)


def _to_rec709() -> np.ndarray | None:
    """The matrix from the .blend's scene-linear colors to linear Rec.709; None: they are the same.

    Blender 5.0 and later keep the primaries in the .blend.
    """
    axes = [Color(axis).from_scene_linear_to_rec709_linear() for axis in np.eye(3).tolist()]
    matrix = np.array([tuple(axis) for axis in axes], np.float32).T
    return None if np.abs(matrix - np.eye(3)).max() < 1e-4 else matrix


def _image(uid: int, name: str) -> bpy.types.Image:
    image = datablocks.image_of(uid)
    if image is None:
        raise AddonError(f"the image '{name}' was removed before it was read; start again.")
    return image


def is_black(pixels: Pixels) -> Generator[None, None, bool]:
    """Whether the engine would see no grey in a mask: its channels' mean, alpha multiplied in."""
    darkest = DARKEST
    if pixels.is_float and not pixels.is_data:
        darkest /= 12.92  # sRGB's beginning: the engine encodes
    for strip in pixels.strips():
        grey = strip[..., :3].mean(axis=2)
        if strip.shape[2] == 4:
            grey *= strip[..., 3]
        if grey.max() >= darkest:
            return False
        yield
    return True


def encoded(pixels: Pixels) -> Generator[bytes, None, None]:
    """The bytes of a file that shows the pixels, one piece after the other; some are empty.

    8-bit images become PNG with the same values; floating-point ones half-float OpenEXR, which is
    scene-linear like Blender's buffers, in the primaries of Rec.709. Plain values (Non-Color) are
    decoded as sRGB first, so that the engine, which encodes, sees the plain values again. Alpha is
    left out where all is opaque.
    """
    channels = 3
    for strip in pixels.strips():
        if strip.shape[2] == 4 and not (strip[..., 3] == 1).all():
            channels = 4
            break
        yield b""
    yield from (_exr if pixels.is_float else _png)(pixels, channels)


def _from_srgb(values: np.ndarray) -> np.ndarray:
    low = values <= 0.04045
    return np.where(low, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def _to_srgb(values: np.ndarray) -> np.ndarray:
    bright = 1.055 * np.maximum(values, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(values <= 0.0031308, values * 12.92, bright)


def _png(pixels: Pixels, channels: int) -> Iterator[bytes]:
    """A PNG file, 8 bits."""
    height, width = pixels.values.shape[:2]
    strips = (np.rint(strip[..., :channels] * 255) for strip in pixels.strips())
    yield from _png_of(strips, width, height, channels)


def _png_of(
    strips: Iterable[np.ndarray], width: int, height: int, channels: int, effort: int = 3
) -> Iterator[bytes]:
    """A PNG file of levels 0 to 255, [rows, W, channels] at a time, the top ones first.

    With an effort of 0 nothing is compressed.
    """

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    color_type = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    compressor = zlib.compressobj(effort)
    for strip in strips:
        rows = np.zeros((len(strip), 1 + width * channels), np.uint8)  # each begins with its filter
        rows[:, 1:] = strip.reshape(len(strip), -1)
        content = compressor.compress(rows)
        yield chunk(b"IDAT", content) if content else b""
    yield chunk(b"IDAT", compressor.flush()) + chunk(b"IEND", b"")


def _exr(pixels: Pixels, channels: int) -> Iterator[bytes]:
    """An uncompressed OpenEXR file of half floats, alpha premultiplied."""
    height, width = pixels.values.shape[:2]
    names = "ABGR"[-channels:]  # channels are stored by name, alphabetically

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return b"%s\0%s\0" % (name.encode(), kind.encode()) + struct.pack("<i", len(value)) + value

    half, linear, sampling = 1, 0, (1, 1)
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<iB3xii", half, linear, *sampling) for name in names
    )
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = b"".join(
        [
            b"\x76\x2f\x31\x01" + struct.pack("<I", 2),
            attribute("channels", "chlist", listed + b"\0"),
            attribute("compression", "compression", b"\0"),
            attribute("dataWindow", "box2i", window),
            attribute("displayWindow", "box2i", window),
            attribute("lineOrder", "lineOrder", b"\0"),
            attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
            attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)),
            attribute("screenWindowWidth", "float", struct.pack("<f", 1)),
            b"\0",
        ]
    )
    row_bytes = width * channels * 2
    first = len(header) + 8 * height
    yield header + (first + np.arange(height, dtype="<u8") * (8 + row_bytes)).tobytes()
    top = 0
    for strip in pixels.strips():
        colors = _from_srgb(strip[..., :3]) if pixels.is_data else strip[..., :3]
        if pixels.to_rec709 is not None:
            colors = colors @ pixels.to_rec709.T
        planes = [*np.moveaxis(colors, 2, 0), *np.moveaxis(strip[..., 3:channels], 2, 0)]
        ordered = [planes["RGBA".index(name)] for name in names]
        halves = np.clip(np.stack(ordered, axis=1), -LARGEST_HALF, LARGEST_HALF).astype("<f2")
        block = np.empty((len(strip), 8 + row_bytes), np.uint8)
        heads = np.stack([top + np.arange(len(strip)), np.full(len(strip), row_bytes)], axis=1)
        block[:, :8] = heads.astype("<i4").view(np.uint8)
        block[:, 8:] = halves.view(np.uint8).reshape(len(strip), -1)
        top += len(strip)
        yield block.tobytes()
