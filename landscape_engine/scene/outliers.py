"""Outliers: how far each pixel's color is from its region's own around it.

What things in a sky or in water are found by: `floaters`, `rooted` and `moons`.

Legend: H W pixels of the masks; h w pixels of the grid on which it is asked; differences are ΔE,
reaches are across and down, in shares of the width.
"""

from __future__ import annotations

import numpy as np

NEAR, WIDE = (0.04, 0.02), (0.08, 0.03)  # over which the region's own color, and the usual
# difference from it, are averaged
COLOR = 1.5  # weight of the squares of a* and b*
ROUNDS = 3  # of that mean, with less of what differs
OUTLYING = 2.5  # times the usual difference from which it counts less
SPREAD = 1.25  # usual difference of normal noise, in terms of the square of its mean root


def on_grid(
    region: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    widest: int,  # most pixels across of the grid
    surely: float,  # share of a pixel of the grid from which it lies in the region
    sigma: float,  # of the blur of its colors, pixels of the grid
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # uint8 [h, w, 3], float32 [h, w, 3], bool [h, w]
    """A picture made small, its L*a*b*, and a region there."""
    import cv2

    height, width = region.shape
    size = min(widest, width), max(2, round(min(widest, width) * height / width))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return small, cv2.GaussianBlur(lab, (0, 0), sigma), share > surely


def spread_out(
    found: np.ndarray,  # bool [h, w]
    region: np.ndarray,  # bool [H, W]
) -> np.ndarray:  # bool [H, W]
    """What was found on the grid, with a margin of a pixel of it, within the region."""
    import cv2

    grown = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8))
    size = region.shape[::-1]
    return (cv2.resize(grown, size, interpolation=cv2.INTER_NEAREST) > 0) & region


def steps(
    lab: np.ndarray,  # float32 [h, w, C]
) -> np.ndarray:  # float32 [h, w]
    """The step of the color from pixel to pixel."""
    import cv2

    across, down = (cv2.Sobel(lab, cv2.CV_32F, d, 1 - d, scale=1 / 8) for d in (1, 0))
    return np.sqrt((across**2 + down**2).sum(2))


def rim(
    part: np.ndarray,  # bool [h, w]
) -> np.ndarray:  # bool [h, w]
    """The pixels of a part that touch what lies outside it, or the array's border."""
    import cv2

    core = cv2.erode(part.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=(0,))
    return part & (core == 0)


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
