"""Clear pixels: what hides under them gives way to the colors around, so that it shows nowhere.

Programs leave anything under clear pixels: black, white, an old state. Networks would see it, and
whatever samples near an edge would mix it in.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CLEAR = 1.5 / 255  # alpha below which a pixel shows a level at most


def fill_clear(
    image: Tensor,  # [B, 3|4, H, W] straight alpha
) -> Tensor:  # [B, 3|4, H, W]
    """Extend the visible colors, weighted by their alpha, under clear pixels.

    Args:
        image: float32 in [-1, 1]; what is visible stays, to the bit.

    Returns:
        The picture; the same object where nothing is clear, or all is.
    """
    if image.shape[1] < 4:
        return image
    alpha = image[:, 3:].add(1).div_(2)
    clear = alpha < CLEAR
    if not bool(clear.any()) or bool(clear.all()):
        return image
    weight = alpha.masked_fill_(clear, 0)
    around = _extended(image[:, :3] * weight, weight)
    return torch.cat([torch.where(clear, around, image[:, :3]), image[:, 3:]], 1)


def opaque(
    image: Tensor,  # [B, 3|4, H, W] straight alpha
) -> Tensor:  # [B, 3, H, W]
    """The colors of a picture for what knows no alpha; to be asked after it was made smaller."""
    return fill_clear(image)[:, :3]


def _extended(
    weighted: Tensor,  # [B, 3, h, w] colors times their weight
    weight: Tensor,  # [B, 1, h, w]
) -> Tensor:  # [B, 3, h, w]
    """Colors where there is weight; elsewhere those of ever coarser grids."""
    height, width = weight.shape[2:]
    seen = weight > 0
    own = weighted / torch.where(seen, weight, torch.ones_like(weight))
    if height == width == 1 or bool(seen.all()):
        return own
    # the mean of what there is, which odd sides share with a last pixel of their own
    coarse = [
        F.avg_pool2d(one, 2, ceil_mode=True, count_include_pad=False) for one in (weighted, weight)
    ]
    wide = F.interpolate(_extended(*coarse), (height, width), mode="bilinear", align_corners=False)
    return torch.where(seen, own, wide)
