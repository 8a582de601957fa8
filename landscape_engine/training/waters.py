"""Procedural water: a rippled mirror or an open sea, and what stands in it."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .noise import noise, uniform_color


def water_surface(
    rng: np.random.Generator, size: int, above: Tensor, horizon: float
) -> Tensor:  # [3, size, size]
    """The scene above the horizon mirrored and rippled, or an open sea with waves."""
    rows = torch.arange(size).float() / (size - 1)
    depth = ((rows - horizon) / max(1 - horizon, 0.05)).clamp(0, 1)[:, None]
    ripple = noise(rng, size, rng.uniform(4, 14), 5, stretch=rng.uniform(3, 9)) - 0.5
    strength = rng.uniform(0.0, 0.5) ** 2
    mirrored = (2 * horizon - rows)[:, None].expand(size, size)
    y = (mirrored + strength * ripple * (0.2 + depth)) * 2 - 1
    x = torch.linspace(-1, 1, size)[None].expand(size, size) + strength * 0.2 * ripple
    picture = F.grid_sample(
        above[None], torch.stack([x, y], -1)[None], padding_mode="reflection", align_corners=True
    )[0]
    tint = uniform_color(rng, [0.0, 0.05, 0.08], [0.3, 0.5, 0.6])
    clarity = rng.uniform(0.0, 0.9)  # 1 a mirror, 0 an open sea
    waves = (ripple * rng.uniform(0.2, 1.5) * (0.3 + depth)).expand(3, -1, -1)
    sea = torch.lerp(tint.expand(3, size, size), picture.mean((1, 2), keepdim=True), 0.4) + waves
    picture = torch.lerp(sea, picture * rng.uniform(0.7, 1), clarity)
    if rng.random() < 0.3:  # foam on the crests
        crests = ((ripple - rng.uniform(0.12, 0.25)) * 12).clamp(0, 1)
        picture = torch.lerp(picture, torch.ones(3, 1, 1), crests * rng.uniform(0.3, 0.9))
    return picture.clamp(0, 1)


def blobs(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
    """Rocks, boats and posts that stand in the water."""
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    x = torch.linspace(0, 1, size)[None].expand(size, size)
    shape = torch.zeros(size, size)
    for _ in range(rng.integers(1, 7)):
        cx = rng.uniform(0, 1)
        cy = rng.uniform(horizon, 1)
        near = 0.15 + (cy - horizon) / max(1 - horizon, 0.1)
        rx, ry = near * rng.uniform(0.01, 0.16), near * rng.uniform(0.01, 0.1)
        if rng.random() < 0.3:
            rx, ry = 0.006, near * rng.uniform(0.05, 0.3)
        jag = noise(rng, size, 12, 3) * 0.9 + 0.55
        inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < jag**2
        shape = torch.maximum(shape, inside.float())
    return F.avg_pool2d(shape[None, None], 3, 1, 1)[0, 0]
