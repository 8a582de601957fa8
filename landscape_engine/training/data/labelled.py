"""Labelled stills: photographs of which each pixel is land, sky, water, or not known.

A still's labels are a PNG `labels/NAME.png` beside it (8 bits, at the picture's aspect: the values
below), or else the polygons that a table of regions has for it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ... import images, regular_files
from ...errors import TrainingError, is_out_of_memory
from ...images.kinds import PICTURE_ENDINGS, is_hidden_in
from . import data_folders
from .drawn_regions import load_regions, paint_masks

LAND, SKY, WATER, WHITE_WATER, UNKNOWN = 0, 1, 2, 3, 255
CLASSES = ("land", "sky", "water")
STILL_ENDINGS = PICTURE_ENDINGS - {".exr"}  # Pillow, which makes them small, has no EXR
LONGEST = 1024  # long side at which stills are held, pixels
SEEN = 0.8, 2.6  # a still's long side where it is cropped, in shares of the crop's side


@dataclass(frozen=True)
class LabelledStill:
    """A photograph and its labels."""

    name: str
    image: np.ndarray  # uint8 [H, W, 3]
    label: np.ndarray  # uint8 [H, W]: LAND, SKY, WATER or UNKNOWN
    white: np.ndarray | None = None  # bool [H, W] which of the water is white, if any is


def load(folder: Path, longest: int = LONGEST) -> list[LabelledStill]:
    """Read the labelled stills of a folder, in the order of their names.

    Raises:
        TrainingError: a file of labels is of another kind or shape.
    """
    from PIL import Image

    table = regions_of(folder)
    found = []
    for name in names(folder, table):
        pixels = read_photo(folder / name)
        picture = Image.fromarray(pixels[..., :3])
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        image = np.array(picture) if pixels.shape[2] == 3 else opaque(pixels, picture.size)
        label, white = _read(folder / name, (image.shape[0], image.shape[1])), None
        if label is not None:
            foam = label == WHITE_WATER
            white = foam if foam.any() else None
            label[label == WHITE_WATER] = WATER
        else:
            sky, water = paint_masks(table[name], image)
            label = np.select([sky > 0.5, water > 0.5], [SKY, WATER], LAND).astype(np.uint8)
        found.append(LabelledStill(name, image, label, white))
    return found


def read_photo(path: Path) -> np.ndarray:  # uint8 [H, W, 3|4]
    """A photograph as it is stored, by the engine's own door for pictures.

    Raises:
        PictureError: it can't be read.
    """
    return images.to_uint8(images.load_image(path, upright=False))


def opaque(
    pixels: np.ndarray,  # uint8 [H, W, 4]
    size_wh: tuple[int, int],
) -> np.ndarray:  # uint8 [h, w, 3]
    """The colors of a photograph at another size; what hides under clear pixels is left out."""
    straight = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    return images.to_uint8(images.opaque(images.resize(straight, *size_wh)))


def regions_of(folder: Path) -> dict[str, dict]:
    """The folder's own table of regions, or else the one that comes with the engine.

    Raises:
        TrainingError: it is no folder.
    """
    data_folders.check(folder, "photographs")
    own = folder / "regions.json"
    return load_regions(own if own.exists() else None)


def names(folder: Path, table: dict[str, dict]) -> list[str]:
    """The stills that have labels, by path in the folder; whole skies are none."""
    drawn = {
        name
        for name, entry in table.items()
        if not entry.get("skip")
        and (entry.get("sky") or entry.get("water"))
        and not name.startswith("skies/")
        and (folder / name).exists()
    }
    painted = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in STILL_ENDINGS
        and path.parent.name != "labels"
        and not is_hidden_in(folder, path)
        and label_path(path).exists()
    }
    return sorted(drawn | painted)


def label_path(picture: Path) -> Path:
    """Where a picture's labels are, if it has any."""
    return picture.parent / "labels" / f"{picture.stem}.png"


def read_label(picture: Path, hw: tuple[int, int]) -> np.ndarray | None:
    """A picture's labels, uint8 [H, W] at another size; None where it has none.

    White water is water.

    Raises:
        TrainingError: the file holds other values, or has another aspect.
    """
    label = _read(picture, hw)
    if label is not None:
        label[label == WHITE_WATER] = WATER
    return label


