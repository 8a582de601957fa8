"""The land's height: rivers carve the mountains across the lake; the near shore."""

from __future__ import annotations

import math

import numpy as np
from noise import eroded_hills, smoothstep, spectral_noise

SPACING_M = 60.0
WEST_M, EAST_M, SOUTH_M, NORTH_M = -12_600.0, 12_600.0, 600.0, 17_400.0
STEEPEST = 0.92  # rise over run of a face: steeper ones have come down

# Where the Earth pushes up: x, y, strength, half width and half depth.
UPLIFT_M = (
    (-1700, 10_000, 2.10, 1700, 2300), (-5200, 10_800, 1.30, 1500, 2000),
    (1500, 12_300, 1.10, 1500, 1900), (4600, 10_400, 1.55, 1600, 2100),
    (-8600, 10_000, 1.20, 1500, 2500), (8600, 10_500, 1.20, 1500, 2500),
    (-3500, 5000, 0.85, 1300, 1300), (3300, 4300, 0.80, 1400, 1100),
    (0, 13_500, 0.30, 11_000, 2500),
)  # fmt: skip


class FarLand:
    """The land across the lake, its height known anywhere."""

    def __init__(self, rng: np.random.Generator, coarser: int = 1) -> None:
        """Let it rise and be carved: some seconds, less on a grid that is `coarser` times wider."""
        self.table = rng.random((256, 256))
        self.spacing_m = SPACING_M * coarser
        axes = [np.arange(*ends, self.spacing_m) for ends in ((WEST_M, EAST_M), (SOUTH_M, NORTH_M))]
        x, y = np.meshgrid(*axes)
        wander = [700 * eroded_hills(x / 1900 + k, y / 1900, 3, self.table) for k in (0, 31)]
        push = np.full(x.shape, 0.05)
        for east, north, strength, wide, deep in UPLIFT_M:
            away = ((x + wander[0] - 500 - east) / wide) ** 2
            away = away + ((y + wander[1] - 500 - north) / deep) ** 2
            push += strength * np.exp(-away / 1.6)
        bays = 420 * eroded_hills(x / 900 + 9, y / 2200, 3, self.table)
        inland = y - 1250 - bays + 0.10 * np.abs(x + 250)
        push *= 0.10 + 0.90 * smoothstep(0, 1500, inland)
        hard = spectral_noise((512, 512), 1.4, rng)[::coarser, ::coarser]
        push *= 290 * np.exp(0.22 * hard[: x.shape[0], : x.shape[1]])
        self.height = carve(push, inland < 0, self.spacing_m, rng)
        self.height += np.clip(inland * 0.02, -8, 2)

    def height_m(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The height at points; below 0 is under water."""
        large = between((y - SOUTH_M) / self.spacing_m, (x - WEST_M) / self.spacing_m, self.height)
        crags = eroded_hills(x / 260, y / 260, 5, self.table) - 0.7
        return large + (4 + 0.035 * np.clip(large, 0, 1600)) * crags * smoothstep(2, 60, large)


def carve(
    push: np.ndarray, sea: np.ndarray, spacing_m: float, rng: np.random.Generator
) -> np.ndarray:
    """Heights in metres where rivers cut as fast as the land rises: slope = push / sqrt(area).

    The law of stream power, solved backward in time from the mouths up, so that its steps may be
    long. Each place drains to its lowest neighbor; nothing stays steeper than `STEEPEST`.
    """
    rows, columns = push.shape
    height = rng.random(push.shape) * 5
    shifts = [(j, i) for j in (-1, 0, 1) for i in (-1, 0, 1) if i or j]
    runs = np.array([spacing_m * math.hypot(*shift) for shift in shifts])
    for pace in np.geomspace(0.6, 0.06, 36):
        height[sea] = 0
        around = np.pad(height, 1, mode="edge")
        falls = np.stack(
            [
                (height - around[1 + j : 1 + j + rows, 1 + i : 1 + i + columns]) / run
                for (j, i), run in zip(shifts, runs, strict=True)
            ]
        )
        best = falls.argmax(0)
        step = np.array([j * columns + i for j, i in shifts])[best]
        flows = (falls.max(0) > 0) & ~sea
        to = (np.arange(rows * columns) + np.where(flows, step, 0).ravel()).tolist()
        order = np.argsort(height, axis=None).tolist()
        area = [spacing_m**2] * (rows * columns)
        for place in reversed(order):
            if to[place] != place:
                area[to[place]] += area[place]
        run = runs[best].ravel()
        cut = (pace * np.sqrt(area) / run).tolist()
        steep = (STEEPEST * run).tolist()
        z = (height + pace * push * ~sea).ravel().tolist()
        for place in order:
            below = to[place]
            if below != place:
                new = (z[place] + cut[place] * z[below]) / (1 + cut[place])
                z[place] = min(new, z[below] + steep[place])
        height = np.array(z).reshape(rows, columns)
    return height


def between(row: np.ndarray, column: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """The grid at fractional places: a cubic B-spline, without the creases of a linear one."""
    row, column = np.clip(row, 1, grid.shape[0] - 3), np.clip(column, 1, grid.shape[1] - 3)
    j, i = row.astype(int), column.astype(int)

    def weights(t):
        return (
            (1 - t) ** 3 / 6,
            (4 - 6 * t**2 + 3 * t**3) / 6,
            (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6,
            t**3 / 6,
        )

    total = 0.0
    for down, v in enumerate(weights(row - j)):
        for right, u in enumerate(weights(column - i)):
            total = total + v * u * grid[j + down - 1, i + right - 1]
    return total


def near_height_m(x: np.ndarray, y: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The height of the shore under the camera, a low point that runs out to the right."""
    edge = 11.2 + 0.58 * x + 0.012 * x**2 * (x > 0) + 4.0 * eroded_hills(x / 9, y / 9, 4, table)
    bank = np.tanh((edge - y) / 9.0)
    rough = eroded_hills(x / 3.1 + 5, y / 3.1, 6, table) - 0.5
    return 1.5 * bank + 0.30 * smoothstep(0, 0.8, bank) + 0.30 * rough
