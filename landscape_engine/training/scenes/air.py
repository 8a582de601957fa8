"""Air before labelled stills: haze over what is far, and far ridges that all but vanish in it.

Mountains in haze have the color of the sky, and few stills show any. Here they get it: what is near
the skyline is led to the color that the sky has there, and ridges are put before the sky itself.
Both stay land.
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
from .things import with_less

LEAST = 0.04  # share of a picture that must be sky
THICKEST = 0.93  # share of the sky's color from which nobody could tell the two apart
REACH = 0.12  # of the side, about which the sky's color is taken
RIDGES, HAZE = 0.6, 0.6  # shares of the pictures with either


def put_before(
    rng: np.random.Generator,
    image: Tensor,  # [3, S, S] in 0..1
    shares: Tensor,  # [4, S, S] as `labelled.crop` gives them
    grounds: list[Tensor],  # [3, h, w] in 0..1: land to make ridges of
) -> tuple[Tensor, Tensor]:
    """The crop with air before it, and its shares; unchanged where no sky is seen."""
    if float(shares[SKY].mean()) < LEAST:
        return image, shares
    color = _sky_color(image, shares[SKY])
    if rng.random() < RIDGES:
        image, shares = _ridges(rng, image, shares, color, grounds)
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
