"""JPEG 2000: tiles and channels are counted before the decoder takes memory for each of them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ..errors import PictureError

_MOST_TILES = 1 << 17  # times channels; the decoder takes a kilobyte for each
_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_START, _SIZE = b"\xff\x4f", b"\xff\x51"  # markers of a codestream
_MOST_BOXES = 4096


def check_tiles(path: Path) -> None:
    """Refuse a picture of more tiles than one has; what is damaged raises `ValueError`."""
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) == _SIGNATURE:
            _seek_codestream(file)
        else:
            file.seek(0)
        head = file.read(42)
    if head[:4] != _START + _SIZE or len(head) < 42:
        raise ValueError("no codestream")
    width, height, left, top, tile_w, tile_h, tiles_left, tiles_top, channels = struct.unpack(
        ">8IH", head[8:42]
    )
    if not tile_w or not tile_h or not (tiles_left <= left < width and tiles_top <= top < height):
        raise ValueError("no size")
    tiles = -(-(width - tiles_left) // tile_w) * -(-(height - tiles_top) // tile_h)
    if tiles * channels > _MOST_TILES:
        raise PictureError(
            f"'{path}' has {tiles} tiles of {channels} channels; expected at most {_MOST_TILES} of "
            "one channel: export it again with larger tiles."
        )


def _seek_codestream(file: BinaryIO) -> None:
    """Go on to where the codestream begins in a JP2's boxes."""
    for _ in range(_MOST_BOXES):
        at = file.tell()
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        if kind == b"jp2c":
            return
        if length < 8:  # 0: to the end of the file
            break
        file.seek(at + length)
    raise ValueError("no codestream")
