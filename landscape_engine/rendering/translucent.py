"""Translucent pictures: colors sampled and blended premultiplied, then made straight again.

Straight colors next to each other are mixed as if both were seen: what hides under a clear pixel
would bleed into its neighbors. So each counts as much as it is opaque.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import warping
from ..settings import SamplingKind

SURE = 0.1  # alpha from which colors can be divided by it; below, straight ones take over
NOTHING = 1e-6


def sample(
    stacked: Tensor,  # [1, 8, H, W] colors times alpha, alpha 0..1, and the straight plate
    positions: Tensor,  # [1, 2, R, W] normalised
    sampling: SamplingKind,
) -> tuple[Tensor, Tensor]:  # [1, 4, R, W] straight, and [1, 1, R, W] alpha 0..1
    """Sample a plate; its fourth channel too, which is straight."""
    found = warping.sample(stacked, positions, sampling)
    alpha = found[:, 3:4]
    colors = found[:, :3] / alpha.clamp(min=SURE)
    plain = found[:, 4:7]
    sure = (alpha / SURE - 1).clamp(0, 1)  # bicubic sampling is not far from 0 by as much
    made = torch.cat([torch.lerp(plain, colors, sure), found[:, 7:]], 1)
    return made, alpha.clamp(0, 1)


def blend(
    one: Tensor,  # [1, 4, R, W] straight
    weight: Tensor,  # [1, 1, R, W] its alpha, 0..1
    other: Tensor,  # [1, 4, R, W]
    other_weight: Tensor,  # [1, 1, R, W]
    share: Tensor,  # [1, 1, R, W] of the other, 0..1
) -> tuple[Tensor, Tensor]:  # [1, 4, R, W] straight, and [1, 1, R, W] alpha 0..1
    """`(1 - s) one + s other` of premultiplied colors; where both are clear, of straight ones."""
    both = torch.lerp(weight, other_weight, share)
    counted = torch.where(
        both > NOTHING, share * other_weight / both.clamp(min=NOTHING), share
    ).clamp(0, 1)
    colors = torch.lerp(one[:, :3], other[:, :3], counted)
    return torch.cat([colors, torch.lerp(one[:, 3:], other[:, 3:], share)], 1), both
