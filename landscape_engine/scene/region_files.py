"""The artist's masks and regions: read from pictures and JSON, laid over the segmentation.

A region's file:

    {"version": 1, "name": "stream", "mask": "stream.png", "code": "0.3", "speed": 0.5,
     "phase": 0.25, "ripple": 2, "sway": 0, "arrows": ["0.4,0.6,0.5,0.7"], "moves": "detail"}

`mask` is a picture, white where the region is; in its place `polygon` may stand, a list of corners
[x, y] in shares of the picture's width and height. All but one of these two and the version may be
left out. The paths of a mask and of a code's file start from the folder of the region's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import images, regular_files
from ..errors import LandscapeError, RegionError
from ..ops import polygons, shrinking
from ..settings import RegionSettings, named_files
from ..settings.sentences import about, prefixed
from .regions import MASKED, Guide, Moves, Region, region_of

VERSION = 1
FIELDS = {
    "version", "name", "mask", "polygon", "code", "speed", "phase", "arrows", "ripple", "sway",
    "moves",
}  # fmt: skip
MOVES: tuple[Moves, ...] = ("all", "detail")
SAME_ASPECT = 0.02  # how far a mask's aspect may be off, for it to be resized
FARTHEST = 10  # how far outside a polygon's corner may lie, in pictures
OVERLAP = 0.02  # share of the smaller of two regions that may lie in both: soft edges


def apply(
    settings: RegionSettings,
    found: Sequence[Region],
    size_hw: tuple[int, int],
    grid_hw: tuple[int, int],
    device: torch.device | str = "cpu",
) -> list[Region]:
    """The regions that move: the artist's, then what was found outside of them.

    Args:
        settings: the artist's masks and regions.
        found: what was found in the picture.
        size_hw: height and width of the masks.
        grid_hw: height and width of the predictor's grid.
        device: where the regions go.

    Raises:
        RegionError: a file can't be used, regions overlap, or nothing is left that moves.
    """
    device = torch.device(found[0].alpha.device if found else device)
    asked = bool(settings.still_mask or settings.moving_mask or settings.region)
    regions = list(found)
    if settings.moving_mask:
        with about("regions.moving_mask"):
            mask = read_mask(Path(settings.moving_mask), size_hw)
        regions = [region_of(mask, grid_hw, MASKED, device, soften=0)]
    own = [read_region(Path(path), size_hw, grid_hw, device) for path in settings.region]
    _refuse_overlaps(own)
    for region in own:
        regions = [_without(other, region.alpha) for other in regions]
    regions += own
    if settings.still_mask:
        with about("regions.still_mask"):
            mask = read_mask(Path(settings.still_mask), size_hw)
        still = torch.from_numpy(mask).to(device)
        regions = [_without(region, still[None, None]) for region in regions]
    regions = [region for region in regions if bool(region.core.any())]
    if asked and not regions:
        raise RegionError(
            "no moving region is left: the masks keep the whole picture still; expected a moving "
            "part: shrink the still mask or give a moving mask."
        )
    return regions


def stamps(settings: RegionSettings) -> tuple[images.Stamp | None, ...]:
    """The state of every file that the artist's regions are made from."""
    return tuple(map(images.stamp, named_files.of(settings)))


def read_mask(path: Path, size_hw: tuple[int, int]) -> np.ndarray:  # float32 [H, W] 0..1
    """Read a mask: a picture, white where it holds; alpha, if it has any, is multiplied in.

    Raises:
        PictureError: the file is no picture.
        RegionError: it is black all over, or of another aspect than the picture.
    """
    picture = images.load_image(path)
    height, width = size_hw
    found_h, found_w = picture.shape[2:]
    if abs(found_w * height / (found_h * width) - 1) > SAME_ASPECT:
        raise RegionError(
            f"the mask '{path}' has {found_w}×{found_h} pixels, but the picture's sides are as "
            f"{width}:{height}; expected the same aspect: crop or redraw the mask."
        )
    grey = picture[:, :3].mean(1, keepdim=True)
    if picture.shape[1] == 4:
        grey = (grey + 1) * (picture[:, 3:] + 1) / 2 - 1
    grey = images.resize(grey.expand(1, 3, -1, -1), width, height)[0, 0]
    mask = ((grey + 1) / 2).clamp(0, 1)
    mask = torch.where(mask < 1 / 255, torch.zeros(()), mask)
    if float(mask.max()) == 0:
        raise RegionError(
            f"the mask '{path}' is entirely black; expected some white in it: repaint it."
        )
    return mask.numpy().astype(np.float32)


def notes(settings: RegionSettings, size_hw: tuple[int, int]) -> list[str]:
    """Notes on masks that were resized, a sentence each.

    Args:
        settings: the artist's masks.
        size_hw: height and width of the picture.
    """
    said = []
    for name in (settings.still_mask, settings.moving_mask):
        if name is None:
            continue
        found = images.load_image(name).shape[2:]
        if tuple(found) != tuple(size_hw):
            said.append(
                f"the mask '{name}' ({found[1]}x{found[0]}) was resized to the picture's "
                f"{size_hw[1]}x{size_hw[0]}."
            )
    return said


