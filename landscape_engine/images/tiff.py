"""TIFF: 8-bit ones by Pillow, deep ones by OpenCV, what both misread by `tiff_pixels`."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ..errors import PictureError
from . import tiff_colors, tiff_layouts
from .decoding import decode_with_opencv
from .limits import check_size
from .pillow import load_with_pillow
from .tiff_pixels import check_is_whole, read_pixels
from .tiff_tags import read_tags


def load_tiff(
    path: Path,
    profiled: bool = True,  # whether it is converted by its profile
) -> Tensor:  # [1, 3|4, H, W]
    """The first picture of a TIFF."""
    tags = read_tags(path)
    check_size(path, tags.number(256, 0), tags.number(257, 0))
    if tags.number(254, 0) & 1:
        raise PictureError(
            f"'{path}' begins with a preview, as camera raw files do; expected a finished picture: "
            "develop it to TIFF or PNG first."
        )
    if tiff_layouts.is_pillows(tags):
        return load_with_pillow(path, profiled)
    layout, orientation = tiff_layouts.layout_of(path, tags), tags.number(274, 1)
    if tiff_layouts.is_opencvs(tags, layout):
        check_is_whole(path, tags)
        pixels, orientation = decode_with_opencv(path), 1  # which turns it
    else:
        pixels = read_pixels(path, tags)
    return tiff_colors.to_tensor(path, pixels, layout, tags, orientation, profiled)


def tiff_orientation(path: Path) -> int:
    """The orientation of a TIFF, 1..8."""
    return read_tags(path).number(274, 1)
