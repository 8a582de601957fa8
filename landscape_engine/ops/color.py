"""Color transfer by maps (paper, section 4.2), and maps anchored in a look or corrected."""

from __future__ import annotations

import torch
from torch import Tensor

from . import masks

AROUND = 2  # pixels of the map about each one whose mean color an anchor is exact for
STEEPEST = 4.0  # how much a correction is lengthened at most where tanh is flat
BOLDEST = 1.3  # how much texture is lengthened at most in a color that has been corrected
LIMIT = 0.99  # of what a corrected color can be; tanh never reaches 1


def transfer(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    color_map: Tensor,  # [B, 6, H, W]: weights R G B, then biases R G B
) -> Tensor:  # [B, 3, H, W] in [-1, 1]
    """`O = tanh(C^w ∘ I + C^b)`, Equation 6."""
    # as 2σ(2x) - 1: torch has a vector kernel for σ on a CPU, which takes a quarter of the time
    doubled = torch.addcmul(color_map[:, 3:], color_map[:, :3], image).mul_(2)
    return (doubled.sigmoid_() * 2).sub_(1)


def anchor(
    color_map: Tensor,  # [B, 6, h, w]
    own_map: Tensor,  # [B or 1, 6, h, w], predicted for the picture's own look
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1]
) -> Tensor:  # [B, 6, h, w]
    """Restore what the predictor loses, so that the input's own look is reproduced exactly.

    Under its own code a picture should stay as it is, and comes out paler: `O_own ≠ I`. That
    residual, `I - O_own`, is taken as affine in I about the local mean color m and added to the
    output of every map, in a darker light as much less as that light is darker:
    `κ = (O(m) + 1) / (m + 1)`, at most 1. Under its own code a picture is then itself, to the
    second order of its texture; the map stays a map, so that rendering costs nothing more.
    """
    mean = masks.blur(picture, AROUND)
    own = transfer(mean, own_map)
    slope = 1 - (1 - own * own) * own_map[:, :3]
    offset = mean - own - slope * mean
    shown = transfer(mean, color_map)
    share = ((shown + 1) / (mean + 1).clamp(min=0.1)).clamp(0, 1)
    share = share / (1 - shown * shown).clamp(min=1 / STEEPEST)  # through tanh's derivative
    return color_map + torch.cat([slope * share, offset * share], dim=1)


def correct(
    color_map: Tensor,  # [B, 6, h, w]
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1]
    offset: Tensor,  # [B or 1, 3, h, w]
) -> Tensor:  # [B, 6, h, w]
    """Add an offset to what a map makes of the local mean colors m.

    `C^b' = artanh(O(m) + offset) - C^w' m`. The weights C^w' go with the derivative of tanh, so
    that texture is as strong as before; in a color that has become darker it is as much weaker, and
    near white, where tanh is flat, it fades too.
    """
    mean = masks.blur(picture, AROUND)
    shown = transfer(mean, color_map)
    wanted = (shown + offset).clamp(-LIMIT, LIMIT)
    gain = ((wanted + 1) / (shown + 1).clamp(min=1 - LIMIT)).clamp(max=1)
    gain = gain * (1 - shown * shown) / (1 - wanted * wanted)
    weights = color_map[:, :3] * gain.clamp(max=BOLDEST)
    return torch.cat([weights, wanted.atanh() - weights * mean], dim=1)
