"""Floaters: boats, buoys, birds, stones and logs in water, which waves must not carry along.

They differ from the water around them by far more than its waves do, they are small and few, and
their outlines are crisp. Foam and the glints of the sun are many, or lie flat.

Legend: H W pixels of the masks; h w pixels of the grid on which they are looked for; differences
are ΔE.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from . import outliers

GRID_WIDTH = 640  # most pixels across of that grid
STILLEST = 3.0  # usual difference of the calmest water
PARTS = 2.2, 3.2  # times the usual difference by which a part differs all over: each is tried
FAR, FARTHER = 2.8, 4.0  # … and a third of it: a crisp part, and any other
THIRD = 0.3
LEAST, PLAIN = 8.0, 14.0  # difference of a part's pixels at least; of a third of them
SMALLEST, LARGEST = 8, 0.015  # pixels; share of the picture
FLAT_LIGHT, FLAT_DARK = 3.0, 5.0  # length over width of crests and glints; of troughs
LYING, SMALL = 1.6, 2e-4  # width over height, and share of the picture, of what is a wave unless
# a third of it differs by `FARTHER`
SCHOOL, GREY = 12, 0.85  # so many of such, that differ by their lightness, are waves all the same;
# share of their difference that it is
CRISP, CRISPER = 0.18, 0.28  # median step at an outline, in terms of the difference: of those that
# differ by `FARTHER`, of others
CROWD, MANY = (0.1, 0.04), 0.2  # across and down, over which they are counted; share that is waves
FOAM, FOAMY = (0.05, 0.03), 0.15  # the same of white water
SURELY = 0.9  # share of a pixel of the grid that is water


def find(
    water: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    white: np.ndarray | None = None,  # float32 [h', w'] 0..1 how much of each pixel is white water
) -> np.ndarray:  # bool [H, W]
    """The floaters in water, with a margin of a pixel of the grid."""
    import cv2

    if not water.any():
        return np.zeros_like(water)
    _, lab, inside = outliers.on_grid(water, picture, GRID_WIDTH, SURELY, 0.6)
    weight = inside.astype(np.float32)
    lightness, differs, times = outliers.apart(lab, weight, STILLEST)
    waves = (times > PARTS[0]) & (differs > LEAST) & inside
    free = outliers.mean_around(waves.astype(np.float32), weight, CROWD) < MANY
    if white is not None:
        foam = cv2.resize(white.astype(np.float32), inside.shape[::-1])
        free &= outliers.mean_around(foam, weight, FOAM) < FOAMY
    step = np.hypot(*(cv2.Sobel(lab[..., 0], cv2.CV_32F, d, 1 - d, scale=1 / 8) for d in (0, 1)))
    found = np.zeros(inside.shape, bool)
    for sign in (1, -1):
        for least in PARTS:
            parts = (times > least) & (differs > LEAST) & inside & (sign * lightness > 0)
            found |= _things(parts, free, lightness, differs, times, step)
    return outliers.spread_out(found & ~_wavelets(found, lightness, differs), water)


def _wavelets(
    found: np.ndarray,  # bool [h, w] things
    lightness: np.ndarray,  # float32 [h, w] of a difference
    differs: np.ndarray,  # float32 [h, w]
) -> np.ndarray:  # bool [h, w]
    """Small things that lie, and have the water's color: where they are many, they are waves."""
    import cv2

    count, numbers, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
    total = [np.bincount(numbers.ravel(), one.ravel(), count) for one in (lightness, differs)]
    lying = stats[:, cv2.CC_STAT_WIDTH] >= LYING * stats[:, cv2.CC_STAT_HEIGHT]
    lying &= stats[:, cv2.CC_STAT_AREA] < SMALL * found.size
    lying &= np.abs(total[0]) > GREY * total[1]
    lying[0] = False
    if lying.sum() < SCHOOL:
        return np.zeros_like(found)
    return cast(np.ndarray, lying[numbers])


def _things(
    parts: np.ndarray,  # bool [h, w]
    free: np.ndarray,  # bool [h, w] where not all around are waves
    lightness: np.ndarray,  # float32 [h, w] …
    differs: np.ndarray,
    times: np.ndarray,
    step: np.ndarray,  # of the lightness, from pixel to pixel
) -> np.ndarray:  # bool [h, w]
    """The parts that are things: small, far from the water's color, crisp, and not flat."""
    import cv2

    count, numbers, stats, _ = cv2.connectedComponentsWithStats(parts.astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA]

    def share(mask: np.ndarray) -> np.ndarray:
        return np.bincount(numbers.ravel(), mask.ravel(), count) / area

    plain = differs > PLAIN
    farther = share((times > FARTHER) & plain) >= THIRD
    kept = (share((times > FAR) & plain) >= THIRD) & (share(free) > 0.5)
    kept &= (area >= SMALLEST) & (area < LARGEST * parts.size)
    kept[0] = False
    lighter = share(lightness)
    found = np.zeros_like(parts)
    for k in np.flatnonzero(kept):
        x, y, w, h = stats[k, :4]
        box = slice(y, y + h), slice(x, x + w)
        part = numbers[box] == k
        sides = np.sort(cv2.minAreaRect(np.argwhere(part).astype(np.float32))[1]) + 1
        if sides[1] > sides[0] * (FLAT_LIGHT if lighter[k] > 0 else FLAT_DARK):
            continue
        if w >= LYING * h and area[k] < SMALL * parts.size and not farther[k]:
            continue
        crisp = np.median(step[box][outliers.rim(part)]) / max(abs(float(lighter[k])), 6.0)
        if crisp >= (CRISP if farther[k] else CRISPER):
            found[box] |= part
    return found
