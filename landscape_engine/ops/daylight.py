"""Daylight: the colors that it has from a low sun to the blue hour, and casts that it never has.

What is grey shows the color of the light, here in logarithms of linear sRGB, relative to noon:

    warmth = ln R - ln B,   green = ln G - (ln R + ln B) / 2

From 2500 K to 20000 K daylight goes from orange through white to blue along a line, so that a
change of daylight may be judged without knowing from which of its colors it starts. A cast is how
far a light lies beside that line: green above it, or magenta below, of which an afterglow has some.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

GREEN_OF_WARMTH = 0.115  # of CIE's daylight, and of a black body below 4000 K, within 0.03
BLUEST, WARMEST = -0.97, 1.35  # warmth at 20000 K, at 3500 K, as a low sun is photographed
SWING = 1.2  # by which warmth changes at most from the picture's own: a camera follows the rest
GREENEST = 0.04  # cast that is left alone: about 1.5 of CIE a* on a middle grey
ROSIEST = 0.06  # ... magenta, about 2.5
GREY = 12.0  # CIE chroma within which a color of the picture shows that of the light
OTHERS = 0.03  # weight of all other colors, which decide where nothing is grey
DARK = 0.01  # linear light that is too faint to have a color
CELLS = 32  # side of the grid on which casts are gathered
REACH = 4.0  # deviation of the kernel that gathers what is grey, in cells
NEAR = 2.0  # ... and all things of a place
SICKLY = 1.5  # of CIE a*, by which things may become greener than they are
A_OF_GREEN = 57.0  # of CIE a*, what a cast of 1 takes from it where Y is 1
DARK_SHADE = 0.009  # light below which L* isn't a cube root

_XYZ_OF_SRGB = (  # over the white's
    (0.43395, 0.37621, 0.18984),
    (0.21264, 0.71517, 0.07219),
    (0.01776, 0.10947, 0.87277),
)


def turn_back(
    shown: Tensor,  # [B, 3, h, w] in [-1, 1] a picture in another light
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1]
) -> Tensor:  # [B, 3, h, w] in [-1, 1]
    """Take from a change of light what no daylight does to a picture.

    The changes that grey things and those about them go through are gathered; what they have of
    green or magenta beyond `GREENEST` and `ROSIEST`, and of warmth beyond `WARMEST`, `BLUEST` and a
    `SWING`, is taken back by a factor for each channel, which changes smoothly from place to place
    and leaves luminance as it is. So is what makes all things of a place greener in the mean than
    they are in the picture, by more than `SICKLY`: a yellow sky fades to grey, never to olive.
    """
    before, after = linear(picture), linear(shown)
    turned = _without(after, *_beyond_daylight(before, after, greyness(picture)))
    turned = _without(turned, _sickness(before, turned))
    return shown if turned is after else encoded(turned)


def cast(
    shown: Tensor,  # [B, 3, h, w] in [-1, 1] a picture in another light
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1]
) -> Tensor:  # [B]
    """How much greener (above 0) or rosier what is grey became than a change of daylight makes it.

    In logarithms of linear light: 0.1 is about 3.8 of CIE a* on a middle grey. Where nothing is
    grey, all colors decide.
    """
    before, after = linear(picture), linear(shown)
    weight = greyness(picture) + OTHERS * luminance(before).sqrt()
    change = (after + DARK).log() - (before + DARK).log()
    warmth, green = _axes((change * weight).sum((2, 3)) / weight.sum((2, 3)))
    return (green - GREEN_OF_WARMTH * warmth)[:, 0]


def greyness(
    picture: Tensor,  # [B, 3, h, w] in [-1, 1]
) -> Tensor:  # [B, 1, h, w] 0..1
    """How far the colors of a picture show that of the light: grey, and not dark."""
    lightness, a, b = lab(linear(picture))
    return torch.exp(-(a * a + b * b) / (2 * GREY**2)) * (lightness / 100).sqrt()


def lab(
    light: Tensor,  # [B, 3, h, w] 0..1 linear sRGB
) -> tuple[Tensor, Tensor, Tensor]:  # each [B, 1, h, w]: 0..100, green to red, blue to yellow
    """CIE's L*, a* and b*, above the darkest shades, whose a* and b* fade away here."""
    red, green, blue = (light + DARK_SHADE).split(1, 1)
    x, y, z = ((r * red + g * green + b * blue) ** (1 / 3) for r, g, b in _XYZ_OF_SRGB)
    return (116 * y - 16).clamp(0, 100), 500 * (x - y), 200 * (y - z)


