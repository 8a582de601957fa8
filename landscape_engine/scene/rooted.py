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
    height, width = sky.shape
    size = min(GRID_WIDTH, width), max(2, round(min(GRID_WIDTH, width) * height / width))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(sky.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inside = share > SURELY
    if not inside.any():
        return nothing
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), 0.6)
    _, differs, times = outliers.apart(lab, inside.astype(np.float32), CALMEST)
    (often, by), many = CLOUDY
    if ((times > often) & (differs > by))[inside].mean() > many:
        return nothing
    parts = (times > TIMES) & (differs > DIFFERS) & inside
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(parts.astype(np.uint8), connectivity=8)
    near = np.ones((2 * AT_LAND + 1,) * 2, np.uint8)
    land = cv2.dilate((~inside).astype(np.uint8), near) > 0
    across, down = (cv2.Sobel(lab, cv2.CV_32F, d, 1 - d, scale=1 / 8) for d in (1, 0))
    step = np.sqrt((across**2 + down**2).sum(2))
    found = np.zeros(inside.shape, np.uint8)
    for k in np.unique(numbers[land & parts]):
        x, y, w, h, area = stats[k]
        if not SMALLEST <= area <= LARGEST * parts.size:
            continue
        box = slice(y, y + h), slice(x, x + w)
        part = numbers[box] == k
        if w > FLAT * h and (part & land[box]).any(0).mean() < ALONG:
            continue  # a streak of cloud that a spire reaches
        core = cv2.erode(np.pad(part.astype(np.uint8), 1), np.ones((3, 3), np.uint8))
        rim = part & (core[1:-1, 1:-1] == 0) & ~land[box]
        if rim.any() and np.median(step[box][rim]) > CRISP * np.median(differs[box][part]):
            found[box][part] = 1
    grown = cv2.dilate(found, np.ones((3, 3), np.uint8))
    return (cv2.resize(grown, (width, height), interpolation=cv2.INTER_NEAREST) > 0) & sky
