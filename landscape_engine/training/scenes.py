"""Procedural landscapes with known regions: sky, ridges, water and foreground, from noise.

Each part can be filled by a texture of one's own (a photograph of a sky, of land) in place of
noise; that is how openly licensed stills become scenes. `Scene` holds the picture, where its sky
and its water are, and its horizon; with a `Wind` its flow is known exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Texture = Callable[[np.random.Generator, int], Tensor | None]  # gives [3, size, size] in 0..1


@dataclass(frozen=True)
class Scene:
    """One picture and its regions."""

    image: Tensor  # [3, H, W] in 0..1
    masks: Tensor  # [2, H, W] sky, water; 0..1
    horizon: float  # share of the height


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


def _uniform_color(rng: np.random.Generator, low: list[float], high: list[float]) -> Tensor:
    return torch.tensor(rng.uniform(low, high), dtype=torch.float32).view(3, 1, 1)


def cloud_plane(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
    """Cloud density over a plane seen in perspective, fine near the horizon, large overhead."""
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    x = torch.linspace(-1, 1, size)[None].expand(size, size)
    e = ((horizon - y) / max(horizon, 0.2)).clamp(0) + rng.uniform(0.12, 0.5)
    scale = rng.uniform(0.15, 0.5)
    u = x / e * scale + rng.uniform(-1, 1)
    v = 1 / e * scale * rng.uniform(0.5, 1.5) + rng.uniform(-1, 1)
    texture = noise(rng, 256, rng.uniform(4, 14), 6, stretch=rng.uniform(0.6, 1.8))[None, None]
    grid = torch.stack([u, v], dim=-1)[None]
    density = F.grid_sample(
        texture, grid, mode="bilinear", padding_mode="reflection", align_corners=True
    )
    return density[0, 0]


def sky(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [3, size, size]
    """A gradient from zenith to horizon in the light of some hour, with clouds of some cover."""
    hour = rng.random()
    if hour < 0.55:  # day
        zenith = _uniform_color(rng, [0.05, 0.2, 0.45], [0.4, 0.6, 0.95])
        glow = _uniform_color(rng, [0.55, 0.65, 0.75], [0.95, 0.97, 1.0])
        cloud = _uniform_color(rng, [0.75, 0.75, 0.78], [1, 1, 1])
    elif hour < 0.8:  # low sun
        zenith = _uniform_color(rng, [0.1, 0.1, 0.3], [0.5, 0.45, 0.7])
        glow = _uniform_color(rng, [0.75, 0.3, 0.1], [1, 0.75, 0.5])
        cloud = _uniform_color(rng, [0.4, 0.2, 0.2], [1, 0.75, 0.6])
    elif hour < 0.92:  # overcast
        zenith = _uniform_color(rng, [0.3, 0.3, 0.32], [0.7, 0.72, 0.75])
        glow = zenith + rng.uniform(0, 0.25)
        cloud = zenith + rng.uniform(-0.3, 0.3)
    else:  # dusk or night
        zenith = _uniform_color(rng, [0, 0, 0.02], [0.12, 0.12, 0.3])
        glow = _uniform_color(rng, [0.05, 0.05, 0.1], [0.4, 0.3, 0.4])
        cloud = _uniform_color(rng, [0.03, 0.03, 0.05], [0.35, 0.3, 0.4])
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    t = (y / max(horizon, 0.1)).clamp(0, 1) ** rng.uniform(0.6, 3)
    picture = torch.lerp(zenith.expand(3, size, size), glow.expand(3, size, size), t)
    cover, softness = rng.uniform(0.35, 0.65), rng.uniform(0.04, 0.25)
    density = cloud_plane(rng, size, horizon)
    amount = ((density - cover) / softness).clamp(0, 1) * rng.uniform(0.4, 1)
    shade = 1 - rng.uniform(0, 0.6) * ((density - cover - 0.05) / 0.3).clamp(0, 1)
    if rng.random() < 0.9:
        picture = torch.lerp(picture, cloud * shade, amount)
    if rng.random() < 0.25:  # a sun or a moon with its glare
        sx, sy = rng.uniform(-1, 1), rng.uniform(0.1, 1) * horizon
        x = torch.linspace(-1, 1, size)[None].expand(size, size)
        r2 = (x - sx) ** 2 + (2 * (y - sy)) ** 2
        picture = picture + _uniform_color(rng, [0.6, 0.4, 0.2], [1, 1, 1]) * torch.exp(
            -r2 / rng.uniform(0.005, 0.1)
        )
    if hour >= 0.92 and rng.random() < 0.7:
        picture = picture + stars(rng, size)
    return picture.clamp(0, 1)


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


def ridge(rng: np.random.Generator, size: int, level: float, roughness: float) -> Tensor:
    """The skyline at each column, as a share of the picture's height from the top: [size]."""
    line = torch.zeros(size)
    for octave in range(6):
        points = torch.from_numpy(rng.standard_normal((1, 1, 2 + 2**octave)).astype(np.float32))
        line += F.interpolate(points, size, mode="linear", align_corners=True)[0, 0] * (
            roughness * 0.55**octave
        )
    style = rng.random()
    if style < 0.3:  # a tree line
        spikes = torch.from_numpy(rng.random(size).astype(np.float32))
        line -= rng.uniform(0.005, 0.05) * spikes ** rng.uniform(1, 4)
    elif style < 0.5:  # buildings, masts, towers
        for _ in range(rng.integers(2, 14)):
            at, wide = rng.integers(0, size), max(1, int(size * rng.uniform(0.004, 0.09)))
            line[at : at + wide] = (line.min() * 0.5 + line.mean() * 0.5) - rng.uniform(0.0, 0.16)
    elif style < 0.6:  # flat
        line = line * 0.05
    return level + line - line.mean()


