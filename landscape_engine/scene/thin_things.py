"""Thin things: masts, rigging, wires, reeds, twigs and towers, kept still before sky and water.

They are narrow across and long along, darker or lighter than what is on *both* sides of them, and
rooted in what stays, or straight and long. Edges, wisps of cloud and stars are none of this. Before
a clear sky (`clear_sky`) anything crisp close to land is one.

Legend: H W pixels of the masks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import channels, clear_sky
from .certainty import LAND, SKY, WATER

ANGLES = 16  # directions in which things are looked for, over half a turn
ASIDE = 3  # how far from a thing's middle its sides are compared, pixels of each scale
LONG = 5  # half a thing's least length, pixels of each scale
SCALES = {"dark": (1, 2, 4), "light": (1, 2)}  # by which the picture is shrunk for wider things,
# of which as much more contrast is asked: wisps and bands of cloud are wide and soft
LEAST = {"dark": 0.02, "light": 0.04}  # contrast to both sides, of 1, to which a thing grows …
CLEAR = {"dark": 0.045, "light": 0.1}  # … from parts that have this one
NEAR = 2  # how close to land a rooted thing begins, pixels
STEEP = 0.4  # least |sine| of the angle of a thing in water: crests of waves lie level
STRAIGHT = 0.12  # least length of a thing that hangs free, share of the width
SLENDER = 0.04  # … and its greatest width, share of its length
FINE, EVEN = 0.3, 1.0  # … least share of it that is fine, and its unevenness: deviation, pixels
LYING = 0.6  # contrast in steep directions, in terms of that in any, below which a pixel lies level
LEVEL, LONG_CLOUD = 3.0, 0.03  # width over height, and share of the width, of streaks of cloud …
ALONG = 0.5  # … and share of their width, at most, along which they touch land
BED, LEAST_BED = 0.006, 3e-4  # over which a bed's texture is averaged, share of the width; its area
UPRIGHT, ROUGH = 1.3, 6.0  # energy of gradients across over that along; contrast a pixel, of 255
ROOTED, TALL = 0.3, 0.35  # share of its columns below which is land; height of one in front
TANGLE = 0.025  # widest of the dark tangles before the sky (crowns, twigs), share of the width
TANGLE_CONTRAST = 0.12  # how much darker they are than what is behind, of 1
REACH = 0.005  # of a thing that stays to what is narrow or small beside it, share of the width
STARK = 0.25  # ... and that of tangles that such a thing holds, and of twigs before white water
TIP = 0.05  # longest of them, share of the width
TIPS = 3  # how often: blades hang on a hub, which hangs on a mast


def find(
    labels: np.ndarray,  # uint8 [H, W]: LAND, SKY or WATER
    picture: np.ndarray,  # uint8 [H, W, 3]
    foam: np.ndarray | None = None,  # bool [H, W] white water, if it is known
) -> np.ndarray:  # bool [H, W], with a margin of one pixel
    """The thin things before sky and water.

    What is light and narrow in white water is a thread of it, what is a little darker the gap
    between two, and its upright texture no bed of reeds.
    """
    import cv2

    foam = np.zeros(labels.shape, bool) if foam is None else foam
    moving, reeds = labels != LAND, _reeds(labels, picture, foam)
    labels = np.where(reeds, LAND, labels)  # single stalks are rooted in their bed
    standing, sky, water = labels == LAND, labels == SKY, labels == WATER
    planes = _planes(picture)
    near = cv2.dilate(standing.astype(np.uint8), _square(2 * NEAR + 1)) > 0
    foot = cv2.dilate(standing.astype(np.uint8), _reach(labels)) > 0
    in_front = water.copy()  # twigs and stalks before the water come in over the border
    in_front[:-1, 1:-1] = False
    border = sky.copy()  # and twigs before the sky
    border[1:-1, 1:-1] = False
    window = 2 * round(TANGLE * labels.shape[1]) + 1
    beside = cv2.dilate(standing.astype(np.uint8), _square(window)) > 0
    found = reeds
    for polarity, plane in planes.items():
        # in the sky also darker or lighter than most of what is near, unless that is land: the gaps
        # between star trails aren't
        usual = _usual(plane)
        aside = cv2.subtract(usual, plane) if polarity == "dark" else cv2.subtract(plane, usual)
        every, steep, fine = contrast(plane, polarity)
        found |= clear_sky.details(sky, plane, every, polarity)
        apart = sky & (beside | (aside > 255 * LEAST[polarity]))
        clouds = sky & _streaks(every, steep, fine > 255 * CLEAR["dark"], near, polarity)
        narrow = np.where(apart & ~clouds, every, 0)
        narrow[water] = steep[water]
        narrow[foam & ((polarity == "light") | (narrow <= 255 * STARK))] = 0
        roots = near | in_front if polarity == "dark" else near
        # a light one that hangs free may be a contrail
        hanging = fine > 255 * CLEAR["dark"] if polarity == "dark" else None
        things = _attached(narrow, polarity, roots, ~standing, hanging)
        upright = np.where(apart, steep, 0)
        things |= _attached(upright, polarity, foot, ~standing, hanging)
        tips = every > 255 * CLEAR["dark"]
        if polarity == "dark":
            tangled = np.where(clear_sky.gaps(sky, picture), 0, _tangled(plane, aside))
            things |= _rooted((tangled > 255 * TANGLE_CONTRAST) & sky, near)
            things |= _attached(upright, polarity, border, sky, hanging, TANGLE_CONTRAST)
            tips |= tangled > 255 * STARK
        found |= _held(things, tips & sky & (aside > 255 * LEAST[polarity]))
    return (cv2.dilate(found.astype(np.uint8), _square(3)) > 0) & moving


def contrast(
    plane: np.ndarray,  # uint8 [H, W]
    polarity: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # uint8 [H, W] each
    """The contrast of narrow things to both sides: any, those in steep directions, and fine ones.

    The fine ones are crisp and as narrow as wires: they are what the picture's own scale shows.
    """
    import cv2

    height, width = plane.shape
    every, steep, fine = (np.zeros_like(plane) for _ in range(3))
    for scale in SCALES[polarity]:
        size = (max(1, width // scale), max(1, height // scale))
        small = plane if scale == 1 else cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        answers = [np.zeros_like(small), np.zeros_like(small)]
        for sine, one in _answers(small if polarity == "dark" else 255 - small):
            cv2.max(answers[0], one, answers[0])
            if sine >= STEEP:
                cv2.max(answers[1], one, answers[1])
        for whole, one in zip((every, steep), answers, strict=True):
            large = one if scale == 1 else cv2.resize(one // scale, (width, height))
            cv2.max(whole, large, whole)
        if scale == 1:
            fine = every.copy()
    return every, steep, fine


def _answers(plane: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """For each direction its |sine|, and how much darker things are than both sides.

    An opening along the direction of a black-hat across it: what is shorter vanishes.
    """
    import cv2

    height, width = plane.shape
    for k in range(ANGLES):
        angle = np.pi * k / ANGLES
        line = _line(angle, LONG)
        mean = cv2.filter2D(plane, -1, _line(angle, 1) / 3.0, borderType=cv2.BORDER_REPLICATE)
        wide = cv2.copyMakeBorder(mean, ASIDE, ASIDE, ASIDE, ASIDE, cv2.BORDER_REPLICATE)
        dy, dx = round(ASIDE * np.cos(angle)), -round(ASIDE * np.sin(angle))
        one, other = (
            wide[ASIDE + y : ASIDE + y + height, ASIDE + x : ASIDE + x + width]
            for y, x in ((dy, dx), (-dy, -dx))
        )
        narrow = cv2.subtract(cv2.min(one, other), mean)
        yield abs(np.sin(angle)), cv2.morphologyEx(narrow, cv2.MORPH_OPEN, line)


def _line(angle: float, half: int) -> np.ndarray:  # uint8 [2 half + 1, 2 half + 1]
    """The pixels of a line through the middle, half its length to both sides."""
    line = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    for s in range(-half, half + 1):
        line[half + round(s * np.sin(angle)), half + round(s * np.cos(angle))] = 1
    return line


def _attached(
    narrow: np.ndarray,  # uint8 [H, W] contrast of narrow things
    polarity: str,
    near: np.ndarray,  # bool [H, W] close to land, and land
    moving: np.ndarray,  # bool [H, W]
    hanging: np.ndarray | None = None,  # bool [H, W] the fine parts of what may hang free
    least: float | None = None,  # contrast of a clear stretch, in place of the usual one
) -> np.ndarray:  # bool [H, W]
    """The narrow parts with a clear stretch that are rooted, or long, fine and even.

    A streak of cloud, or the gap between two, is as long, but soft and ragged.
    """
    import cv2

    weak = ((narrow > 255 * LEAST[polarity]) & moving).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    kept = touching(parts, count, near)
    if hanging is not None:
        extent = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        area = stats[:, cv2.CC_STAT_AREA]
        free = (extent > STRAIGHT * narrow.shape[1]) & (area < SLENDER * extent**2)
        free &= np.bincount(parts[hanging], minlength=count) > FINE * area
        free[0] = False
        for k in np.flatnonzero(free & ~kept):
            kept[k] = _even(parts, stats[k], int(k))
    clear = narrow > 255 * (least or CLEAR[polarity])
    kept &= np.bincount(parts[clear], minlength=count) > LONG
    kept[0] = False
    return kept[parts]


def _streaks(
    every: np.ndarray,  # uint8 [H, W] contrast of narrow things
    steep: np.ndarray,  # uint8 [H, W] … of those in steep directions
    fine: np.ndarray,  # bool [H, W] what is as narrow as wires
    near: np.ndarray,  # bool [H, W] close to land, and land
    polarity: str,
) -> np.ndarray:  # bool [H, W]
    """Streaks of cloud and the gaps between them, which may begin at a ridge or a mast.

    They lie level, and are long; they are neither fine and even as a cable nor run along land.
    """
    import cv2

    lying = ((every > 255 * LEAST[polarity]) & (steep < LYING * every)).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(lying, connectivity=8)
    found = _level(stats, every.shape[1])
    for k in np.flatnonzero(found):
        x, y, w, h, area = stats[k]
        thin = ((parts[y : y + h, x : x + w] == k) & fine[y : y + h, x : x + w]).sum()
        cable = thin > FINE * area and _even(parts, stats[k], int(k))
        found[k] = _along(parts, stats[k], int(k), near) < ALONG and not cable
    return found[parts]


def _even(parts: np.ndarray, stats: np.ndarray, number: int) -> bool:
    """Whether a part runs straight, or bends as evenly as a cable that sags."""
    left, top, width, height = stats[:4]
    part = parts[top : top + height, left : left + width] == number
    y, x = (places - places.mean() for places in np.nonzero(part))
    turned = 0.5 * np.arctan2(2 * (x * y).mean(), (x * x).mean() - (y * y).mean())
    along = x * np.cos(turned) + y * np.sin(turned)
    across = y * np.cos(turned) - x * np.sin(turned)
    sag = np.polyval(np.polyfit(along, across, 2), along)
    return bool((across - sag).std() <= EVEN)


def _tangled(
    plane: np.ndarray,  # uint8 [H, W]
    below: np.ndarray,  # uint8 [H, W] how much darker than most of what is near
) -> np.ndarray:  # uint8 [H, W]
    """How much darker narrow things are than their surroundings, and half that for most.

    In any shape: twigs and leaves have no direction.
    """
    import cv2

    size = max(3, round(TANGLE * plane.shape[1]) | 1)
    narrow = cv2.morphologyEx(plane, cv2.MORPH_BLACKHAT, _square(size))
    return cv2.min(narrow, cv2.add(below, below))


def _rooted(
    things: np.ndarray,  # bool [H, W]
    near: np.ndarray,  # bool [H, W] close to land, and land
) -> np.ndarray:  # bool [H, W]
    """The parts that touch land, but for streaks of cloud that end at it."""
    import cv2

    count, parts, stats, _ = cv2.connectedComponentsWithStats(
        things.astype(np.uint8), connectivity=8
    )
    found = touching(parts, count, near)
    for k in np.flatnonzero(found & _level(stats, things.shape[1])):
        found[k] = _along(parts, stats[k], int(k), near) >= ALONG
    return found[parts]


def _level(
    stats: np.ndarray,  # [count, 5] of connected parts
    width: int,
) -> np.ndarray:  # bool [count]
    """Which parts are level and long, as streaks of cloud are."""
    wide, high = stats[:, 2], stats[:, 3]
    level = (wide > LEVEL * high) & (wide > LONG_CLOUD * width)
    level[0] = False
    return level


def _along(parts: np.ndarray, stats: np.ndarray, number: int, near: np.ndarray) -> float:
    """The share of a part's columns in which it is close to land."""
    x, y, w, h = stats[:4]
    box = slice(y, y + h), slice(x, x + w)
    return float(((parts[box] == number) & near[box]).any(0).mean())


