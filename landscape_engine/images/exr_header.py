"""EXR's headers, read without its library, which gives up on names that aren't UTF-8.

Legend: a window is left, top, right, bottom in pixels, all within it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from ..errors import PictureError
from .color_spaces import ColorSpace, of_file

Window = tuple[int, int, int, int]

_MULTIPART, _NOT_FLAT = 0x1000, 0x800  # flags of the version
_LONGEST_NAME = 255
_ASCII = bytes(range(128)) + b"~" * 128  # what stands in for bytes where no order is kept
_BY_NAME = 8  # from this kind of compression on channels are treated by their names
_MOST_PARTS, _MOST_ATTRIBUTES, _MOST_TEXTS = 4096, 65536, 65536  # of a file; of an attribute


@dataclass(frozen=True)
class ExrPart:
    """One part of an EXR; a file without parts has one.

    Attributes:
        name: the part's, or "".
        view: "left", say, or "".
        views: of the file, the first one the default.
        kind: "scanlineimage", "tiledimage", "deepscanline" or "deeptile".
        channels: the names of its channels, in order.
        data_window: where there are pixels.
        display_window: the picture.
        space: the color space of its colors.
        tag: the `colorInteropID` that it states, known or not, or "".
    """

    name: str
    view: str
    views: tuple[str, ...]
    kind: str
    channels: tuple[str, ...]
    data_window: Window
    display_window: Window
    space: ColorSpace
    tag: str = ""

    @property
    def is_deep(self) -> bool:
        """Whether a pixel has several samples."""
        return self.kind.startswith("deep")


@dataclass
class _Attribute:
    name: bytes
    kind: bytes
    value: bytes
    at: int  # where the value lies in the file


_Header = dict[bytes, _Attribute]  # by their names


def read_parts(path: Path) -> list[ExrPart]:
    """The headers of a file; what is damaged raises `ValueError` or `struct.error`."""
    headers, not_flat = _read_headers(path)
    return [_part(header, not_flat) for header in headers]


def is_utf8(path: Path) -> bool:
    """Whether all names and texts of a file are what its library can read."""
    try:
        for header in _read_headers(path)[0]:
            for _, text in _texts_in(header):
                text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def plain_copy(path: Path) -> tuple[BytesIO, list[dict[str, str]]]:
    """A file in memory, with ASCII in place of all else in its names and texts.

    Channels keep their order, which is that of their pixels in the file.

    Returns:
        The copy, and for each part the names in it of the channels, by those of `read_parts`.

    Raises:
        PictureError: the channels' names can't be told apart in ASCII.
    """
    copy, plain = BytesIO(path.read_bytes()), []
    with copy.getbuffer() as data:
        for header in _read_headers(path)[0]:
            for start, text in _texts_in(header):
                data[start : start + len(text)] = text.translate(_ASCII)
            listed = header[b"channels"]
            names = [name for _, name in _channel_names(listed.value)]
            letters = _plain_letters(path, names, header[b"compression"].value)
            for at, name in _channel_names(listed.value):
                start = listed.at + at
                data[start : start + len(name)] = name.translate(letters)
            plain.append({_text(name): name.translate(letters).decode("ascii") for name in names})
    return copy, plain


def _plain_letters(path: Path, names: list[bytes], compression: bytes) -> bytes:
    """What stands in for each byte of names, so that they stay apart and in their order.

    A channel's last part, "R" of "light.R", stays if it can: some compressions go by it.
    """
    used = {byte for name in names for byte in name}
    last = {byte for name in names for byte in b"." + name.rpartition(b".")[2] if byte < 128}
    for fixed in (last, set()) if compression[0] < _BY_NAME else (last,):
        letters = bytearray(_ASCII)
        bounds = [0, *sorted(fixed), 128]
        for low, high in pairwise(bounds):
            end = 256 if high == 128 else high  # foreign ones come after all of ASCII
            between = sorted(byte for byte in used - fixed if low < byte < end)
            if len(between) >= high - low:
                break
            for place, byte in enumerate(between, low + 1):
                letters[byte] = place
        else:
            return bytes(letters)
    raise PictureError(
        f"'{path}' has layers with names of too many letters that aren't UTF-8; expected names in "
        "UTF-8: rename them in the program that rendered it."
    )


def _read_headers(path: Path) -> tuple[list[_Header], bool]:
    """The headers of a file, and whether what doesn't say otherwise is deep."""
    with path.open("rb") as file:
        flags = struct.unpack("<II", file.read(8))[1]
        return list(_headers(file, bool(flags & _MULTIPART))), bool(flags & _NOT_FLAT)


