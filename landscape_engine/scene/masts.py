"""Masts: upright lines before the sky that fade into it in places: poles, antennas, stays, stalks.

Where such a line is lit it is brighter than the sky, in shade darker, and as bright as the sky in
between. No pixel of it is clear, but along a straight line a crowd of pixels votes for it: most of
them differ from both sides, which few pixels of a cloud do along any one line.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import channels
from .thin_things import touching

LENGTH = 0.03  # of the lines along which votes are counted, share of the width …
SHORTEST = 31  # … and at least, pixels
SLOPES = np.tan(np.deg2rad(np.linspace(-18, 18, 9)))  # of the lines, from upright
WIDER = 2  # by which the picture is shrunk for those that are wider, or out of focus
ASIDE = 3  # how far the two sides are that a pixel is compared with, pixels
NARROW = 0.7  # ... in terms of those twice as far, of a thing's pixels: creases of clouds are wide
SURELY, LEAST = 3.0, 2.5  # difference from both sides that is a vote, of 255; a weaker one …
RARE = 2.0  # … and in terms of the usual one around
MOST = 0.75  # share of a line's pixels that vote for a mast …
GOES_ON = 0.6  # … and of weaker ones for where one goes on that was found in a part
BEST = 0.05  # by which the slope of a mast may have fewer than the best one
PART = 0.25  # least share of a mast that is that part
GAP = 0.02  # over which a mast may not be seen at all, share of the width
AROUND = 0.04  # over which the usual difference is measured, share of the width
BESIDE = 2.5  # votes on the line in terms of those beside it: a texture has them everywhere


def find(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    rooted: np.ndarray,  # bool [H, W] what stays, and things that were found to
) -> np.ndarray:  # bool [H, W]
    """The masts in a sky that stand on what stays, or hold a part of it."""
    import cv2

    found = _at_scale(sky, picture, rooted)
    height, width = (max(1, side // WIDER) for side in sky.shape)
    small = _at_scale(
        cv2.resize(sky.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA) > 0,
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA),
        cv2.resize((rooted | found).astype(np.uint8), (width, height)) > 0,
    )
    large = cv2.resize(small.astype(np.uint8), sky.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return found | (large > 0) & sky


def _at_scale(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    rooted: np.ndarray,  # bool [H, W]
) -> np.ndarray:  # bool [H, W]
    """Those that are about as wide as the pixels of a scale."""
    import cv2

    whole, width = sky.shape[0], sky.shape[1]
    length = max(SHORTEST, round(LENGTH * width) | 1)
    gap = max(3, round(GAP * width) | 1)
    # no vote is cast below the sky, nor anything found
    last = int(np.flatnonzero(sky.any(1)).max(initial=0)) + 1
    around = 2 * round(AROUND * width) + 1
    rows = slice(0, last + max(length, gap, around) + 2)
    sky, picture, rooted = sky[rows], picture[rows], rooted[rows]
    difference = _difference(picture)
    usual = LocalMeans(sky, around).of(difference)
    apart = np.where(sky, difference / np.maximum(RARE * usual, 1e-3), 0) > 1
    crowd = [(difference > least) & apart for least in (SURELY, LEAST)]
    votes = 255 * np.stack(crowd, 2).astype(np.uint8)
    leaning = [_Leaning(slope, sky.shape, whole) for slope in SLOPES]
    shares = []
    for slope in leaning:
        share = cv2.blur(slope.upright(votes), (1, length))
        shares.append((share, slope.back(share)))
    best, found = np.zeros_like(votes), np.zeros_like(votes)
    for _, own in shares:
        cv2.max(best, own, best)
    cv2.subtract(best, np.full_like(best, 255 * BEST), best)
    asked = np.array((255 * MOST, 255 * GOES_ON), np.uint8)
    for slope, (share, own) in zip(leaning, shares, strict=True):
        beside = cv2.blur(share, (6 * ASIDE + 1, 1))
        clear = (share > cv2.convertScaleAbs(beside, alpha=BESIDE)) & (share > asked)
        # all of the line whose middle is clear, and what is between two of them
        along = cv2.dilate(255 * clear.astype(np.uint8), np.ones((length, 1), np.uint8))
        along = cv2.morphologyEx(along, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))
        cv2.max(found, cv2.min(slope.back(along), cv2.compare(own, best, cv2.CMP_GE)), found)
    surely, lines = cv2.split(found)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    known = ((surely > 0) | (rooted & sky)).astype(np.uint8)
    known = cv2.dilate(known, np.ones((3, 3), np.uint8))
    near = cv2.dilate(rooted.astype(np.uint8), np.ones((gap, 3), np.uint8)) > 0
    held = touching(parts, count, near)
    held &= np.bincount(parts[known > 0], minlength=count) >= PART * stats[:, cv2.CC_STAT_AREA]
    found = np.zeros((whole, width), bool)
    found[rows] = held[parts] & sky
    return found


def _difference(picture: np.ndarray) -> np.ndarray:  # float32 [H, W]
    """How much the narrow pixels of a row differ from both sides, of 255, the same way on both."""
    import cv2

    soft = cv2.GaussianBlur(picture, (0, 0), sigmaX=0.5, sigmaY=1.0)
    most = np.zeros(picture.shape[:2], np.float32)
    warm = cv2.addWeighted(soft[..., 0], 0.5, soft[..., 1], 0.5, 0, dtype=cv2.CV_32F)
    for plane in (channels.darkest(soft).astype(np.float32), warm):
        near, far = (_from_both(plane, aside) for aside in (ASIDE, 2 * ASIDE))
        cv2.max(most, np.where(near >= NARROW * far, near, 0), most)
    return most


def _from_both(plane: np.ndarray, aside: int) -> np.ndarray:  # float32 [H, W]
    import cv2

    wide = cv2.copyMakeBorder(plane, 0, 0, aside, aside, cv2.BORDER_REPLICATE)
    left, right = wide[:, : -2 * aside], wide[:, 2 * aside :]
    return cv2.max(cv2.min(left, right) - plane, plane - cv2.max(left, right))


class _Leaning:
    """Lines of one slope, made columns and back."""

    def __init__(self, slope: float, shape: tuple[int, ...], whole: int) -> None:
        """Of so many of a picture's rows and columns; `whole` are all of its rows."""
        height, width = shape
        reach = slope * (whole - 1)
        self.there = np.array([[1, -slope, max(0.0, reach)], [0, 1, 0]], np.float32)
        self.size, self.own_size = (width + int(np.ceil(abs(reach))), height), (width, height)

    def upright(self, values: np.ndarray) -> np.ndarray:  # uint8 [H, W', 2]
        import cv2

        return cv2.warpAffine(values, self.there, self.size, flags=cv2.INTER_NEAREST)

    def back(self, values: np.ndarray) -> np.ndarray:  # uint8 [H, W, 2]
        import cv2

        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(values, self.there, self.own_size, flags=flags)
