"""Lit windows (beyond the paper): lamps that come on behind windows as it gets dark.

Of buildings, which the scene parser tells, windows are what is darker than the wall about it and
no larger than a window is. Where so much is found, cells of it are lit, as rooms are, more in some
houses than in others; each comes on at a dusk of its own, and shines on what is about it. Lamps
that burn in the picture already, amid dark walls, burn on.

Legend: h w pixels of the masks; H W of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..ops import masks, shrinking, warping
from ..ops.strips import strips
from . import daylight

BUILT = 0.75, 0.9  # share of buildings: none, surely; statues and bridges have less
LARGEST = 160  # of which the width is the side of the largest window
DARKER = 2.5  # L* by which it is darker than the wall at least
OF_DARKEST = 0.35, 0.7  # share of what the darkest nearby are so: no window, surely
NEARBY = 25  # of which the width is the reach of that
CELL = 450, 300  # of which the width is the height and the width of a room
HOUSES = 30  # of which the width is the reach of what one house has lit
SHARE = 0.1, 0.5  # of rooms that are lit, in the house with the fewest and with the most
COLORS = (1.0, 0.72, 0.42), (1.0, 0.88, 0.68), (0.88, 0.96, 1.0)  # sRGB of lamps, most to fewest
OFTEN = 0.65, 0.95  # share of the first, and of the first two
DIMMEST = 0.35  # light of the dimmest, of 1
GLOWS = (0.0025, 0.35), (0.015, 0.12)  # spread in widths, and light, of what shines around them
COMES_ON = 0.6, 1.2  # ln Y below the picture's at which the first room is lit, and the last
SLOWLY = 0.12  # of ln Y that one takes
BURNING = 15.0, 35.0  # L* by which a lamp is lighter than what is about it: none, surely
DARK_WALLS = 45.0, 30.0  # mean L* of walls among which what is so light is no lamp, surely
APART = 8  # pixels between those whose light is measured


@dataclass(frozen=True)
class Windows:
    """The windows of one picture that are lit by night.

    Attributes:
        light: [1, 3, h, w] 0..1 what shines, in sRGB.
        dusk: [1, 1, h, w] ln Y below the picture's from which it does.
        burning: [1, 1, h, w] share of what shines in the picture already.
        picture: [1, 3 or 4, H, W] in [-1, 1].
        walls: [1, 1, H', W'] share of buildings at every `APART`th pixel of the picture.
        by_day: [1, 1, H', W'] ln Y of the picture there.
    """

    light: Tensor
    dusk: Tensor
    burning: Tensor
    picture: Tensor
    walls: Tensor
    by_day: Tensor

    def shine(
        self,
        frame: Tensor,  # [1, 3 or 4, H, W] in [-1, 1] in its light; changed here
    ) -> None:
        """Add the lamps to a frame: `O'^2 = O^2 + b (I^2 - O^2) + (1 - O^2) S^2`, in 0..1.

        O is the frame, I the picture and b the share of lamps that burn in it, where they are
        brighter there. S is the light of lamps that are on: of those whose dusk is above what the
        buildings have lost of ln Y in the mean.
        """
        lost = float(masks.mean_within(self.by_day - _brightness(frame), self.walls))
        if lost <= 0:
            return
        height, width = frame.shape[2:]
        on = self.light * ((lost - self.dusk) / SLOWLY).clamp(0, 1)
        for rows in strips(range(height), width, frame.device):
            lit, burning = (warping.enlarge(one, height, width, rows) for one in (on, self.burning))
            if not bool(lit.any() | burning.any()):
                continue
            part = frame[:, :3, rows]
            light, before = (((one + 1) / 2).square() for one in (part, self.picture[:, :3, rows]))
            light += (before - light).relu_().mul_(burning)
            light += (1 - light).relu_().mul_(lit.square())
            part.copy_(light.sqrt_().mul_(2).sub_(1))


def find(
    picture: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    pixels: NDArray[np.uint8],  # [h, w, 3] the picture at the size of masks
    buildings: Tensor,  # [1, 1, h', w'] share, 0..1
    amount: float,
    seed: int,
) -> Windows | None:
    """Find the windows of a picture; None if it has none.

    Args:
        picture: the picture.
        pixels: the same.
        buildings: where there are buildings.
        amount: how many windows are lit, 0..1.
        seed: draws which.
    """
    height, width = pixels.shape[:2]
    seen = walls(warping.enlarge(buildings, height, width))
    if not bool(seen.any()):
        return None
    inside, lightness = seen[0, 0].cpu().numpy(), _lightness(pixels)
    rooms, dusk = _rooms(height, width, amount, np.random.default_rng((seed, 17)))
    light = rooms  # none is lit
    if amount:
        light = _glowing(_panes(lightness, inside)[..., None] * rooms)
    burning = _burning(lightness, inside)
    if max(light.max(), burning.max()) < 1 / 255:
        return None
    by_day = _brightness(picture)
    at = lambda field: _shrunk(torch.from_numpy(field).to(picture), picture)  # noqa: E731
    return Windows(
        at(light.transpose(2, 0, 1)[None]),
        at(dusk[None, None]),
        at(burning[None, None]),
        picture,
        warping.enlarge(walls(buildings), *by_day.shape[2:]),
        by_day,
    )


def walls(
    buildings: Tensor,  # [1, 1, h', w'] share, 0..1
) -> Tensor:  # [1, 1, h', w'] 0..1
    """Where buildings are sure enough to have windows."""
    return masks.soft_threshold(buildings, BUILT)


def _lightness(
    pixels: NDArray[np.uint8],  # [h, w, 3]
) -> NDArray[np.float32]:  # [h, w] L*
    import cv2

    lightness = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]
    return cast(NDArray[np.float32], cv2.GaussianBlur(lightness, (0, 0), 0.6))


def _square(width: int, part: int) -> NDArray[np.uint8]:
    """The square that an opening or a closing is made with."""
    side = 2 * max(2, round(width / part)) + 1
    return np.ones((side, side), np.uint8)


def _panes(
    lightness: NDArray[np.float32],  # [h, w] L*
    inside: NDArray[np.floating],  # [h, w] 0..1 walls
) -> NDArray[np.float32]:  # [h, w] 0..1
    """The confidence of each pixel that it is of a window: a black top-hat of L*, on walls.

    It is compared with the darkest nearby: glass differs less from steel than from brick.
    """
    import cv2

    square = _square(lightness.shape[1], LARGEST)
    darker = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, square) * inside
    darkest = cv2.GaussianBlur(cv2.dilate(darker, square), (0, 0), lightness.shape[1] / NEARBY / 2)
    least, most = (np.maximum(DARKER, share * darkest) for share in OF_DARKEST)
    found = ((darker - least) / np.maximum(most - least, 1.0)).clip(0, 1)
    return (found * inside).astype(np.float32)


def _burning(
    lightness: NDArray[np.float32],  # [h, w] L*
    inside: NDArray[np.floating],  # [h, w] 0..1 walls
) -> NDArray[np.float32]:  # [h, w] 0..1
    """The confidence of each pixel that a lamp burns there: a white top-hat, on dark walls."""
    import cv2

    usual = float((lightness * inside).sum() / inside.sum())
    dark = np.clip((DARK_WALLS[0] - usual) / (DARK_WALLS[0] - DARK_WALLS[1]), 0, 1)
    square = _square(lightness.shape[1], LARGEST)
    lighter = cv2.morphologyEx(lightness, cv2.MORPH_TOPHAT, square)
    found = ((lighter - BURNING[0]) / (BURNING[1] - BURNING[0])).clip(0, 1)
    return (found * inside * dark).astype(np.float32)


def _shrunk(
    field: Tensor,  # [1, C, h, w] at the size of masks
    picture: Tensor,  # [1, 3 or 4, H, W]
) -> Tensor:  # [1, C, h', w'], no larger than the picture
    smaller = picture.shape[3] < field.shape[3]
    return shrinking.area(field, picture.shape[2:]) if smaller else field


def _rooms(
    height: int, width: int, amount: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # [h, w, 3] 0..1, and [h, w]
    """The lamps of rooms all over a picture, and when each comes on."""
    import cv2

    tall, wide = (max(2, round(width / part)) for part in CELL)
    cells = -(-height // tall), -(-width // wide)
    houses = rng.random((max(2, -(-height * HOUSES // width)), HOUSES)).astype(np.float32)
    share = cv2.resize(houses, cells[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
    lit = rng.random(cells) < amount * (SHARE[0] + (SHARE[1] - SHARE[0]) * share)
    kind = np.searchsorted(OFTEN, rng.random(cells), side="right")
    bright = DIMMEST + (1 - DIMMEST) * rng.random(cells) ** 2
    lamps = np.array(COLORS)[kind] * (lit * bright)[..., None]
    dusk = rng.uniform(COMES_ON[0], COMES_ON[1], cells)
    spread = lambda field: np.repeat(np.repeat(field, tall, 0), wide, 1)[:height, :width]  # noqa: E731
    return spread(lamps).astype(np.float32), spread(dusk).astype(np.float32)


def _glowing(
    lamps: NDArray[np.float32],  # [h, w, 3] 0..1
) -> NDArray[np.float32]:  # [h, w, 3] 0..1
    """Lamps, and what they shine on."""
    import cv2

    glow = lamps.copy()
    for spread, light in GLOWS:
        glow += light * cv2.GaussianBlur(lamps, (0, 0), max(0.5, spread * lamps.shape[1]))
    return glow.clip(0, 1)


def _brightness(
    picture: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
) -> Tensor:  # [1, 1, H', W']
    """The logarithm of Y at every `APART`th pixel."""
    grid = slice(APART // 2, None, APART)
    light = daylight.linear(picture[:, :3, grid, grid])
    return (daylight.luminance(light) + daylight.FAINT).log()
