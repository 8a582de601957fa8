"""TIFF's pixels: strips and tiles of any layout, byte order and number of bits.

Pillow and OpenCV misread what leaves the common path: planes that lie one after the other come out
as noise, 12 bits as 16. So its segments are decompressed as the bytes that they are, by
zlib or (LZW, PackBits, LZMA, Zstandard) by the libtiff within Pillow, and laid out here.

Legend: H W pixels, C channels, h w pixels of a strip or tile, c its channels.
"""

from __future__ import annotations

import struct
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pillow import unlimited
from .tiff_tags import CIE_LAB, GREY, ICC_LAB, YCBCR, TiffTags

UNCOMPRESSED, DEFLATE = 1, (8, 32946)
BY_LIBTIFF = (5, 32773, 34925, 50000)  # LZW, PackBits, LZMA, Zstandard
COMPRESSIONS = (UNCOMPRESSED, *DEFLATE, *BY_LIBTIFF)
_DIFFERENCES, _FLOATING_DIFFERENCES = 2, 3  # predictors
_WHOLE_BYTES = (8, 16, 32, 64)  # bits of numbers that aren't packed
_LARGEST_TILE = 1024  # pixels on a side, of a picture smaller than that
_UNPACKED = 1 << 22  # numbers of odd bits that are unpacked at one time
_REVERSED = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], np.uint8)


def check_is_whole(path: Path, tags: TiffTags) -> None:
    """Refuse a file that was cut off, which libtiff decodes as far as it goes."""
    size = path.stat().st_size
    for offsets, counts in ((273, 279), (324, 325)):  # strips, tiles
        pairs = zip(tags.numbers(offsets), tags.numbers(counts), strict=False)
        if any(offset + count > size for offset, count in pairs):
            raise ValueError("pixels are missing")


def check_tiles(tags: TiffTags) -> None:
    """Refuse tiles far larger than the picture: they unpack to what is no pixel of it."""
    for tile, side in ((322, 256), (323, 257)):
        if tags.number(tile, 0) > max(_LARGEST_TILE, 2 * tags.number(side, 0)):
            raise ValueError("tiles without end")


