# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels of a Blender image as PNG or OpenEXR, without Blender's own writers.

`Image.save` gives the image another file, and encodes floating-point images wrongly in some
versions. Blender's rows go from the bottom up, those of files from the top down.
"""

from __future__ import annotations

import struct
import zlib

import bpy
import numpy as np

DARKEST = 1 / 255  # grey of a mask below which the engine takes it for black


def encoded(image: bpy.types.Image) -> tuple[bytes, str]:
    """What the image shows now, and the ending of such a file.

    8-bit images become PNG with the same values; floating-point ones half-float OpenEXR, which is
    scene-linear like Blender's buffers. Plain values (Non-Color) are decoded as sRGB first,
    so that the engine, which encodes, sees the plain values again.
    """
    pixels = _pixels(image)
    if not image.is_float:
        return _png(np.rint(pixels * 255).astype(np.uint8)), ".png"
    if image.colorspace_settings.is_data:
        pixels[..., :3] = _from_srgb(pixels[..., :3])
    return _exr(np.clip(pixels, -65504, 65504).astype("<f2")), ".exr"


def is_black(image: bpy.types.Image) -> bool:
    """Whether the engine would see no grey in a mask: its channels' mean, alpha multiplied in."""
    pixels = _pixels(image)
    grey = pixels[..., :3].mean(axis=2)
    if pixels.shape[2] == 4:
        grey *= pixels[..., 3]
    if image.is_float and not image.colorspace_settings.is_data:
        grey *= 12.92  # sRGB's beginning: the engine encodes
    return bool(grey.max() < DARKEST)


def _pixels(image: bpy.types.Image) -> np.ndarray:
    """Values [H, W, 3 or 4], the top row first; without alpha where all is opaque."""
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(height, width, image.channels)[::-1].copy()
    if image.channels < 3:
        return np.repeat(values[..., :1], 3, axis=2)
    return values[..., :3].copy() if (values[..., 3:] == 1).all() else values


def _from_srgb(values: np.ndarray) -> np.ndarray:
    low = values <= 0.04045
    return np.where(low, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def _png(pixels: np.ndarray) -> bytes:
    """A PNG file of uint8 [H, W, 3 or 4]."""
    height, width, channels = pixels.shape
    color_type = {3: 2, 4: 6}[channels]
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter: 0
    rows[:, 1:] = pixels.reshape(height, -1)

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(rows.tobytes(), 3)),
            chunk(b"IEND", b""),
        ]
    )


def _exr(pixels: np.ndarray) -> bytes:
    """An uncompressed OpenEXR file of half floats [H, W, 3 or 4], alpha premultiplied."""
    height, width, channels = pixels.shape
    names = "ABGR"[-channels:]  # channels are stored by name, alphabetically
    planes = [pixels[..., "RGBA".index(name)] for name in names]

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
    offsets = first + np.arange(height, dtype="<u8") * (8 + row_bytes)
    rows = np.stack(planes, axis=1)  # [H, C, W]: a row holds its channels one after the other
    block = np.empty((height, 8 + row_bytes), np.uint8)
    heads = np.stack([np.arange(height), np.full(height, row_bytes)], axis=1).astype("<i4")
    block[:, :8] = heads.view(np.uint8)
    block[:, 8:] = np.ascontiguousarray(rows).view(np.uint8).reshape(height, -1)
    return header + offsets.tobytes() + block.tobytes()
