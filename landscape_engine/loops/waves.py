"""Waves: ripples on water and the sway of plants, periodic in the loop by construction.

Each is a sum of travelling sines whose frequencies are whole numbers of the loop, so that a frame a
loop later is the same one, bit for bit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..ops import masks, warping

RIPPLES = ((3, 14.0, 2.0, 0.0), (4, 23.0, -3.0, 1.7), (5, 37.0, 5.0, 4.1))  # loops, down, across, φ
SWAYS = ((1, 1.5, 0.0), (2, 3.1, 2.1))  # loops, lattice of the phase across the picture, φ


def ripple(
    core: Tensor,  # [1, 1, h, w] bool
    height: float,
    phase: float,
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """Ripples over a water surface seen in perspective, at a phase 0..1 of the loop.

    Args:
        core: where the water is; its topmost row is taken for the horizon.
        height: of the nearest ripples, in thousandths of the picture's height.
        phase: of the loop.
    """
    x, y = _places(core)
    rows = torch.nonzero(core[0, 0].any(1)).flatten()
    top = float(y[0, 0, rows[0], 0]) if len(rows) else 0.0
    distance = ((y - top) / max(1 - top, 0.05)).clamp(0, 1)  # 0 at the horizon, 1 at the bottom
    near = 0.15 + 0.85 * distance
    down = torch.log(near)  # ripples lie the closer, the farther they are
    total = torch.zeros_like(x)
    for loops, along, across, start in RIPPLES:
        turn = along * down + across * x / near + 2 * math.pi * loops * phase + start
        total += torch.sin(turn)
    amount = 2e-3 * height / len(RIPPLES) * near  # the picture's height is 2
    return torch.cat([0.3 * amount * total, amount * total], dim=1)


def breath(
    core: Tensor,  # [1, 1, h, w] bool
    height: float,
    phase: float,
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """Ripples of which the picture itself, at phase 0, is a moment."""
    return ripple(core, height, phase) - ripple(core, height, 0.0)


def sway(
    core: Tensor,  # [1, 1, h, w] bool
    width: float,
    phase: float,
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """Plants that bend to and fro, the more the farther from their edge, at a phase of the loop.

    Args:
        core: where the plants are; at its edge all stays.
        width: of the bending, in thousandths of the picture's width.
        phase: of the loop.
    """
    x, y = _places(core)
    depth = masks.depth(core) / core.shape[3]
    free = (depth / 0.02).clamp(0, 1)
    total = torch.zeros_like(x)
    for loops, lattice, start in SWAYS:
        total += torch.sin(2 * math.pi * loops * phase + lattice * (3 * x + 2 * y) + start)
    amount = 2e-3 * width / len(SWAYS) * free
    return torch.cat([amount * total, 0.25 * amount * total], dim=1)


def _places(core: Tensor) -> tuple[Tensor, Tensor]:
    h, w = core.shape[2:]
    x, y = warping.identity_grid(h, w, core.device).split(1, 1)
    return x, y
