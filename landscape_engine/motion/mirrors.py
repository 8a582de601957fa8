"""Mirrors: where calm water shows what stands beyond its far shore, upside down.

Over a calm lake ripples pass, and the image of a ridge stays below the ridge: moved along with the
water, it would slide and be seen twice. It breathes instead: its ripples rise and sink in place, by
whole numbers of the loop. (Beyond the paper.)

Legend: h w pixels of the predictor's grid.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import masks

SHIFTS = tuple(0.02 * k for k in range(-5, 6))  # of the height, from the far shore to the axis
SOFT_PX, WINDOW_PX = 2, 12  # radius of the blur of both images; of the windows that are compared
EVEN_PX = 16  # ... of what is even, and compared nowhere
PLAIN = 0.02  # deviation in a window, of 2, that has hardly anything to compare
ALIKE = 0.3, 0.6  # correlation from which water mirrors: perhaps, surely
MOSTLY = 0.3, 0.5  # share of a water that mirrors, from which it is a mirror: perhaps, surely
EVERYWHERE = 0.7  # confidence that the rest of such a water is one, where there is nothing to see
SPREAD_PX = 10  # radius over which that is spread
BREATH = 4.0  # height of the ripples of a mirror, in thousandths of the picture's height


def mirrored(
    small: Tensor,  # [1, 3, h, w] the picture
    water: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 1, h, w] 0..1
    """The confidence that water mirrors what stands above its far shore.

    Water lies level, so that it mirrors at a row: with y0 the row and I the lightness, windows of
    `I(x, y)` in the water are correlated with `I(x, 2 y0 - y)`. Of rows around the usual one of the
    far shore, which a mask may miss, that one counts in which most of the water mirrors, with its
    neighbours.
    """
    inside = water.to(small.dtype)
    h = water.shape[2]
    if not bool(water.any()):
        return torch.zeros_like(inside)
    grey = masks.blur(small.mean(1, keepdim=True), SOFT_PX)
    grey = grey - masks.blur(grey, EVEN_PX)  # any sky gets lighter towards any sea
    shore = _far_shore(water)
    y = torch.arange(h, device=small.device)
    found, seen = [], []
    for shift in SHIFTS:
        source = 2 * (shore + round(shift * h)) - y - 1
        rows = source.clamp(0, h - 1)
        known = inside * ((source >= 0) & (source < h)).to(inside)[:, None]
        alike = _correlation(grey, grey[:, :, rows], known * (1 - inside[:, :, rows]))
        found.append(masks.soft_threshold(alike, ALIKE))
        seen.append(float(masks.mean_within(found[-1], inside)))
    best = max(range(len(SHIFTS)), key=seen.__getitem__)
    mirror = torch.stack(found[max(0, best - 1) : best + 2]).amax(0).clamp(min=EVERYWHERE)
    mirror = mirror * masks.soft_threshold(inside.new_tensor(seen[best]), MOSTLY)
    return masks.blur_within(mirror, inside, SPREAD_PX) * inside


def _far_shore(water: Tensor) -> int:
    """The usual row, over the columns, of the water's topmost pixel."""
    inside = water[0, 0].float()
    return int(inside.argmax(0)[water[0, 0].any(0)].median())


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
