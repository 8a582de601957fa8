"""Feather: how softly a region fades towards its edge.

An edge of the region that is an edge of the picture is met tightly. One that follows nothing in the
picture (mist over a slope, smoke over land) would be seen to crawl: there the region fades over a
part of the picture's width.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import edges

FADE = 0.03  # width over which a region fades where its edge follows none, share of the width
TIGHT = 2.0  # width over which it fades where its edge is the picture's, pixels


def soften(
    mask: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # float32 [H, W] 0..1; 0 outside the mask
    """A region's alpha: inwards from each point of its edge it rises over that point's width."""
    import cv2

    if mask.all() or not mask.any():
        return mask.astype(np.float32)
    depth, nearest = cv2.distanceTransformWithLabels(
        mask.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    wide = FADE * mask.shape[1]
    near = mask & (depth < wide)
    rim = ~mask & (cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    width = TIGHT + (1 - edges.strength(mask, rim, picture)) * max(wide - TIGHT, 0)
    # of each point outside its width, found by the points inside that are nearest to it
    outside = np.zeros(int(nearest.max()) + 1, np.float32)
    outside[nearest[~mask]] = width[~mask]
    found = np.where(near, outside[nearest], 0).astype(np.float32)
    found = LocalMeans(near, 2 * max(1, round(wide / 4)) + 1).of(found)
    rise = (depth / np.maximum(found, TIGHT)).clip(0, 1)
    rise = rise * rise * (3 - 2 * rise)
    return np.where(near, rise, mask).astype(np.float32)
