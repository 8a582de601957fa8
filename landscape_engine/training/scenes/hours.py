"""Hours: synthetic light from day to night, as colors of sky, land and water.

Colors are sRGB in 0..1, [3].
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

HOURS = ("day", "overcast", "golden", "sunset", "dusk", "night")
_WEIGHTS = (0.2, 0.1, 0.2, 0.2, 0.15, 0.15)
FREE = 0.35  # share of looks that no hour has: any colors at all


@dataclass(frozen=True)
class Look:
    """The light of a scene; all arrays are [3]."""

    zenith: np.ndarray  # sky at the picture's top
    low: np.ndarray  # sky at the horizon
    cloud: np.ndarray  # color that the clouds' light and shade is multiplied by
    sky_contrast: np.ndarray  # [1] of the clouds
    land: np.ndarray  # mean color of the land
    land_contrast: np.ndarray  # [1]
    own_color: np.ndarray  # [1] share of the land's own colors that is left
    haze: np.ndarray  # [1] how much of the sky's low color lies over land at the horizon
    mirror: np.ndarray  # [1] share of the sky's color in the water
    water: np.ndarray  # the water's own color
    glow: np.ndarray  # color that the sun adds around it
    glow_at: np.ndarray  # [2] where: x in 0..1, height over the horizon in shares of the picture
    glow_size: np.ndarray  # [1] share of the picture's width


def _between(rng: np.random.Generator, low: list[float], high: list[float]) -> np.ndarray:
    return rng.uniform(low, high)


def random_look(rng: np.random.Generator) -> Look:
    """Draw an hour's light, or one with colors at random."""
    if rng.random() < FREE:
        return _free(rng)
    return look_at(rng, str(rng.choice(HOURS, p=_WEIGHTS)))


def _free(rng: np.random.Generator) -> Look:
    level = rng.uniform(0.1, 0.9)
    zenith = np.clip(level + rng.normal(0, 0.13, 3), 0.01, 1)
    low = np.clip(zenith + rng.normal(0, 0.13, 3) + rng.normal(0, 0.15), 0.01, 1)
    land = np.clip(rng.uniform(0.05, 0.7) + rng.normal(0, 0.08, 3), 0.01, 0.9)
    water = np.clip(rng.uniform(0.05, 0.7) + rng.normal(0, 0.08, 3), 0.01, 0.9)
    return Look(
        zenith, low, np.clip(1 + rng.normal(0, 0.2, 3), 0.4, 1.6), rng.uniform([0.4], [1.4]),
        land, rng.uniform([0.6], [1.4]), rng.uniform([0.2], [1.0]), rng.uniform([0], [0.8]),
        rng.uniform([0.1], [0.9]), water, np.zeros(3), np.array([0.5, 0.0]), np.array([0.3]),
    )  # fmt: skip


