"""Highlights: light above white, which color transfer maps and tone curves end below.

Maps and curves are made for colors up to white. What is brighter is changed as white is at its
place, and keeps what it has above it, in linear light:

    O = T(min(I, 1)) · max(I, 1)

T being the map or the curve; no color turns darker for being brighter. A map gives white back
anchored and not exactly, so that in a picture's own look O is led to I from there on: with W what
the own look's map makes of white, O is multiplied by `W^(I^-12 - 1)` too, up to I. (Beyond the
paper.)
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..images.curves import decode_srgb, encode_srgb
from ..ops import color

Transfer = Callable[[Tensor, Tensor], Tensor]  # colors [B, 3, H, W], map [B, M, H, W] → colors

DARKEST_WHITE = 1e-4  # light of what a picture's own look has made of white, at least
STEEPNESS = 12  # of the way from what a map makes of white to the very light, just above white
MAP, CURVES = 6, 7  # M: channels of a color transfer map, of tone curves


def has_any(picture: Tensor) -> bool:  # [B, 3 or 4, H, W]
    """Whether a picture has light above white."""
    return bool((picture[:, :3] > 1).any())


def above(transfer: Transfer, channels: int = MAP) -> Transfer:
    """A transfer that keeps light above white.

    Its map has as many channels as named, or those of the picture's own look after them.
    """

    def apply(colors: Tensor, color_map: Tensor) -> Tensor:
        shown = transfer(colors.clamp(max=1), color_map[:, :channels])
        return carry(colors, shown, color_map[:, channels:])

    return apply


def carry(
    colors: Tensor,  # [B, 3, H, W], above 1 where light is above white
    shown: Tensor,  # [B, 3, H, W] what has become of the same colors up to 1
    own_map: Tensor | None = None,  # [B, 6 or 0, H, W] color transfer map of the own look
) -> Tensor:  # [B, 3, H, W]
    """Multiply what is shown by the light that colors have above white."""
    over = colors > 1
    if not bool(over.any()):
        return shown
    light = _light(colors.clamp(min=1))
    lit = _light(shown) * light
    if own_map is not None and own_map.shape[1]:
        white = _light(color.transfer(torch.ones_like(colors), own_map)).clamp(DARKEST_WHITE, 1)
        lit = torch.minimum(lit * white ** (light**-STEEPNESS - 1), light)
    return torch.where(over, encode_srgb(lit).mul_(2).sub_(1), shown)


def _light(colors: Tensor) -> Tensor:
    """Linear light of values in [-1, 1] and above, white being 1."""
    return decode_srgb((colors + 1) / 2)
