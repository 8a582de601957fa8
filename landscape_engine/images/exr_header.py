"""EXR's headers, read without its library, which gives up on names that aren't UTF-8.

Legend: a window is left, top, right, bottom in pixels, all within it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .color_spaces import ColorSpace, of_file

Window = tuple[int, int, int, int]

_MULTIPART, _NOT_FLAT = 0x1000, 0x800  # flags of the version
_LONGEST_NAME = 255
_MOST_PARTS, _MOST_ATTRIBUTES = 4096, 65536


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
    """

    name: str
    view: str
    views: tuple[str, ...]
    kind: str
    channels: tuple[str, ...]
    data_window: Window
    display_window: Window
    space: ColorSpace

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
    with path.open("rb") as file:
        flags = struct.unpack("<II", file.read(8))[1]
        headers = list(_headers(file, bool(flags & _MULTIPART)))
    return [_part(header, bool(flags & _NOT_FLAT)) for header in headers]


def plain_copy(path: Path, target: Path) -> None:
    """Copy a file, with "~" for each byte in its names and texts that isn't ASCII.

    That sorts last, as such bytes do: so the channels keep their order, which is their pixels'.
    """
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        flags = struct.unpack("<II", file.read(8))[1]
        for header in _headers(file, bool(flags & _MULTIPART)):
            for one in header.values():
                spans = [(one.at - 4 - len(one.kind) - 2 - len(one.name), len(one.name))]
                if one.kind == b"string":
                    spans.append((one.at, len(one.value)))
                elif one.kind in (b"chlist", b"stringvector"):
                    listed = _channel_names if one.kind == b"chlist" else _texts
                    spans += [(one.at + at, len(text)) for at, text in listed(one.value)]
                for start, length in spans:
                    span = data[start : start + length]
                    plain = bytes(byte if byte < 128 else ord("~") for byte in span)
                    data[start : start + length] = plain
    target.write_bytes(data)


def as_copied(name: str) -> str:
    """A channel's name in what `plain_copy` has made."""
    return "".join(c if ord(c) < 128 else "~" for c in name)


def _headers(file: BinaryIO, several: bool) -> Iterator[_Header]:
    end = os.fstat(file.fileno()).st_size
    for _ in range(_MOST_PARTS):
        header: _Header = {}
        for _ in range(_MOST_ATTRIBUTES):
            name = _name(file)
            if not name:
                break
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
    while at < len(value) and value[at]:
        end = value.index(b"\0", at)
        yield at, value[at:end]
        at = end + 1 + 16  # type, linearity and sampling


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
    )


def _texts(value: bytes) -> Iterator[tuple[int, bytes]]:
    """Where in a list of texts each stands, after its length, and the text."""
    at = 0
    while at + 4 <= len(value):
        (length,) = struct.unpack_from("<I", value, at)
        yield at + 4, value[at + 4 : at + 4 + length]
        at += 4 + length


def _text(value: bytes) -> str:
    """Text in UTF-8; where it isn't, each byte as the letter that Latin-1 has for it."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
