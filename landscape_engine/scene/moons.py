"""Moons: discs that are no cloud which the wind carries, though they are not the sky's lightest.

The sun and a bright moon are found by their light (`lights_in_the_sky`). A moon by day, a sun
behind haze and a balloon are hardly lighter than their sky, but round, even and crisp in a calm
one; a red sun at the horizon stands out of any sky, by its light and its color at once.

Legend: H W pixels of the masks; h w pixels of the grid on which they are looked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import outliers

GRID_WIDTH = 400  # most pixels across of that grid
CALMEST = 1.0  # usual difference of the calmest sky, ΔE
DIFFERS, TIMES = 3.0, 2.0  # of a disc's pixels from the sky: ΔE; in terms of the usual difference
NEAR = 0.09  # over which the sky's own color is the median, share of the width: no disc's
WIDE = 0.08, 0.08  # ... and the usual difference is averaged, across and down
SMALLEST, LARGEST = 0.012, 0.04  # radius, share of the width
ROUND = 0.8  # least share of the circle around it that a disc fills
RING, EMPTY = 2.2, 0.08  # radii of what lies around it; share of that which may differ as well
CRISP = 0.15  # median step at its outline, in terms of its difference
CALM = 0.05  # share of a calm sky that differs from it
SURELY = 0.99  # share of a pixel of the grid that is sky
MARGIN = 1.15  # radii that stay
AROUND = 0.05  # over which the sky's lightness about a red sun is averaged, share of the width
AHEAD = 10.0, 16.0, 24.0  # L* by which its pixels are lighter than that: each is tried
SMALLEST_SUN, LARGEST_SUN = 0.004, 0.04  # radius, share of the width
FILLED, BESIDE = 0.68, 0.55  # least share of the circle around it; of the ring, which is sky
LIGHTER, RED, WARMER = 12.0, 200, 110  # L* above nearly all of the ring; its red, and that less its
# blue, of 255


def find(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W]
    """The discs in a sky, with a margin."""
    return _pale(sky, picture) | _red_suns(sky, picture)


def _red_suns(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W]
    """Suns near the horizon: far lighter than all around them, and of a warm color."""
    import cv2

    found = np.zeros(sky.shape, np.uint8)
    small, lab, known = outliers.on_grid(sky, picture, GRID_WIDTH, 0.5, 0.6)
    colors = small.astype(np.int16)
    if not (known & (colors[..., 0] > RED) & (colors[..., 0] - colors[..., 2] > WARMER)).any():
        return found > 0
    light, (high, wide) = lab[..., 0], known.shape
    ahead = light - outliers.mean_around(light, known.astype(np.float32), (AROUND, AROUND))
    y, x = np.mgrid[:high, :wide]
    for least in AHEAD:
        parts = ((ahead > least) & known).astype(np.uint8)
        for outline in cv2.findContours(parts, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            middle, radius = cv2.minEnclosingCircle(outline)
            if not SMALLEST_SUN <= radius / wide <= LARGEST_SUN:
                continue
            away = np.hypot(x - middle[0], y - middle[1])
            disc, ring = away <= max(0.75 * radius, 0.8), (away > radius + 1.5) & known
            ring &= away < 1.8 * radius + 2.5
            whole = np.pi * ((1.8 * radius + 2.5) ** 2 - (radius + 1.5) ** 2)
            filled = parts[away <= radius + 0.5].sum() / (np.pi * (radius + 0.5) ** 2)
            if filled < FILLED or ring.sum() < BESIDE * whole:
                continue
            red, _, blue = np.median(small[disc], axis=0)
            stands_out = np.median(light[disc]) - np.quantile(light[ring], 0.9)
            if stands_out > LIGHTER and red > RED and red - blue > WARMER:
                _mark(found, middle, radius, wide)
    return (found > 0) & sky


def _pale(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W]
    """Discs in a calm sky that hardly differ from it."""
    import cv2

    found = np.zeros(sky.shape, np.uint8)
    if not sky.any():
        return found > 0
    small, lab, known = outliers.on_grid(sky, picture, GRID_WIDTH, SURELY, 0.8)
    high, wide = known.shape
    window = np.ones((2 * round(NEAR * wide) + 1,) * 2, np.uint8)  # all of which is sky
    inside = cv2.erode(known.astype(np.uint8), window, borderType=cv2.BORDER_REPLICATE) > 0
    if not inside.any():
        return found > 0
    differs, times = _apart(small, lab, inside.astype(np.float32))
    off = (differs > DIFFERS) & (times > TIMES)
    if off[inside].mean() > CALM:
        return found > 0
    step, parts = outliers.steps(lab), (off & inside).astype(np.uint8)
    filled = cv2.morphologyEx(parts, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    y, x = np.mgrid[:high, :wide]
    for outline in outlines:
        middle, radius = cv2.minEnclosingCircle(outline)
        if not SMALLEST <= radius / wide <= LARGEST:
            continue
        if cv2.contourArea(outline) < ROUND * np.pi * (radius - 0.5) ** 2:
            continue
        away = np.hypot(x - middle[0], y - middle[1])
        ring = (away > radius + 2) & (away < RING * radius + 2)
        rim, disc = np.abs(away - radius) < 1, away < 0.8 * radius
        if not ring.any() or not rim.any() or not disc.any():
            continue
        alone = (~inside[ring]).mean() < EMPTY and off[ring].mean() < EMPTY
        if alone and np.median(step[rim]) > CRISP * np.median(differs[disc]):
            _mark(found, middle, radius, wide)
    return (found > 0) & sky


def _mark(
    found: np.ndarray,  # uint8 [H, W], changed
    middle: Sequence[float],  # x, y of a disc on a grid …
    radius: float,
    wide: int,  # … of so many pixels across
) -> None:
    """Mark a disc, with a margin."""
    import cv2

    scale = found.shape[1] / wide
    left, top = (round((one + 0.5) * scale) for one in middle)
    cv2.circle(found, (left, top), round(MARGIN * radius * scale) + 2, (1,), -1)


def _apart(
    small: np.ndarray,  # uint8 [h, w, 3]
    lab: np.ndarray,  # float32 [h, w, 3] its colors
    inside: np.ndarray,  # float32 [h, w] 0 or 1
) -> tuple[np.ndarray, np.ndarray]:  # float32 [h, w] each
    """By how much a pixel differs from the sky around it, and times the usual difference there."""
    import cv2

    own = cv2.medianBlur(small, 2 * round(NEAR * small.shape[1]) + 1)
    rest = lab - cv2.cvtColor(own.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    differs = np.sqrt((rest * rest).sum(2))
    usual = outliers.mean_around(np.sqrt(differs), inside, WIDE) ** 2
    return differs, differs / np.maximum(outliers.SPREAD * usual, CALMEST)
