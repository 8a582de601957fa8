"""Which sizes can be animated."""

from __future__ import annotations

from pathlib import Path

from ..errors import PictureError
from ..settings import MAX_SIDE_PX

MIN_SIDE_PX = 16  # a landscape with fewer rows or columns is a slip, and the networks can't use it
MAX_ASPECT = 64  # longer side : shorter side


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse sizes that can't be animated, before any pixel is decoded."""
    short, long = sorted((width, height))
    found = f"'{path}' has {width}×{height} pixels"
    if short < MIN_SIDE_PX:
        raise PictureError(
            f"{found}; expected at least {MIN_SIDE_PX} on each side: use a larger picture."
        )
    if long > MAX_SIDE_PX:
        raise PictureError(
            f"{found}; expected at most {MAX_SIDE_PX} on each side: scale it down first."
        )
    if long > MAX_ASPECT * short:
        raise PictureError(
            f"{found}; expected sides in a ratio of at most {MAX_ASPECT}:1: crop it first."
        )
