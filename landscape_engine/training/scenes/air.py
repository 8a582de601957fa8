"""Air before labelled stills: haze over what is far, ridges that all but vanish in it, fog.

Mountains in haze have the color of the sky, and few stills show any. Here they get it: what is near
the skyline is led to the color that the sky has there, and ridges are put before the sky itself.
Both stay land. Banks of fog lie before the land; where they hide it they are sky, for they move.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...ops import masks
from ..data import stills
from ..data.labelled import SKY, WATER
from .drawn_scenes import below_line
from .grounds import land_texture, ridge
from .scene_noise import noise
from .things import with_less

LEAST = 0.04  # share of a picture that must be sky
THICKEST = 0.93  # share of the sky's color from which nobody could tell the two apart
REACH = 0.12  # of the side, about which the sky's color is taken
RIDGES, HAZE = 0.6, 0.6  # shares of the pictures with a sky that get either
BANKS = 0.4  # share of all pictures that get a bank of fog instead
HIDDEN, SEEN_THROUGH = 0.7, 0.35  # densities from which fog is sky, and up to which land is seen
ASHORE = 0.7  # share of the banks that leave water free
CLOUDY = 0.6  # share of the banks that have the texture of a photograph's clouds


def put_before(
    rng: np.random.Generator,
    image: Tensor,  # [3, S, S] in 0..1
    shares: Tensor,  # [4, S, S] as `labelled.crop` gives them
    textures: stills.Stills,  # to make ridges and fog of
) -> tuple[Tensor, Tensor]:
    """The crop with air before it, and its shares; haze and ridges only where a sky is seen."""
    if rng.random() < BANKS:
        return _bank(rng, image, shares, textures.skies)
    if float(shares[SKY].mean()) < LEAST:
        return image, shares
    color = _sky_color(image, shares[SKY])
    if rng.random() < RIDGES:
        image, shares = _ridges(rng, image, shares, color, textures.grounds)
    if rng.random() < HAZE:
        image = _haze(rng, image, shares[SKY], color)
    return image, shares


def _sky_color(image: Tensor, sky: Tensor) -> Tensor:  # [3, S, S]
    """The mean color of the sky around each place, where there is some, else of all of it."""
    reach = max(1, round(REACH * image.shape[1]))
    weighted = masks.blur((torch.cat([image, torch.ones_like(image[:1])]) * sky)[None], reach)[0]
    around, near = weighted[:3] / weighted[3:].clamp(min=1e-4), (20 * weighted[3:]).clamp(0, 1)
    return torch.lerp((image * sky).mean((1, 2), keepdim=True) / sky.mean(), around, near)


def _ridges(
    rng: np.random.Generator, image: Tensor, shares: Tensor, color: Tensor, grounds: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Ridges that rise from behind the skyline, the farther ones paler."""
    size, sky = image.shape[1], shares[SKY]
    skyline = float((sky.cumprod(0).sum(0) / size).quantile(rng.uniform(0.2, 0.9)))
    count = int(rng.integers(1, 4))
    for far in range(count, 0, -1):
        level = skyline - rng.uniform(0, 0.09) * far
        below = below_line(ridge(rng, size, level, rng.uniform(0.005, 0.12)), size)
        fill = stills.cut(rng, grounds, size) if grounds else land_texture(rng, size)
        thick = THICKEST * (1 - rng.uniform(0.02, 0.6) * (1 - (far - 1) / count))
        image = torch.lerp(image, torch.lerp(fill, color, thick), below * sky)
        sky = sky * (1 - below)
    return image, with_less(shares, sky, shares[WATER])


def _haze(rng: np.random.Generator, image: Tensor, sky: Tensor, color: Tensor) -> Tensor:
    """The air thickest at the skyline, and thinner the farther below it a place lies."""
    import cv2

    away = cv2.distanceTransform((sky < 0.5).byte().numpy(), cv2.DIST_L2, 5) / image.shape[1]
    thick = rng.uniform(0.2, THICKEST) * np.exp(-away / rng.uniform(0.03, 0.4))
    return torch.lerp(image, color, torch.from_numpy(thick.astype(np.float32)) * (1 - sky))


def _bank(
    rng: np.random.Generator, image: Tensor, shares: Tensor, skies: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """A bank of fog or low cloud, wider than high, thick or in shreds, with the folds of a sky.

    It is sky where it hides what lies behind it, and not known where its rim fades.
    """
    size = image.shape[1]
    rows = torch.linspace(0, 1, size)[:, None]
    level, high = rng.uniform(0.1, 1.0), np.exp(rng.uniform(np.log(0.05), np.log(0.4)))
    below = rows - level + (noise(rng, size, 1.5, 1) - 0.5) * rng.uniform(0, 0.5)
    shreds = noise(rng, size, rng.uniform(1.5, 5), 5, rng.uniform(1, 4)) - 0.5
    density = 0.5 + rng.uniform(-0.2, 0.5) - below.abs() / high + shreds * rng.uniform(1, 4)
    density = ((density - 0.5) * np.exp(rng.uniform(-0.7, 1)) + 0.5).clamp(0, 1)
    if rng.random() < ASHORE:
        density = density * (1 - shares[WATER])
    density = density * density * (3 - 2 * density) * rng.uniform(0.85, 1)
    image = torch.lerp(image, _fog(rng, image, shares[SKY], below, skies), density)
    fog, seen = density > HIDDEN, density < SEEN_THROUGH
    told = torch.where(fog, torch.zeros(()), shares)
    told[SKY] = torch.where(fog, torch.ones(()), shares[SKY])
    return image, torch.where(fog | seen | (shares[SKY] > 0.5), told, torch.zeros(()))


def _fog(
    rng: np.random.Generator, image: Tensor, sky: Tensor, below: Tensor, skies: list[Tensor]
) -> Tensor:  # [3, S, S]
    """The color of fog, near to that of the sky where some is seen, darker below, and its folds."""
    size, share = image.shape[1], float(sky.mean())
    color = torch.tensor(rng.uniform(0.3, 0.98) + rng.normal(0, 0.03, 3), dtype=torch.float32)
    if share > LEAST:
        color = torch.lerp(color, (image * sky).mean((1, 2)) / share, rng.uniform(0.3, 1))
    folds = noise(rng, size, rng.uniform(2, 8), 4, rng.uniform(1, 2.5)) - 0.5
    fog = color[:, None, None] * (1 + folds * rng.uniform(0, 0.5) - below * rng.uniform(0, 0.6))
    if skies and rng.random() < CLOUDY:
        cloud = stills.cut(rng, skies, size)
        fog = fog + (cloud - cloud.mean((1, 2), keepdim=True)) * rng.uniform(0.3, 1)
    return fog.clamp(0, 1)
