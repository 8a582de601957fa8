"""Colored things: cranes, roofs, balloons and kites of a color that the sky about them lacks.

A yellow crane before a blue sky is as light as that, and so no thin thing by its contrast. Its
warmth tells it, and that it is crisp nearly all round. Clouds are warm where a low sun lights them;
then so is much of their sky, and nothing is told from it.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from . import outliers

WARMER = 0.28  # how much warmer than the sky about them they are, red less blue, of 1
WARM, COLD = 0.06, 0.03  # warmth that they have at least, of 1; share of a sky that is as warm, at
# most, or else a low sun lights it
PART = 0.5  # share of that down to which one reaches
AROUND = 0.08  # over which the sky's warmth is taken, share of the width
LARGEST = 0.6  # of the largest, share of the width; more is land that was overlooked
LEAST = 12  # pixels of the smallest
CRISP, ROUND = 0.6, 0.3  # least step within two pixels of an outline, share of the part's own
# warmth above the sky's; but for this share of the outline
HELD = 0.006  # of a thing to what of it is only grey, share of the width
NEAR = 3  # pixels to land, whose outline counts for none


def find(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W], with a margin of one pixel
    """The things in a sky that are warmer than it, and crisp."""
    import cv2

    found = np.zeros(sky.shape, bool)
    if not sky.any():
        return found
    warmth = picture[..., 0].astype(np.float32) - picture[..., 2]
    own = sky.astype(np.float32)
    around = (2 * round(AROUND * sky.shape[1]) + 1,) * 2
    ahead = warmth - cv2.blur(warmth * own, around) / np.maximum(cv2.blur(own, around), 1e-3)
    warm = (warmth > 255 * WARM) & sky
    seeds = (ahead > 255 * WARMER) & warm
    if not seeds.any() or warm.sum() > COLD * sky.sum():
        return found
    weak = ((ahead > 255 * WARMER * PART) & warm).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    near = np.ones((5, 5), np.uint8)
    step = cv2.dilate(warmth, near) - cv2.erode(warmth, near)
    land = cv2.dilate((~sky).astype(np.uint8), np.ones((2 * NEAR + 1,) * 2, np.uint8)) > 0
    for k in np.unique(parts[seeds]):
        x, y, w, h, area = stats[k]
        if area < LEAST or max(w, h) > LARGEST * sky.shape[1]:
            continue
        box = slice(max(0, y - 1), y + h + 1), slice(max(0, x - 1), x + w + 1)
        part = parts[box] == k
        rim = outliers.rim(part) & ~land[box]
        strength = np.quantile(ahead[box][part], 0.75)
        if rim.any() and np.quantile(step[box][rim], ROUND) >= CRISP * strength:
            found[box] |= part
    held = np.ones((2 * max(1, round(HELD * sky.shape[1])) + 1,) * 2, np.uint8)
    found |= (cv2.dilate(found.astype(np.uint8), held) > 0) & (ahead > 255 * WARMER * PART)
    return (cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & sky
