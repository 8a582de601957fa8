"""Color spaces of scene-linear pictures: their primaries, their matrix to sRGB and their tag.

| space | tag in `colorInteropID` | read | written |
|---|---|---|---|
| linear sRGB (Rec.709) | lin_rec709_scene | as it is; if a file says nothing | with its tag |
| ACEScg (AP1) | lin_ap1_scene | by its matrix | back, with tag and chromaticities |
| ACES2065-1 (AP0) | lin_ap0_scene | by its matrix | so too |
| Rec.2020 | lin_rec2020_scene | by its matrix | so too |
| P3-D65 | lin_p3d65_scene | by its matrix | so too |
| Adobe RGB (1998) | lin_adobergb_scene | by its matrix | so too |
| CIE XYZ of white E | | by its matrix | back, with chromaticities |
| CIE XYZ of white D65 | lin_ciexyzd65_scene | by its matrix | back, with its tag |
| any other primaries | | by their matrix | back, with chromaticities |
| any other tag | | by its chromaticities, else as Rec.709; a note tells | as it is read |

White stays white: from one white point to another, colors are adapted by Bradford's matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Chromaticities = tuple[float, ...]  # x and y of red, green, blue and white: 8 numbers

ALIKE = 2e-3  # how far apart coordinates may lie that are meant to be the same
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D65 = (0.3127, 0.3290)
_ACES = (0.32168, 0.33767)


@dataclass(frozen=True)
class ColorSpace:
    """Primaries and white of scene-linear colors.

    Attributes:
        chromaticities: x and y of red, green, blue and white.
        tag: the space's `colorInteropID`; empty if it has none.
    """

    chromaticities: Chromaticities
    tag: str = ""

    @cached_property
    def xyz(self) -> NDArray[np.float64]:  # [3, 3]
        """The matrix from colors to CIE XYZ of the space's own white, whose Y is 1."""
        corners = np.array(self.chromaticities, np.float64).reshape(4, 2)
        x, y = corners.T
        stacked = np.stack([x, y, 1 - x - y])
        white = stacked[:, 3] / stacked[1, 3]
        found: NDArray[np.float64] = stacked[:, :3] * np.linalg.solve(stacked[:, :3], white)
        return found

    @property
    def luminance_weights(self) -> tuple[float, float, float]:
        """The share of red, green and blue in luminance."""
        red, green, blue = self.xyz[1].tolist()
        return red, green, blue

    @cached_property
    def to_srgb(self) -> NDArray[np.float64]:  # [3, 3]
        """The matrix from colors to linear sRGB."""
        ours, theirs = (_BRADFORD @ space.xyz.sum(1) for space in (LINEAR_SRGB, self))
        adapted = np.linalg.inv(_BRADFORD) @ np.diag(ours / theirs) @ _BRADFORD
        found: NDArray[np.float64] = np.linalg.inv(LINEAR_SRGB.xyz) @ adapted @ self.xyz
        return found

    @cached_property
    def from_srgb(self) -> NDArray[np.float64]:  # [3, 3]
        """The matrix from linear sRGB to colors."""
        return np.linalg.inv(self.to_srgb).astype(np.float64, copy=False)


@dataclass(frozen=True)
class _OfD65White(ColorSpace):
    """CIE XYZ in which D65 is white: three coordinates that have no primaries of that white."""

    @cached_property
    def to_srgb(self) -> NDArray[np.float64]:  # [3, 3]
        """The matrix from coordinates to linear sRGB."""
        found = np.linalg.inv(LINEAR_SRGB.xyz).astype(np.float64, copy=False)
        return found


LINEAR_SRGB = ColorSpace((0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65), "lin_rec709_scene")
ACESCG = ColorSpace((0.713, 0.293, 0.165, 0.830, 0.128, 0.044, *_ACES), "lin_ap1_scene")
ACES2065 = ColorSpace((0.7347, 0.2653, 0, 1, 0.0001, -0.077, *_ACES), "lin_ap0_scene")
REC2020 = ColorSpace((0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65), "lin_rec2020_scene")
P3_D65 = ColorSpace((0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65), "lin_p3d65_scene")
ADOBE_RGB = ColorSpace((0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65), "lin_adobergb_scene")
XYZ_E = ColorSpace((1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3))
XYZ_D65 = _OfD65White((1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3), "lin_ciexyzd65_scene")

_NAMED = (LINEAR_SRGB, ACESCG, ACES2065, REC2020, P3_D65, ADOBE_RGB, XYZ_E)
_BY_TAG = {space.tag: space for space in (*_NAMED, XYZ_D65) if space.tag}


def is_known(tag: str) -> bool:
    """Whether a `colorInteropID` is one of a space that is read as it is meant."""
    return tag in _BY_TAG


def of_file(chromaticities: Chromaticities | None, tag: str = "") -> ColorSpace:
    """The color space that a file names; linear sRGB where it names none, or none that exists.

    Args:
        chromaticities: its primaries and white, if it has them.
        tag: its `colorInteropID`, which says more; an unknown one says nothing.
    """
    if tag in _BY_TAG:
        return _BY_TAG[tag]
    if chromaticities is None:
        return LINEAR_SRGB
    for space in _NAMED:
        if np.abs(np.subtract(space.chromaticities, chromaticities)).max() <= ALIKE:
            return space
    found = ColorSpace(chromaticities)
    try:
        with np.errstate(all="ignore"):
            usable = bool(np.isfinite(found.to_srgb).all() and np.linalg.cond(found.to_srgb) < 1e4)
    except np.linalg.LinAlgError:
        usable = False
    return found if usable else LINEAR_SRGB


def convert(
    colors: Tensor,  # [C, ...] of which the first three are linear colors; changed in place
    matrix: NDArray[np.float64],  # [3, 3]
) -> None:
    """Multiply colors by a matrix."""
    factors = torch.from_numpy(matrix).to(colors)
    colors[:3] = torch.einsum("ij,j...->i...", factors, colors[:3])
