"""Certainty: which parts of the predicted sky and water are certain enough to move.

A part needs a core that is sure, from which it grows to what is likely; the sky reaches the top or
a side of the picture, unless it is sure; no water lies above the horizon and no sky below it; small
unsure holes close, and larger ones that no edge of the picture surrounds.

Legend: h w pixels of the shares; shares are those of land, sky and water, and their sum is 1.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from . import edges

LAND, SKY, WATER = 0, 1, 2
SURE = 0.85  # share from which a pixel is sure
SURE_IN_MEAN = 0.75  # least mean share of a part
LEAST_CORE = 5e-4  # least area of a part's core, share of the picture
FRAMED = 0.84  # least mean share of a sky that a cave or trees surround
SPECK = 2e-3  # share of the picture below which a part is none
HOLE = {SKY: 0.01, WATER: 0.002}  # share of the picture below which an unsure hole closes
MOST_SURE = {SKY: 0.5, WATER: 0.1}  # … share of its pixels that are surely land at most
PATCH = 0.03  # share of the picture below which one without an edge closes
LEVEL = 0.012  # how far a horizon strays from a straight line (rms), share of the height
VISIBLE = 0.35  # least strength of the edge between sky and water, unless it is level
COMES_DOWN = 0.8  # mean share of water from which a part above the horizon is one with that below
BESIDE = 0.03  # share of the height over which the horizon isn't taken for a level line


def settle(
    shares: Tensor,  # [1, 3, h, w]
    picture: np.ndarray,  # uint8 [H, W, 3]
    horizon: float | None = None,
) -> np.ndarray:  # float32 [3, h, w]
    """Turn parts too uncertain to move into land, and correct misplaced ones.

    Args:
        shares: what the network says.
        picture: what it was asked about.
        horizon: where the water begins, as a share of the height; found if not given.
    """
    found = shares[0].float().cpu().numpy().copy()
    if horizon is not None:
        row = round(horizon * found.shape[1])
        _give(found, slice(0, row), WATER, SKY)
        _give(found, slice(row, None), SKY, WATER)
    else:
        _join_without_edge(found, picture)
        _put_right(found)
    for kind in (SKY, WATER):
        _leave_out_unsure(found, kind)
    for kind in (SKY, WATER):
        _close_holes(found, kind, picture)
    return found


def label(
    shares: np.ndarray,  # float32 [3, h, w]
) -> np.ndarray:  # uint8 [h, w]: LAND, SKY or WATER
    """Each pixel's most likely class; land only if likelier than all moving classes together."""
    moving = np.where(shares[SKY] >= shares[WATER], SKY, WATER)
    return np.where(shares[LAND] < 0.5, moving, LAND).astype(np.uint8)


def best_row(votes: Tensor) -> int:
    """The row (0..h) with the greatest sum of `votes` [h] above it, less that below."""
    gain = torch.cat([votes.new_zeros(1), votes.cumsum(0)])
    return int(gain.argmax())


def _give(shares: np.ndarray, where: slice | np.ndarray, kind: int, other: int) -> None:
    """Move the shares of one class to another, in some rows or within a mask."""
    of, to = shares[kind], shares[other]
    to[where] += of[where]
    of[where] = 0


def _put_right(shares: np.ndarray) -> None:
    """Turn water far above the horizon into sky or land, and sky far below it into water or land.

    The horizon is the row that goes best with what is taken for sky and for water. A part that has
    the other moving kind around most of its edge is of that kind. Sure water that goes on below it
    is a fall, a rapid or a river that comes down a slope, and stays.
    """
    import cv2

    labels, height = label(shares), shares.shape[1]
    likely = np.where(labels == LAND, 0, shares[SKY] - shares[WATER])
    row, beside = best_row(torch.from_numpy(likely.sum(1))), round(BESIDE * height)
    for kind, other, rows in (
        (WATER, SKY, slice(0, max(row - beside, 0))),
        (SKY, WATER, slice(min(row + beside, height), None)),
    ):
        misplaced = np.zeros(labels.shape, np.uint8)
        misplaced[rows] = labels[rows] == kind
        count, parts = cv2.connectedComponents(misplaced, connectivity=4)
        if count == 1:
            continue
        ring = cv2.dilate(parts.astype(np.uint16), np.ones((3, 3), np.uint8)).astype(np.int32)
        ring[(parts > 0) | (labels == kind)] = 0
        around = np.bincount(ring.ravel(), minlength=count)
        alike = np.bincount(ring.ravel(), (labels == other).ravel(), minlength=count)
        means = [_mean_of(shares[k], parts, count) for k in (other, LAND)]
        to_other = (alike > 0.5 * around) | (means[0] > means[1])
        stays = np.zeros(count, bool)
        if kind == WATER:
            goes_on = labels[rows.stop] == WATER
            stays[np.unique(parts[rows.stop - 1][goes_on])] = True
            stays &= (alike <= 0.5 * around) & (_mean_of(shares[kind], parts, count) > COMES_DOWN)
        stays[0], to_other[0] = True, False
        moved = to_other[parts] & ~stays[parts]
        _give(shares, moved, kind, other)
        _give(shares, ~moved & ~stays[parts], kind, LAND)


