"""Procedural land: skylines, its texture, and what stands before the sky."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .scene_noise import noise, uniform_color


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
        base = uniform_color(rng, [0.7, 0.7, 0.7], [0.98, 0.98, 1])  # snow, salt, chalk
    else:
        base = uniform_color(rng, [0.02, 0.04, 0.01], [0.6, 0.55, 0.45])
    other = (base * rng.uniform(0.2, 1.6) + rng.uniform(-0.1, 0.1)).clamp(0, 1)
    coarse = noise(rng, size, rng.uniform(2, 10), 5, rng.uniform(0.5, 3))
    fine = noise(rng, size, rng.uniform(20, 60), 2)
    amount = ((coarse * 0.7 + fine * 0.3 - 0.5) * rng.uniform(1, 6) + 0.5).clamp(0, 1)
    return torch.lerp(base.expand(3, size, size), other.expand(3, size, size), amount)


def uprights(rng: np.random.Generator, size: int, horizon: float) -> Tensor:  # [size, size]
    """Masts with their rigging, poles, towers and bare trees that reach into the sky: 1 where."""
    import cv2

    fine = 4
    shape = np.zeros((size * fine, size * fine), np.uint8)

    def line(x0: float, y0: float, x1: float, y1: float, wide: float) -> None:
        ends = [(int(x * size * fine), int(y * size * fine)) for x, y in ((x0, y0), (x1, y1))]
        cv2.line(shape, ends[0], ends[1], (255,), max(1, round(wide * size * fine)))

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
            cv2.ellipse(shape, middle, axes, 0, 0, 180, (255,), -1)
        elif kind < 0.7:
            tree(x, foot, rng.normal(0, 0.1), tall * 0.4, wide * 1.5, 4)
        else:  # a tower or a pole
            line(x, foot, x + rng.normal(0, 0.01), foot - tall, wide * rng.uniform(1, 6))
    amount = cv2.resize(shape, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(amount.astype(np.float32) / 255)


def reeds(rng: np.random.Generator, size: int) -> Tensor:  # [size, size]
    """Grasses and reeds that stand before the picture from its lower edge up: 1 where they are."""
    import cv2

    fine = 4
    shape = np.zeros((size * fine, size * fine), np.uint8)
    middle, spread = rng.uniform(0, 1), rng.uniform(0.1, 0.7)
    tall, lean = rng.uniform(0.1, 0.5), rng.normal(0, 0.15)
    for _ in range(rng.integers(10, 140)):
        x = rng.normal(middle, spread)
        length = tall * rng.uniform(0.3, 1.0)
        bend = lean + rng.normal(0, 0.15)
        t = np.linspace(0, 1, 8)
        points = np.stack([x + bend * length * t**2, 1.02 - length * t], 1) * size * fine
        wide = max(1, round(rng.uniform(0.001, 0.006) * size * fine))
        cv2.polylines(shape, [points.astype(np.int32)], False, (255,), wide)
        if rng.random() < 0.5:  # a plume
            tip = int(points[-1, 0]), int(points[-1, 1])
            axes = (
                max(1, int(0.05 * length * size * fine)),
                max(1, int(0.16 * length * size * fine)),
            )
            cv2.ellipse(shape, tip, axes, float(np.degrees(bend)), 0, 360, (255,), -1)
    amount = cv2.resize(shape, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(amount.astype(np.float32) / 255)


def railing(rng: np.random.Generator, size: int) -> Tensor:  # [size, size]
    """A railing, a fence or a row of posts across the picture, 1 where it is."""
    import cv2

    fine = 4
    shape = np.zeros((size * fine, size * fine), np.uint8)
    full = size * fine

    def line(x0: float, y0: float, x1: float, y1: float, wide: float) -> None:
        ends = [(int(x * full), int(y * full)) for x, y in ((x0, y0), (x1, y1))]
        cv2.line(shape, ends[0], ends[1], (255,), max(1, round(wide * full)))

    left, right = rng.uniform(-0.2, 0.4), rng.uniform(0.6, 1.2)
    foot, slope, tall = rng.uniform(0.5, 1.1), rng.normal(0, 0.15), rng.uniform(0.08, 0.4)
    nearer = rng.uniform(0.5, 2.0)  # how much taller the right end is seen than the left one
    wide, rails = rng.uniform(0.003, 0.02), int(rng.integers(0, 5))
    posts = np.sort(rng.uniform(0, 1, 12)) if rng.random() < 0.3 else np.linspace(0, 1, 12)
    posts = posts[:: int(rng.integers(1, 4))]

    def at(t: float, up: float) -> tuple[float, float]:
        height = tall * (1 + (nearer - 1) * t)
        return left + (right - left) * t, foot + slope * t - up * height

    for t in posts:
        line(*at(t, 0), *at(t, 1 if rails else rng.uniform(0.4, 1)), wide)
    for up in np.linspace(1, 0.2, rails):
        line(*at(0, up), *at(1, up), wide * rng.uniform(0.4, 1))
    amount = cv2.resize(shape, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(amount.astype(np.float32) / 255)