def read_pixels(path: Path, tags: TiffTags) -> NDArray[Any]:  # [H, W, C]
    """The first picture's numbers as they are stored: whole ones or floating-point ones.

    Raises:
        ValueError: pixels are missing; as zlib, struct and Pillow, for what is damaged.
    """
    width, height, channels = tags.number(256, 0), tags.number(257, 0), tags.number(277, 1)
    planes = channels if tags.number(284, 1) == 2 and channels > 1 else 1  # one after the other
    tiled = 322 in tags.values
    if tiled:
        w, h = tags.number(322, 0), tags.number(323, 0)
        offsets, counts = tags.numbers(324), tags.numbers(325)
    else:
        w, h = width, min(tags.number(278, height), height)
        offsets, counts = tags.numbers(273), tags.numbers(279)
    check_tiles(tags)
    if w < 1 or h < 1:
        raise ValueError("no size of segments")
    across, down = -(-width // w), -(-height // h)
    check_is_whole(path, tags)
    data = np.fromfile(path, np.uint8)
    if not counts and len(offsets) == 1:  # which old writers leave out where there is one strip
        counts = (len(data) - offsets[0],)
    if min(len(offsets), len(counts)) < planes * across * down:
        raise ValueError("segments are missing")
    pixels: NDArray[Any] = np.empty((height, width, channels), _dtype(tags).newbyteorder("="))
    for n in range(planes * across * down):
        plane, place = divmod(n, across * down)
        top, left = place // across * h, place % across * w
        rows = h if tiled else min(h, height - top)  # the last strip ends with the picture
        segment = data[offsets[n] : offsets[n] + counts[n]]
        part = _decode(segment, tags, rows, w, channels // planes)
        inside = part[: height - top, : width - left]
        target = pixels[top : top + h, left : left + w]
        target[..., slice(None) if planes == 1 else slice(plane, plane + 1)] = inside
    return pixels


def _dtype(tags: TiffTags) -> np.dtype[Any]:
    """The type of stored numbers; odd bits are unpacked to 8 or 16."""
    bits, lab = tags.number(258, 1), tags.number(262, GREY) in (CIE_LAB, ICC_LAB)
    letter = {2: "i", 3: "f"}.get(1 if lab else tags.number(339, 1), "u")
    stored = bits if bits in _WHOLE_BYTES else 8 if bits < 8 else 16
    return np.dtype(f"{tags.order}{letter}{stored // 8}")


def _decode(
    segment: NDArray[np.uint8],
    tags: TiffTags,
    rows: int,
    width: int,
    channels: int,
) -> NDArray[Any]:  # [h, w, c]
    """The pixels of one strip or tile."""
    bits, dtype, predictor = tags.number(258, 1), _dtype(tags), tags.number(317, 1)
    step_x, step_y = tags.numbers(530, (2, 2))[:2]
    if tags.number(262, GREY) == YCBCR and channels > 1 and (step_x, step_y) != (1, 1):
        return _spread(segment, tags, rows, width, step_x, step_y)
    row_bytes = -(-width * channels * bits // 8)
    flat = _decompress(segment, tags, row_bytes, rows)
    if len(flat) < rows * row_bytes:
        raise ValueError("pixels are missing")
    lines = flat[: rows * row_bytes].reshape(rows, row_bytes)
    if bits not in _WHOLE_BYTES:
        return _unpack(lines, bits, width * channels).reshape(rows, width, channels)
    if predictor == _FLOATING_DIFFERENCES:
        # a row's bytes were sorted by their weight, the highest first, before they were subtracted
        lines = np.cumsum(lines.reshape(rows, -1, channels), 1, np.uint8)
        planes = lines.reshape(rows, bits // 8, width * channels)
        if sys.byteorder == "little":
            planes = planes[:, ::-1]
        whole = np.ascontiguousarray(planes.swapaxes(1, 2)).view(dtype.newbyteorder("="))
        laid_out: NDArray[Any] = whole.reshape(rows, width, channels)
        return laid_out
    numbers = lines.view(dtype).reshape(rows, width, channels)
    if predictor == _DIFFERENCES:
        unsigned = numbers.astype(numbers.dtype.newbyteorder("="))
        unsigned = unsigned.view(f"u{bits // 8}")
        summed: NDArray[Any] = np.cumsum(unsigned, 1, unsigned.dtype)
        return summed.view(dtype.newbyteorder("="))
    return numbers


def _spread(
    segment: NDArray[np.uint8],
    tags: TiffTags,
    rows: int,
    width: int,
    step_x: int,
    step_y: int,
) -> NDArray[np.uint8]:  # [h, w, 3]
    """Pixels of YCbCr of which a block shares its two colors, which come after its luminances."""
    if tags.number(277, 1) != 3 or not {step_x, step_y} <= {1, 2, 4}:
        raise ValueError("no blocks of colors")
    down, across, block = -(-rows // step_y), -(-width // step_x), step_x * step_y + 2
    flat = _decompress(segment, tags, across * block, down)
    if len(flat) < down * across * block:
        raise ValueError("pixels are missing")
    blocks = flat[: down * across * block].reshape(down, across, block)
    spread = np.empty((down, step_y, across, step_x, 3), np.uint8)
    luminances = blocks[..., :-2].reshape(down, across, step_y, step_x)
    spread[..., 0] = luminances.swapaxes(1, 2)
    spread[..., 1:] = blocks[:, None, :, None, -2:]
    return spread.reshape(down * step_y, across * step_x, 3)[:rows, :width]


def _decompress(
    segment: NDArray[np.uint8], tags: TiffTags, row_bytes: int, rows: int
) -> NDArray[np.uint8]:  # [N]
    compression, reverse = tags.number(259, 1), tags.number(266, 1) == 2
    if compression in DEFLATE:
        whole = max(rows * row_bytes, 1)  # more would be no pixels, and could be any amount
        return np.frombuffer(zlib.decompressobj().decompress(segment.data, whole), np.uint8)
    if reverse:  # of bits within bytes; LZW's codes too
        segment = _REVERSED[segment]
    if compression == UNCOMPRESSED:
        return segment
    return _decompress_by_libtiff(segment.tobytes(), compression, row_bytes, rows)


def _decompress_by_libtiff(
    segment: bytes, compression: int, row_bytes: int, rows: int
) -> NDArray[np.uint8]:
    """Let Pillow decode bytes as a grey picture with as many columns as a row has bytes."""
    entries = (
        (256, row_bytes), (257, rows), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1),
        (278, rows), (279, len(segment)),
    )  # fmt: skip
    even = segment + b"\0" * (len(segment) % 2)
    made = b"II*\0" + struct.pack("<I", 8 + len(even)) + even + struct.pack("<H", len(entries))
    made += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries) + bytes(4)
    with unlimited(), Image.open(BytesIO(made), formats=["TIFF"]) as picture:
        return np.asarray(picture).reshape(-1)


def _unpack(
    lines: NDArray[np.uint8],  # [h, bytes of a row]
    bits: int,
    count: int,  # numbers of a row
) -> NDArray[Any]:  # [h, count] uint8 or uint16
    """Numbers of 1 to 15 bits, the highest bit first in either byte order; rows end at bytes."""
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.float32)
    dtype = np.uint8 if bits <= 8 else np.uint16
    found = np.empty((len(lines), count), dtype)
    step = max(1, _UNPACKED // max(count, 1))
    for top in range(0, len(lines), step):
        single = np.unpackbits(lines[top : top + step], axis=1, count=count * bits)
        single = single.reshape(-1, count, bits)
        found[top : top + step] = (single @ weights).astype(dtype)
    return found
