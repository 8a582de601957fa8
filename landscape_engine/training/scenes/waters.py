"""Procedural water: a rippled mirror or an open sea, and what stands in it."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .scene_noise import noise, uniform_color


def water_surface(
    rng: np.random.Generator, size: int, above: Tensor, horizon: float
) -> Tensor:  # [3, size, size]
    """The scene above the horizon mirrored and rippled, or an open sea with waves."""
    rows = torch.arange(size).float() / (size - 1)
    depth = ((rows - horizon) / max(1 - horizon, 0.05)).clamp(0, 1)[:, None]
    ripple = noise(rng, size, rng.uniform(4, 14), 5, stretch=rng.uniform(3, 9)) - 0.5
    strength = rng.uniform(0.0, 0.5) ** 2
    picture = _mirrored(above, horizon, strength * ripple * (0.2 + depth), strength * 0.2 * ripple)
    if rng.random() < 0.4:
        picture = sheen(rng, picture, depth)
    tint = uniform_color(rng, [0.0, 0.05, 0.08], [0.3, 0.5, 0.6])
    clarity = rng.uniform(0.0, 0.9)  # 1 a mirror, 0 an open sea
    waves = (ripple * rng.uniform(0.2, 1.5) * (0.3 + depth)).expand(3, -1, -1)
    sea = torch.lerp(tint.expand(3, size, size), picture.mean((1, 2), keepdim=True), 0.4) + waves
    picture = torch.lerp(sea, picture * rng.uniform(0.7, 1), clarity)
    if rng.random() < 0.3:  # foam on the crests
        crests = ((ripple - rng.uniform(0.12, 0.25)) * 12).clamp(0, 1)
        picture = torch.lerp(picture, torch.ones(3, 1, 1), crests * rng.uniform(0.3, 0.9))
    return picture.clamp(0, 1)


def _mirrored(
    above: Tensor,  # [3, size, size]
    horizon: float,
    down: Tensor | float = 0.0,  # how far waves shift it, in shares of the height
    right: Tensor | float = 0.0,  # ... in half widths
) -> Tensor:  # [3, size, size]
    """The picture above the horizon, mirrored at it."""
    size = above.shape[1]
    rows = torch.arange(size).float() / (size - 1)
    y = ((2 * horizon - rows)[:, None].expand(size, size) + down) * 2 - 1
    x = torch.linspace(-1, 1, size)[None].expand(size, size) + right
    grid = torch.stack([x, y], -1)[None]
    return F.grid_sample(above[None], grid, padding_mode="reflection", align_corners=True)[0]


def sheen(
    rng: np.random.Generator,
    mirrored: Tensor,  # [3, size, size] the sky as the water mirrors it
    depth: Tensor,  # [size, 1] 0 at the horizon to 1 at the lower edge
) -> Tensor:  # [3, size, size]
    """Mirrored light drawn out downwards over the waves, as of a low sun or of a lit cloud.

    Small waves break it into lines that lie closer together the farther away they are.
    """
    size = mirrored.shape[1]
    tall = max(3, int(size * rng.uniform(0.05, 0.4)) | 1)
    drawn = F.avg_pool2d(mirrored[None], (tall, 3), 1, (tall // 2, 1), count_include_pad=False)[0]
    lines = noise(rng, size, rng.uniform(6, 20), 4, stretch=rng.uniform(3, 8)) - 0.5
    y = depth ** rng.uniform(0.35, 0.8)
    grid = torch.stack([torch.linspace(-1, 1, size).expand(size, size),
                        (y * 2 - 1).expand(size, size)], -1)  # fmt: skip
    lines = F.grid_sample(lines[None, None], grid[None], align_corners=True)[0, 0]
    broken = drawn * (1 + lines * rng.uniform(0.2, 1.6))
    near = torch.lerp(torch.ones(1), torch.tensor(rng.uniform(0.3, 1.1)), depth)
    return torch.lerp(mirrored, broken * near, float(rng.uniform(0.4, 1)))


def long_exposure(
    rng: np.random.Generator, size: int, above: Tensor, horizon: float
) -> Tensor:  # [3, size, size]
    """Water whose waves a long exposure has made into mist: the sky's colors without its detail."""
    rows = torch.arange(size).float() / (size - 1)
    depth = ((rows - horizon) / max(1 - horizon, 0.05)).clamp(0, 1)[:, None]
    near = above[:, : max(int(horizon * size), 2)]
    top, low = near.mean((1, 2)), near[:, -max(len(near[0]) // 5, 1) :].mean((1, 2))
    course = torch.lerp(low[:, None, None], top[:, None, None], depth**0.7 * rng.uniform(0.2, 1))
    picture = (course * rng.uniform(0.55, 1.05)).expand(3, size, size)
    picture = picture * torch.lerp(torch.ones(1), torch.tensor(rng.uniform(0.2, 1)), depth)
    tint = uniform_color(rng, [0.0, 0.05, 0.1], [0.4, 0.5, 0.6])
    picture = torch.lerp(picture, tint.expand(3, size, size), rng.uniform(0, 0.4) * depth)
    mist = noise(rng, size, rng.uniform(2, 6), 3, stretch=rng.uniform(2, 6)) - 0.5
    return (picture + mist * rng.uniform(0.02, 0.3) * (0.3 + depth)).clamp(0, 1)


def photographed(
    rng: np.random.Generator, size: int, water: Tensor, above: Tensor, horizon: float
) -> Tensor:  # [3, size, size]
    """A texture of real water [3, size, size] laid below the horizon, paler far away."""
    rows = torch.arange(size).float() / (size - 1)
    depth = ((rows - horizon) / max(1 - horizon, 0.05)).clamp(0, 1)[:, None]
    y = (depth ** rng.uniform(0.5, 1.0)).expand(size, size) * 2 - 1  # waves are smaller far away
    x = torch.linspace(-1, 1, size)[None].expand(size, size)
    grid = torch.stack([x, y], -1)[None]
    picture = F.grid_sample(water[None], grid, padding_mode="border", align_corners=True)[0]
    low = above[:, : max(int(horizon * size), 2)].mean((1, 2))[:, None, None]
    if rng.random() < 0.5:  # lit by this sky
        grey = picture.mean(0, keepdim=True)
        light = low
        if rng.random() < 0.6:  # by what stands above each place of it
            wide = max(3, size // int(rng.integers(6, 30)) | 1)
            light = _mirrored(above, horizon)[None]
            light = F.avg_pool2d(light, wide, 1, wide // 2, count_include_pad=False)[0]
        lit = (grey / grey.mean().clamp(min=0.05)) * light * rng.uniform(0.5, 1.1)
        picture = torch.lerp(picture, lit, rng.uniform(0.3, 1))
    far = torch.exp(-depth / rng.uniform(0.05, 0.4)) * rng.uniform(0, 0.9)
    return torch.lerp(picture, low.expand_as(picture), far).clamp(0, 1)


def outcrops(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
    """Rocks all over the water, smaller towards the horizon, 1 where they are."""
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    depth = ((y - horizon) / max(1 - horizon, 0.1)).clamp(0, 1)
    near = noise(rng, size, rng.uniform(3, 7), 5, stretch=rng.uniform(1.5, 3))
    far = noise(rng, size, rng.uniform(9, 18), 4, stretch=rng.uniform(3, 6))
    field = torch.lerp(far, near, depth)
    share = rng.uniform(0.05, 0.5)
    least = field.flatten().sort().values[int((1 - share) * (size * size - 1))]
    shape = ((field - least) * size * 0.5 + 0.5).clamp(0, 1)
    return shape * (depth > rng.uniform(0.0, 0.3)).float()


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
