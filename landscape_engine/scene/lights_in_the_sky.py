"""Lights in the sky: the sun, the moon and the stars stay where they are while clouds move.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LocalMeans
from . import channels, clear_sky

STAR = 0.005  # widest of the stars and their trails, share of the width
STAR_CONTRAST = 0.14  # how much lighter they are than what is around them, of 1
ONE_COLOR = 0.6  # chroma, of their light above what is around, from which they are lit cloud
NIGHT = 0.4  # lightest sky in which they are looked for, of 1
GLOWING_NIGHT = 0.65  # ... over a town or at dawn, where the darker part shows that it's night
PARTLY_STARS = 0.2  # share of a sky that is full of dark-sky stars from which it does
POINT, STANDS_OUT = 0.05, 4.0  # contrast of fainter points, of 1, and in terms of the usual one
POINT_SIDE = 0.004  # their widest, share of the width
CROWDED, MOSTLY_POINTS = (20.0, 40.0), (0.4, 0.55)  # of them in 10⁴ pixels of a picture 1280 pixels
# wide: no field of stars, one; their share of all that stands out so
FULL_OF_STARS = 0.02, 0.06  # share of stars around from which the sky stays: a little, all of it
MOSTLY_STARS = 0.6, 0.7  # share of a sky that stays from which the rest does: a little, all of it
AROUND = 0.2  # over which they are counted, share of the width
BRIGHT = 0.94  # least brightness of a disc, of 1
AS_BRIGHT = 0.025  # how much less bright than the brightest sky a disc is at most, of 1
LARGEST = 0.015  # area of the largest disc and its clipped glow, share of the picture
SMALLEST = 3e-5  # … and of the smallest
COMPACT = 0.4  # least share of the circle around it that a disc fills
FALL = 0.06  # least fall of brightness from a disc to three radii beyond it, of 1
UNEVEN = 0.5  # most difference between directions close to a disc, share of the fall up to there
VEILED = 0.8  # … of a disc in the middle of the sky's glow, over which clouds pass
WIDE, MIDDLE = 0.05, 0.06  # blur that leaves that glow; how near its middle is, share of the width
ABOVE_SKY = 0.12  # how much lighter than most of the sky that glow is, of 1
FARTHEST = 4.5  # from a disc that the sky around it is looked at, radii of the disc
SECTORS = 8  # directions in which the brightness must fall, nearly all of them
GLOW = 2.5  # width of a disc's glow, radii of the disc, at least
GLOWS = 0.02, 0.1  # … the least and the greatest width, share of the picture's
GLOWING = 0.2  # share of its brightness above the sky far from it down to which it glows
RINGS = 32  # around a disc in which its glow is measured
RAYS = 0.9  # quantile of a ring's brightness that is measured


def moving_share(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # float32 [H, W]: 0 where the lights are, 1 where none is near
    """The share of the sky's motion to keep around the lights in it."""
    if not sky.any():
        return np.ones(sky.shape, np.float32)
    return _beside_stars(sky, picture) * _beside_discs(sky, picture)


