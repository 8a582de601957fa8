"""Clear sky: where nothing but its gradient is, what is crisp close to land is no cloud.

Wind turbines, lamp posts and the last twigs of a bare tree differ too little from a bright sky to
be told from wisps by their contrast alone. Before a clear sky they are, and nothing is lost by
keeping still what lies there.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import channels

FINE, COARSE = 0.012, 0.036  # over which a sky's mean is taken, share of the width
EVEN = 0.012  # most mean difference between both in a clear sky, of 1
BESIDE = 0.06  # how far from land things stand, share of the width
SMALL = 7  # widest of what is crisp, pixels
LEAST = {"dark": 0.02, "light": 0.04}  # contrast of what is crisp, of 1
WHITE, BY_DAY = 0.6, 0.06  # least channel of white clouds, of 1; their share of a sky by day
CLOUD = 0.01  # ... without what is narrower, share of the width: trails of stars are white too
BLUE = 0.45  # least saturation of the blue between them
DEEPEST = 0.1  # quantile of a sky's blue below which it is none of the sky's


def details(
    sky: np.ndarray,  # bool [H, W]
    plane: np.ndarray,  # uint8 [H, W]
    narrow: np.ndarray,  # uint8 [H, W] contrast of what is narrow, by `thin_things.contrast`
    polarity: str,
) -> np.ndarray:  # bool [H, W]
    """What is crisp in a clear sky close to land: darker or lighter than what is around it."""
    import cv2

    width = sky.shape[1]
    reach = 2 * round(BESIDE * width) + 1
    beside = cv2.dilate((~sky).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    kind = cv2.MORPH_BLACKHAT if polarity == "dark" else cv2.MORPH_TOPHAT
    small = cv2.morphologyEx(plane, kind, np.ones((SMALL, SMALL), np.uint8)) // 2
    crisp = cv2.max(narrow, small) > 255 * LEAST[polarity]
    return crisp & beside & sky & _clear(sky, plane)


def by_day(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> bool:
    """Whether a sky has white clouds, which no night shows."""
    import cv2

    if not sky.any():
        return False
    size = max(3, round(CLOUD * sky.shape[1]))
    least = cv2.erode(channels.darkest(picture), np.ones((size, size), np.uint8))
    return bool((least[sky] > 255 * WHITE).mean() > BY_DAY)


def gaps(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W]
    """The blue between white clouds: dark, but as light as the sky is elsewhere."""
    if not by_day(sky, picture):
        return np.zeros(sky.shape, bool)
    blue, least, most = picture[..., 2], channels.darkest(picture), channels.lightest(picture)
    deep = blue >= np.quantile(blue[sky], DEEPEST)
    return sky & deep & (blue == most) & (least < (1 - BLUE) * most)


def _clear(sky: np.ndarray, plane: np.ndarray) -> np.ndarray:  # bool [H, W]
    """Where a sky has no forms: two means of it, a fine and a coarse one, hardly differ."""
    fine, coarse = (
        LocalMeans(sky, 2 * max(1, round(share * sky.shape[1])) + 1) for share in (FINE, COARSE)
    )
    forms = coarse.of(np.abs(fine.of(plane) - coarse.of(plane)))
    return forms < 255 * EVEN