def look_at(rng: np.random.Generator, hour: str) -> Look:
    """Draw the light of one of `HOURS`."""
    sun = np.array([rng.uniform(-0.1, 1.1), rng.uniform(-0.05, 0.15)])
    none, size = np.zeros(3), rng.uniform([0.1], [0.45])
    if hour == "day":
        zenith = _between(rng, [0.12, 0.3, 0.55], [0.4, 0.6, 0.9])
        low = _between(rng, [0.6, 0.72, 0.8], [0.88, 0.93, 0.97])
        cloud, contrast = _between(rng, [0.95, 0.95, 0.95], [1.1, 1.1, 1.1]), rng.uniform(0.8, 1.3)
        land = rng.uniform(0.28, 0.5) * _between(rng, [0.97, 0.97, 0.85], [1.1, 1.08, 1.0])
        own, haze, glow = rng.uniform(0.85, 1.15), rng.uniform(0, 0.4), none
    elif hour == "overcast":
        grey = rng.uniform(0.45, 0.78)
        zenith = np.clip(grey * _between(rng, [0.9, 0.95, 1], [1, 1, 1.1]), 0, 1)
        low = np.clip(zenith + rng.uniform(0, 0.18), 0, 1)
        cloud, contrast = np.ones(3), rng.uniform(0.3, 0.7)
        land = rng.uniform(0.2, 0.36) * _between(rng, [0.93, 0.95, 0.95], [1, 1.02, 1.06])
        own, haze, glow = rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.7), none
    elif hour == "golden":
        zenith = _between(rng, [0.35, 0.42, 0.5], [0.65, 0.62, 0.72])
        low = _between(rng, [0.9, 0.65, 0.35], [1, 0.85, 0.6])
        cloud, contrast = _between(rng, [1.1, 0.85, 0.6], [1.3, 1.0, 0.8]), rng.uniform(0.7, 1.2)
        land = rng.uniform(0.2, 0.4) * _between(rng, [1.15, 0.9, 0.55], [1.35, 1.02, 0.75])
        own, haze = rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.6)
        glow = _between(rng, [0.2, 0.12, 0.03], [0.5, 0.35, 0.15])
    elif hour == "sunset":
        zenith = _between(rng, [0.18, 0.18, 0.35], [0.48, 0.36, 0.55])
        low = _between(rng, [0.85, 0.35, 0.12], [1, 0.6, 0.35])
        cloud, contrast = _between(rng, [1.2, 0.65, 0.45], [1.6, 0.85, 0.75]), rng.uniform(0.6, 1.2)
        land = rng.uniform(0.07, 0.2) * _between(rng, [1.1, 0.8, 0.6], [1.4, 0.95, 0.9])
        own, haze = rng.uniform(0.3, 0.7), rng.uniform(0, 0.5)
        glow = _between(rng, [0.3, 0.08, 0.0], [0.6, 0.3, 0.1])
    elif hour == "dusk":
        zenith = _between(rng, [0.06, 0.09, 0.2], [0.2, 0.22, 0.42])
        low = _between(rng, [0.4, 0.25, 0.3], [0.75, 0.45, 0.5])
        cloud, contrast = _between(rng, [0.5, 0.4, 0.5], [0.9, 0.65, 0.8]), rng.uniform(0.3, 0.8)
        land = rng.uniform(0.05, 0.13) * _between(rng, [0.75, 0.8, 1.0], [1, 0.95, 1.3])
        own, haze, glow = rng.uniform(0.15, 0.5), rng.uniform(0, 0.4), none
    else:
        zenith = _between(rng, [0.02, 0.04, 0.1], [0.09, 0.13, 0.27])
        low = zenith * rng.uniform(1.0, 2.0) + _between(rng, [0, 0, 0.01], [0.08, 0.08, 0.1])
        cloud, contrast = _between(rng, [0.3, 0.33, 0.45], [0.6, 0.65, 0.8]), rng.uniform(0.4, 1)
        land = rng.uniform(0.04, 0.11) * _between(rng, [0.65, 0.8, 1.0], [0.95, 1, 1.5])
        own, haze, glow = rng.uniform(0.05, 0.3), rng.uniform(0, 0.3), none
    mirror = rng.uniform(0.45, 0.95)
    water = np.clip(zenith * rng.uniform(0.4, 0.9), 0, 1)
    return Look(
        zenith, low, cloud, np.array([contrast]), land, rng.uniform([0.85], [1.2]),
        np.array([own]), np.array([haze]), np.array([mirror]), water, glow, sun, size,
    )  # fmt: skip


def between(first: Look, second: Look, weight: float) -> Look:
    """The look on the way from one to another, all parts alike."""
    return Look(
        *(
            (1 - weight) * getattr(first, f.name) + weight * getattr(second, f.name)
            for f in fields(Look)
        )
    )


def day(rng: np.random.Generator, count: int) -> list[Look]:
    """The looks of one day, evenly: morning, noon, golden hour, sunset, dusk, night, dawn."""
    hours = ["golden", "day", str(rng.choice(["day", "overcast"])), "golden", "sunset", "dusk",
             "night", "dusk"]  # fmt: skip
    looks = [look_at(rng, hour) for hour in hours]
    at = np.arange(count) * len(looks) / count
    return [between(looks[int(a)], looks[(int(a) + 1) % len(looks)], float(a - int(a))) for a in at]