def linear(
    picture: Tensor,  # in [-1, 1] sRGB
) -> Tensor:  # 0..1
    """The light of sRGB values."""
    value = (picture.clamp(-1, 1) + 1) / 2
    return torch.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def encoded(
    light: Tensor,  # 0..1
) -> Tensor:  # in [-1, 1] sRGB
    """The sRGB values of light."""
    bright = 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, bright) * 2 - 1


def luminance(
    light: Tensor,  # [B, 3, h, w] 0..1
) -> Tensor:  # [B, 1, h, w]
    """The luminance of linear sRGB."""
    red, green, blue = light.split(1, 1)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _beyond_daylight(
    before: Tensor,  # [B or 1, 3, h, w] 0..1 light
    after: Tensor,  # [B, 3, h, w]
    grey: Tensor,  # [B or 1, 1, h, w]
) -> tuple[Tensor, Tensor]:  # each [B, 1, CELLS, CELLS]
    """The cast, and the warmth, that grey things have and no daylight would give them."""
    weight = grey + OTHERS * luminance(before).sqrt()
    change = (after + DARK).log() - (before + DARK).log()
    warmth, green = _axes(_gather(change, weight))
    cast = green - GREEN_OF_WARMTH * warmth
    light, _ = _axes(_gather((after + DARK).log(), weight))
    beyond = light - light.clamp(BLUEST, WARMEST)
    beyond = beyond.clamp(warmth.clamp(max=0), warmth.clamp(min=0))  # the picture's own stays
    swing = warmth - warmth.clamp(-SWING, SWING)
    beyond = torch.where(swing.abs() > beyond.abs(), swing, beyond)
    return cast - cast.clamp(-ROSIEST, GREENEST) + GREEN_OF_WARMTH * beyond, beyond


def _without(
    light: Tensor,  # [B, 3, h, w] 0..1
    green: Tensor,  # [B, 1, CELLS, CELLS]
    warmth: Tensor | float = 0.0,
) -> Tensor:  # [B, 3, h, w] 0..1
    """Light with so much less green and warmth, and of the same luminance."""
    factor = torch.cat(  # its logarithm
        [green / 3 - warmth / 2, -2 / 3 * green, green / 3 + warmth / 2], dim=1
    )
    if not bool(factor.any()):
        return light
    factor = F.interpolate(factor, light.shape[2:], mode="bilinear", align_corners=False)
    turned = (light + DARK) * factor.exp()
    same = (luminance(light) + DARK) / luminance(turned)
    return (turned * same - DARK).clamp(0, 1)


def _sickness(before: Tensor, after: Tensor) -> Tensor:  # [B, 1, CELLS, CELLS]
    """The cast, 0 or more, that makes the mean color of a place greener than it may become.

    What is green may become so in proportion as it becomes lighter.
    """
    (light, a, _), (lighter, greener, _) = lab(before), lab(after)
    everything = torch.ones_like(light)
    values = torch.cat([light, a], 1)
    light, a = _gather(values, everything, NEAR).split(1, 1)
    lighter, greener = _gather(torch.cat([lighter, greener], 1), everything, NEAR).split(1, 1)
    most = a.clamp(max=0) * (lighter / light.clamp(min=1)).clamp(min=1) - SICKLY
    return (most - greener).clamp(min=0) * 116 / (A_OF_GREEN * (lighter + 16))


def _axes(logs: Tensor) -> tuple[Tensor, Tensor]:  # [B, 3, ...] → warmth, green [B, 1, ...]
    red, green, blue = logs.split(1, 1)
    return red - blue, green - (red + blue) / 2


def _gather(
    values: Tensor,  # [B, C, h, w]
    weight: Tensor,  # [B or 1, 1, h, w]
    reach: float = REACH,
) -> Tensor:  # [B, C, CELLS, CELLS]
    """Weighted means about each cell of a coarse grid."""
    weight = weight.expand(len(values), -1, -1, -1)
    cells = F.adaptive_avg_pool2d(torch.cat([values * weight, weight], 1), CELLS)
    at = torch.arange(CELLS, device=values.device, dtype=values.dtype)
    kernel = torch.exp(-((at[:, None] - at) ** 2) / (2 * reach**2))
    gathered = kernel @ cells @ kernel
    return gathered[:, :-1] / gathered[:, -1:]
