"""Suns and moons: the light in the sky that is one, told from white clouds and pale skies.

A sun is a disc that is burnt out within a warm glow, or a white that no blue sky surrounds, or one
that blinds: the sky pales towards it. What is as white as that and lies in streaks, or over half
the sky, is cloud. A moon is the one small thing in a sky that is lighter than it, and as grey.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..ops import masks
from ..ops.masks import mean_within as mean
from ..ops.masks import soft_threshold as rising
from . import daylight

GLOW = (60.0, 85.0), (0.45, 1.0)  # L* and w of a sky that is the glow of its sun: a little, surely
BURNT = 96.0, 99.0  # L* of what is burnt out: a little, surely
STANDS_OUT, DISC = (-4.0, -1.5), (70.0, 76.0)  # L* below the sky's lightest, that is no disc, and
# is one; L* of that: none, surely one
NEAR_DISC = 0.12  # share of the width, within which the sky around it is warm
REACH = 0.03  # of the width, about what glows
LARGEST = 0.15  # radius of what is burnt out within a glow, share of the width
WHITE, WHITE_SKY = (88.0, 97.0), (0.2, 0.4)  # L* of its light; share of such sky: a sun, none
ITS_AIR = -0.1, 0.15  # w of the sky around it: none, surely a sun
BLINDING = 97.0, 99.5  # L* of what blinds in a blue sky: not, surely
PALES = 10.0, 13.0  # L* by which the sky around it is lighter than elsewhere: no sun, one
AROUND = 1.5, 4.0  # radii of it
ELSEWHERE = 0.15, 0.1  # shares of the width from which to the side, and up to which above or below
STRAYS = 2.4, 3.2  # deviation of its places, in radii: a sun, clouds
SMALLEST_SUN, LARGEST_SUN = 0.012, 0.1  # radius, share of the width
SPREAD = 0.15, 0.2  # deviation of its places, share of the width: a sun, none

MOON_SKY, AHEAD = 0.06, (8.0, 16.0)  # of the width, about a moon; L* that it is lighter: none, one
GREYISH = 0.5, 0.9  # w either way: a moon, none
MOON, ONE = (0.002, 0.004), (0.016, 0.024)  # share of the picture, and deviation of its places in
# widths, of what is lighter: a moon, clouds


@dataclass(frozen=True)
class Sun:
    """The confidence 0..1 at each pixel that it is of a sun; each map is [B or 1, 1, h, w].

    Attributes:
        glow: that sky is the warm glow of a sun, or near it.
        disc: that it is burnt out within such a glow.
        setting: that it is white by a sun, with or without a glow.
    """

    glow: Tensor
    disc: Tensor
    setting: Tensor


def find(
    light: Tensor,  # [B or 1, 3, h, w] 0..1 linear sRGB
    sky: Tensor,  # [1, 1, h, w] share
    warmth: Tensor,  # [1, 1, h, w] ln R - ln B, without texture
) -> Sun:
    """Find the sun of a picture."""
    lightness, _, _ = daylight.lab(light)
    glow, disc = _glow(light, lightness, sky)
    return Sun(glow, disc * _compact(disc), _setting(lightness, sky, warmth))


def moon(
    light: Tensor,  # [B or 1, 3, h, w] 0..1 linear sRGB
    sky: Tensor,  # [1, 1, h, w] share
) -> Tensor:  # [B or 1, 1, h, w]
    """The confidence 0..1 at each pixel that it is of a moon."""
    lightness, _, _ = daylight.lab(light)
    warmth, _ = daylight.axes((light + daylight.FAINT).log())
    reach = max(1, round(MOON_SKY * sky.shape[3]))
    around = masks.blur_within(lightness, sky.clamp(min=1e-4), reach)
    found = rising(lightness - around, AHEAD) * sky * (1 - rising(warmth.abs(), GREYISH))
    small = 1 - rising(mean(found, torch.ones_like(found)), MOON)
    return found * small * (1 - rising(_spread(found.square()), ONE))


def _glow(light: Tensor, lightness: Tensor, sky: Tensor) -> tuple[Tensor, Tensor]:
    warmth, _ = daylight.axes((light + daylight.FAINT).log())
    shown = sky * rising(lightness, GLOW[0]) * rising(warmth, GLOW[1])
    reach = max(1, round(REACH * shown.shape[3]))
    burnt = torch.maximum(rising(lightness, BURNT), _pale_disc(lightness, warmth, sky))
    for _ in range(round(LARGEST / REACH)):  # a large one glows up to its middle
        shown = torch.maximum(shown, torch.minimum(-masks.shrink(-shown, reach), burnt))
    glow = masks.blur(-masks.shrink(-shown, reach), reach)
    disc = masks.blur(-masks.shrink(-burnt, reach // 3), reach // 3)
    return glow, disc * glow


def _pale_disc(lightness: Tensor, warmth: Tensor, sky: Tensor) -> Tensor:
    """A disc that stands out of a warm sky by its light, burnt out or not: a sun in haze."""
    brightest = (lightness * (sky > 0.5)).amax((2, 3), True)
    light = rising(lightness - brightest, STANDS_OUT) * sky * rising(brightest, DISC)
    others = (sky - light).clamp(min=0)
    across, up = _from_middle(light)
    near = others * (across.square() + up.square() < NEAR_DISC**2)
    warm = rising(mean(warmth, near), GLOW[1])
    return light * warm * (1 - rising(_spread(light), (NEAR_DISC / 4, NEAR_DISC / 2)))


def _setting(lightness: Tensor, sky: Tensor, warmth: Tensor) -> Tensor:
    white = rising(lightness, WHITE) * sky
    reach = max(1, round(REACH * white.shape[3] / 2))
    around = masks.blur_within(warmth, sky, 3 * reach)  # a cloud's is blue
    near = masks.blur(-masks.shrink(-white, reach), reach) * rising(around, ITS_AIR) * sky
    compact = (1 - rising(mean(white, sky), WHITE_SKY)) * _compact(near)
    return torch.maximum(near * compact, _blinding(lightness, sky))


def _blinding(lightness: Tensor, sky: Tensor) -> Tensor:
    """A white in any sky that pales towards it."""
    white = rising(lightness, BLINDING) * sky
    h, w = white.shape[2:]
    radius = (mean(white, torch.ones_like(white)) * (h / w) / math.pi).sqrt()
    across, up = _from_middle(white)
    strays = _spread(white) / radius.clamp(min=SMALLEST_SUN)
    away = (across.square() + up.square()).sqrt() / radius.clamp(min=SMALLEST_SUN)
    around = sky * ((away > AROUND[0]) & (away < AROUND[1]))
    elsewhere = sky * (away > AROUND[1]) * (across.abs() > ELSEWHERE[0])
    elsewhere = elsewhere * (up.abs() < ELSEWHERE[1])
    pales = mean(lightness, around) - mean(lightness, elsewhere)
    sure = rising(pales, PALES) * (1 - rising(strays, STRAYS)) * (radius < LARGEST_SUN)
    reach = max(1, round(REACH * white.shape[3] / 2))
    return sure * masks.blur(-masks.shrink(-white, reach), reach) * (away < AROUND[1])


def _compact(
    found: Tensor,  # [B, 1, h, w] 0..1
) -> Tensor:  # [B, 1, 1, 1] 0..1
    """The confidence that what was found is one light, and not the white of many clouds."""
    return 1 - rising(_spread(found.square()), SPREAD)


def _spread(found: Tensor) -> Tensor:  # [B, 1, 1, 1]
    """The deviation of the places of what was found, in widths."""
    across, up = _from_middle(found)
    return mean(across.square() + up.square(), found).sqrt()


def _from_middle(found: Tensor) -> tuple[Tensor, Tensor]:  # [B, 1, 1, w] and [B, 1, h, 1]
    """How far each column and row lies from the middle of what was found, in widths."""
    h, w = found.shape[2:]
    x = torch.linspace(0, 1, w, device=found.device).view(1, 1, 1, w)
    y = torch.linspace(0, h / w, h, device=found.device).view(1, 1, h, 1)
    return x - mean(x, found), y - mean(y, found)
