"""Gaps: sky that is seen between branches, which stays where it is and has the sky's light.

What is before the sky is kept still with what lies between its twigs; as land that would have the
land's light, and a crown would be filled with another sky than the one around it.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import channels

REACHES = 0.03, 0.09  # of a sky's color into what is before it, share of the width
ALIKE, BY_SPREAD = 10.0, 1.0  # difference of 255 that a gap may have, and by the sky's deviation
NEAR, DARKER = 0.012, 45.0  # share of the width within which things on two sides are so much darker
AMONG, LIGHTER = 0.03, 0.06  # within so much of the width, no more of the place may be lighter
SURE = 0.75  # least share of a gap of which all this holds: else it is snow, or a wall
SOFT_PX = 1.0


def find(
    sky: np.ndarray,  # bool [H, W]
    land: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # float32 [H, W] 0..1; 0 in the sky itself
    """How much of each pixel of the land is seen to be sky.

    It has the color of the sky nearby, lies between darker things, and hardly anything around it is
    lighter: snow among rocks is.
    """
    import cv2

    none = np.zeros(sky.shape, np.float32)
    if not sky.any() or sky.all():
        return none
    values, width = picture.astype(np.float32), sky.shape[1]
    light = _lightness(values)
    alike, likely = np.zeros(sky.shape, bool), np.zeros(sky.shape, bool)
    for reach in REACHES:
        near, mean, spread = _sky_around(values, light, sky, round(reach * width))
        usual, most = _lightness(mean), ALIKE + BY_SPREAD * spread
        found = land & near & (channels.lightest(cv2.absdiff(values, mean)) < most)
        if not found.any():
            continue
        lighter = land & (light > usual + most)
        among = cv2.blur(lighter.astype(np.float32), (2 * round(AMONG * width) + 1,) * 2)
        alike |= found
        likely |= (
            found
            & _between(light < usual - DARKER, max(3, round(NEAR * width)))
            & (among < LIGHTER)
        )
    if not likely.any():
        return none
    # a gap is one or none, as a whole
    count, parts = cv2.connectedComponents(alike.astype(np.uint8), connectivity=8)
    area = np.bincount(parts.ravel(), minlength=count)
    kept = np.bincount(parts[likely], minlength=count) > SURE * area
    kept[0] = False
    alike = kept[parts]
    return np.where(sky, none, cv2.GaussianBlur(alike.astype(np.float32), (0, 0), SOFT_PX))


def _between(
    dark: np.ndarray,  # bool [H, W]
    reach: int,
) -> np.ndarray:  # bool [H, W]
    """Where there is something dark on the left and on the right, or above and below."""
    import cv2

    def towards(rows: int, columns: int, last: bool) -> np.ndarray:
        kernel = np.ones((rows, columns), np.uint8)
        anchor = (columns - 1, rows - 1) if last else (0, 0)
        return cv2.dilate(dark.astype(np.uint8), kernel, anchor=anchor) > 0

    across = towards(1, reach + 1, True) & towards(1, reach + 1, False)
    return across | (towards(reach + 1, 1, True) & towards(reach + 1, 1, False))


def _lightness(values: np.ndarray) -> np.ndarray:  # float32 [H, W, 3] → [H, W]
    """The mean of the three channels."""
    import cv2

    return cv2.transform(values, np.full((1, 3), 1 / 3, np.float32))


def _sky_around(
    values: np.ndarray,  # float32 [H, W, 3]
    light: np.ndarray,  # float32 [H, W] its lightness
    sky: np.ndarray,  # bool [H, W]
    radius: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # bool [H, W], [H, W, 3], [H, W]
    """Where there is sky nearby, its mean color there, and how far its lightness spreads."""
    around = LocalMeans(sky, 2 * max(1, radius) + 1)
    usual = around.of(light)
    spread = np.sqrt(np.maximum(around.of(light * light) - usual * usual, 0))
    return around.share > 1e-3, around.of(values), spread
