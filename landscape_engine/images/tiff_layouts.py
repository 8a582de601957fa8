"""TIFF's layouts: what its numbers are, and which of its channels are colors and which alpha."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import PictureError
from .tiff_pixels import COMPRESSIONS
from .tiff_tags import (
    CIE_LAB,
    CMYK,
    GREY,
    ICC_LAB,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
    TiffTags,
)

COLORS = {  # channels by the way that colors are stored
    WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIE_LAB: 3, ICC_LAB: 3,
}  # fmt: skip
_OPENCV_COMPRESSIONS = (1, 5, 8, 32946, 32773)  # none, LZW, ZIP, PackBits
_MOST_CHANNELS = 16  # memory is taken for all of them
_UNSPECIFIED = 0  # kinds of extra channels: a saved selection, say
_PREMULTIPLIED, _STRAIGHT = 1, (2, 999)  # … and alpha; 999: CorelDRAW's
_KINDS = {1: "unsigned integer", 2: "signed integer", 3: "floating point"}


@dataclass(frozen=True)
class TiffLayout:
    """What the numbers of a TIFF are.

    Attributes:
        photometric: how colors are stored, a key of `COLORS`.
        bits: of each number.
        kind: unsigned, signed, or floating point.
        colors: channels of color, the first ones.
        alpha: the number of the channel that is alpha, or None.
        premultiplied: whether the colors were multiplied by it.
    """

    photometric: int
    bits: int
    kind: Literal["u", "i", "f"]
    colors: int
    alpha: int | None
    premultiplied: bool

    @property
    def largest(self) -> int:
        """The largest whole number, which is white; what is below 0 is black."""
        return int(2 ** (self.bits - (self.kind == "i")) - 1)


def is_pillows(tags: TiffTags) -> bool:
    """Whether Pillow reads it as it is meant, or is the only one that may."""
    photometric, samples = tags.number(262, GREY), tags.number(277, 1)
    if photometric not in COLORS:
        return True
    if tags.big and tags.order == ">" or _is_planar(tags) or _kind(tags) != 1:
        return False
    if not set(tags.numbers(258, (1,))) <= {1, 2, 4, 8}:
        return False
    if tags.number(259, 1) not in COMPRESSIONS:  # JPEG, say
        return True
    if tags.big or tags.number(266, 1) == 2 or photometric in (YCBCR, ICC_LAB):
        return False
    extra = tags.numbers(338)
    if photometric == RGB and samples == 4:
        return len(extra) < 2 and {*extra} <= {_UNSPECIFIED, _PREMULTIPLIED, *_STRAIGHT}
    return samples == COLORS[photometric] and not extra


def is_opencvs(tags: TiffTags, layout: TiffLayout) -> bool:
    """Whether OpenCV reads it as it is meant, and faster than we do."""
    known = (layout.kind, layout.bits) in (("u", 16), ("f", 32), ("f", 64))
    samples, plain = tags.number(277, 1), layout.photometric in (WHITE_IS_ZERO, GREY, RGB)
    usual = samples == layout.colors or (layout.photometric == RGB and samples == 4)
    straight = not _is_planar(tags) and tags.number(266, 1) != 2
    return known and plain and usual and straight and tags.number(259, 1) in _OPENCV_COMPRESSIONS


def layout_of(path: Path, tags: TiffTags) -> TiffLayout:
    """The layout of a TIFF that the engine reads.

    Raises:
        PictureError: it has numbers, channels or a compression that nobody reads.
    """
    sizes, samples, kind = tags.numbers(258, (1,)), tags.number(277, 1), _kind(tags)
    photometric, bits = tags.number(262, GREY), max(sizes)
    colors = COLORS[photometric]
    numbers = _is_known(photometric, kind, bits) and len(set(sizes)) == 1
    if not numbers or not colors <= samples <= _MOST_CHANNELS:
        raise PictureError(
            f"'{path}' has {samples} channels of {bits}-bit {_KINDS.get(kind, 'unknown')} numbers; "
            "expected at most 16, of grey or RGB in 8, 16 or 32 bits, CMYK, YCbCr or "
            "Lab in 8 or 16: export it so."
        )
    if photometric == YCBCR and not _is_whole(tags) and (_is_planar(tags) or bits != 8):
        raise PictureError(
            f"'{path}' has YCbCr whose colors are coarser than its pixels, in planes or of {bits} "
            "bits; expected RGB: export it so."
        )
    if tags.number(259, 1) not in COMPRESSIONS:
        raise PictureError(
            f"'{path}' is compressed in way {tags.number(259, 1)} of TIFF; expected none, LZW, "
            "PackBits, ZIP or Zstandard in a picture of this kind: export it so."
        )
    extra = tags.numbers(338)
    if not extra and samples == colors + 1 and photometric != CMYK:
        extra = _STRAIGHT
    alphas = [n for n, one in enumerate(extra) if one in (_PREMULTIPLIED, *_STRAIGHT)]
    at = alphas[0] if alphas and colors + alphas[0] < samples else None
    return TiffLayout(
        photometric=photometric,
        bits=bits,
        kind="f" if kind == 3 else "i" if kind == 2 else "u",
        colors=colors,
        alpha=None if at is None else colors + at,
        premultiplied=at is not None and extra[at] == _PREMULTIPLIED,
    )


def _is_known(photometric: int, kind: int, bits: int) -> bool:
    if photometric in (WHITE_IS_ZERO, GREY, RGB):
        signed, floating = bits in (8, 16, 32), bits in (16, 32, 64)
        return {1: bits <= 16 or bits == 32, 2: signed, 3: floating}.get(kind, False)
    return kind == 1 and (bits in (8, 16) or (photometric == PALETTE and bits < 16))


def _is_whole(tags: TiffTags) -> bool:
    """Whether each pixel of YCbCr has colors of its own."""
    return tags.numbers(530, (2, 2))[:2] == (1, 1)


def _is_planar(tags: TiffTags) -> bool:
    return tags.number(284, 1) == 2 and tags.number(277, 1) > 1


def _kind(tags: TiffTags) -> int:
    """1 unsigned, 2 signed, 3 floating point; what is undefined (4) is read as unsigned."""
    if tags.number(262, GREY) in (CIE_LAB, ICC_LAB):  # whose second and third are signed anyway
        return 1
    found = tags.number(339, 1)
    return 1 if found == 4 else found
