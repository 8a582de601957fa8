"""The sky: fair-weather cumulus under a veil of ice, marched through a noise volume."""

from __future__ import annotations

import math

import numpy as np
from light import SUN, SUN_AZIMUTH_DEG, SUN_COLOR, SUN_ELEVATION_DEG
from noise import cell_noise, smoothstep, spectral_noise, tiled

SKY_HALF_WIDTH_DEG = 33.0
SKY_TOP_DEG = 27.0
EARTH_RADIUS_M = 6.371e6

# Where clouds stand: x, y, strength, half width and half depth. Their feet are seen well above the
# mountains, and the sky behind the mast is left clear.
HEAPS_M = (
    (5200, 14_300, 1.20, 1500, 800), (7400, 13_600, 1.15, 1500, 800),
    (3400, 14_300, 0.90, 900, 600), (5600, 11_900, 0.95, 900, 500),
    (-6300, 13_200, 1.15, 1600, 900), (-4400, 13_700, 1.02, 1000, 600),
    (-2500, 12_600, 0.92, 700, 420), (-900, 13_500, 0.86, 520, 340),
    (200, 12_400, 1.02, 420, 300),
)  # fmt: skip


class Clouds:
    """A layer of fair-weather cumulus: density anywhere, and the light that reaches it."""

    base_m, top_m = 4000.0, 5700.0
    extinction_per_m = 0.010
    cover_tile_m, billow_tile_m = 60_000.0, 5_200.0

    def __init__(self, voxels: int, rng: np.random.Generator) -> None:
        """Draw the noise; `voxels` is the side of the billow volume."""
        noise = spectral_noise((1024, 1024), 1.5, rng)
        x, y = np.meshgrid(*[np.fft.fftfreq(1024, 1 / self.cover_tile_m)] * 2, indexing="ij")
        self.cover = 0.20 * noise - 0.85
        for east, north, strength, wide, deep in HEAPS_M:
            away = ((x - east) / wide) ** 2 + ((y - north) / deep) ** 2
            self.cover += (strength * np.exp(-away)).astype(np.float32)
        lumps = [cell_noise(voxels, cells, rng) for cells in (4, 9, 18)]
        self.billow = 0.58 * lumps[0] + 0.28 * lumps[1] + 0.14 * lumps[2]
        self.billow -= self.billow.mean()
        self.billow += 0.035 * spectral_noise((voxels,) * 3, 1.9, rng)

    def density(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, fine: bool) -> np.ndarray:
        """The share of full extinction, 0..1, at points whose z lies between base and top."""
        rise = (z - self.base_m) / (self.top_m - self.base_m)
        scale = self.cover.shape[0] / self.cover_tile_m
        shape = tiled(self.cover, x * scale, y * scale, linear=fine)
        shape = shape - 0.62 * np.maximum(rise, 0) ** 1.25  # broad feet, narrow heads
        inside = np.flatnonzero((shape > -0.36) & (rise > 0) & (rise < 1))
        out = np.zeros_like(x)
        if inside.size:
            x, y, z, shape, rise = (a[inside] for a in (x, y, z, shape, rise))
            scale = self.billow.shape[0] / self.billow_tile_m
            lumps = tiled(self.billow, x * scale, y * scale, z * scale, linear=fine)
            if fine:
                finer = scale * 4.3
                lumps = lumps + 0.30 * tiled(self.billow, x * finer, y * finer, z * finer)
            value = np.clip(1.4 * (shape + 1.05 * lumps), 0, 1)
            out[inside] = value * smoothstep(0, 0.16, rise)
        return out

    def depth_towards_sun(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Optical depth from points to the sun, from a few ever longer steps."""
        total, travelled = np.zeros_like(x), 0.0
        for length in (40.0, 70.0, 120.0, 220.0, 420.0):
            s = travelled + length / 2
            travelled += length
            total += length * self.density(x + SUN[0] * s, y + SUN[1] * s, z + SUN[2] * s, False)
        return total * self.extinction_per_m


def clear_sky(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Radiance [..., 3] of the cloudless sky: blue above, pale at the horizon, warm by the sun."""
    height = np.clip(np.sin(elevation), 0, 1)[..., None]
    zenith = np.array([0.060, 0.185, 0.55], np.float32)
    low = np.array([0.50, 0.66, 0.84], np.float32)
    color = zenith + (low - zenith) * np.exp(-height / 0.17)
    toward_sun = (
        np.cos(elevation) * math.cos(math.radians(SUN_ELEVATION_DEG))
        * np.cos(azimuth - math.radians(SUN_AZIMUTH_DEG))
        + np.sin(elevation) * SUN[2]
    )[..., None]  # fmt: skip
    glow = np.exp((toward_sun - 1) * 2.2)
    warm = np.array([1.0, 0.70, 0.38], np.float32)
    return color * (0.86 + 0.30 * glow) + warm * glow * (0.10 + 0.55 * np.exp(-height / 0.11))


def sky_picture(degrees_to_px: float, rng: np.random.Generator) -> np.ndarray:
    """The sky [rows, columns, 3], row 0 at the horizon, over the patch that the camera can see."""
    rows = round(SKY_TOP_DEG * degrees_to_px)
    columns = round(2 * SKY_HALF_WIDTH_DEG * degrees_to_px)
    clouds = Clouds(128 if degrees_to_px > 5 else 64, rng)
    veil = spectral_noise((1024, 1024), 1.55, rng)
    steps = int(np.clip(degrees_to_px * 8, 40, 110))
    azimuth = np.radians(np.linspace(-SKY_HALF_WIDTH_DEG, SKY_HALF_WIDTH_DEG, columns))
    sky = np.empty((rows, columns, 3), np.float32)
    for row in range(rows):
        elevation = math.radians(SKY_TOP_DEG * (row + 0.5) / rows)
        behind = clear_sky(azimuth, np.full_like(azimuth, elevation)).astype(np.float32)
        sky[row] = _cloudy_row(clouds, veil, behind, azimuth, elevation, steps, rng)
    return sky


def _cloudy_row(clouds, veil, behind, azimuth, elevation, steps, rng) -> np.ndarray:
    """March one row of the sky through the clouds, front to back, over the clear sky `behind`."""
    sine, cosine = math.sin(elevation), math.cos(elevation)

    def distance_to(height_m):  # on a round Earth, so that clouds sink towards the horizon
        bend = cosine**2 / EARTH_RADIUS_M
        return (math.sqrt(sine**2 + 2 * height_m * bend) - sine) / bend

    start, stop = distance_to(clouds.base_m), distance_to(clouds.top_m)
    x_per_m = (np.sin(azimuth) * cosine).astype(np.float32)
    y_per_m = (np.cos(azimuth) * cosine).astype(np.float32)

    far = distance_to(7800.0)  # a thin veil of ice, drawn out along the wind
    x, y = x_per_m * far, y_per_m * far
    streaks = tiled(veil, (x + 0.5 * y) / 160, (y - 0.5 * x) / 42)
    thin = np.clip(0.16 * streaks - 0.02, 0, 0.30) * math.exp(-far / 70_000)
    behind = behind + thin[:, None] * (np.array([1.0, 0.93, 0.85], np.float32) - behind)

    toward_sun = x_per_m * SUN[0] + y_per_m * SUN[1] + sine * SUN[2]
    # Henyey-Greenstein with g = 0.6, and an even part.
    phase = 0.62 + 0.38 * 0.72 / (1.36 - 1.2 * toward_sun) ** 1.5
    light = np.zeros_like(behind)
    clear = np.ones(len(azimuth), np.float32)
    step = (stop - start) / steps
    jitter = rng.random(len(azimuth)).astype(np.float32)
    for k in range(steps):
        seen = np.flatnonzero(clear > 0.01)
        t = start + (k + jitter[seen]) * step
        x, y = x_per_m[seen] * t, y_per_m[seen] * t
        z = sine * t + (cosine * t) ** 2 / (2 * EARTH_RADIUS_M)
        density = clouds.density(x, y, z, fine=True)
        hit = np.flatnonzero(density > 0)
        if not hit.size:
            continue
        x, y, z, seen = x[hit], y[hit], z[hit], seen[hit]
        opaque = 1 - np.exp(-density[hit] * clouds.extinction_per_m * step)
        depth = clouds.depth_towards_sun(x, y, z)
        # Light scattered many times goes deeper than e**-depth: three ever flatter terms.
        sunlit = 0.62 * np.exp(-depth) + 0.26 * np.exp(-0.25 * depth) + 0.12 * np.exp(-0.05 * depth)
        rise = np.clip((z - clouds.base_m) / (clouds.top_m - clouds.base_m), 0, 1)[:, None]
        around = np.array([0.17, 0.215, 0.29]) + rise * np.array([0.20, 0.25, 0.32])
        color = 2.8 * SUN_COLOR * (sunlit * phase[seen])[:, None] + around
        air = np.exp(-t[hit] / 38_000)[:, None]  # distance turns clouds into the horizon's color
        color = color * air + behind[seen] * (1 - air)
        light[seen] += (clear[seen] * opaque)[:, None] * color
        clear[seen] *= 1 - opaque
    return light + clear[:, None] * behind
