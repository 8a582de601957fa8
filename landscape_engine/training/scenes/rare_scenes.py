"""Rare scenes: kinds that few stills show and that networks get wrong.

Nights with stars, a Milky Way or an aurora; twigs and lattices before the sky; pale snow under a
pale sky; sand; falls and white water in rock.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..data import stills
from . import drawn_scenes as scenes
from .drawn_scenes import Scene
from .grounds import land_texture, ridge
from .scene_noise import noise, uniform_color
from .skies import draw_sky, stars


def scene(rng: np.random.Generator, size: int, photos: stills.Stills | None) -> Scene:
    """Draw a scene of one of the rare kinds."""
    kind = rng.integers(5)
    if kind == 0:
        return scenes.scene(rng, size, lambda r, s: night(r, s), _dark(photos))
    if kind == 1:
        return behind_twigs(rng, stills.scene(rng, size, photos))
    if kind == 2:
        return snow(rng, size)
    if kind == 3:
        return with_sand(rng, stills.scene(rng, size, photos))
    return with_falls(rng, size, photos)


def night(rng: np.random.Generator, size: int) -> Tensor:  # [3, size, size]
    """A night sky: stars, at times the Milky Way, at times an aurora, at times a glow below."""
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    x = torch.linspace(-1, 1, size)[None].expand(size, size)
    zenith = uniform_color(rng, [0, 0, 0.01], [0.08, 0.1, 0.22])
    low = uniform_color(rng, [0.02, 0.03, 0.05], [0.5, 0.35, 0.3])
    picture = torch.lerp(zenith.expand(3, size, size), low, y ** rng.uniform(1, 6))
    kind = rng.random()
    if kind < 0.45:  # a band of milk, torn by dust
        angle, middle = rng.uniform(-1.2, 1.2), rng.uniform(-0.5, 0.5)
        away = (x - middle) * np.cos(angle) + (y - 0.5) * np.sin(angle)
        band = torch.exp(-((away / rng.uniform(0.1, 0.4)) ** 2))
        dust = noise(rng, size, rng.uniform(4, 9), 6)
        milk = uniform_color(rng, [0.3, 0.25, 0.25], [0.8, 0.7, 0.75])
        picture = picture + milk * band * ((dust - 0.3) * 2).clamp(0, 1) * rng.uniform(0.3, 1)
    elif kind < 0.85:  # curtains of light that end sharply below
        for _ in range(rng.integers(1, 4)):
            wave = noise(rng, size, rng.uniform(2, 6), 4)[0] - 0.5
            foot = rng.uniform(0.2, 0.9) + rng.uniform(0.1, 0.8) * wave
            above = (foot[None] - y) / rng.uniform(0.15, 0.7)
            veil = torch.exp(-above.clamp(min=0) * 2) * ((above + 0.05) * 12).clamp(0, 1)
            rays = noise(rng, size, rng.uniform(8, 30), 3)[:1].expand(size, size)
            green = uniform_color(rng, [0.0, 0.5, 0.15], [0.5, 1.0, 0.6])
            tip = uniform_color(rng, [0.3, 0.0, 0.3], [0.9, 0.5, 0.9])
            color = torch.lerp(green, tip, (above * rng.uniform(0, 1.2)).clamp(0, 1))
            picture = picture + color * veil * (0.4 + rays) * rng.uniform(0.3, 1)
    for _ in range(rng.integers(1, 4)):
        picture = picture + stars(rng, size)
    return picture.clamp(0, 1)


def _dark(photos: stills.Stills | None) -> scenes.Texture:
    """Land at night, of the stills or of noise."""

    def texture(rng: np.random.Generator, size: int) -> Tensor:
        given = None
        if photos is not None and photos.grounds and rng.random() < 0.6:
            given = stills.cut(rng, photos.grounds, size)
        ground = land_texture(rng, size) if given is None else given
        return ground * rng.uniform(0.02, 0.6)

    return texture


def behind_twigs(rng: np.random.Generator, scene: Scene) -> Scene:
    """The scene behind twigs from any side, or behind a lattice; its gaps are what they show."""
    import cv2

    size, fine = scene.image.shape[1], 3
    shape = np.zeros((size * fine, size * fine), np.uint8)
    full = size * fine

    def twig(at: np.ndarray, angle: float, length: float, wide: float, depth: int) -> None:
        bend = angle + rng.normal(0, 0.25)
        tip = at + length * np.array([np.cos(bend), np.sin(bend)])
        ends = [(int(x), int(y)) for x, y in (at * full, tip * full)]
        cv2.line(shape, ends[0], ends[1], (255,), max(1, round(wide * full)))
        for _ in range(rng.integers(1, 4) if depth else 0):
            on = at + (tip - at) * rng.uniform(0.3, 1)
            turned = bend + rng.uniform(-0.9, 0.9)
            twig(on, turned, length * rng.uniform(0.5, 0.9), wide * 0.65, depth - 1)
        if depth < 2 and leaves:
            spot = int(tip[0] * full), int(tip[1] * full)
            cv2.circle(shape, spot, max(1, int(rng.uniform(0.003, leaves) * full)), (255,), -1)

    leaves = rng.uniform(0.005, 0.03) if rng.random() < 0.5 else 0.0
    if rng.random() < 0.7:
        for _ in range(rng.integers(3, 12)):
            side, along = rng.integers(4), rng.uniform(0, 1)
            at = np.array([(along, -0.02), (along, 1.02), (-0.02, along), (1.02, along)][side])
            inward = (np.pi / 2, -np.pi / 2, 0.0, np.pi)[side]
            twig(
                at, inward + rng.normal(0, 0.5), rng.uniform(0.1, 0.3), rng.uniform(0.003, 0.02), 4
            )
    else:  # a lattice of struts, as towers and fences have it
        angle, gap = rng.uniform(0, np.pi), rng.uniform(0.04, 0.2)
        wide = max(1, round(rng.uniform(0.003, 0.015) * full))
        for turn in (angle, angle + rng.uniform(0.6, 1.6)):
            way, off = (
                np.array([np.cos(turn), np.sin(turn)]),
                np.array([-np.sin(turn), np.cos(turn)]),
            )
            for k in np.arange(-1, 1, gap):
                middle = 0.5 + off * k
                ends = [(int(x), int(y)) for x, y in ((middle + way * s) * full for s in (-2, 2))]
                cv2.line(shape, ends[0], ends[1], (255,), wide)
        if rng.random() < 0.5:  # a part of the picture only
            shape[:, : int(rng.uniform(0, 0.6) * full)] = 0
    amount = torch.from_numpy(cv2.resize(shape, (size, size), interpolation=cv2.INTER_AREA)) / 255
    fill = (land_texture(rng, size) * rng.uniform(0.05, 1.2)).clamp(0, 1)
    gone = 1 - (amount * 1.5).clamp(0, 1)
    image = torch.lerp(scene.image, fill, amount)
    return Scene(image, scene.masks * gone, scene.horizon, scene.known)


def snow(rng: np.random.Generator, size: int) -> Scene:
    """White summits and slopes under a sky that may be as pale, far ones in haze."""
    horizon = rng.uniform(0.5, 1.0)
    picture = draw_sky(rng, size, horizon)
    if rng.random() < 0.4:  # overcast, all but one color with the snow
        pale = uniform_color(rng, [0.6, 0.62, 0.65], [0.95, 0.96, 1.0])
        picture = torch.lerp(picture, pale, rng.uniform(0.5, 0.95))
    sky = torch.ones(size, size)
    haze = picture[:, : int(horizon * size)].mean((1, 2), keepdim=True)
    count = int(rng.integers(1, 4))
    for i in range(count, 0, -1):
        line = ridge(rng, size, horizon - 0.15 * i * rng.uniform(0.3, 1.5), rng.uniform(0.03, 0.16))
        below = scenes.below_line(line, size)
        cold = uniform_color(rng, [0.75, 0.78, 0.82], [1, 1, 1])
        shade = noise(rng, size, rng.uniform(3, 10), 5, stretch=rng.uniform(0.4, 1.5))
        body = cold * (1 - rng.uniform(0.05, 0.5) * ((shade - 0.4) * 2).clamp(0, 1))
        rock = noise(rng, size, rng.uniform(6, 18), 4) > rng.uniform(0.5, 0.9)
        body = torch.lerp(body, land_texture(rng, size) * 0.6, rock.float() * rng.uniform(0, 1))
        far = rng.uniform(0, 0.75) * i / count
        picture = torch.lerp(picture, torch.lerp(body, haze.expand_as(body), far), below)
        sky = sky * (1 - below)
    return Scene(picture.clamp(0, 1), torch.stack([sky, torch.zeros_like(sky)]), horizon)


def with_sand(rng: np.random.Generator, scene: Scene) -> Scene:
    """The scene with a beach or a dune before it, smooth or rippled, at times wet and shining."""
    size = scene.image.shape[1]
    line = ridge(rng, size, rng.uniform(0.45, 0.9), rng.uniform(0.0, 0.08))
    below = scenes.below_line(line, size)
    color = uniform_color(rng, [0.45, 0.38, 0.28], [0.95, 0.88, 0.75])
    ripples = noise(rng, size, rng.uniform(6, 40), 4, stretch=rng.uniform(1, 8)) - 0.5
    sand = (color * (1 + ripples * rng.uniform(0.02, 0.5))).expand(3, size, size)
    if rng.random() < 0.3:  # wet: some of what is above shines in it
        sand = torch.lerp(sand, scene.image.mean((1, 2), keepdim=True), rng.uniform(0.2, 0.6))
    image = torch.lerp(scene.image, sand.clamp(0, 1), below)
    known = None if scene.known is None else torch.maximum(scene.known, below)
    return Scene(image, scene.masks * (1 - below), scene.horizon, known)


def with_falls(rng: np.random.Generator, size: int, photos: stills.Stills | None) -> Scene:
    """Rock with white water that falls or rushes through it, and maybe a pool below."""
    if photos is not None and photos.grounds and rng.random() < 0.7:
        rock = stills.cut(rng, photos.grounds, size)
    else:
        rock = land_texture(rng, size)
    image, sky, water = rock, torch.zeros(size, size), torch.zeros(size, size)
    top = rng.uniform(-0.4, 0.5)
    if top > 0:
        above = scenes.below_line(ridge(rng, size, top, rng.uniform(0.01, 0.08)), size)
        image = torch.lerp(draw_sky(rng, size, max(top, 0.1)), image, above)
        sky = 1 - above
    y = torch.linspace(0, 1, size)[:, None].expand(size, size)
    x = torch.linspace(0, 1, size)[None].expand(size, size)
    foot = rng.uniform(0.5, 1.1)
    for _ in range(rng.integers(1, 4)):
        bend = noise(rng, size, rng.uniform(1.5, 5), 4)[:, :1] - 0.5
        middle = rng.uniform(0.1, 0.9) + rng.uniform(0, 0.5) * bend
        wide = rng.uniform(0.02, 0.18) * (0.6 + y * rng.uniform(0, 1.5))
        begin = max(top, 0) + rng.uniform(0, 0.25)
        inside = ((wide - (x - middle).abs()) / 0.02 + noise(rng, size, 9, 4) - 0.5).clamp(0, 1)
        inside = inside * ((y > begin) & (y < foot)) * (1 - sky)
        threads = noise(rng, size, rng.uniform(10, 40), 4, stretch=1 / rng.uniform(4, 12))
        white = uniform_color(rng, [0.75, 0.8, 0.85], [1, 1, 1]) * (0.65 + 0.5 * threads)
        image = torch.lerp(image, white.clamp(0, 1), inside * rng.uniform(0.75, 1))
        water = torch.maximum(water, inside)
    if foot < 0.95:
        pool = scenes.below_line(torch.full((size,), foot), size)
        waves = noise(rng, size, rng.uniform(5, 16), 5, stretch=rng.uniform(2, 7)) - 0.5
        tint = uniform_color(rng, [0.05, 0.12, 0.12], [0.6, 0.75, 0.75])
        image = torch.lerp(image, (tint + waves * rng.uniform(0.1, 0.6)).clamp(0, 1), pool)
        water = torch.maximum(water, pool)
        sky = sky * (1 - pool)
    return Scene(image.clamp(0, 1), torch.stack([sky, water]), max(foot, 0.1))
