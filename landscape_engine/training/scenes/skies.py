"""Procedural skies: a gradient in the light of some hour, clouds, a sun, stars."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .scene_noise import noise, uniform_color

AFTERGLOW = 0.4  # share of skies with bands of color above the horizon
PLUME = 0.2  # share with one great cloud, or the smoke of a mountain


def cloud_plane(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
    """Cloud density over a plane seen in perspective, fine near the horizon, large overhead.

    At times in streets that run to some side, as cirrus does.
    """
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    x = torch.linspace(-1, 1, size)[None].expand(size, size)
    e = ((horizon - y) / max(horizon, 0.2)).clamp(0) + rng.uniform(0.12, 0.5)
    scale = rng.uniform(0.15, 0.5)
    u = x / e * scale + rng.uniform(-1, 1)
    v = 1 / e * scale * rng.uniform(0.5, 1.5) + rng.uniform(-1, 1)
    stretch = rng.uniform(0.6, 1.8)
    if rng.random() < 0.25:
        angle, stretch = rng.uniform(0, np.pi), rng.uniform(2, 5)
        u, v = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
    texture = noise(rng, 256, rng.uniform(4, 14), 6, stretch=stretch)[None, None]
    grid = torch.stack([u, v], dim=-1)[None]
    density = F.grid_sample(
        texture, grid, mode="bilinear", padding_mode="reflection", align_corners=True
    )
    return density[0, 0]


def draw_sky(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [3, size, size]
    """A gradient from zenith to horizon in the light of some hour, with clouds of some cover."""
    hour = rng.random()
    if hour < 0.55:  # day
        zenith = uniform_color(rng, [0.05, 0.2, 0.45], [0.4, 0.6, 0.95])
        glow = uniform_color(rng, [0.55, 0.65, 0.75], [0.95, 0.97, 1.0])
        cloud = uniform_color(rng, [0.75, 0.75, 0.78], [1, 1, 1])
    elif hour < 0.8:  # low sun
        blue = rng.random() < 0.4
        low, high = (
            ([0.1, 0.3, 0.5], [0.5, 0.7, 0.9]) if blue else ([0.1, 0.1, 0.3], [0.5, 0.45, 0.7])
        )
        zenith = uniform_color(rng, low, high)
        glow = uniform_color(rng, [0.75, 0.3, 0.1], [1, 0.75, 0.5])
        cloud = uniform_color(rng, [0.4, 0.2, 0.2], [1, 0.75, 0.6])
    elif hour < 0.92:  # overcast
        zenith = uniform_color(rng, [0.3, 0.3, 0.32], [0.7, 0.72, 0.75])
        glow = zenith + rng.uniform(0, 0.25)
        cloud = zenith + rng.uniform(-0.3, 0.3)
    else:  # dusk or night
        zenith = uniform_color(rng, [0, 0, 0.02], [0.12, 0.12, 0.3])
        glow = uniform_color(rng, [0.05, 0.05, 0.1], [0.4, 0.3, 0.4])
        cloud = uniform_color(rng, [0.03, 0.03, 0.05], [0.35, 0.3, 0.4])
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    t = (y / max(horizon, 0.1)).clamp(0, 1) ** np.exp(rng.uniform(np.log(0.6), np.log(8)))
    picture = torch.lerp(zenith.expand(3, size, size), glow.expand(3, size, size), t)
    clear = 0.1
    if rng.random() < AFTERGLOW:
        picture, cloud = _afterglow(rng, (y / max(horizon, 0.1)).clamp(0, 1))
        clear = 0.45
    cover, softness = rng.uniform(0.35, 0.65), rng.uniform(0.04, 0.25)
    density = cloud_plane(rng, size, horizon)
    amount = ((density - cover) / softness).clamp(0, 1) * rng.uniform(0.4, 1)
    shade = 1 - rng.uniform(0, 0.6) * ((density - cover - 0.05) / 0.3).clamp(0, 1)
    if rng.random() < 0.4:  # lit from one side: the dense parts in a color of their own
        lit = torch.lerp(glow, torch.ones(3, 1, 1), rng.uniform(0, 0.9))
        cloud = torch.lerp(cloud, lit, ((density - cover) / rng.uniform(0.1, 0.4)).clamp(0, 1))
    if rng.random() > clear:
        picture = torch.lerp(picture, cloud * shade, amount)
    if rng.random() < PLUME:
        picture = _plume(rng, picture, horizon)
    if rng.random() < 0.25:  # a sun or a moon with its glare
        sx, sy = rng.uniform(-1, 1), rng.uniform(0.1, 1) * horizon
        x = torch.linspace(-1, 1, size)[None].expand(size, size)
        r2 = (x - sx) ** 2 + (2 * (y - sy)) ** 2
        picture = picture + uniform_color(rng, [0.6, 0.4, 0.2], [1, 1, 1]) * torch.exp(
            -r2 / rng.uniform(0.005, 0.1)
        )
    if hour >= 0.92 and rng.random() < 0.7:
        picture = picture + stars(rng, size)
    return picture.clamp(0, 1)


def _afterglow(
    rng: np.random.Generator,
    depth: Tensor,  # [size, size] 0 at the top to 1 at the horizon
) -> tuple[Tensor, Tensor]:  # [3, size, size], [3, 1, 1]
    """A sky from blue or night down to bands of yellow, orange and red, and its clouds' color.

    The bands are of any width, so that at times they fill the sky and at times hug the horizon.
    """
    zenith = uniform_color(rng, [0.0, 0.02, 0.08], [0.45, 0.6, 0.85]) * rng.uniform(0.25, 1)
    pale = torch.lerp(zenith, uniform_color(rng, [0.5, 0.5, 0.4], [0.95, 0.9, 0.85]), 0.6)
    warm = uniform_color(rng, [0.75, 0.35, 0.1], [1.0, 0.8, 0.55])
    red = uniform_color(rng, [0.4, 0.12, 0.1], [0.95, 0.45, 0.4])
    stops = [zenith, pale, warm, red][: rng.integers(3, 5)]
    if rng.random() < 0.4:  # no pale one between
        stops.pop(1)
    dark = rng.uniform(0.35, 1.05)
    at = np.sort(rng.uniform(0, 1, len(stops) - 1)) ** rng.uniform(0.4, 1)
    reach = np.exp(rng.uniform(np.log(0.08), np.log(1.0)))  # of the bands, from the horizon up
    at = np.concatenate([[0.0], 1 - reach * (1 - at)])
    picture = stops[0].expand(3, *depth.shape)
    for low, high, color in zip(at[:-1], at[1:], stops[1:], strict=True):
        picture = torch.lerp(picture, color, ((depth - low) / max(high - low, 0.02)).clamp(0, 1))
    dull = torch.lerp(zenith, torch.full((3, 1, 1), 0.3), 0.5) * rng.uniform(0.4, 1.2)
    lit = torch.lerp(warm, torch.ones(3, 1, 1), rng.uniform(0, 0.5))
    cloud = (lit, red, dull)[rng.integers(3)]
    return (picture * dark).clamp(0, 1), (cloud * dark**0.5).clamp(0, 1)


def _plume(rng: np.random.Generator, picture: Tensor, horizon: float) -> Tensor:
    """One great cloud, lit from a side: a heap, a tower, smoke, or a bank at the horizon."""
    size = picture.shape[1]
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    x = torch.linspace(0, 1, size)[None].expand(size, size)
    cx, cy = rng.uniform(0, 1), horizon * rng.uniform(0, 1.05)
    lean = rng.normal(0, 0.5)
    wide, tall = rng.uniform(0.05, 0.4), horizon * rng.uniform(0.15, 0.9)
    if rng.random() < 0.45:
        cy, wide = horizon * rng.uniform(0.85, 1.02), rng.uniform(0.1, 0.9)
        tall, lean = horizon * rng.uniform(0.04, 0.3), 0.0
    billows = noise(rng, size, rng.uniform(5, 14), 6) - 0.5
    across = (x - cx - lean * (y - cy)) / wide
    body = 1 - (across**2 + ((y - cy) / tall) ** 2).sqrt() + billows * rng.uniform(1, 3)
    amount = (body / rng.uniform(0.05, 0.6)).clamp(0, 1) * rng.uniform(0.5, 1)
    foot = min(int(horizon * size), size - 1)
    low = picture[:, foot : foot + 1].mean((1, 2), keepdim=True)
    dull = torch.lerp(low, picture.mean((1, 2), keepdim=True), 0.5) * rng.uniform(0.4, 1.1)
    lit = torch.lerp(uniform_color(rng, [0.8, 0.5, 0.3], [1, 1, 1]), low, rng.uniform(0, 0.6))
    light = (across * rng.choice([-1, 1]) + 3 * billows + body) * 0.5 + rng.uniform(0, 1)
    return torch.lerp(picture, torch.lerp(dull, lit, light.clamp(0, 1)), amount)


def stars(rng: np.random.Generator, size: int) -> Tensor:  # [3, size, size] light to add
    """Points, or the trails that a long exposure draws of them around the pole."""
    longest = 0.0 if rng.random() < 0.4 else rng.uniform(0.1, 1.2)  # radians
    px, py = rng.uniform(-0.5, 1.5) * size, rng.uniform(-0.7, 1.2) * size
    count = int(size * rng.uniform(0.6, 3))
    light = np.zeros((size, size, 3), np.float32)
    for _ in range(count):
        radius = rng.uniform(0.02, 1.8) * size
        first = rng.uniform(0, 2 * np.pi)
        steps = max(1, int(radius * longest))
        angles = first + np.linspace(0, longest, steps)
        x = np.round(px + radius * np.cos(angles)).astype(int)
        y = np.round(py + radius * np.sin(angles)).astype(int)
        seen = (x >= 0) & (x < size) & (y >= 0) & (y < size)
        light[y[seen], x[seen]] = rng.uniform(0.1, 0.9) * rng.uniform([0.7, 0.7, 0.7], [1, 1, 1])
    return torch.from_numpy(light).permute(2, 0, 1)
