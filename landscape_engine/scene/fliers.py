"""Fliers: birds, balloons, kites and aircraft before the sky, which clouds must not carry along.

They are small, compact, much darker than all that is around them, and crisp all round; a dark
tuft of cloud has a soft side.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import channels, outliers

LARGEST = 0.03  # longest flier, share of the width
LEAST = 6  # pixels of the smallest
CONTRAST = 0.2  # how much darker a flier's darkest part is than its surroundings, of 1
PART = 0.4  # share of its own contrast down to which a flier reaches
DARKER = 0.12  # how much darker it is than nearly all that is around it, of 1
NEARLY = 0.05  # quantile of the brightness around it that it is compared with
CRISP = 0.6  # least step within two pixels of its outline, share of its contrast …
ROUND = 0.2  # … but for this share of the outline
RARE = 4.0  # times the usual small contrast of the sky around that a flier has at least
AROUND = 0.1  # over which that is measured, share of the width


def find(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W], with a margin of two pixels
    """The fliers in a sky."""
    import cv2

    found = np.zeros(sky.shape, bool)
    size = max(5, round(LARGEST * sky.shape[1]) | 1)
    window = np.ones((size, size), np.uint8)
    plane = channels.lightest(picture)
    inside = cv2.erode(sky.astype(np.uint8), window, borderValue=(1,)) > 0  # apart from all land
    dark = cv2.morphologyEx(plane, cv2.MORPH_BLACKHAT, window)
    usual = LocalMeans(sky, 2 * round(AROUND * sky.shape[1]) + 1).of(dark)
    seeds = (dark > 255 * CONTRAST) & (dark > RARE * usual) & inside
    if not seeds.any():
        return found
    weak = (dark > 255 * CONTRAST * PART).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    for k in np.unique(parts[seeds]):
        x, y, w, h, area = stats[k]
        if k == 0 or area < LEAST or max(w, h) > LARGEST * sky.shape[1]:
            continue
        beside = max(w, h, 4)
        top, left = max(0, y - beside), max(0, x - beside)
        part = slice(top, y + h + beside), slice(left, x + w + beside)
        depth = dark[part].astype(np.float32)
        own = (parts[part] == k) & (depth > PART * depth[parts[part] == k].max())
        grown = cv2.dilate(own.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if _crisp(own, grown, plane[part], float(depth[own].max())):
            found[part] |= grown
    return found & sky


def _crisp(own: np.ndarray, grown: np.ndarray, plane: np.ndarray, contrast: float) -> bool:
    """Whether a part is darker than all around it, with a step at nearly all of its outline."""
    import cv2

    near = np.ones((5, 5), np.uint8)
    if grown.all():
        return False
    if np.median(plane[own]) > np.quantile(plane[~grown], NEARLY) - 255 * DARKER:
        return False
    steps = cv2.dilate(plane, near).astype(np.float32) - cv2.erode(plane, near)
    return bool(np.quantile(steps[outliers.rim(own)], ROUND) >= CRISP * contrast)
