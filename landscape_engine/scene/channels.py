"""The darkest and the lightest channel of each pixel.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np


def darkest(picture: np.ndarray) -> np.ndarray:  # uint8 [H, W, 3] → [H, W]
    """The least of the three, several times as fast as numpy's over the last axis."""
    import cv2

    return cv2.min(cv2.min(picture[..., 0], picture[..., 1]), picture[..., 2])


def lightest(picture: np.ndarray) -> np.ndarray:  # uint8 [H, W, 3] → [H, W]
    """The greatest of the three."""
    import cv2

    return cv2.max(cv2.max(picture[..., 0], picture[..., 1]), picture[..., 2])
