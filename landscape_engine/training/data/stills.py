"""Stills as scenes: photographs with drawn regions, their skies and grounds as textures.

`regions.json` beside this file holds our hand-drawn polygons for a known set of stills, keyed by
the file's path in the photo folder; another folder brings a `regions.json` of its own, or labels as
pictures (`labelled`), which win over polygons.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..scenes import drawn_scenes as scenes
from ..scenes.drawn_scenes import Scene
from ..scenes.grounds import land_texture
from ..scenes.skies import draw_sky
from . import labelled

WORKING_WIDTH = 512  # stills are held at this width, pixels


@dataclass(frozen=True)
class Stills:
    """Photographs with regions, and textures cut from them."""

    photos: list[Scene]
    skies: list[Tensor]  # [3, h, w] in 0..1
    grounds: list[Tensor]  # [3, h, w] in 0..1
    waters: list[Tensor] = field(default_factory=list)  # [3, h, w] in 0..1


def load(folder: Path, without: Collection[str] = ()) -> Stills:
    """Read the stills of a folder that have regions or labels.

    Args:
        folder: with the stills.
        without: names of stills that are left out, their textures too.

    Raises:
        TrainingError: none of the folder's pictures has regions.
    """
    from ...errors import TrainingError

    table = labelled.regions_of(folder)
    found = Stills([], [], [])
    for name in sorted({*table, *labelled.names(folder, table)} - set(without)):
        if (folder / name).exists():
            _add(found, folder / name, name, table.get(name, {}))
    if not found.photos and not found.skies:
        raise TrainingError(
            f"no picture of {folder} has regions; expected a regions.json there that names them, "
            "or labels/NAME.png beside them."
        )
    return found


def _add(found: Stills, path: Path, name: str, entry: dict) -> None:
    """Add a picture's scene, its textures, or its sky alone."""
    from PIL import Image

    from .drawn_regions import paint_masks

    photo = labelled.read_photo(path)
    width, height = WORKING_WIDTH, max(1, round(WORKING_WIDTH * photo.shape[0] / photo.shape[1]))
    if photo.shape[2] == 4:
        pixels = labelled.opaque(photo, (width, height))
    else:
        picture = Image.fromarray(photo)
        pixels = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255
    label = labelled.read_label(path, (height, width))

    for key, textures, kind in (
        ("sky_box", found.skies, labelled.SKY),
        ("land", found.grounds, labelled.LAND),
        ("water_box", found.waters, labelled.WATER),
    ):
        if label is None:
            drawn = entry.get(key, ())
            places = [
                (y0 * height, x0 * width, y1 * height, x1 * width) for x0, y0, x1, y1 in drawn
            ]
        else:
            places = labelled.boxes(label, kind)
        for top, left, bottom, right in places:
            cut = image[:, int(top) : int(bottom), int(left) : int(right)]
            if min(cut.shape[1:]) >= 24:
                textures.append(cut)
    if label is not None:
        masks = torch.from_numpy(np.stack([label == labelled.SKY, label == labelled.WATER]))
        known = torch.from_numpy((label != labelled.UNKNOWN).astype(np.float32))
        found.photos.append(Scene(image, masks.float(), horizon_of(masks.float()), known))
    elif not entry.get("skip") and (entry.get("sky") or entry.get("water")):
        masks = torch.from_numpy(paint_masks(entry, pixels))
        rows = masks[0].mean(1) > 0.9
        if not name.startswith("skies/"):
            found.photos.append(Scene(image, masks, horizon_of(masks)))
        elif rows.sum() >= 48:
            found.skies.append(image[:, rows])


def horizon_of(masks: Tensor) -> float:
    """Where the water begins, else where the sky ends, as a share of the height."""
    rows = torch.linspace(0, 1, masks.shape[1])
    water, sky = masks[1].mean(1), masks[0].mean(1)
    if float(water.max()) > 0.3:
        return float(rows[water > 0.5 * water.max()][0].clamp(0.05, 0.95))
    if float(sky.max()) > 0.1:
        return float(rows[sky > 0.3 * sky.max()][-1].clamp(0.05, 0.95))
    return 0.05


