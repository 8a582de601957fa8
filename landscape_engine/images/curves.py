"""The sRGB curve, and scene-linear light through it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..errors import PictureError

STRIP_ROWS = 256  # curves are applied in strips: an 8K picture then needs no full-size copies
_SMALLEST_ALPHA = 2.0**-24  # the smallest half float: below it, color can't be un-premultiplied


def encode_scene(
    path: Path,
    tensor: Tensor,  # [1, 3|4, H, W] scene-linear; alpha 0..1
    premultiplied: bool,
) -> Tensor:
    """Turn scene-linear values into our display-referred ones, in place."""
    strips = torch.split(tensor, STRIP_ROWS, -2)
    bad = sum(int((~torch.isfinite(strip)).any(dim=1).sum()) for strip in strips)
    if bad:
        raise PictureError(
            f"'{path}' has {bad} pixel{'s' * (bad > 1)} with NaN or infinite values; expected "
            "finite numbers: repair the render or the export."
        )
    for strip in strips:
        color = strip[:, :3]
        if strip.shape[1] == 4:
            alpha = strip[:, 3:].clamp_(0, 1)
            if premultiplied:
                # Where alpha is 0, color is light that adds (a glow); it stays as it is.
                color /= torch.where(alpha > _SMALLEST_ALPHA, alpha, torch.ones_like(alpha))
            alpha.mul_(2).sub_(1)
        color.copy_(encode_srgb(color)).mul_(2).sub_(1)
    return tensor


def encode_srgb(linear: Tensor) -> Tensor:
    """IEC 61966-2-1, mirrored below 0 and continued above 1."""
    size = linear.abs()
    curve = size.pow(1 / 2.4).mul_(1.055).sub_(0.055)
    return torch.where(size <= 0.0031308, size.mul(12.92), curve).copysign_(linear)


def decode_srgb(encoded: Tensor) -> Tensor:
    """The inverse of `encode_srgb`."""
    size = encoded.abs()
    curve = size.add(0.055).div_(1.055).pow_(2.4)
    return torch.where(size <= 0.04045, size.div(12.92), curve).copysign_(encoded)
