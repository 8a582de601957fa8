"""Pictures in another size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .clear_pixels import fill_clear


def resize(
    image: Tensor,  # [B, 3|4, H, W]
    width: int,
    height: int,
) -> Tensor:  # [B, 3|4, height, width]
    """Scale pictures; antialiased when a side shrinks, bicubic when both grow.

    Values stay within those of each picture's channel: bicubic overshoot is clamped. Colors are
    weighted by alpha, so that what hides under clear pixels doesn't bleed out.

    Args:
        image: float32 `[B, 3|4, H, W]`, straight alpha in the fourth channel.
        width: wanted, in pixels.
        height: wanted, in pixels.

    Returns:
        A tensor of the wanted size; the same object if it has that size already.
    """
    if image.shape[-2:] == (height, width):
        return image
    if image.shape[1] == 3:
        resized = _interpolate(image, width, height)
    else:
        image = fill_clear(image)
        # A little weight remains under clear pixels, for the places where nothing else is near.
        weight = image[:, 3:].add(1).div_(2).add_(1e-3)
        color = _interpolate(image[:, :3] * weight, width, height)
        color /= _interpolate(weight, width, height).clamp_(min=1e-4)
        resized = torch.cat([color, _interpolate(image[:, 3:], width, height)], dim=1)
    lowest, highest = image.amin((-2, -1), keepdim=True), image.amax((-2, -1), keepdim=True)
    return resized.clamp_(min=lowest, max=highest)


def _interpolate(image: Tensor, width: int, height: int) -> Tensor:
    # Scaling a picture is about areas, not points: here pixels have corners (align_corners=False),
    # unlike the sampling grids of ops.warping.
    grows = width >= image.shape[-1] and height >= image.shape[-2]
    mode = "bicubic" if grows else "bilinear"
    return F.interpolate(
        image, size=(height, width), mode=mode, align_corners=False, antialias=not grows
    )