def _crop(rng: np.random.Generator, texture: Tensor, size: int, least: float) -> Tensor:
    """A random crop of at least the share `least` of each side, mirrored half of the time."""
    _, h, w = texture.shape
    ch, cw = int(h * rng.uniform(least, 1)), int(min(w, 2.2 * h) * rng.uniform(least, 1))
    y, x = rng.integers(0, h - ch + 1), rng.integers(0, w - cw + 1)
    cut = texture[:, y : y + ch, x : x + cw]
    if rng.random() < 0.5:
        cut = cut.flip(2)
    return F.interpolate(cut[None], (size, size), mode="bilinear", antialias=True)[0]


def cut(rng: np.random.Generator, textures: list[Tensor], size: int) -> Tensor:
    """A random part of one of the textures, [3, size, size]."""
    return _crop(rng, textures[rng.integers(len(textures))], size, 0.4)


def _pick(textures: list[Tensor], share: float, least: float) -> scenes.Texture:
    """A source of crops that gives none in all but a share of the draws."""

    def texture(rng: np.random.Generator, size: int) -> Tensor | None:
        if not textures or rng.random() > share:
            return None
        return _crop(rng, textures[rng.integers(len(textures))], size, least)

    return texture


def photo_scene(
    rng: np.random.Generator,
    size: int,
    photo: Scene,
    skies: scenes.Texture,
    grounds: scenes.Texture,
) -> Scene:
    """A random crop of a photograph with its regions, at times with other things put before it."""
    _, h, w = photo.image.shape
    ch, cw = int(h * rng.uniform(0.55, 1)), int(w * rng.uniform(0.45, 1))
    y, x = rng.integers(0, h - ch + 1), rng.integers(0, w - cw + 1)
    known = torch.ones(h, w) if photo.known is None else photo.known
    both = torch.cat([photo.image, photo.masks, known[None]])[:, y : y + ch, x : x + cw]
    if rng.random() < 0.5:
        both = both.flip(2)
    both = F.interpolate(both[None], (size, size), mode="bilinear", antialias=True)[0]
    image, masks, known = both[:3], both[3:5].clamp(0, 1), both[5]
    horizon = (photo.horizon * h - y) / ch
    if rng.random() < 0.5:  # the same land before another sky
        above = skies(rng, size)
        if above is None:
            above = draw_sky(rng, size, float(np.clip(horizon, 0.2, 1.0)))
        image = torch.lerp(image, above, masks[0:1])
    sky, water = masks
    if float(water.mean()) > 0.1 and rng.random() < 0.3:
        fill = grounds(rng, size)
        fill = land_texture(rng, size) if fill is None else fill
        shore = float(np.clip(horizon, 0.0, 0.9))
        image, water, sky = scenes.put_rocks(rng, image, water, sky, fill, shore)
    if rng.random() < 0.15:
        image, water, sky = scenes.put_uprights(rng, image, water, sky, horizon)
    if rng.random() < 0.1:
        image, water, sky = scenes.put_reeds(rng, image, water, sky)
    return Scene(image, torch.stack([sky, water]), horizon, known)


def scene(rng: np.random.Generator, size: int, photos: Stills | None) -> Scene:
    """Draw a photograph, a scene with photographed parts, or a wholly procedural one."""
    if photos is None:
        return scenes.scene(rng, size)
    kind = rng.random()
    if kind < 0.4 and photos.photos:
        photo = photos.photos[rng.integers(len(photos.photos))]
        skies, grounds = _pick(photos.skies, 0.6, 0.4), _pick(photos.grounds, 0.75, 0.4)
        return photo_scene(rng, size, photo, skies, grounds)
    if kind < 0.8:
        return scenes.scene(
            rng,
            size,
            _pick(photos.skies, 0.55, 0.4),
            _pick(photos.grounds, 0.75, 0.4),
            _pick(photos.waters, 0.5, 0.4),
        )
    return scenes.scene(rng, size)
