"""Blurs of bases: radii are given for a picture of one width, and blurs know where nothing is.

Legend: h w pixels of the grid on which a base is made.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks, shrinking

REFERENCE_WIDTH = 960  # of the picture for which all radii of bases are given, pixels


def push_pull(
    values: Tensor,  # [1, C, h, w]
    weight: Tensor,  # [1, 1, h, w] 0..1
    radius: int,
) -> Tensor:  # [1, C, h, w]
    """A weighted blur of adaptive width: the finest level with enough weight.

    Radii double from `radius` up to the grid's size; each level is made on a grid so coarse that
    its own blur is a small one.
    """
    h, w = values.shape[2:]
    levels = max(1, math.ceil(math.log2(max(h, w) / radius)))
    mean = (values * weight).sum((2, 3), keepdim=True) / weight.sum().clamp(min=1e-6)
    found = mean.expand_as(values)
    for level in reversed(range(levels)):
        reach = radius * 2**level
        coarser = max(1, reach // 3)
        size = max(2, -(-h // coarser)), max(2, -(-w // coarser))
        stack = shrinking.area(torch.cat([values * weight, weight], 1), size)
        stack = masks.blur(stack, max(1, round(reach / coarser)))
        there = stack[:, -1:]
        stack = torch.cat([stack[:, :-1] / there.clamp(min=1e-6), (4 * there).clamp(max=1)], 1)
        stack = F.interpolate(stack, (h, w), mode="bilinear", align_corners=False)
        found = torch.lerp(found, stack[:, :-1], stack[:, -1:])
    return found


def px(small: Tensor) -> float:
    """The factor from the reference picture's pixels, in which radii are given, to a grid's."""
    return small.shape[3] / REFERENCE_WIDTH


def radius(pixels: float) -> int:
    """A whole number of pixels, 1 or more."""
    return max(1, round(pixels))