def land_texture(rng: np.random.Generator, size: int) -> Tensor:  # [3, size, size]
    """Ground from noise: rock, forest, grass, sand or snow."""
    if rng.random() < 0.12:
        base = _uniform_color(rng, [0.7, 0.7, 0.7], [0.98, 0.98, 1])  # snow, salt, chalk
    else:
        base = _uniform_color(rng, [0.02, 0.04, 0.01], [0.6, 0.55, 0.45])
    other = (base * rng.uniform(0.2, 1.6) + rng.uniform(-0.1, 0.1)).clamp(0, 1)
    coarse = noise(rng, size, rng.uniform(2, 10), 5, rng.uniform(0.5, 3))
    fine = noise(rng, size, rng.uniform(20, 60), 2)
    amount = ((coarse * 0.7 + fine * 0.3 - 0.5) * rng.uniform(1, 6) + 0.5).clamp(0, 1)
    return torch.lerp(base.expand(3, size, size), other.expand(3, size, size), amount)


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
    tint = _uniform_color(rng, [0.0, 0.05, 0.08], [0.3, 0.5, 0.6])
    clarity = rng.uniform(0.0, 0.9)  # 1 a mirror, 0 an open sea
    waves = (ripple * rng.uniform(0.2, 1.5) * (0.3 + depth)).expand(3, -1, -1)
    sea = torch.lerp(tint.expand(3, size, size), picture.mean((1, 2), keepdim=True), 0.4) + waves
    picture = torch.lerp(sea, picture * rng.uniform(0.7, 1), clarity)
    if rng.random() < 0.3:  # foam on the crests
        crests = ((ripple - rng.uniform(0.12, 0.25)) * 12).clamp(0, 1)
        picture = torch.lerp(picture, torch.ones(3, 1, 1), crests * rng.uniform(0.3, 0.9))
    return picture.clamp(0, 1)


def _below(line: Tensor, size: int) -> Tensor:  # [size, size] 1 below the line, soft by a pixel
    rows = torch.arange(size).float()[:, None]
    return (rows - line[None] * (size - 1) + 0.5).clamp(0, 1)


