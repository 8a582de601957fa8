"""Local means: of what lies inside a mask, about each pixel of a picture.

Legend: H W pixels; NumPy arrays, for OpenCV. Tensors have `masks.blur_within`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LEAST = 1e-4  # share of the mask about a pixel below which the mean there fades to 0


class LocalMeans:
    """The means of any values over a box about each pixel, or over a Gaussian's weights.

    Attributes:
        share: float32 [H, W] how much of what is averaged lies inside the mask, 0..1.
    """

    def __init__(
        self,
        within: np.ndarray,  # bool or 0..1 [H, W]
        side: int | None = None,  # of the box in pixels, odd
        sigma: float | None = None,  # deviation of the Gaussian in pixels, in its place
    ) -> None:
        self._within = within.astype(np.float32)
        self._blur = _blur(side, sigma)
        self.share = self._blur(self._within)

    def of(
        self,
        values: np.ndarray,  # [H, W] or [H, W, C]
    ) -> np.ndarray:  # float32, of the values' shape
        """The mean about each pixel; meaningful where `share` is more than a trace."""
        within, share = self._within, np.maximum(self.share, LEAST)
        if values.ndim == 3:
            within, share = within[..., None], share[..., None]
        return self._blur(values * within) / share


def _blur(side: int | None, sigma: float | None) -> Callable[[np.ndarray], np.ndarray]:
    import cv2

    if sigma is not None:
        return lambda plane: cv2.GaussianBlur(plane, (0, 0), sigma)
    size = (side or 1,) * 2
    return lambda plane: cv2.blur(plane, size)