def _texts_in(header: _Header) -> Iterator[tuple[int, bytes]]:
    """Where in the file the header's names and texts stand, and what they are."""
    for one in header.values():
        kind_at = one.at - 4 - len(one.kind) - 1
        yield kind_at - 1 - len(one.name), one.name
        yield kind_at, one.kind
        if one.kind == b"string":
            yield one.at, one.value
        elif one.kind in (b"chlist", b"stringvector"):
            listed = _channel_names if one.kind == b"chlist" else _texts
            yield from ((one.at + at, text) for at, text in listed(one.value))


def _headers(file: BinaryIO, several: bool) -> Iterator[_Header]:
    end = os.fstat(file.fileno()).st_size
    left = _MOST_ATTRIBUTES
    for _ in range(_MOST_PARTS):
        header: _Header = {}
        while name := _name(file):
            left -= 1
            if left < 0:  # each takes many times its own bytes
                raise ValueError("too many attributes")
            kind = _name(file)
            (size,) = struct.unpack("<i", file.read(4))
            at = file.tell()
            if not 0 <= size <= end - at:  # before memory is taken for it
                raise ValueError("the header is cut off")
            value = file.read(size)
            header[name] = _Attribute(name, kind, value, at)
        if header:
            yield header
        if not several or not header:
            return
    raise ValueError("too many parts")


def _name(file: BinaryIO) -> bytes:
    """The bytes up to the next zero."""
    found = bytearray()
    while (byte := file.read(1)) != b"\0":
        if not byte or len(found) >= _LONGEST_NAME:
            raise ValueError("the header is cut off")
        found += byte
    return bytes(found)


def _channel_names(value: bytes) -> Iterator[tuple[int, bytes]]:
    """Where in a list of channels each name stands, and the name."""
    at = 0
    for _ in range(_MOST_TEXTS):
        if at >= len(value) or not value[at]:
            return
        end = value.index(b"\0", at)
        yield at, value[at:end]
        at = end + 1 + 16  # type, linearity and sampling
    raise ValueError("too many channels")


def _part(known: _Header, not_flat: bool) -> ExrPart:
    def text(name: bytes) -> str:
        return _text(known[name].value) if name in known else ""

    def numbers(name: bytes, form: str) -> tuple[float, ...]:
        return struct.unpack(form, known[name].value)

    if not {b"channels", b"dataWindow", b"displayWindow"} <= set(known):
        raise ValueError("the header lacks what each has")
    primaries = numbers(b"chromaticities", "<8f") if b"chromaticities" in known else None
    data, display = (numbers(name, "<4i") for name in (b"dataWindow", b"displayWindow"))
    listed = known[b"multiView"].value if b"multiView" in known else b""
    return ExrPart(
        name=text(b"name"),
        view=text(b"view"),
        views=tuple(_text(text) for _, text in _texts(listed)),
        kind=text(b"type") or ("deepscanline" if not_flat else "scanlineimage"),
        channels=tuple(_text(name) for _, name in _channel_names(known[b"channels"].value)),
        data_window=(int(data[0]), int(data[1]), int(data[2]), int(data[3])),
        display_window=(int(display[0]), int(display[1]), int(display[2]), int(display[3])),
        space=of_file(primaries, text(b"colorInteropID")),
        tag=text(b"colorInteropID"),
    )


def _texts(value: bytes) -> Iterator[tuple[int, bytes]]:
    """Where in a list of texts each stands, after its length, and the text."""
    at = 0
    for _ in range(_MOST_TEXTS):
        if at + 4 > len(value):
            return
        (length,) = struct.unpack_from("<I", value, at)
        yield at + 4, value[at + 4 : at + 4 + length]
        at += 4 + length
    raise ValueError("too many texts")


def _text(value: bytes) -> str:
    """Text in UTF-8; where it isn't, each byte as the letter that Latin-1 has for it."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
