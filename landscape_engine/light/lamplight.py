"""Lamplight: what of a picture's light comes from lamps, and stays when the day's goes.

At dusk and by night lamps light walls and streets, and water shows them. What they light is warm in
itself, and light by what the sky has left to give: near buildings, under a sky that no sun lights.
By day sunlit walls are as warm, but then the sky, its clouds or the land are light.

Legend: h w pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import masks
from ..ops.masks import mean_within as mean
from ..ops.masks import soft_threshold as rising
from . import daylight

BUILT = 0.3, 0.7  # share of buildings: none, surely
TOWN = 0.004, 0.012  # share of the picture that is built: a wrong answer, buildings
NEARBY = 0.035  # half the share of the width, so far from them there are lamps
WARM = 0.5, 1.2  # w of what a lamp lights: not, surely; beyond its sky's, if that is warm
SEEN = 4.0  # times the share of sky nearby that its warmth counts
LIGHT = -1.2, -0.3  # ln Y above the mean of its sky: not, surely
DAY_SKY = 57.0, 63.0  # mean L* of a sky at dusk, and by day
DAY_LAND = 43.0, 52.0  # ... of land
WHITE, NEUTRAL = (72.0, 84.0), (0.0, 0.3)  # L* and w of a sunlit cloud: not, surely; surely, not
CLOUDS = 0.07, 0.12  # share of a sky that is such cloud: dusk, day
UNDER = 0.03  # share of the width by which water shows lamps beside those above it
LIGHTER, WARMER = (0.1, 0.6), (0.3, 0.9)  # ln Y, and w, above the mean of its water, of what shows
# a lamp: not, surely
BURNT, AROUND = (80.0, 92.0), 0.01  # L* of a lamp itself, white amid what it lights: not, surely;
# share of the width


def find(
    light: Tensor,  # [1, 3, h, w] 0..1 linear sRGB, with its texture
    shares: Tensor,  # [1, 3, h, w] of land, sky and water
    buildings: Tensor,  # [1, 1, h, w] share
) -> Tensor:  # [1, 1, h, w] 0..1
    """The share of each pixel's light that lamps give."""
    land, sky, water = shares.split(1, 1)
    built = rising(buildings, BUILT) * land
    dusk = _dusk(light, land, sky) * rising(mean(built, torch.ones_like(built)), TOWN)
    if not bool((built * dusk).any()):
        return torch.zeros_like(built)
    reach = max(1, round(NEARBY * built.shape[3]))
    near = masks.blur(masks.highest(built, 2 * reach), reach)  # two passes: all of `built` is 1
    warmth, bright = _warmth(light), _brightness(light)
    warm = rising(warmth - _behind(warmth, sky, 2 * reach).clamp(min=0), WARM)
    lit = near * warm * rising(bright - mean(bright, sky), LIGHT) * land * dusk
    lightness, _, _ = daylight.lab(light)
    lamps = land * rising(lightness, BURNT)
    lit = torch.maximum(lit, lamps * masks.highest(lit, max(1, round(AROUND * lit.shape[3]))))
    above = masks.blur(lit.amax(2, True), max(1, round(UNDER * lit.shape[3]))).clamp(max=1)
    return torch.maximum(lit, above * _streaks(warmth, bright, water))


def _dusk(light: Tensor, land: Tensor, sky: Tensor) -> Tensor:  # [1, 1, 1, 1] 0..1
    """The confidence that neither sky nor land are lit by day."""
    lightness, _, _ = daylight.lab(light)
    clouds = rising(lightness, WHITE) * (1 - rising(_warmth(light), NEUTRAL))
    seen = (mean(sky, torch.ones_like(sky)) / 0.05).clamp(max=1)
    for value, ends in (
        (mean(lightness, sky), DAY_SKY),
        (mean(lightness, land), DAY_LAND),
        (mean(clouds, sky), CLOUDS),
    ):
        seen = seen * (1 - rising(value, ends))
    return seen


def _behind(warmth: Tensor, sky: Tensor, reach: int) -> Tensor:  # [1, 1, h, w]
    """The warmth of the sky nearby, which pixels of an outline have in part, or of all of it."""
    near = masks.blur_within(warmth, sky.clamp(min=1e-6), reach)
    return torch.lerp(mean(warmth, sky), near, (SEEN * masks.blur(sky, reach)).clamp(max=1))


def _streaks(warmth: Tensor, bright: Tensor, water: Tensor) -> Tensor:  # [1, 1, h, w] 0..1
    """What of water is lighter and warmer than the rest of it."""
    lighter, warmer = (one - mean(one, water) for one in (bright, warmth))
    return water * rising(lighter, LIGHTER) * rising(warmer, WARMER)


def _warmth(light: Tensor) -> Tensor:
    return daylight.axes((light + daylight.FAINT).log())[0]


def _brightness(light: Tensor) -> Tensor:
    return (daylight.luminance(light) + daylight.FAINT).log()
