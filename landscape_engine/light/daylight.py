"""Daylight: linear light, and the line of colors that light has from a low sun to the blue hour.

What is grey shows the color of the light, here in logarithms of linear sRGB, relative to noon:

    warmth = ln R - ln B,   green = ln G - (ln R + ln B) / 2

From 2500 K to 20000 K daylight goes from orange through white to blue along a line,
`green = GREEN_OF_WARMTH warmth`, so that a change of daylight may be judged without knowing from
which of its colors it starts. Beside the line lie casts: green above it, magenta below.
"""

from __future__ import annotations

import torch
from torch import Tensor

GREEN_OF_WARMTH = 0.115  # of CIE's daylight, and of a black body below 4000 K, within 0.03
FAINT = 0.01  # linear light that is added before logarithms
DARK_SHADE = 0.009  # light below which L* isn't a cube root

_XYZ_OF_SRGB = (  # over the white's
    (0.43395, 0.37621, 0.18984),
    (0.21264, 0.71517, 0.07219),
    (0.01776, 0.10947, 0.87277),
)


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


def axes(
    logs: Tensor,  # [B, 3, h, w] of linear sRGB
) -> tuple[Tensor, Tensor]:  # each [B, 1, h, w]
    """Warmth and green, as above."""
    red, green, blue = logs.split(1, 1)
    return red - blue, green - (red + blue) / 2


def luminance(
    light: Tensor,  # [B, 3, h, w] 0..1
) -> Tensor:  # [B, 1, h, w]
    """The luminance of linear sRGB."""
    red, green, blue = light.split(1, 1)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
