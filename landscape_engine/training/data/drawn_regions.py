"""Hand-drawn regions of stills: which part is sky, which is water, which stays.

A table of regions is a JSON file `{"version": 1, "pictures": {path: entry}}`. An entry holds any
of `sky`, `water` and `still`, lists of polygons of `[x, y]` in shares of the picture's width and
height; sky is painted first, then water, then still, and what no polygon covers is still. `land`,
`water_box` and `sky_box` are boxes `[x0, y0, x1, y1]` that hold nothing but that one texture.
`"skip": true` names a picture without usable regions. `"refine": false` keeps the edges as drawn
(soft edges, or two sides of one colour), `"refine": ["sky"]` pulls only those of the regions it
names.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from ... import regular_files
from ...ops import polygons
from ...scene import edges

VERSION = 1
LAYERS = ("sky", "water", "still")  # in the order in which they are painted
BOXES = ("land", "water_box", "sky_box")
REFINED_WIDTH = 640  # edges are looked for on a copy no larger than this, pixels
BAND = 0.015  # how far an edge may move, share of the width
_STILL, _SKY, _WATER = 0, 1, 2
_PAINT = {"sky": _SKY, "water": _WATER, "still": _STILL}


def load_regions(json_path: Path | str | None = None) -> dict[str, dict]:
    """Read a table of regions.

    Args:
        json_path: the file; None reads the table that comes with the engine.

    Returns:
        The entries by their picture's path, relative to the picture folder.

    Raises:
        TrainingError: the file can't be read as a table of regions.
    """
    from ...errors import TrainingError

    path = Path(json_path) if json_path else Path(__file__).with_name("regions.json")
    try:
        table = regular_files.read_json(path, object_pairs_hook=_unique)
        version, pictures = table["version"], table["pictures"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} is not a table of regions ({error}); "
            'expected {"version": 1, "pictures": {path: entry}}.'
        ) from error
    if version != VERSION:
        raise TrainingError(f"{path} has version {version}; this engine reads version {VERSION}.")
    if not isinstance(pictures, dict):
        raise TrainingError(f"{path} has 'pictures' of another kind; expected an object.")
    for name, entry in pictures.items():
        wrong = _wrong_in(entry)
        if wrong:
            raise TrainingError(
                f"{path} has for '{name}' {wrong}; expected polygons of three or more corners "
                "[x, y], boxes [x0, y0, x1, y1], both in lists: correct it."
            )
    return pictures


def _wrong_in(entry: object) -> str:
    """What can't be used in a picture's entry; nothing if all can."""
    if not isinstance(entry, dict):
        return "no object"
    for names, is_one in ((LAYERS, _is_polygon), (BOXES, _is_box)):
        for name in names:
            value = entry.get(name, [])
            if not isinstance(value, list) or not all(map(is_one, value)):
                return f"a '{name}' of another form"
    refine = entry.get("refine", True)
    if not isinstance(refine, bool) and not (
        isinstance(refine, list) and all(name in _PAINT for name in refine)
    ):
        return "a 'refine' of another form"
    return ""


def _is_polygon(value: object) -> bool:
    fits = isinstance(value, list) and 2 < len(value) <= polygons.MOST_CORNERS
    return fits and all(_are_numbers(p, 2) for p in cast("list[object]", value))


def _is_box(value: object) -> bool:
    return _are_numbers(value, 4) and all(0 <= n <= 1 for n in cast("list[float]", value))


def _are_numbers(value: object, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(type(n) in (int, float) and -10 <= n <= 10 for n in value)
    )


def paint_masks(entry: dict, image: np.ndarray) -> np.ndarray:
    """Paint an entry's polygons at a picture's size, and pull their edges to the picture's.

    Args:
        entry: one picture's regions, as `load_regions` gives them.
        image: uint8 [H, W, 3], RGB.

    Returns:
        float32 [2, H, W] in 0..1: sky and water, anti-aliased; their sum is never above 1.
    """
    import cv2

    height, width = image.shape[:2]
    fine = 4 if width <= 1024 else 2
    shares = _shares(_paint(entry, height * fine, width * fine), height, width)
    refine = entry.get("refine", True)
    names = ("sky", "water") if refine is True else tuple(refine or ())
    if names and (entry.get("sky") or entry.get("water")):
        scale = min(1.0, REFINED_WIDTH / width)
        small = (max(8, round(width * scale)), max(8, round(height * scale)))  # width, height
        copy = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        drawn = _paint(entry, small[1], small[0])
        free = (_STILL, *(_PAINT[name] for name in names))
        found, band = edges.pull(drawn, copy, max(2.0, BAND * small[0]), free)
        pulled = np.stack([_smooth(found == label, width, height) for label in (_SKY, _WATER)])
        weight = _smooth(band, width, height)
        shares = shares * (1 - weight) + pulled * weight
    return np.ascontiguousarray(shares.clip(0, 1), dtype=np.float32)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _paint(entry: dict, height: int, width: int) -> np.ndarray:  # uint8 [height, width], labels
    labels = np.full((height, width), _STILL, np.uint8)
    for layer in LAYERS:
        for polygon in entry.get(layer, ()):
            corners = np.asarray(polygon, np.float64) * (width, height)
            labels[polygons.fill(corners, height, width)] = _PAINT[layer]
    return labels


def _shares(labels: np.ndarray, height: int, width: int) -> np.ndarray:  # [2, height, width]
    import cv2

    return np.stack(
        [
            cv2.resize(
                (labels == label).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA
            )
            for label in (_SKY, _WATER)
        ]
    )


def _smooth(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    import cv2

    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.6)
    return cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
