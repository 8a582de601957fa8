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

import json
from pathlib import Path

import numpy as np

VERSION = 1
LAYERS = ("sky", "water", "still")  # in the order in which they are painted
BOXES = ("land", "water_box", "sky_box")
REFINED_WIDTH = 640  # edges are looked for on a copy no larger than this, pixels
BAND = 0.015  # how far an edge may move, share of the width
LEAST_SPREAD = 0.02  # least standard deviation of a region's colours, of 1
CERTAIN = 4.0  # log-odds beyond which colour says no more
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
    from ..errors import TrainingError

    path = Path(json_path) if json_path else Path(__file__).with_name("regions.json")
    try:
        table = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
        version, pictures = table["version"], table["pictures"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} is not a table of regions ({error}); "
            'expected {"version": 1, "pictures": {path: entry}}.'
        ) from error
    if version != VERSION:
        raise TrainingError(f"{path} has version {version}; this engine reads version {VERSION}.")
    return pictures


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
        found, band = _refine(drawn, copy, max(2.0, BAND * small[0]), names)
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
    import cv2

    labels = np.full((height, width), _STILL, np.uint8)
    for layer in LAYERS:
        for polygon in entry.get(layer, ()):
            corners = np.asarray(polygon, np.float64) * (width, height) - 0.5
            cv2.fillPoly(labels, [np.round(corners * 16).astype(np.int32)], _PAINT[layer], 8, 4)
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


def _core(mask: np.ndarray, reach: float) -> np.ndarray:
    """What of a mask lies deeper than `reach`; thin parts keep their inner half."""
    import cv2

    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, parts.ravel(), depth.ravel())
    return mask & (depth > np.minimum(reach, 0.5 * deepest[parts]))


def _likelihood(
    image: np.ndarray, samples: np.ndarray, where: np.ndarray, radius: int
) -> np.ndarray:  # [where.sum()], -inf where there are too few samples nearby
    """Log-likelihood of colours under the normal distribution of the samples around each pixel."""
    import cv2

    def around(values: np.ndarray) -> np.ndarray:
        size = (2 * radius + 1, 2 * radius + 1)
        return cv2.boxFilter(
            values, cv2.CV_64F, size, normalize=False, borderType=cv2.BORDER_CONSTANT
        )[where]

    weight = samples.astype(np.float64)
    count = around(weight)
    some = np.maximum(count, 1)
    mean = np.stack([around(weight * image[..., i]) / some for i in range(3)], -1)
    spread = np.empty((len(some), 3, 3))
    for i in range(3):
        for j in range(i, 3):
            moment = around(weight * image[..., i] * image[..., j]) / some
            spread[:, i, j] = spread[:, j, i] = moment - mean[:, i] * mean[:, j]
    spread += np.eye(3) * LEAST_SPREAD**2
    away = image[where] - mean
    distance = np.einsum("ni,ni->n", away, np.linalg.solve(spread, away[..., None])[..., 0])
    likelihood = -0.5 * (distance + np.linalg.slogdet(spread)[1])
    return np.where(count >= 20, likelihood, -np.inf)


def _refine(
    drawn: np.ndarray, image: np.ndarray, reach: float, names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Give each pixel within `reach` of a drawn edge to the region nearby whose colours it has.

    A pixel changes its region only for one that is near, the less readily the farther it is. Only
    the regions in `names` and still land exchange pixels.

    Returns:
        The labels, and where they may differ from the drawn ones.
    """
    import cv2

    free = (_STILL, *(_PAINT[name] for name in names))
    labels = [label for label in free if (drawn == label).any()]
    away = {
        label: cv2.distanceTransform((drawn != label).astype(np.uint8), cv2.DIST_L2, 5)
        for label in labels
    }
    near = {label: away[label] < reach for label in labels}
    band = np.sum([near[label] for label in labels], axis=0) > 1
    band &= np.isin(drawn, labels)
    if not band.any():
        return drawn, band
    soft = cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float64) / 255
    radius = round(2 * reach)
    found = {
        label: _likelihood(soft, _core(drawn == label, 0.4 * reach), band, radius)
        for label in labels
    }
    own, at = drawn[band], np.full(band.sum(), -np.inf)
    for label in labels:
        at = np.where(own == label, found[label], at)
    best, score = own.copy(), np.zeros(len(own))
    for label in labels:
        gain = np.where(np.isfinite(at), found[label] - np.where(np.isfinite(at), at, 0), -np.inf)
        gain = gain.clip(-CERTAIN, CERTAIN) - (CERTAIN / reach) * away[label][band]
        better = near[label][band] & (own != label) & (gain > score)
        best[better], score[better] = label, gain[better]
    labelled = drawn.copy()
    labelled[band] = best
    return np.where(band, _calm(labelled, labels), drawn), band


def _calm(labelled: np.ndarray, labels: list[int]) -> np.ndarray:
    """Each pixel's most frequent label around it: specks go, edges stay."""
    import cv2

    votes = np.stack(
        [cv2.GaussianBlur((labelled == label).astype(np.float32), (0, 0), 1.0) for label in labels]
    )
    return np.asarray(labels, np.uint8)[votes.argmax(0)]
