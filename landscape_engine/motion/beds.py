"""Beds: where clear water shows the stones and weeds of its bed, which no current carries.

Waves lie across the picture, all the flatter as water is seen from the side: their lightness
changes downwards far more than across. What lies on a bed is as high as it is wide. Seen through
ripples it stays in its place and wavers, as a mirror image does. (Beyond the paper.)

Legend: H W pixels of the picture, h w pixels of the predictor's grid, h' w' of the one on which
beds are looked for.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..ops.local_means import LocalMeans
from ..ops.masks import soft_threshold

GRID_WIDTH = 640  # most pixels across of that grid
SMOOTH_PX = 1.2  # deviation of the blur before gradients are taken
AROUND = 0.02  # … over which their energies are averaged, share of the width
ACROSS = 0.26, 0.36  # share of the energy of gradients that is across: waves', surely a bed's
STRONG = 1.0, 1.8  # root of that energy, ΔE for each pixel: a calm surface alone, surely more
FOAM = 0.03, 0.12  # share of white water around, in which no bed is seen: still seen, not any more
RIM_PX = 2  # at the water's edge, where gradients are the shore's


def seen(
    pixels: np.ndarray,  # uint8 [H, W, 3]
    water: Tensor,  # [1, 1, h, w] bool
    foam: Tensor | None = None,  # [1, 1, h", w"] how much of each pixel is white water
) -> Tensor:  # [1, 1, h, w] 0..1
    """The confidence that water seen from the side shows its bed."""
    import cv2

    width = min(GRID_WIDTH, pixels.shape[1])
    size = width, max(2, round(pixels.shape[0] * width / pixels.shape[1]))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    lab = cv2.GaussianBlur(lab, (0, 0), SMOOTH_PX)
    inside = water[0, 0].float().cpu().numpy()
    inside = (cv2.resize(inside, size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.float32)
    within = cv2.erode(inside, np.ones((2 * RIM_PX + 1,) * 2))
    means = LocalMeans(within, sigma=AROUND * width)
    across, down = (
        means.of(np.square(cv2.Sobel(lab, cv2.CV_32F, 1 - d, d, scale=1 / 8)).sum(2))
        for d in (0, 1)
    )
    energy = torch.from_numpy(across + down)
    bed = soft_threshold(torch.from_numpy(across) / (energy + 1e-6), ACROSS)
    bed = bed * soft_threshold(energy.sqrt(), STRONG)
    if foam is not None:
        white = interpolate(foam.float().cpu(), size[::-1], mode="bilinear")[0, 0].numpy()
        bed = bed * (1 - soft_threshold(torch.from_numpy(means.of(white)), FOAM))
    bed = (bed * torch.from_numpy(inside))[None, None]
    found = interpolate(bed, water.shape[2:], mode="bilinear", antialias=True)
    return found.to(water.device) * water
