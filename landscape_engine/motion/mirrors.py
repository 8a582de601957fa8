"""Mirrors: where calm water shows what stands beyond its far shore, upside down.

Over a calm lake ripples pass, and the image of a ridge stays below the ridge: moved along with the
water, it would slide and be seen twice. (Beyond the paper.)

Legend: h w pixels of the predictor's grid.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks

SHORE = 0.04  # share of the width over which the far shore's row is levelled
SHIFTS = 0.0, -0.02, 0.02, -0.04, 0.04  # of the height, by which the axis may lie elsewhere
SOFT_PX, WINDOW_PX = 2, 12  # radius of the blur of both images; of the windows that are compared
EVEN_PX = 16  # ... of what is even, and compared nowhere
PLAIN = 0.02  # deviation in a window, of 2, that has hardly anything to compare
ALIKE = 0.3, 0.6  # correlation from which water mirrors: perhaps, surely
MOSTLY = 0.25, 0.5  # share of a water that mirrors, from which it is a mirror: perhaps, surely
SPREAD_PX = 10  # radius over which that is spread
KEPT = 0.3  # share of its motion that a mirror keeps: it breathes


def stilled(
    step: Tensor,  # [1, 2, h, w]
    small: Tensor,  # [1, 3, h, w] the picture
    water: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 2, h, w]
    """A water's field, `KEPT` of it where the water is a mirror."""
    return step * (1 - (1 - KEPT) * mirrored(small, water))


def mirrored(
    small: Tensor,  # [1, 3, h, w] the picture
    water: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 1, h, w] 0..1
    """The confidence that water mirrors what stands above its far shore.

    With y0 the far shore's row in each column and I the lightness, windows of `I(x, y)` in the
    water are correlated with `I(x, 2 y0 - y)`; the best of a few axes counts.
    """
    inside = water.to(small.dtype)
    h, w = water.shape[2:]
    if not bool(water.any()):
        return torch.zeros_like(inside)
    grey = masks.blur(small.mean(1, keepdim=True), SOFT_PX)
    grey = grey - masks.blur(grey, EVEN_PX)  # any sky gets lighter towards any sea
    shore = _far_shore(water)
    y = torch.arange(h, device=small.device, dtype=small.dtype)[:, None]
    best = torch.zeros_like(inside)
    for shift in SHIFTS:
        source = 2 * (shore[None] + shift * h) - y - 1  # [h, w]
        known = inside * ((source >= 0) & (source < h)).to(inside)[None, None]
        rows = source.clamp(0, h - 1).round().long()
        above = torch.gather(grey, 2, rows[None, None])
        of_land = 1 - torch.gather(inside, 2, rows[None, None])
        best = torch.maximum(best, _correlation(grey, above, known * of_land))
    found = masks.soft_threshold(best, ALIKE)
    found = found * masks.soft_threshold(masks.mean_within(found, inside), MOSTLY)
    return masks.blur_within(found, inside, SPREAD_PX) * inside


def _far_shore(water: Tensor) -> Tensor:  # [w]
    """The topmost row of the water in each column, levelled along the shore."""
    inside = water[0, 0].float()
    weight = inside.amax(0)  # 0 in columns without water
    reach = max(1, round(SHORE * len(weight)))
    stack = torch.stack([inside.argmax(0) * weight, weight])[None]
    stack = F.avg_pool1d(stack, 2 * reach + 1, 1, reach, count_include_pad=False)
    return stack[0, 0] / stack[0, 1].clamp(min=1e-6)


def _correlation(one: Tensor, other: Tensor, known: Tensor) -> Tensor:  # [1, 1, h, w]
    """The correlation of two images in windows, of what is known; 0 where one of them is plain."""
    share = masks.blur(known, WINDOW_PX).clamp(min=1e-6)

    def mean(values: Tensor) -> Tensor:
        return masks.blur(values * known, WINDOW_PX) / share

    first, second = mean(one), mean(other)
    var_one = (mean(one * one) - first * first).clamp(min=0)
    var_other = (mean(other * other) - second * second).clamp(min=0)
    both = mean(one * other) - first * second
    return both / (var_one * var_other).sqrt().clamp(min=PLAIN**2) * (share > 0.1)