def _read(picture: Path, hw: tuple[int, int]) -> np.ndarray | None:  # uint8 [H, W]
    """The same with white water apart."""
    from PIL import Image

    path = label_path(picture)
    if not path.exists():
        return None
    try:
        regular_files.check(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = Image.open(path, formats=["PNG"])  # any other would choose its own decoder
            label = np.array(drawn.resize((hw[1], hw[0]), Image.Resampling.NEAREST))
    except Exception as error:  # decoders raise nearly every kind of error on a damaged file
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            f"'{path}' can't be read as labels ({error}); expected a whole 8-bit PNG: draw or copy "
            "it anew."
        ) from error
    values = set(np.unique(label).tolist())
    if label.ndim != 2 or not values <= {LAND, SKY, WATER, WHITE_WATER, UNKNOWN}:
        raise TrainingError(
            f"{path} holds other values than 0 land, 1 sky, 2 water, 3 white water, 255 not known."
        )
    if abs(drawn.width * hw[0] / (drawn.height * hw[1]) - 1) > 0.02:
        raise TrainingError(f"{path} has another aspect than its picture; draw it at its size.")
    return label


def hold_out(count: int, which: str | None) -> list[bool]:
    """Which of `count` stills are left out of training; `which` is "K/N": every Nth from the Kth.

    K counts from 0; all are trained on where `which` is None.
    """
    if which is None:
        return [False] * count
    k, n = (int(part) for part in which.split("/"))
    return [i % n == k for i in range(count)]


def crop(
    rng: np.random.Generator,
    size: int,
    still: LabelledStill,
    seen: tuple[float, float] = SEEN,
    white: bool = False,
) -> tuple[Tensor, Tensor]:  # [3, size, size] in 0..1; [4, size, size]
    """A random crop, seen from near or far, mirrored half of the time.

    Its shares are those of land, sky and water, all 0 of what isn't known, and of white water,
    which is a part of the water. A crop that is to show `white` water does, of a still that has
    some.
    """
    import cv2

    height, width = still.label.shape
    longest = size * np.exp(rng.uniform(*np.log(seen)))  # of the whole picture, at the crop's scale
    side, stretch = size * max(height, width) / longest, np.exp(rng.normal(0, 0.12))
    ch = int(np.clip(side * stretch, 16, height))
    cw = int(np.clip(side / stretch, 16, width))
    top, left = rng.integers(0, height - ch + 1), rng.integers(0, width - cw + 1)
    if white and still.white is not None:
        some = np.flatnonzero(still.white)
        y, x = divmod(int(some[rng.integers(len(some))]), width)
        y, x = (y, x) - rng.integers((0, 0), (ch, cw))
        top, left = int(np.clip(y, 0, height - ch)), int(np.clip(x, 0, width - cw))
    window = slice(top, top + ch), slice(left, left + cw)
    kind = cv2.INTER_AREA if min(ch, cw) >= size else cv2.INTER_LINEAR
    image = cv2.resize(still.image[window], (size, size), interpolation=kind)
    label = still.label[window]
    foam = still.white[window] if still.white is not None else np.zeros(label.shape, bool)
    shares = np.stack([*(label == k for k in range(len(CLASSES))), foam], 2)
    shares = cv2.resize(shares.astype(np.float32), (size, size), interpolation=kind)
    if rng.random() < 0.5:
        image, shares = image[:, ::-1], shares[:, ::-1]
    return (
        torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / 255),
        torch.from_numpy(np.ascontiguousarray(shares.transpose(2, 0, 1))),
    )


def boxes(
    label: np.ndarray, wanted: int, least: int = 32, most: int = 3
) -> list[tuple[int, int, int, int]]:  # top, left, bottom, right
    """Boxes that hold nothing but one label, the largest squares first, apart from each other."""
    import cv2

    free = (label == wanted).astype(np.uint8)
    found: list[tuple[int, int, int, int]] = []
    while len(found) < most:
        near = cv2.distanceTransform(np.pad(free, 1), cv2.DIST_C, 3)[1:-1, 1:-1]
        half = int(near.max()) - 1
        if 2 * half < least:
            break
        y, x = np.unravel_index(int(near.argmax()), near.shape)
        found.append((int(y) - half, int(x) - half, int(y) + half, int(x) + half))
        free[y - half : y + half + 1, x - half : x + half + 1] = 0
    return found