def starry(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> float:
    """The share of a sky that is full of stars, 0..1."""
    if not sky.any():
        return 0.0
    return float(_full_of_stars(sky, picture)[1][sky].mean())


def find_stars(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    night: float = NIGHT,
) -> np.ndarray:  # bool [H, W]
    """Points and trails: lighter than all around them within a few pixels, in a dark sky.

    A blue that is as dark beside white clouds is a sky by day, which has none. Flecks of cloud that
    a low sun lights are red, and stars nearly white.
    """
    import cv2

    if clear_sky.by_day(sky, picture):
        return np.zeros(sky.shape, bool)
    grey, narrow, size = _narrow(picture)
    around = (4 * size + 1, 4 * size + 1)
    found = (narrow > 255 * STAR_CONTRAST) & (cv2.blur(grey, around) < 255 * night) & sky
    above = cv2.subtract(picture, cv2.blur(picture, around))
    most = channels.lightest(above)
    return found & (most - channels.darkest(above) <= ONE_COLOR * most)


def _narrow(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:  # uint8 [H, W] each
    """The lightest channel, what of it is lighter than all within a star's width, and that."""
    import cv2

    size = max(5, round(STAR * picture.shape[1]) | 1)
    grey = channels.lightest(picture)
    return grey, cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, np.ones((size, size), np.uint8)), size


def find_discs(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # int32 [H, W] numbers from 1, 0 where none is
    """Sun and moon with their clipped glow: the brightest of the sky, compact, and dimmer around.

    A sunlit cloud isn't: it ends at once on one side and goes on at the other.
    """
    import cv2

    light = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    discs = np.zeros(sky.shape, np.int32)
    brightest = int(light[sky].max())
    if brightest < 255 * BRIGHT:
        return discs
    bright = (sky & (light >= brightest - 255 * AS_BRIGHT)).astype(np.uint8)
    _, parts, stats, middles = cv2.connectedComponentsWithStats(bright, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    across = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    fits = (area >= max(12, SMALLEST * sky.size)) & (area <= LARGEST * sky.size)
    fits &= area >= COMPACT * np.pi * (across / 2) ** 2
    fits[0] = False
    lightest = _middle_of_glow(light, sky)
    for k in np.nonzero(fits)[0]:
        radius = float(np.sqrt(area[k] / np.pi))
        away = np.inf if lightest is None else np.hypot(*(middles[k] - lightest))
        uneven = VEILED if away < MIDDLE * sky.shape[1] else UNEVEN
        if _dims_around(light, sky, parts == k, middles[k], radius, uneven):
            discs[parts == k] = discs.max() + 1
    return discs


def _middle_of_glow(light: np.ndarray, sky: np.ndarray) -> np.ndarray | None:  # x, y
    """Where the sky is lightest in the large, if it glows there."""
    wide = LocalMeans(sky, 2 * round(WIDE * sky.shape[1]) + 1)
    mean, known = wide.of(light), sky & (wide.share > 0.5)
    if not known.any() or mean[known].max() <= np.median(mean[known]) + 255 * ABOVE_SKY:
        return None
    row, column = np.unravel_index(np.where(known, mean, -1).argmax(), sky.shape)
    return np.array([column, row])


def _dims_around(
    light: np.ndarray,  # uint8 [H, W]
    sky: np.ndarray,  # bool [H, W]
    disc: np.ndarray,  # bool [H, W]
    middle: np.ndarray,  # x, y
    radius: float,
    uneven: float,
) -> bool:
    """Whether the sky gets dimmer with the distance from a disc, in nearly all directions."""
    reach = int(FARTHEST * max(radius, 2.0)) + 2
    left, top = (max(0, int(one) - reach) for one in middle)
    box = slice(top, int(middle[1]) + reach + 1), slice(left, int(middle[0]) + reach + 1)
    own, sky, light = float(light[disc].mean()), sky[box], light[box]
    y, x = np.mgrid[top : top + sky.shape[0], left : left + sky.shape[1]]
    away = np.hypot(x - middle[0], y - middle[1]) / max(radius, 2.0)
    sector = ((np.arctan2(y - middle[1], x - middle[0]) / (2 * np.pi) + 0.5) * SECTORS).astype(int)
    sector %= SECTORS
    falls, close = [], []
    for k in range(SECTORS):
        here = sky & (sector == k)
        rings = [here & (away > a) & (away <= b) for a, b in ((1.5, 2.5), (3.0, FARTHEST))]
        if min(ring.sum() for ring in rings) < 3:
            continue
        first, second = (float(light[ring].mean()) for ring in rings)
        close.append(first)
        falls.append(own > first >= second - 2 and own - second > 255 * FALL)
    if len(falls) < SECTORS // 2 - 1 or max(close) - min(close) > uneven * (own - min(close)):
        return False
    return sum(falls) >= 0.85 * len(falls)


def _beside_stars(sky: np.ndarray, picture: np.ndarray) -> np.ndarray:
    stars, still = _full_of_stars(sky, picture)
    # the rest of a sky that mostly stays is its glow, which no wind carries
    rest = _rise((still[sky].mean(keepdims=True) - MOSTLY_STARS[0]) / np.ptp(MOSTLY_STARS))
    return np.where(sky, (1 - np.maximum(still, rest)) * (stars == 0), 1).astype(np.float32)


def _full_of_stars(
    sky: np.ndarray, picture: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # uint8, float32 [H, W]
    """The stars, and how much each place is full of them, 0..1."""
    import cv2

    side = 2 * max(1, round(AROUND * sky.shape[1] / 2)) + 1
    around = LocalMeans(sky, side)
    for night in (NIGHT, GLOWING_NIGHT):
        found = find_stars(sky, picture, night)
        stars = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8))
        full = _rise((around.of(stars) - FULL_OF_STARS[0]) / np.ptp(FULL_OF_STARS))
        if full[sky].mean() <= PARTLY_STARS:
            break
    return stars, np.maximum(full, _crowded(sky, picture, side))


def _crowded(
    sky: np.ndarray,  # bool [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    side: int,  # of the box in which they are counted, pixels
) -> np.ndarray:  # float32 [H, W], 0..1
    """How crowded isolated points of light are, however faint, in a sky however light.

    Stars in an aurora or over a town: hundreds of them, each by itself. Of clouds what stands out
    from the rest hangs together. No single point is held: where a sky moves a little, it would be
    a hole in it.
    """
    import cv2

    if clear_sky.by_day(sky, picture):
        return np.zeros(sky.shape, np.float32)
    width = sky.shape[1]
    _, narrow, size = _narrow(picture)
    within = cv2.erode(sky.astype(np.uint8), np.ones((2 * size - 1,) * 2, np.uint8))
    usual = np.square(LocalMeans(within, 4 * size + 1).of(np.sqrt(narrow)))  # few hardly count
    peaks = ((narrow > 255 * POINT) & (narrow > STANDS_OUT * usual) & (within > 0)).astype(np.uint8)
    _, parts, stats, middles = cv2.connectedComponentsWithStats(peaks, connectivity=8)
    widest = max(3, round(POINT_SIDE * width))
    single = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) <= widest
    single[0] = False
    points = single[parts].astype(np.uint8)
    middle = np.zeros(sky.shape, np.float32)
    column, row = np.rint(middles[single]).astype(int).T
    middle[row, column] = 1e4 * (width / 1280) ** 2
    around = LocalMeans(within, side)
    crowded = _rise((around.of(middle) - CROWDED[0]) / np.ptp(CROWDED))
    mostly = around.of(points) / np.maximum(around.of(peaks), 1e-6)
    crowded = crowded * _rise((mostly - MOSTLY_POINTS[0]) / np.ptp(MOSTLY_POINTS))
    return crowded * sky


def _beside_discs(sky: np.ndarray, picture: np.ndarray) -> np.ndarray:
    import cv2

    discs = find_discs(sky, picture)
    moving = np.ones(sky.shape, np.float32)
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    for k in range(1, int(discs.max()) + 1):
        disc = discs == k
        away = cv2.distanceTransform((~disc).astype(np.uint8), cv2.DIST_L2, 5)
        least = max(GLOW * float(np.sqrt(disc.sum() / np.pi)), GLOWS[0] * sky.shape[1])
        glow = _glow(light, sky, away, least, GLOWS[1] * sky.shape[1])
        moving = np.minimum(moving, _rise((away - 1) / glow))
    return moving


def _glow(
    light: np.ndarray,  # uint8 [H, W]
    sky: np.ndarray,  # bool [H, W]
    away: np.ndarray,  # float32 [H, W] from a disc, pixels
    least: float,
    most: float,
) -> float:
    """How far a disc's glow and its rays reach, pixels: to where rings around it are dim in all."""
    near = sky & (away > 0) & (away <= 2 * most)
    ring = np.minimum((away[near] * RINGS / (2 * most)).astype(int), RINGS - 1)
    count = np.bincount(ring, minlength=RINGS)
    if not count.all():
        return least
    # the brightest of a ring counts, or the rays of a star would move
    order = np.lexsort((light[near], ring))
    rank = (np.cumsum(count) - count) + (RAYS * count).astype(int).clip(0, count - 1)
    bright = light[near][order][rank].astype(np.float32)
    far = bright[RINGS // 2 :].min()
    dim = np.nonzero(bright < far + GLOWING * (255 - far))[0]
    first = dim[0] if len(dim) else RINGS
    return float(np.clip(first * 2 * most / RINGS, least, most))


def _rise(values: np.ndarray) -> np.ndarray:  # float32, from 0 to 1 as the values do, smoothly
    held = values.clip(0, 1)
    return (held * held * (3 - 2 * held)).astype(np.float32)
