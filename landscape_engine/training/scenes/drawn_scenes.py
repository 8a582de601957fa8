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
from torch import Tensor

from .grounds import land_texture, railing, reeds, ridge, uprights
from .skies import draw_sky
from .waters import blobs, long_exposure, outcrops, photographed, water_surface

Texture = Callable[[np.random.Generator, int], Tensor | None]  # gives [3, size, size] in 0..1


@dataclass(frozen=True)
class Scene:
    """One picture and its regions."""

    image: Tensor  # [3, H, W] in 0..1
    masks: Tensor  # [2, H, W] sky, water; 0..1
    horizon: float  # share of the height
    known: Tensor | None = None  # [H, W] 1 where the masks are right, 0 where nobody knows; None: 1


def scene(
    rng: np.random.Generator,
    size: int,
    sky_texture: Texture | None = None,
    land: Texture | None = None,
    water: Texture | None = None,
) -> Scene:
    """Draw one landscape; textures, where they give something, take the place of noise."""
    layout = rng.random()
    horizon = rng.uniform(0.3, 0.8)
    has_water = layout < 0.62
    given = sky_texture(rng, size) if sky_texture else None
    picture = draw_sky(rng, size, horizon) if given is None else given
    sky_mask = torch.ones(size, size)

    def ground() -> Tensor:
        texture = land(rng, size) if land else None
        return land_texture(rng, size) if texture is None else texture

    haze = picture.mean((1, 2), keepdim=True)
    ridges = rng.integers(0 if has_water else 1, 4)
    for i in range(ridges, 0, -1):
        level = horizon - (i - 0.4) * rng.uniform(0.0, 0.12)
        line = ridge(rng, size, level, rng.uniform(0.005, 0.1))
        below = below_line(line, size)
        air = haze * rng.uniform(0.4, 1.0) if rng.random() < 0.3 else haze  # a dark outline in it
        amount = rng.uniform(0, 0.95) * (i / (ridges + 0.5)) ** 0.5
        if rng.random() < 0.4:  # thicker at the feet
            rows = torch.linspace(0, 1, size)[:, None]
            feet = torch.exp((rows - horizon).clamp(max=0) / rng.uniform(0.02, 0.15))
            amount = amount + (1 - amount) * rng.uniform(0, 1) * feet
        picture = torch.lerp(
            picture, torch.lerp(ground(), air.expand(3, size, size), amount), below
        )
        sky_mask = sky_mask * (1 - below)
    flat = below_line(torch.full((size,), horizon), size)
    water_mask = torch.zeros(size, size)
    if has_water:
        surface = _surface(rng, size, picture, horizon, water)
        picture = torch.lerp(picture, surface, flat)
        water_mask = flat.clone()
        sky_mask = sky_mask * (1 - flat)
        if rng.random() < 0.25:  # sand, salt or mud in the haze before the far shore
            for _ in range(rng.integers(1, 4)):
                picture, water_mask = _put_flats(rng, picture, water_mask, ground(), haze, horizon)
        if rng.random() < 0.5:
            picture, water_mask, sky_mask = put_rocks(
                rng, picture, water_mask, sky_mask, ground(), horizon
            )
    else:
        picture = torch.lerp(picture, ground(), flat)
        sky_mask = sky_mask * (1 - flat)
    if rng.random() < 0.6:  # a near shore, field or treetops
        near = ridge(rng, size, rng.uniform(0.72, 1.02), rng.uniform(0.01, 0.15))
        if rng.random() < 0.35:  # rising at one side, as a cliff or a tree does
            slope = torch.linspace(-1, 1, size) * rng.choice([-1, 1])
            near = near - rng.uniform(0.1, 0.7) * slope.clamp(0) ** rng.uniform(1, 3)
        below = below_line(near, size)
        picture = torch.lerp(picture, ground() * rng.uniform(0.3, 1), below)
        water_mask, sky_mask = water_mask * (1 - below), sky_mask * (1 - below)
    if rng.random() < 0.3:
        picture, water_mask, sky_mask = put_uprights(rng, picture, water_mask, sky_mask, horizon)
    if rng.random() < 0.15:
        picture, water_mask, sky_mask = put_reeds(rng, picture, water_mask, sky_mask)
    return Scene(picture.clamp(0, 1), torch.stack([sky_mask, water_mask]), horizon)


def thumbnail_scene(seed: int, size: int) -> Tensor:  # [1, 3, size, size] in [-1, 1]
    """The scene that a bundle's own thumbnails are drawn on, from the seed that it holds."""
    return scene(np.random.default_rng(seed), size).image[None] * 2 - 1


def below_line(line: Tensor, size: int) -> Tensor:  # [size, size]
    """1 below a line [size], shares of the height, soft by a pixel."""
    rows = torch.arange(size).float()[:, None]
    return (rows - line[None] * (size - 1) + 0.5).clamp(0, 1)


def _surface(
    rng: np.random.Generator, size: int, above: Tensor, horizon: float, water: Texture | None
) -> Tensor:  # [3, size, size]
    """Photographed water if there is some, else a rippled one, or a long exposure's mist."""
    given = water(rng, size) if water else None
    if given is not None:
        return photographed(rng, size, given, above, horizon)
    if rng.random() < 0.3:
        return long_exposure(rng, size, above, horizon)
    return water_surface(rng, size, above, horizon)


