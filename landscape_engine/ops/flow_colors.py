"""Flow as color: hue is the direction in which things move, saturation the speed (Figure 8)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def paint(
    flow: Tensor,  # [B, 2, H, W] backward
    longest: float | None = None,
) -> Tensor:  # [B, 3, H, W] in [-1, 1]
    """Paint a backward flow by the direction that the eye sees, which is the opposite one.

    Args:
        flow: in any unit.
        longest: the length painted in full color; the 99th percentile of the field by default.
    """
    x, y = -flow[:, 0], -flow[:, 1]
    length = (x.square() + y.square()).sqrt()
    full = longest or float(torch.quantile(length.flatten()[:: max(1, length.numel() >> 20)], 0.99))
    hue = torch.atan2(y, x) / (2 * math.pi)
    saturation = (length / max(full, 1e-12)).clamp(0, 1)
    channel = torch.tensor([5.0, 3.0, 1.0], device=flow.device).view(1, 3, 1, 1)
    k = (channel + hue[:, None] * 6) % 6
    color = 1 - saturation[:, None] * torch.minimum(k, 4 - k).clamp(0, 1)
    return color * 2 - 1


def wheel(size: int) -> Tensor:  # [1, 3, size, size] in [-1, 1]
    """The legend: each place painted with the direction from the middle to it."""
    axis = torch.linspace(-1, 1, size)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    disc = (x.square() + y.square() <= 1)[None, None]
    painted = paint(-torch.stack([x, y])[None], 1.0)
    return torch.where(disc, painted, torch.ones(()))
