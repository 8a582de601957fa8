"""Wind: the handful of numbers that move a scene, and the flow field they give over any layout.

A `Wind` says how the sky drifts and how the water answers; `sky_velocity` and `water_velocity` turn
it into forward velocities over a picture whose horizon is known. The same wind over two layouts
gives two fields that should share one latent code: that is what teaches the encoder to store the
motion and not the shape of the land.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SLOWEST, FASTEST = 0.08, 0.95  # of the clouds, as shares of the predictor's fastest step, 1 / beta
SLOWEST_WATER, FASTEST_WATER = 0.1, 0.8


@dataclass(frozen=True)
class Wind:
    """Motion of one scene; speeds are shares (0..1) of the predictor's fastest step."""

    angle: float  # direction in which the clouds drift, radians, 0 = right, pi/2 = down
    speed: float  # the clouds' fastest speed
    perspective: float  # 0: a flat drift; 1: a cloud plane seen in perspective
    water_angle: float  # direction in which the water runs, radians
    water_speed: float
    water_perspective: float


def random_wind(rng: np.random.Generator) -> Wind:
    """Draw a wind: every direction alike; the water mirrors the sky or goes its own way.

    Speeds are drawn evenly by their logarithm: filmed clouds mostly move at a tenth to a half of
    the fastest step.
    """
    angle = rng.uniform(0, 2 * np.pi)
    speed = _between(rng, SLOWEST, FASTEST)
    perspective = float(np.clip(rng.uniform(-0.3, 1.1), 0, 1))
    if rng.random() < 0.5:  # calm water mirrors the sky's motion, upside down
        water_angle = -angle
        water_speed = speed * rng.uniform(0.5, 1.0)
        water_perspective = perspective
    else:  # waves run with the wind's side, mostly across the picture
        sideways = 0.0 if np.cos(angle) >= 0 else np.pi
        water_angle = sideways + rng.normal(0, 0.5)
        water_speed = _between(rng, SLOWEST_WATER, FASTEST_WATER)
        water_perspective = rng.uniform(0.3, 1.0)
    return Wind(angle, speed, perspective, water_angle, water_speed, water_perspective)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number drawn evenly by its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _plane_velocity(
    angle: float, speed: float, perspective: float, distance: Tensor, x: Tensor
) -> Tensor:  # [2, H, W]
    """Velocity over a plane seen at `distance` (0 at the horizon, about 1 at the picture's edge).

    Vertical motion is counted away from the horizon, so that it serves sky and water alike.
    """
    along, away = np.cos(angle), np.sin(angle)
    flat = torch.stack([torch.full_like(x, along), torch.full_like(x, away)])
    e = 0.25 + 0.75 * distance.clamp(0, 1.2)  # lifted: distant clouds still visibly move
    plane = torch.stack([e * along + x * e * away * 0.6, e * e * away])
    return speed * torch.lerp(flat, plane, perspective)


def sky_velocity(wind: Wind, horizon: float, height: int, width: int) -> Tensor:  # [2, H, W]
    """Forward velocity of the sky; the horizon is a share of the height (0 top, 1 bottom)."""
    y, x = _positions(height, width)
    distance = (horizon - y) / max(horizon, 0.25)
    # away from the horizon is up in the sky: the plane's vertical sign is turned
    v = _plane_velocity(-wind.angle, wind.speed, wind.perspective, distance, x)
    return torch.stack([v[0], -v[1]])


def water_velocity(wind: Wind, horizon: float, height: int, width: int) -> Tensor:  # [2, H, W]
    """Forward velocity of the water below the horizon."""
    y, x = _positions(height, width)
    distance = (y - horizon) / max(1 - horizon, 0.25)
    return _plane_velocity(wind.water_angle, wind.water_speed, wind.water_perspective, distance, x)


def backward_flow(
    wind: Wind,
    masks: Tensor,  # [2, H, W] sky and water, 0..1
    horizon: float,
) -> Tensor:  # [2, H, W] backward flow times beta, within ±1
    """The flow that the predictor should give: minus the velocity, where sky or water is."""
    height, width = masks.shape[1:]
    flow = -(
        masks[0:1] * sky_velocity(wind, horizon, height, width)
        + masks[1:2] * water_velocity(wind, horizon, height, width)
    )
    return flow.clamp(-1, 1)


def bare_flow(wind: Wind, rng: np.random.Generator, size: int) -> Tensor:  # [2, size, size]
    """The wind over an empty layout with a random horizon and shore: what the encoder is shown."""
    y, x = _positions(size, size)
    horizon = rng.uniform(0.3, 0.75)
    sky_end = horizon - rng.uniform(0, 0.15)
    shore = 1 + rng.uniform(-0.25, 0.3)
    tilt = rng.normal(0, 0.05)
    sky = (y + tilt * x < sky_end).float()
    water = ((y > horizon) & (y + tilt * x < shore)).float()
    kind = rng.random()
    if kind < 0.15:
        water = torch.zeros_like(water)
    elif kind < 0.3:
        sky = torch.zeros_like(sky)
    return backward_flow(wind, torch.stack([sky, water]), horizon)


def _positions(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Y from 0 (top) to 1 (bottom), x from -1 to 1; each [H, W]."""
    y = torch.linspace(0, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None].expand(height, width)
    return y, x
