"""Noise that procedural landscapes are made of, and colors drawn at random."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def noise(
    rng: np.random.Generator, size: int, cells: float, octaves: int = 4, stretch: float = 1.0
) -> Tensor:  # [size, size] about 0..1
    """Fractal (fBm) noise; `cells` lattice cells across, `stretch` times wider than high."""
    total = torch.zeros(size, size)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        nx = max(2, round(cells * 2**octave))
        ny = max(2, round(cells * stretch * 2**octave))
        if nx > 2 * size and octave:
            break
        grid = torch.from_numpy(
            rng.random((1, 1, min(ny, size) + 1, min(nx, size) + 1), np.float32)
        )
        total += (
            weight * F.interpolate(grid, (size, size), mode="bicubic", align_corners=True)[0, 0]
        )
        norm += weight
        weight *= 0.5
    return total / norm


def uniform_color(
    rng: np.random.Generator, low: list[float], high: list[float]
) -> Tensor:  # [3, 1, 1]
    """A color between two, each channel by itself."""
    return torch.tensor(rng.uniform(low, high), dtype=torch.float32).view(3, 1, 1)