def _blobs(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
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


def uprights(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
    """Masts with their rigging, poles, towers and bare trees that reach into the sky: 1 where."""
    import cv2

    fine = 4
    shape = np.zeros((size * fine, size * fine), np.uint8)

    def line(x0: float, y0: float, x1: float, y1: float, wide: float) -> None:
        ends = [tuple(int(v * size * fine) for v in end) for end in ((x0, y0), (x1, y1))]
        cv2.line(shape, *ends, 255, max(1, round(wide * size * fine)))

    def tree(x: float, y: float, angle: float, length: float, wide: float, depth: int) -> None:
        tip = x + length * np.sin(angle), y - length * np.cos(angle)
        line(x, y, *tip, wide)
        for _ in range(rng.integers(2, 4) if depth else 0):
            turned = angle + rng.uniform(-0.8, 0.8)
            tree(*tip, turned, length * rng.uniform(0.5, 0.8), wide * 0.6, depth - 1)

    for _ in range(rng.integers(1, 5)):
        x, foot = rng.uniform(0, 1), rng.uniform(horizon, 1)
        tall, wide = rng.uniform(0.1, 0.6), rng.uniform(0.003, 0.015)
        kind = rng.random()
        if kind < 0.4:  # a mast, its stays, its hull
            line(x, foot, x, foot - tall, wide)
            for _ in range(rng.integers(0, 4)):
                side = rng.uniform(-0.35, 0.35) * tall
                line(x + side, foot, x, foot - tall * rng.uniform(0.6, 1), 0.002)
            hull = rng.uniform(0.1, 0.35) * tall
            middle = (int(x * size * fine), int(foot * size * fine))
            axes = (int(hull * size * fine), int(0.3 * hull * size * fine))
            cv2.ellipse(shape, middle, axes, 0, 0, 180, 255, -1)
        elif kind < 0.7:
            tree(x, foot, rng.normal(0, 0.1), tall * 0.4, wide * 1.5, 4)
        else:  # a tower or a pole
            line(x, foot, x + rng.normal(0, 0.01), foot - tall, wide * rng.uniform(1, 6))
    shape = cv2.resize(shape, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(shape.astype(np.float32) / 255)


def scene(
    rng: np.random.Generator,
    size: int,
    sky_texture: Texture | None = None,
    land: Texture | None = None,
) -> Scene:
    """Draw one landscape; textures, where they give something, take the place of noise."""
    layout = rng.random()
    horizon = rng.uniform(0.3, 0.8)
    has_water = layout < 0.62
    given = sky_texture(rng, size) if sky_texture else None
    picture = sky(rng, size, horizon) if given is None else given
    sky_mask = torch.ones(size, size)

    def ground() -> Tensor:
        texture = land(rng, size) if land else None
        return land_texture(rng, size) if texture is None else texture

    haze = picture.mean((1, 2), keepdim=True)
    ridges = rng.integers(0 if has_water else 1, 4)
    for i in range(ridges, 0, -1):
        level = horizon - (i - 0.4) * rng.uniform(0.0, 0.12)
        line = ridge(rng, size, level, rng.uniform(0.005, 0.1))
        below = _below(line, size)
        fill = torch.lerp(ground(), haze, rng.uniform(0, 0.75) * (i / (ridges + 0.5)))
        picture = torch.lerp(picture, fill, below)
        sky_mask = sky_mask * (1 - below)
    flat = _below(torch.full((size,), horizon), size)
    water_mask = torch.zeros(size, size)
    if has_water:
        picture = torch.lerp(picture, water_surface(rng, size, picture, horizon), flat)
        water_mask = flat.clone()
        sky_mask = sky_mask * (1 - flat)
        if rng.random() < 0.4:
            rocks = _blobs(rng, size, horizon)
            picture = torch.lerp(picture, ground() * rng.uniform(0.3, 1), rocks)
            water_mask, sky_mask = water_mask * (1 - rocks), sky_mask * (1 - rocks)
    else:
        picture = torch.lerp(picture, ground(), flat)
        sky_mask = sky_mask * (1 - flat)
    if rng.random() < 0.6:  # a near shore, field or treetops
        near = ridge(rng, size, rng.uniform(0.72, 1.02), rng.uniform(0.01, 0.15))
        if rng.random() < 0.35:  # rising at one side, as a cliff or a tree does
            slope = torch.linspace(-1, 1, size) * rng.choice([-1, 1])
            near = near - rng.uniform(0.1, 0.7) * slope.clamp(0) ** rng.uniform(1, 3)
        below = _below(near, size)
        picture = torch.lerp(picture, ground() * rng.uniform(0.3, 1), below)
        water_mask, sky_mask = water_mask * (1 - below), sky_mask * (1 - below)
    if rng.random() < 0.3:
        picture, water_mask, sky_mask = put_uprights(rng, picture, water_mask, sky_mask, horizon)
    return Scene(picture.clamp(0, 1), torch.stack([sky_mask, water_mask]), horizon)


def put_uprights(
    rng: np.random.Generator, picture: Tensor, water: Tensor, sky: Tensor, horizon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture with masts, poles and trees before it, and its masks of water and sky."""
    size = picture.shape[1]
    shape = uprights(rng, size, min(max(horizon, 0.2), 0.9))
    fill = land_texture(rng, size) * rng.uniform(0.05, 1)
    picture = torch.lerp(picture, fill, shape)
    gone = 1 - (shape * 3).clamp(0, 1)  # a mast thinner than a pixel keeps its pixel still too
    return picture, water * gone, sky * gone


def grade(
    rng: np.random.Generator,
    image: Tensor,  # [3, H, W] in 0..1
) -> Tensor:  # [3, H, W] in 0..1
    """Randomly grade a picture: exposure, gamma, contrast, white balance, saturation, grain."""
    image = image.clamp(1e-4, 1) ** float(np.exp(rng.normal(0, 0.25)))
    gain = torch.tensor(np.exp(rng.normal(0, 0.12, 3)), dtype=torch.float32).view(3, 1, 1)
    image = image * gain * float(np.exp(rng.normal(0, 0.2)))
    grey = image.mean(0, keepdim=True)
    image = torch.lerp(grey.expand_as(image), image, float(rng.uniform(0.5, 1.35)))
    image = (image - 0.5) * float(rng.uniform(0.75, 1.25)) + 0.5
    if rng.random() < 0.3:
        image = image + torch.randn(image.shape) * rng.uniform(0, 0.03)
    return image.clamp(0, 1)
