"""The land's height: ridges across the lake, and the near shore."""

from __future__ import annotations

import numpy as np
from noise import eroded_hills, smoothstep

# Where the summits stand: x, y, height and radius.
SUMMITS_M = (
    (1750, 3900, 760, 1500), (3300, 4700, 900, 1500), (620, 5600, 560, 1300),
    (-3000, 4300, 620, 1400), (-1900, 5400, 420, 1300),
    (-900, 10500, 1550, 2600), (-4200, 10000, 1300, 2500), (2600, 11500, 1500, 2600),
    (6200, 10500, 1450, 2500),
)  # fmt: skip


def far_height_m(x: np.ndarray, y: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The height of the land across the lake; below 0 is under water."""
    rough = eroded_hills(x / 1050, y / 1050, 11, table)  # about 0..1
    broad = eroded_hills(x / 2300 + 3, y / 2300, 11, table)
    rough += (broad - rough) * smoothstep(6500, 8500, y)
    massif = np.zeros_like(x)
    for east, north, height, radius in SUMMITS_M:
        away = np.hypot(x - east, y - north) / radius
        massif = np.maximum(massif, height * np.exp(-(away**1.5)))
    shore = y - 1150 - 260 * eroded_hills(x / 700 + 9, y / 900, 4, table) + 0.10 * np.abs(x + 250)
    meadow = 46 * smoothstep(-60, 900, shore) - 8
    hills = massif * smoothstep(0, 1500, shore) * (0.36 + 0.92 * rough)
    crags = eroded_hills(x / 210 + 0.4 * broad, y / 210, 6, table) - 0.6
    return meadow + hills + 0.17 * crags * massif * smoothstep(150, 520, hills)


def near_height_m(x: np.ndarray, y: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The height of the shore under the camera, a low point that runs out to the right."""
    edge = 15.5 + 0.42 * x + 0.012 * x**2 * (x > 0) + 4.5 * eroded_hills(x / 9, y / 9, 4, table)
    bank = np.tanh((edge - y) / 9.0)
    rough = eroded_hills(x / 3.1 + 5, y / 3.1, 6, table) - 0.5
    return 1.5 * bank + 0.30 * smoothstep(0, 0.8, bank) + 0.30 * rough
