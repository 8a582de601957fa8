"""TIFF's first directory: its tags, of classic TIFF and BigTIFF, in either byte order."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

# photometric interpretations: how colors are stored
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR, CIE_LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9

_KINDS = {  # of values, by TIFF's numbers: struct's letters
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f",
    12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_MOST_TAGS = 4096  # of a directory; more is damage
_MOST_NUMBERS = 1 << 23  # of all tags; each takes many times its own bytes
_PROFILE = 34675
_USED = {
    254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325,
    338, 339, 529, 530, 532, _PROFILE,
}  # fmt: skip

Value = tuple[int | float, ...] | bytes


@dataclass(frozen=True)
class TiffTags:
    """The first directory of a TIFF.

    Attributes:
        order: "<" or ">", struct's sign of the byte order.
        big: whether it is a BigTIFF.
        values: by tag, numbers or bytes; a fraction is two numbers. Of tags that are used alone.
        ratios: the tags whose values are fractions.
    """

    order: str
    big: bool
    values: dict[int, Value]
    ratios: frozenset[int] = frozenset()

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The whole numbers of a tag."""
        value = self.values.get(tag, default)
        return tuple(int(one) for one in value)

    def number(self, tag: int, default: int) -> int:
        """The first number of a tag."""
        return (self.numbers(tag) or (default,))[0]

    def fractions(self, tag: int) -> tuple[float, ...]:
        """The numbers of a tag that may be fractions; none where one is no number."""
        found = tuple(float(one) for one in self.values.get(tag, ()))
        if tag in self.ratios:
            pairs = zip(found[::2], found[1::2], strict=True)
            found = tuple(a / b if b else math.nan for a, b in pairs)
        return found if all(map(math.isfinite, found)) else ()

    @property
    def profile(self) -> bytes | None:
        """The ICC profile, whatever kind of bytes it is stored as."""
        found = self.values.get(_PROFILE, b"")
        if not isinstance(found, bytes):
            found = bytes(int(one) & 255 for one in found)
        return found or None


def read_tags(path: Path) -> TiffTags:
    """Read the first directory; what is damaged raises `ValueError` or `struct.error`."""
    with path.open("rb") as file:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}[head[:2]]
        big = struct.unpack(order + "H", head[2:4])[0] == 43
        (start,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
        file.seek(start)
        count_kind = "Q" if big else "H"
        (count,) = struct.unpack(order + count_kind, file.read(struct.calcsize(count_kind)))
        if count > _MOST_TAGS:
            raise ValueError("no directory")
        size = 20 if big else 12
        entries = file.read(size * count)
        values: dict[int, Value] = {}
        ratios = set()
        left = 2 * file.seek(0, SEEK_END)  # bytes: each tag may name all of the file for its own
        numbers = 0
        for at in range(0, size * count, size):
            tag, kind = struct.unpack_from(order + "HH", entries, at)
            (many,) = struct.unpack_from(order + ("Q" if big else "I"), entries, at + 4)
            if kind in _KINDS and tag in _USED:
                left -= struct.calcsize(f"={_KINDS[kind]}") * many
                numbers += 0 if _KINDS[kind] == "s" else len(_KINDS[kind]) * many
                if left < 0 or numbers > _MOST_NUMBERS:
                    raise ValueError("its tags have more than the file, or than any has")
                inline = entries[at + (12 if big else 8) : at + size]
                values[tag] = _value(file, order, big, kind, many, inline)
                if len(_KINDS[kind]) == 2:
                    ratios.add(tag)
    return TiffTags(order, big, values, frozenset(ratios))


def _value(file: BinaryIO, order: str, big: bool, kind: int, many: int, inline: bytes) -> Value:
    letters = _KINDS[kind]
    length = struct.calcsize(f"={letters}") * many
    if length > len(inline):
        (where,) = struct.unpack(order + ("Q" if big else "I"), inline)
        if length > file.seek(0, SEEK_END) - where:  # before memory is taken for it
            raise ValueError("a tag's values are missing")
        file.seek(where)
        data = file.read(length)
    else:
        data = inline[:length]
    if letters == "s":
        return data
    return struct.unpack(f"{order}{len(letters) * many}{letters[0]}", data)
