"""Stars (beyond the paper) that come out in the clear part of a sky as it gets dark.

They stand still over the picture, behind the clouds: a star shows as far as the sky about it is
dark, and as far as the moved sky there is its clear base (`scene.bases`). Each twinkles a whole
number of times in the light's cycle, so that the clip still closes.

Legend: H W pixels of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..ops import warping
from ..ops.strips import strips
from ..scene import bases
from ..scene.regions import Region
from . import tone_curves

COUNT = 1600  # stars over a whole picture of 3:2, at an amount of 1
BRIGHTEST, FAINTEST = 1.0, 0.2  # light of stars overhead, of 1
RARE = 5.0  # the power by which bright stars are rarer than faint ones
SIZE, LARGEST = 0.5, 0.9  # spread of a faint and of a bright star, pixels at 960 of width
LEAST_SIZE = 0.4  # pixels
REFERENCE_WIDTH = 960
AT_HORIZON = 0.25  # share of its light that a star at the lower end of the sky keeps
TINTS = (0.80, 0.90, 1.0), (1.0, 0.93, 0.80)  # of the coldest and the warmest star
TWINKLES = 9, 17  # times in a cycle, at least and at most
TWINKLE = 0.3  # share of a star's light that comes and goes
LIGHT, DARK = 0.46, 0.24  # greatest channel, 0..1, of a sky without stars, and with all of them
THIN, THICK = 0.12, 0.5  # difference of logits from the clear sky that hides nothing, and all
KEPT = 4  # spreads of a star beyond which nothing of it is drawn


class Stars:
    """The stars of one clip.

    Attributes:
        light: [1, 3, H, W] 0..1, where they stand.
        turns: [1, 2, H, W] how often each twinkles in a cycle, and its phase, 0..2π.
    """

    def __init__(
        self,
        picture: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
        skies: Sequence[Region],
        amount: float,
        seed: int,
    ) -> None:
        """Scatter stars over the regions that are sky.

        Args:
            picture: the picture, whose clear sky they stand in.
            skies: the regions of it that are sky.
            amount: how many stars there are, in terms of `COUNT`.
            seed: draws them.
        """
        height, width = picture.shape[2:]
        self.light, self.turns = _scattered(height, width, amount, seed, picture.device)
        self.skies = []
        for sky in skies:
            base = bases.base_of(picture, sky.alpha, "sky")
            if base is not None:
                self.skies.append((sky.alpha.to(picture), tone_curves.logits(base.light)))

    def behind(
        self,
        logits: Tensor,  # [1, 3 or 4, H, W] `tone_curves.logits` of a frame before its light
    ) -> Tensor:  # [1, 1, H, W] 0..1
        """How much of each star the clouds of a frame leave."""
        height, width = logits.shape[2:]
        clear = torch.zeros_like(logits[:, :1])
        for alpha, base in self.skies:
            for rows in strips(range(height), width, logits.device):
                sky = warping.enlarge(alpha, height, width, rows)
                away = logits[:, :3, rows] - warping.enlarge(base, height, width, rows)
                cloud = (away.abs().mean(1, keepdim=True) - THIN) / (THICK - THIN)
                clear[:, :, rows] += sky * (1 - cloud.clamp(0, 1))
        return clear

    def shine(
        self,
        frame: Tensor,  # [1, 3 or 4, H, W] in [-1, 1] in its light; changed here
        clear: Tensor,  # [1, 1, H, W] from `behind`
        phase: float,
    ) -> None:
        """Add the stars to a frame: `1 - O' = (1 - O)(1 - S)`, O the frame in 0..1.

        S is the star's light, as far as it is dark and clear there, at a phase 0..1 of the light.
        """
        height, width = frame.shape[2:]
        for rows in strips(range(height), width, frame.device):
            part = frame[:, :3, rows]
            bright = part.amax(1, keepdim=True).add(1).div(2)
            night = ((LIGHT - bright) / (LIGHT - DARK)).clamp(0, 1)
            if not bool(night.any()):
                continue
            often, start = self.turns[:, :, rows].split(1, 1)
            twinkle = 1 - TWINKLE / 2 + TWINKLE / 2 * (often * (2 * math.pi * phase) + start).cos()
            shown = self.light[:, :, rows] * (night * clear[:, :, rows] * twinkle)
            part.add_((1 - part) * shown)


def _scattered(
    height: int, width: int, amount: float, seed: int, device: torch.device
) -> tuple[Tensor, Tensor]:  # [1, 3, H, W] and [1, 2, H, W]
    """Stars all over a picture of some size; the same seed gives the same sky at any size."""
    rng = np.random.default_rng((seed, 16))
    count = round(amount * COUNT)
    places = rng.random((count, 2))
    bright = rng.random(count) ** RARE
    light = FAINTEST + (BRIGHTEST - FAINTEST) * bright
    light *= AT_HORIZON + (1 - AT_HORIZON) * (1 - places[:, 0])
    tint = rng.random((count, 1))
    colors = light[:, None] * ((1 - tint) * np.array(TINTS[0]) + tint * np.array(TINTS[1]))
    often = rng.integers(TWINKLES[0], TWINKLES[1] + 1, count)
    start = rng.random(count) * 2 * np.pi
    scale = width / REFERENCE_WIDTH
    spread = np.maximum(LEAST_SIZE, scale * (SIZE + (LARGEST - SIZE) * bright))
    stars = np.zeros((3, height, width), np.float32)
    turns = np.zeros((2, height, width), np.float32)
    for (y, x), color, many, first, sigma in zip(
        places * (height, width), colors, often, start, spread, strict=True
    ):
        reach = math.ceil(KEPT * sigma)
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        rows, columns = slice(top, int(y) + reach + 1), slice(left, int(x) + reach + 1)
        ys, xs = np.mgrid[rows, columns][:, : height - top, : width - left]
        disc = np.exp(-((ys + 0.5 - y) ** 2 + (xs + 0.5 - x) ** 2) / (2 * sigma**2))
        shown = (color[:, None, None] * disc).astype(np.float32)
        brighter = shown.max(0) > stars[:, rows, columns].max(0)
        turns[:, rows, columns] = np.where(
            brighter, np.array([many, first], np.float32)[:, None, None], turns[:, rows, columns]
        )
        stars[:, rows, columns] = np.maximum(stars[:, rows, columns], shown)
    return torch.from_numpy(stars)[None].to(device), torch.from_numpy(turns)[None].to(device)
