"""Contrast: what averaging two pictures takes away, given back; glows that stay where they are.

A blend of two samplings that don't match loses contrast, and where the light differs from place to
place (a glow above the horizon, a darker zenith) it carries that light along, which no wind does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import masks, warping

DETAIL_PX = 4  # detail, of which a blend loses contrast, is what a blur of this radius removes
GLOW_PX = 40  # the light of a place is what a blur of this radius leaves
GRID = 2  # how much coarser a grid both are measured on
CONTRAST_PX = 3  # radius over which contrast is measured, pixels of that
MOST_GAIN = 1.5  # two unrelated pictures, half and half, need the square root of 2


@dataclass(frozen=True)
class Frequencies:
    """A picture in a region, taken apart on a coarse grid."""

    detail: Tensor  # [1, 1, h, w] of its grey
    low: Tensor  # [1, 3, h, w] what is left without it
    glow: Tensor  # [1, 3, h, w] the lowest frequencies, going on beyond the region


def take_apart(
    small: Tensor,  # [1, 3, h, w] the picture on the predictor's grid
    core: Tensor,  # [1, 1, h, w] bool, the region
) -> Frequencies:
    """A picture's detail, its low frequencies, and the light of each place in a region."""
    low = masks.blur(small, DETAIL_PX)
    h, w = (side // GRID for side in small.shape[2:])
    size = {"size": (h, w), "mode": "area"}
    inside = F.interpolate(core.to(small.dtype), **size)
    filled = masks.extend(F.interpolate(small, **size), (inside > 0.99).to(small.dtype))
    detail = (small - low).mean(1, keepdim=True)
    return Frequencies(detail, low, masks.blur(filled, GLOW_PX // GRID))


def correct(
    pictured: Frequencies,
    first: Tensor,  # [1, 2, h, w] backward, normalised
    second: Tensor,  # [1, 2, h, w]
    share: Tensor,  # [1, 1, h, w] or [1, 1, 1, 1], of the second
) -> Tensor:  # [1, 4, h, w] g - 1, then what (g - 1) O is to be lessened by
    """What a blend O lacks: `g O - correction` has the contrast of both, and the place's light.

    With D the detail and E a local mean, the gain is
    `g = sqrt([(1-s) E D_A² + s E D_B²] / E ((1-s) D_A + s D_B)²)`, 1..`MOST_GAIN`: 1 where both
    samplings agree, and never more contrast than the input has there. With L the low frequencies of
    the blend, G the glow and G' the glow as it was carried along, the result is
    `L + g (O - L) + G - G'`.
    """
    h, w = pictured.glow.shape[2:]
    identity = warping.identity_grid(h, w, first.device)
    a, b, s = (
        F.interpolate(
            field.expand(1, -1, *first.shape[2:]), (h, w), mode="bilinear", align_corners=True
        )
        for field in (first, second, share)
    )

    def blend(of: Tensor) -> Tensor:
        one, other = warping.sample(of, identity + a), warping.sample(of, identity + b)
        return torch.lerp(one, other, s)

    detail_a = warping.sample(pictured.detail, identity + a)
    detail_b = warping.sample(pictured.detail, identity + b)
    wanted = torch.lerp(detail_a.square(), detail_b.square(), s)
    found = torch.lerp(detail_a, detail_b, s).square()
    wanted, found = masks.blur(torch.cat([wanted, found], 1), CONTRAST_PX).split(1, 1)
    more = ((wanted + 1e-6) / (found + 1e-6)).sqrt().clamp(1, MOST_GAIN) - 1
    correction = more * blend(pictured.low) + blend(pictured.glow) - pictured.glow
    return F.interpolate(
        torch.cat([more, correction], 1), first.shape[2:], mode="bilinear", align_corners=True
    )
