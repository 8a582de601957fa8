"""Outliers: how far each pixel's color is from its region's own around it.

Legend: h w pixels of the grid on which it is asked; differences are ΔE, reaches are across and
down, in shares of the width.
"""

from __future__ import annotations

import numpy as np

NEAR, WIDE = (0.04, 0.02), (0.08, 0.03)  # over which the region's own color, and the usual
# difference from it, are averaged
COLOR = 1.5  # weight of the squares of a* and b*
ROUNDS = 3  # of that mean, with less of what differs
OUTLYING = 2.5  # times the usual difference from which it counts less
SPREAD = 1.25  # usual difference of normal noise, in terms of the square of its mean root


def apart(
    lab: np.ndarray,  # float32 [h, w, 3]
    inside: np.ndarray,  # float32 [h, w] 0 or 1
    calmest: float,  # usual difference of the calmest region
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # float32 [h, w] each
    """By how much a pixel is lighter, and differs, and times the usual difference around it."""
    weight = inside
    for _ in range(ROUNDS):
        rest = lab - mean_around(lab, weight, NEAR)
        differs = np.sqrt((rest * rest * np.array([1, COLOR, COLOR], np.float32)).sum(2))
        usual = mean_around(np.sqrt(differs), inside, WIDE) ** 2  # few outliers hardly count
        times = differs / np.maximum(SPREAD * usual, calmest)
        weight = inside / (1 + (times / OUTLYING) ** 4) + 1e-4 * inside
    return rest[..., 0], differs, times


def mean_around(
    values: np.ndarray,  # float32 [h, w] or [h, w, 3]
    weight: np.ndarray,  # float32 [h, w]
    reach: tuple[float, float],  # across and down, in shares of the width
) -> np.ndarray:
    """The weighted mean around each pixel."""
    import cv2

    size = tuple(2 * round(one * weight.shape[1]) + 1 for one in reach)

    def blur(one: np.ndarray) -> np.ndarray:
        for _ in range(2):
            one = cv2.blur(one, size, borderType=cv2.BORDER_CONSTANT)
        return one

    share = np.maximum(blur(weight), 1e-4)
    if values.ndim == 2:
        return blur(values * weight) / share
    return blur(values * weight[..., None]) / share[..., None]