def read_region(
    path: Path, size_hw: tuple[int, int], grid_hw: tuple[int, int], device: torch.device
) -> Region:
    """Read a region's file.

    Raises:
        RegionError: the file is no such JSON, a field is unknown or out of its range.
    """
    try:
        fields = regular_files.read_json(path)
    except (OSError, ValueError) as error:
        raise RegionError(
            f"the region '{path}' can't be read as JSON ({error}); expected one object with a mask "
            "or a polygon: correct the file or its name."
        ) from error
    return region_from(fields, path, size_hw, grid_hw, device)


def region_from(
    fields: Any,
    path: Path,
    size_hw: tuple[int, int],
    grid_hw: tuple[int, int],
    device: torch.device,
) -> Region:
    """A region of the fields of its file; `path` is named in errors and leads to its mask."""
    if not isinstance(fields, dict) or fields.get("version") != VERSION:
        raise RegionError(
            f"the region '{path}' is of another kind; expected \"version\": {VERSION}."
        )
    unknown = sorted(set(fields) - FIELDS)
    if unknown:
        raise RegionError(
            f"the region '{path}' has the unknown field '{unknown[0]}'; expected some of "
            f"{', '.join(sorted(FIELDS))}."
        )
    if ("mask" in fields) == ("polygon" in fields):
        raise RegionError(f"the region '{path}' has to have either 'mask' or 'polygon'.")
    if "mask" in fields:
        mask = read_mask(path.parent / str(fields["mask"]), size_hw)
    else:
        mask = _paint(fields["polygon"], size_hw, path)
    guide = Guide(
        code=_code(fields.get("code"), path),
        speed=_number(fields, "speed", 1.0, -100, 100, path),
        phase=_number(fields, "phase", 0.0, 0, 1, path),
        ripple=_number(fields, "ripple", 0.0, 0, 100, path),
        sway=_number(fields, "sway", 0.0, 0, 100, path),
        arrows=_arrows(fields.get("arrows", ()), path),
        moves=_moves(fields.get("moves"), path),
    )
    name = str(fields.get("name") or path.stem)
    return replace(region_of(mask, grid_hw, name, device, soften=1), guide=guide)


@contextmanager
def naming(region: Region) -> Iterator[None]:
    """Prefix errors raised in the block with this region's name, if it has settings."""
    try:
        yield
    except LandscapeError as error:
        if region.guide == Guide():
            raise
        sentence = prefixed(f"the region '{region.name}': ", error.sentence)
        raise type(error)(sentence, error.setting) from error


def _number(
    fields: dict[str, Any], name: str, default: float, low: float, high: float, path: Path
) -> float:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RegionError(
            f"'{name}' of the region '{path}' is {value!r}; expected a number from {low} to {high}."
        )
    return float(value)


def _code(value: Any, path: Path) -> str | None:
    """A region's code; a path starts from the folder of the region's file, as its mask's does."""
    return None if value is None else named_files.placed_code(str(value), path.parent)


def _moves(value: Any, path: Path) -> Moves | None:
    if value is None:
        return None
    for known in MOVES:
        if value == known:
            return known
    raise RegionError(
        f"'moves' of the region '{path}' is {value!r}; expected one of {', '.join(MOVES)}."
    )


def _arrows(value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise RegionError(f"'arrows' of the region '{path}' is no list; expected arrows in a list.")
    for arrow in value:
        if not isinstance(arrow, str | list | tuple):
            raise RegionError(
                f"'arrows' of the region '{path}' holds {arrow!r}; expected each as [x0, y0, x1, "
                "y1] or the same as text."
            )
    return tuple(a if isinstance(a, str) else ",".join(str(v) for v in a) for a in value)


def _paint(polygon: Any, size_hw: tuple[int, int], path: Path) -> np.ndarray:
    try:
        corners = np.asarray(polygon, np.float64)
    except (ValueError, TypeError, OverflowError):  # text, or corners of different lengths
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1:] != (2,) or len(corners) < 3:
        raise RegionError(
            f"'polygon' of the region '{path}' has to be a list of three or more corners [x, y]."
        )
    if len(corners) > polygons.MOST_CORNERS:
        raise RegionError(
            f"'polygon' of the region '{path}' has {len(corners)} corners; expected at most "
            f"{polygons.MOST_CORNERS}: simplify it, or give a mask."
        )
    if not (np.abs(corners) <= FARTHEST).all():  # NaN is none of these
        raise RegionError(
            f"'polygon' of the region '{path}' has a corner that isn't finite or lies far outside; "
            "expected shares of the picture, 0 to 1."
        )
    height, width = size_hw
    mask = polygons.fill(corners * (width, height), height, width)
    if not mask.any():
        raise RegionError(f"'polygon' of the region '{path}' covers no pixel of the picture.")
    return mask.astype(np.float32)


def _refuse_overlaps(regions: Sequence[Region]) -> None:
    for i, one in enumerate(regions):
        for other in regions[:i]:
            both = float((one.core & other.core).sum())
            if both > OVERLAP * float(torch.minimum(one.core.sum(), other.core.sum())):
                raise RegionError(
                    f"the regions '{other.name}' and '{one.name}' overlap; expected each pixel in "
                    "one at most: redraw one of them."
                )


def _without(
    region: Region,
    gone: Tensor,  # [1, 1, H, W] 0..1
) -> Region:
    """Cut `gone` out of a region; where it is 1 nothing is left, to the bit."""
    left = 1 - gone.to(region.alpha.device)
    core = region.core & (shrinking.area(left, region.core.shape[2:]) > 0.5)
    return replace(region, alpha=region.alpha * left, core=core)
