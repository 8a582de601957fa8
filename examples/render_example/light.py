"""Where the sun stands, and what it does to colors."""

from __future__ import annotations

import math

import numpy as np

SUN_AZIMUTH_DEG = -108.0  # left, a little behind the camera
SUN_ELEVATION_DEG = 17.0


def direction(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """The unit vector of an azimuth (0 = +y, clockwise) and an elevation."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    flat = math.cos(elevation)
    return np.array(
        [math.sin(azimuth) * flat, math.cos(azimuth) * flat, math.sin(elevation)], np.float32
    )


SUN = direction(SUN_AZIMUTH_DEG, SUN_ELEVATION_DEG)
SUN_COLOR = np.array([1.0, 0.76, 0.50], np.float32)
