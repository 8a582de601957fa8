"""Colored things: of a color that the sky, or the water, about them lacks.

Cranes, roofs, balloons and kites; rocks, boats and palm leaves before a blue sea.

A yellow crane before a blue sky is as light as that, and so no thin thing by its contrast. Its
warmth tells it, and that it is crisp nearly all round. Clouds and waves are warm where a low sun
lights them; then so is much of the sky, and nothing is told from it.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import channels, outliers

WARMER = 0.28  # how much warmer than what is about them they are, red less blue, of 1
WARM, COLD = 0.06, 0.03  # warmth that they have at least, of 1; share of a sky or water that is as
# warm, at most, or else a low sun lights it
COOL = 0.15  # ... and less than none that a dark thing in blue water has at most
PART = 0.5  # share of that down to which one reaches
AROUND = 0.08  # over which that is taken, share of the width
LARGEST = 0.6  # of the largest, share of the width; more is land that was overlooked
LEAST = 12  # pixels of the smallest
CRISP, ROUND = 0.6, 0.3  # least step within two pixels of an outline, share of the part's own
# warmth above what is about it; but for this share of the outline
HELD = 0.006  # of a thing to what of it is only grey, share of the width
NEAR = 3  # pixels to land, whose outline counts for none


def find(
    moving: np.ndarray,  # bool [H, W] the sky, or the water
    picture: np.ndarray,  # uint8 [H, W, 3]
    grey: bool = False,
) -> np.ndarray:  # bool [H, W], with a margin of one pixel
    """The things in it that are warmer than it, and crisp.

    In blue water `grey` ones are told too where they are darker than that, as rocks are: foam is
    lighter. A sky has clouds as dark.
    """
    import cv2

    found = np.zeros(moving.shape, bool)
    if not moving.any():
        return found
    warmth = picture[..., 0].astype(np.float32) - picture[..., 2]
    around = LocalMeans(moving, 2 * round(AROUND * moving.shape[1]) + 1)
    ahead = warmth - around.of(warmth)
    warm = (warmth > 255 * WARM) & moving
    if warm.sum() > COLD * moving.sum():
        return found
    if grey:
        light = channels.lightest(picture).astype(np.float32)
        darker = light < around.of(light)
        warm |= darker & (warmth > -255 * COOL) & moving
    seeds = (ahead > 255 * WARMER) & warm
    if not seeds.any():
        return found
    weak = ((ahead > 255 * WARMER * PART) & warm).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    near = np.ones((5, 5), np.uint8)
    step = cv2.dilate(warmth, near) - cv2.erode(warmth, near)
    land = cv2.dilate((~moving).astype(np.uint8), np.ones((2 * NEAR + 1,) * 2, np.uint8)) > 0
    for k in np.unique(parts[seeds]):
        x, y, w, h, area = stats[k]
        if area < LEAST or max(w, h) > LARGEST * moving.shape[1]:
            continue
        box = slice(max(0, y - 1), y + h + 1), slice(max(0, x - 1), x + w + 1)
        part = parts[box] == k
        rim = outliers.rim(part) & ~land[box]
        strength = np.quantile(ahead[box][part], 0.75)
        if rim.any() and np.quantile(step[box][rim], ROUND) >= CRISP * strength:
            found[box] |= part
    held = np.ones((2 * max(1, round(HELD * moving.shape[1])) + 1,) * 2, np.uint8)
    found |= (cv2.dilate(found.astype(np.uint8), held) > 0) & (ahead > 255 * WARMER * PART)
    return (cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & moving
