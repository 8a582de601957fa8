"""Things put before labelled stills: rocks in water, railings, masts, reeds, twigs; they stay.

Few stills show thin or small things in water or before the sky; those that are put there carry
their labels with them (copy and paste: Ghiasi et al., 2021, with drawn shapes).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..data import stills
from ..data.labelled import SKY, WATER
from . import drawn_scenes as scenes
from . import rare_scenes
from .drawn_scenes import Scene
from .grounds import land_texture

LEAST = 0.05  # share of a picture that must be water for rocks in it


def put_before(
    rng: np.random.Generator,
    image: Tensor,  # [3, S, S] in 0..1
    shares: Tensor,  # [4, S, S] as `labelled.crop` gives them
    textures: stills.Stills,  # whose land they are made of
) -> tuple[Tensor, Tensor]:
    """The crop with something before it that stays, and its shares."""
    size = image.shape[1]
    sky, water = shares[SKY], shares[WATER]
    horizon = stills.horizon_of(torch.stack([sky, water]))
    kind = rng.random()
    if kind < 0.4 and float(water.mean()) > LEAST:
        grounds = textures.grounds
        fill = stills.cut(rng, grounds, size) if grounds else land_texture(rng, size)
        image, water, sky = scenes.put_rocks(rng, image, water, sky, fill, horizon)
    elif kind < 0.55:
        image, water, sky = scenes.put_railing(rng, image, water, sky)
    elif kind < 0.7:
        image, water, sky = scenes.put_reeds(rng, image, water, sky)
    elif kind < 0.85:
        image, water, sky = scenes.put_uprights(rng, image, water, sky, horizon)
    else:
        behind = rare_scenes.behind_twigs(rng, Scene(image, torch.stack([sky, water]), horizon))
        image, (sky, water) = behind.image, behind.masks
    return image, with_less(shares, sky, water)


def with_less(shares: Tensor, sky: Tensor, water: Tensor) -> Tensor:
    """The shares with less sky and water; what they lose is land, and white water shrinks too."""
    taken = shares[SKY] + shares[WATER] - sky - water
    kept = water / shares[WATER].clamp(min=1e-6)
    return torch.stack([shares[0] + taken, sky, water, shares[3] * kept.clamp(max=1)])
