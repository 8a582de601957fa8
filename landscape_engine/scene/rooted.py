"""Rooted things: tops of towers, cranes, blades and boughs before the sky, taken for it.

They touch land, differ from all the sky around them by far more than its clouds do, and are crisp;
a cloud behind a ridge is soft, or there are many.

Legend: H W pixels of the masks; h w pixels of the grid on which they are looked for; differences
are ΔE.
"""

from __future__ import annotations

import numpy as np

from . import outliers

GRID_WIDTH = 800  # most pixels across of that grid
CALMEST = 1.5  # usual difference of the calmest sky
CLOUDY = (2.0, 5.0), 0.08  # times the usual difference, and difference, that counts; share of a sky
# that is full of clouds which do
TIMES, DIFFERS = 2.5, 6.0  # ... and that all pixels of a thing have
SMALLEST, LARGEST = 8, 0.01  # pixels; share of the picture
CRISP = 0.2  # median step at its outline, in terms of its difference
FLAT, ALONG = 2.0, 0.5  # width over height from which a part lies; share of it that is along land
AT_LAND = 2  # pixels within which it touches land
SURELY = 0.9  # share of a pixel of the grid that is sky


def find(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W], with a margin of a pixel of the grid
    """The things in a sky that stand on land."""
    import cv2

    nothing = np.zeros_like(sky)
    if not sky.any() or sky.all():
        return nothing
    _, lab, inside = outliers.on_grid(sky, picture, GRID_WIDTH, SURELY, 0.6)
    if not inside.any():
        return nothing
    _, differs, times = outliers.apart(lab, inside.astype(np.float32), CALMEST)
    (often, by), many = CLOUDY
    if ((times > often) & (differs > by))[inside].mean() > many:
        return nothing
    parts = (times > TIMES) & (differs > DIFFERS) & inside
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(parts.astype(np.uint8), connectivity=8)
    near = np.ones((2 * AT_LAND + 1,) * 2, np.uint8)
    land = cv2.dilate((~inside).astype(np.uint8), near) > 0
    step, found = outliers.steps(lab), np.zeros_like(inside)
    for k in np.unique(numbers[land & parts]):
        x, y, w, h, area = stats[k]
        if not SMALLEST <= area <= LARGEST * parts.size:
            continue
        box = slice(y, y + h), slice(x, x + w)
        part = numbers[box] == k
        if w > FLAT * h and (part & land[box]).any(0).mean() < ALONG:
            continue  # a streak of cloud that a spire reaches
        rim = outliers.rim(part) & ~land[box]
        if rim.any() and np.median(step[box][rim]) > CRISP * np.median(differs[box][part]):
            found[box][part] = True
    return outliers.spread_out(found, sky)
