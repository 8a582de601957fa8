"""Polygons on a grid of pixels: each pixel whose center is enclosed, and no other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_CORNERS = 100_000  # of a polygon from a file; each takes a moment


def fill(
    corners: NDArray[np.float64],  # [n, 2] x and y in pixels, 0 being the grid's left and top edge
    height: int,
    width: int,
) -> NDArray[np.bool_]:  # [H, W]
    """The pixels whose centers an odd number of edges encloses.

    Of two polygons that share an edge exactly one covers each pixel along it: a center that lies on
    the edge itself is the one's whose inside lies to the right or below.
    """
    flips = np.zeros((height, width + 1), bool)  # of in and out, from a pixel on to the right
    for one, other in zip(corners, np.roll(corners, -1, 0), strict=True):
        # the same in either direction, so that neighbors agree to the bit
        (x0, y0), (x1, y1) = sorted([tuple(one), tuple(other)], key=lambda at: (at[1], at[0]))
        first, last = np.clip(np.ceil(np.array([y0, y1]) - 0.5), 0, height).astype(int)
        rows = np.arange(first, last)
        crossed = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0) if len(rows) else np.empty(0)
        flips[rows, np.clip(np.ceil(crossed - 0.5), 0, width).astype(int)] ^= True
    found: NDArray[np.bool_] = np.logical_xor.accumulate(flips, 1)[:, :width]
    return found
