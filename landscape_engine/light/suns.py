"""Suns: the light in the sky that is one, told from white clouds and pale skies.

A sun is a disc that is burnt out within a warm glow, or a white that no blue sky surrounds. What
is as white as that and lies in streaks, or over half the sky, is cloud.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..ops import masks
from ..ops.masks import mean_within as mean
from ..ops.masks import soft_threshold as rising
from . import daylight

GLOW = (60.0, 85.0), (0.45, 1.0)  # L* and w of a sky that is the glow of its sun: a little, surely
BURNT = 96.0, 99.0  # L* of what is burnt out: a little, surely
REACH = 0.03  # of the width, about what glows
LARGEST = 0.15  # radius of what is burnt out within a glow, share of the width
WHITE, WHITE_SKY = (88.0, 97.0), (0.2, 0.4)  # L* of its light; share of such sky: a sun, none
ITS_AIR = -0.1, 0.15  # w of the sky around it: none, surely a sun
SPREAD = 0.15, 0.2  # deviation of its places, share of the width: a sun, none


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
    glow, disc = _glow(light, sky)
    return Sun(glow, disc * _compact(disc), _setting(light, sky, warmth))


def _glow(light: Tensor, sky: Tensor) -> tuple[Tensor, Tensor]:
    lightness, _, _ = daylight.lab(light)
    warmth, _ = daylight.axes((light + daylight.FAINT).log())
    shown = sky * rising(lightness, GLOW[0]) * rising(warmth, GLOW[1])
    reach = max(1, round(REACH * shown.shape[3]))
    burnt = rising(lightness, BURNT)
    for _ in range(round(LARGEST / REACH)):  # a large one glows up to its middle
        shown = torch.maximum(shown, torch.minimum(-masks.shrink(-shown, reach), burnt))
    glow = masks.blur(-masks.shrink(-shown, reach), reach)
    disc = masks.blur(-masks.shrink(-burnt, reach // 3), reach // 3)
    return glow, disc * glow


def _setting(light: Tensor, sky: Tensor, warmth: Tensor) -> Tensor:
    white = rising(daylight.lab(light)[0], WHITE) * sky
    reach = max(1, round(REACH * white.shape[3] / 2))
    around = masks.blur_within(warmth, sky, 3 * reach)  # a cloud's is blue
    near = masks.blur(-masks.shrink(-white, reach), reach) * rising(around, ITS_AIR) * sky
    return near * (1 - rising(mean(white, sky), WHITE_SKY)) * _compact(near)


def _compact(
    found: Tensor,  # [B, 1, h, w] 0..1
) -> Tensor:  # [B, 1, 1, 1] 0..1
    """The confidence that what was found is one light, and not the white of many clouds."""
    share, (h, w) = found.square(), found.shape[2:]
    x = torch.linspace(0, 1, w, device=found.device).view(1, 1, 1, w)
    y = torch.linspace(0, h / w, h, device=found.device).view(1, 1, h, 1)
    apart = (x - mean(x, share)).square() + (y - mean(y, share)).square()
    return 1 - rising(mean(apart, share).sqrt(), SPREAD)