def _join_without_edge(shares: np.ndarray, picture: np.ndarray) -> None:
    """Turn water that blends into sky without an edge or a level line into sky.

    Mist and the pale sky over a lake's far shore are taken for water; a sea's horizon is level.
    """
    import cv2

    labels, (height, width) = label(shares), shares.shape[1:]
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    sky = labels == SKY
    count, parts = cv2.connectedComponents((labels == WATER).astype(np.uint8), connectivity=4)
    above = np.zeros(labels.shape, bool)
    above[1:] = sky[:-1]
    rim = above & (parts > 0)
    if not rim.any():
        return
    strength = edges.strength(sky, rim, small)
    for k in np.unique(parts[rim]):
        edge, part = rim & (parts == k), parts == k
        rows, columns = np.nonzero(edge)
        slope = np.cov(columns, rows)[0, 1] / max(columns.var(), 1.0) if len(rows) > 1 else 0.0
        astray = (rows - slope * columns).std()
        meets = edge.any(0).sum() > 0.3 * part.any(0).sum()
        if meets and astray > LEVEL * height and strength[edge].mean() < VISIBLE:
            _give(shares, part, WATER, SKY)


def _leave_out_unsure(shares: np.ndarray, kind: int) -> None:
    """Turn parts without a certain core into land, and sky that is framed unless it is sure."""
    import cv2

    share, labels = shares[kind], label(shares)
    size = labels.size
    core = (labels == kind) & (share > SURE)
    count, parts = cv2.connectedComponents((labels == kind).astype(np.uint8), connectivity=4)
    area = np.bincount(parts.ravel(), minlength=count)
    kept = area >= SPECK * size
    kept &= np.bincount(parts.ravel(), core.ravel(), minlength=count) >= LEAST_CORE * size
    mean = _mean_of(share, _without_rims(parts), count)
    kept &= mean >= SURE_IN_MEAN
    if kind == SKY:
        hangs = np.zeros(count, bool)
        hangs[np.unique(np.concatenate([parts[0], parts[:, 0], parts[:, -1]]))] = True
        kept &= hangs | (mean >= FRAMED)
    kept[0] = False
    _give(shares, (labels == kind) & ~kept[parts], kind, LAND)


def _close_holes(shares: np.ndarray, kind: int, picture: np.ndarray) -> None:
    """Fill small holes in a class where the network isn't certain that they are land.

    A hole touches neither the picture's border nor the other kind. A larger one closes where it is
    no thing either: the picture has no edge around it.
    """
    import cv2

    labels = label(shares)
    count, parts = cv2.connectedComponents((labels != kind).astype(np.uint8), connectivity=8)
    area = np.bincount(parts.ravel(), minlength=count)
    hole = area < PATCH * labels.size
    sure = np.bincount(parts.ravel(), (shares[LAND] > SURE).ravel(), minlength=count)
    hole &= sure < MOST_SURE[kind] * area
    hole &= (area < HOLE[kind] * labels.size) | ~_edged(labels == kind, parts, count, picture)
    hole[0] = False
    hole[np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))] = False
    hole[np.unique(parts[(labels != kind) & (labels != LAND)])] = False
    for other in (LAND, SKY + WATER - kind):
        _give(shares, hole[parts], other, kind)


def _edged(
    inside: np.ndarray,  # bool [h, w]
    parts: np.ndarray,  # int32 [h, w] of what lies outside
    count: int,
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [count]
    """Whether the picture has an edge around each part."""
    import cv2

    height, width = inside.shape
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    rim = (cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~inside
    strength = edges.strength(inside, rim, small)
    on_rim = np.where(rim, parts, 0)
    return _mean_of(np.where(rim, strength, 0), on_rim, count) >= VISIBLE


def _without_rims(parts: np.ndarray) -> np.ndarray:  # int32 [h, w] 0 where none is
    """Parts less the pixels at their edges, which are theirs by half; thin ones stay whole."""
    import cv2

    inside = cv2.erode((parts > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    inner = parts * inside
    gone = np.bincount(inner.ravel(), minlength=parts.max() + 1) == 0
    return np.where(gone[parts], parts, inner)


def _mean_of(values: np.ndarray, parts: np.ndarray, count: int) -> np.ndarray:  # [count]
    area = np.bincount(parts.ravel(), minlength=count)
    return np.bincount(parts.ravel(), values.ravel(), minlength=count) / np.maximum(area, 1)