def _put_flats(
    rng: np.random.Generator,
    picture: Tensor,
    water: Tensor,
    fill: Tensor,
    haze: Tensor,
    horizon: float,
) -> tuple[Tensor, Tensor]:
    """The picture with level ground between the horizon and the water, and its mask of water."""
    size = picture.shape[1]
    top = horizon if rng.random() < 0.6 else horizon + rng.uniform(0.02, 0.15)  # or strips of it
    shore = top + rng.uniform(0.01, 0.15)
    line = ridge(rng, size, shore, rng.uniform(0.0, 0.012)).clamp(shore - 0.02, shore + 0.02)
    flats = below_line(torch.full((size,), top), size) * (1 - below_line(line, size))
    pale = torch.lerp(fill, haze.expand_as(fill) * rng.uniform(0.5, 1), rng.uniform(0.3, 0.95))
    return torch.lerp(picture, pale, flats), water * (1 - flats)


def put_rocks(
    rng: np.random.Generator,
    picture: Tensor,
    water: Tensor,
    sky: Tensor,
    fill: Tensor,  # [3, size, size] what they are made of
    horizon: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture with rocks and boats in its water, and its masks of water and sky."""
    size = picture.shape[1]
    many = rng.random() < 0.35
    rocks = outcrops(rng, size, horizon) if many else blobs(rng, size, horizon)
    rocks = rocks * (water > 0.5).float() if many else rocks * (1 - sky)
    edge = torch.cat([rocks[1:], rocks[-1:]]) - rocks
    if rng.random() < 0.5:  # their reflection, or the wet around them
        below = torch.roll(rocks, int(rng.integers(1, max(2, size // 16))), 0) * water
        picture = picture * (1 - below * rng.uniform(0.1, 0.6))
    elif rng.random() < 0.5:  # foam and mist at their feet
        foam = (edge.abs() * 2).clamp(0, 1)
        foam = torch.nn.functional.avg_pool2d(foam[None, None], 5, 1, 2)[0, 0] * water
        picture = torch.lerp(picture, torch.ones(3, 1, 1), foam * rng.uniform(0.2, 1))
    if rng.random() < 0.3:  # the gloom about them on smooth water
        wide = size // int(rng.integers(4, 16)) | 1
        gloom = torch.nn.functional.avg_pool2d(rocks[None, None], wide, 1, wide // 2)[0, 0]
        picture = picture * (1 - (gloom * rng.uniform(0.5, 2)).clamp(max=0.8) * water)
    picture = torch.lerp(picture, fill * rng.uniform(0.2, 1), rocks)
    return picture, water * (1 - rocks), sky * (1 - rocks)


def put_reeds(
    rng: np.random.Generator, picture: Tensor, water: Tensor, sky: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture with grasses before it, and its masks of water and sky."""
    return _put(rng, picture, water, sky, reeds(rng, picture.shape[1]), (0.2, 1.3), 2)


def put_railing(
    rng: np.random.Generator, picture: Tensor, water: Tensor, sky: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture with a railing or posts before it, and its masks of water and sky."""
    return _put(rng, picture, water, sky, railing(rng, picture.shape[1]), (0.05, 1.3), 2)


def put_uprights(
    rng: np.random.Generator, picture: Tensor, water: Tensor, sky: Tensor, horizon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture with masts, poles and trees before it, and its masks of water and sky."""
    shape = uprights(rng, picture.shape[1], min(max(horizon, 0.2), 0.9))
    return _put(rng, picture, water, sky, shape, (0.05, 1.0), 3)


def _put(
    rng: np.random.Generator,
    picture: Tensor,  # [3, S, S] in 0..1
    water: Tensor,
    sky: Tensor,
    shape: Tensor,  # [S, S] 1 where it is
    lit: tuple[float, float],  # least and greatest factor on the land that it is made of
    firm: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture with a shape before it, and its masks of water and sky.

    What covers 1 / `firm` of a pixel keeps it still: a mast may be thinner than a pixel.
    """
    fill = (land_texture(rng, picture.shape[1]) * rng.uniform(*lit)).clamp(0, 1)
    gone = 1 - (shape * firm).clamp(0, 1)
    return torch.lerp(picture, fill, shape), water * gone, sky * gone


def grade(
    rng: np.random.Generator,
    image: Tensor,  # [3, H, W] in 0..1
) -> Tensor:  # [3, H, W] in 0..1
    """Randomly grade a picture: exposure, gamma, contrast, white balance, saturation, grain.

    At times it is toned to one color, and darkened from one side or towards its corners.
    """
    image = image.clamp(1e-4, 1) ** float(np.exp(rng.normal(0, 0.25)))
    gain = torch.tensor(np.exp(rng.normal(0, 0.12, 3)), dtype=torch.float32).view(3, 1, 1)
    image = image * gain * float(np.exp(rng.normal(0, 0.2)))
    grey = image.mean(0, keepdim=True)
    image = torch.lerp(grey.expand_as(image), image, float(rng.uniform(0.5, 1.35)))
    if rng.random() < 0.15:
        tint = torch.from_numpy(rng.uniform(0.2, 1, 3).astype(np.float32)).view(3, 1, 1)
        image = torch.lerp(image, grey * tint / tint.mean(), float(rng.uniform(0.4, 1)))
    image = (image - 0.5) * float(rng.uniform(0.75, 1.25)) + 0.5
    if rng.random() < 0.3:
        image = image * _shading(rng, *image.shape[1:])
    if rng.random() < 0.3:
        image = image + torch.randn(image.shape) * rng.uniform(0, 0.03)
    return image.clamp(0, 1)


def _shading(rng: np.random.Generator, height: int, width: int) -> Tensor:  # [1, H, W] in 0..1
    """The transmission of a graduated filter or a vignetting lens."""
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None].expand(height, width)
    most = float(rng.uniform(0.2, 0.8))
    if rng.random() < 0.5:  # towards the corners
        return (1 - most * (x * x + y * y)[None] / 2).clamp(min=0)
    side = float(rng.choice([-1, 1]))
    return 1 - most * (side * y + float(rng.normal(0, 0.3)) * x).clamp(0, 1)[None]
