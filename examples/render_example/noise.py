"""Noise: lumps, streaks, slopes that rain has carved."""

from __future__ import annotations

import numpy as np


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def spectral_noise(shape: tuple[int, ...], falloff: float, rng: np.random.Generator) -> np.ndarray:
    """Tileable noise of mean 0 and deviation 1 whose amplitude falls as frequency**-falloff."""
    grids = np.meshgrid(*[np.fft.fftfreq(n) * n for n in shape], indexing="ij", sparse=True)
    frequency = np.sqrt(sum(g * g for g in grids))
    frequency.flat[0] = np.inf
    noise = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * frequency**-falloff).real
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def cell_noise(size: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Tileable 3-D noise of round lumps: 1 at scattered centres, 0 halfway between (Worley)."""
    offsets = rng.random((cells, cells, cells, 3)).astype(np.float32)
    axis = (np.arange(size, dtype=np.float32) + 0.5) * cells / size
    home = axis.astype(int)
    nearest = np.full((size,) * 3, 9.0, np.float32)
    for shift in np.ndindex(3, 3, 3):
        x, y, z = (np.ix_(home, home, home)[i] + shift[i] - 1 for i in range(3))
        centre = offsets[x % cells, y % cells, z % cells]
        squared = (
            (x + centre[..., 0] - axis[:, None, None]) ** 2
            + (y + centre[..., 1] - axis[None, :, None]) ** 2
            + (z + centre[..., 2] - axis[None, None, :]) ** 2
        )
        np.minimum(nearest, squared, out=nearest)
    return 1 - np.clip(np.sqrt(nearest), 0, 1)


def tiled(volume: np.ndarray, *coordinates: np.ndarray, linear: bool = True) -> np.ndarray:
    """The volume (2-D or 3-D, side a power of two) at voxel coordinates, wrapping."""
    mask = volume.shape[0] - 1
    if not linear:
        return volume[tuple(np.floor(c).astype(np.int32) & mask for c in coordinates)]
    total = np.float32(0)
    whole = [np.floor(c).astype(np.int32) for c in coordinates]
    part = [(c - w).astype(np.float32) for c, w in zip(coordinates, whole, strict=True)]
    for corner in np.ndindex(*(2,) * volume.ndim):
        index = tuple((w + c) & mask for w, c in zip(whole, corner, strict=True))
        weight = np.float32(1)
        for p, c in zip(part, corner, strict=True):
            weight = weight * (p if c else 1 - p)
        total = total + weight * volume[index]
    return total


def eroded_hills(x: np.ndarray, y: np.ndarray, octaves: int, table: np.ndarray) -> np.ndarray:
    """Noise whose finer octaves fade on slopes, as rain carves valleys and leaves ridges sharp."""
    total, slope_x, slope_y, share = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x), 1.0
    for _ in range(octaves):
        value, along_x, along_y = _noise_and_slope(x, y, table)
        slope_x, slope_y = slope_x + along_x, slope_y + along_y
        total += share * value / (1 + slope_x**2 + slope_y**2)
        share *= 0.5
        x, y = 1.6 * x - 1.2 * y + 3.1, 1.2 * x + 1.6 * y - 7.7
    return total


def _noise_and_slope(x, y, table):
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = x - column, y - row
    size = table.shape[0]
    a, b, c, d = (
        table[(row + j) % size, (column + i) % size] for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))
    )
    fade_u, fade_v = u**3 * (u * (u * 6 - 15) + 10), v**3 * (v * (v * 6 - 15) + 10)
    value = a + (b - a) * fade_u + (c - a) * fade_v + (a - b - c + d) * fade_u * fade_v
    along_x = 30 * u**2 * (u - 1) ** 2 * (b - a + (a - b - c + d) * fade_v)
    along_y = 30 * v**2 * (v - 1) ** 2 * (c - a + (a - b - c + d) * fade_u)
    return value, along_x, along_y
