"""Plain skies: those without forms, of which nothing is to move.

A clear sky, by day or by night, and an even fog hold nothing that wind could carry. What differs
from their base is a glow about the land, a halo that was left by sharpening, a vignette: moved, it
would be seen as a ring that wanders. (Beyond the paper.)

Legend: H W pixels of the picture, h w pixels of the predictor's grid.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..ops.local_means import LocalMeans

GRID_WIDTH = 640  # most pixels across of the grid on which forms are looked for
FINE, COARSE = 0.004, 0.02  # deviations of the blurs between which forms lie, share of the width
AWAY = 0.016  # from what stands before the sky, share of the width
MOST, FORMS = 0.9, 1.2  # quantile of the forms' levels, of 255, that a plain sky hasn't
LEAST = 0.01  # share of the picture that is left to judge by


def is_plain(
    pixels: np.ndarray,  # uint8 [H, W, 3]
    sky: Tensor,  # [1, 1, h, w] bool
) -> bool:
    """Whether a sky has no forms."""
    import cv2

    width = min(GRID_WIDTH, pixels.shape[1])
    size = width, max(2, round(pixels.shape[0] * width / pixels.shape[1]))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    light = small.astype(np.float32).mean(2)
    inside = sky[0, 0].float().cpu().numpy()
    inside = (cv2.resize(inside, size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.float32)
    reach = 2 * max(1, round(AWAY * width)) + 1
    judged = cv2.erode(inside, np.ones((reach, reach), np.uint8)) > 0
    if judged.mean() < LEAST:
        return False
    fine, coarse = (LocalMeans(inside, sigma=s * width).of(light) for s in (FINE, COARSE))
    forms = np.abs(fine - coarse)
    return bool(np.quantile(forms[judged], MOST) < FORMS)