def touching(
    parts: np.ndarray,  # int32 [H, W] numbers below `count`, 0 where none is
    count: int,
    where: np.ndarray,  # bool [H, W]
) -> np.ndarray:  # bool [count]
    """Which parts reach into a mask."""
    found = np.zeros(count, bool)
    found[parts[where]] = True
    found[0] = False
    return found


def _held(
    things: np.ndarray,  # bool [H, W] that stay
    tips: np.ndarray,  # bool [H, W] what might
) -> np.ndarray:  # bool [H, W]
    """Things with their tips: small parts that touch them, or almost do."""
    import cv2

    reach = _reach(things)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(tips.astype(np.uint8), connectivity=8)
    extent = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    small = extent <= TIP * things.shape[1]
    for _ in range(TIPS):
        beside = cv2.dilate(things.astype(np.uint8), reach) > 0
        things = things | (touching(parts, count, beside) & small)[parts]
    return things


def _reeds(
    labels: np.ndarray,  # uint8 [H, W]
    picture: np.ndarray,  # uint8 [H, W, 3]
    foam: np.ndarray,  # bool [H, W] white water
) -> np.ndarray:  # bool [H, W]
    """Beds of reeds and grass in water: an upright texture on land or in the foreground.

    That of waves lies; reflections, which stand too, hang from their shore: below them is water.
    Threads of white water are none.
    """
    import cv2

    height, width = labels.shape
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 0.8)
    spread = max(1.0, BED * width)
    across, along = (
        cv2.GaussianBlur(cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) ** 2, (0, 0), spread)
        for dx in (1, 0)
    )
    upright = (across > UPRIGHT * along) & (across > ROUGH**2) & (labels == WATER) & ~foam
    ground = cv2.dilate((labels == LAND).astype(np.uint8), _square(4 * NEAR + 1)) > 0
    _, parts, stats, _ = cv2.connectedComponentsWithStats(upright.astype(np.uint8), connectivity=8)
    found = np.zeros(labels.shape, bool)
    for k in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= LEAST_BED * labels.size)[1:]:
        x, y, w, h = stats[k, :4]
        part = parts[y : y + h, x : x + w] == k
        lowest = y + h - 1 - part[::-1].argmax(0)
        under = ground[np.minimum(lowest + 2 * NEAR, height - 1), np.arange(x, x + w)]
        border = lowest >= height - 1 - NEAR
        rooted = under.mean() >= ROOTED or (border | under).mean() >= ROOTED and h < TALL * height
        if rooted:
            found[y : y + h, x : x + w] |= part
    return found


def _planes(picture: np.ndarray) -> dict[str, np.ndarray]:  # uint8 [H, W] each
    """Channels that show dark and light things best: blue sky is dark in red, bright in blue."""
    import cv2

    soft = cv2.GaussianBlur(picture, (0, 0), 0.5)
    warm = cv2.addWeighted(soft[..., 0], 0.5, soft[..., 1], 0.5, 0)
    return {"dark": channels.darkest(soft), "light": warm}


def _usual(plane: np.ndarray) -> np.ndarray:  # uint8 [H, W]
    """The local median around each pixel, over twice the width of the widest things."""
    import cv2

    height, width = plane.shape
    coarse = max(1, round(width / 320))
    small = cv2.resize(plane, (width // coarse, height // coarse), interpolation=cv2.INTER_AREA)
    window = max(3, min(2 * round(TANGLE * width / coarse) + 1, 255))
    return cv2.resize(cv2.medianBlur(small, window), (width, height))


def _reach(mask: np.ndarray) -> np.ndarray:
    return _square(2 * max(2 * NEAR, round(REACH * mask.shape[1])) + 1)


def _square(size: int) -> np.ndarray:
    return np.ones((size, size), np.uint8)
