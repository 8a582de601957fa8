"""TIFF's colors: its numbers, however colors are stored in them, as the engine's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .curves import encode_scene
from .decoding import fill_tensor
from .pillow import take_pixels
from .profiles import apply_profile
from .tiff_layouts import TiffLayout
from .tiff_tags import (
    CIE_LAB,
    CMYK,
    GREY,
    ICC_LAB,
    PALETTE,
    WHITE_IS_ZERO,
    YCBCR,
    TiffTags,
)

_RED_SHARE, _BLUE_SHARE = 0.299, 0.114  # of luminance, where a file of YCbCr says nothing


def to_tensor(
    path: Path,
    pixels: NDArray[Any],  # [H, W, C] as they are stored
    layout: TiffLayout,
    tags: TiffTags,
    orientation: int,  # 1..8, of the pixels
    profiled: bool,  # whether it is converted by its profile
) -> Tensor:  # [1, 3|4, H, W]
    """A picture's colors in sRGB, with straight alpha."""
    profile = tags.profile if profiled or layout.photometric == CMYK else None
    if layout.kind == "f":
        tensor = fill_tensor(_colors_and_alpha(pixels, layout), None, orientation)
        if layout.photometric == WHITE_IS_ZERO:
            tensor[:, :3].neg_().add_(1)
        return encode_scene(path, tensor, layout.premultiplied)
    if layout.kind == "i":
        pixels = np.maximum(pixels, 0)
    half = layout.largest / 2
    if layout.photometric in (CMYK, CIE_LAB, ICC_LAB):
        picture = _as_picture(pixels, layout)
        picture.info["icc_profile"] = profile
        tensor = fill_tensor(*take_pixels(path, picture), orientation)
        return _with_alpha(tensor, pixels, layout, orientation)
    if layout.photometric == PALETTE:
        colors = np.array(tags.numbers(320), np.uint16).reshape(3, -1).T[pixels[..., 0]]
        tensor = _with_alpha(fill_tensor(colors, 32767.5, orientation), pixels, layout, orientation)
    elif layout.bits == 8 and layout.kind == "u" and _is_exact(layout):
        picture = Image.fromarray(np.squeeze(_colors_and_alpha(pixels, layout, grey=True)))
        picture.info["icc_profile"] = profile
        return fill_tensor(*take_pixels(path, picture), orientation)
    else:
        tensor = fill_tensor(_colors_and_alpha(pixels, layout), half, orientation)
    if layout.photometric == WHITE_IS_ZERO:
        tensor[:, :3].neg_()
    elif layout.photometric == YCBCR:
        _decode_luminance_chroma(tensor[0, :3], layout.bits, tags)
    if layout.premultiplied:
        alpha = tensor[:, 3:].add(1).div_(2).clamp_(min=1 / 65535)
        tensor[:, :3].add_(1).div_(alpha).sub_(1).clamp_(-1, 1)
    return apply_profile(tensor, profile, grey=layout.photometric in (WHITE_IS_ZERO, GREY))


def _is_exact(layout: TiffLayout) -> bool:
    """Whether Pillow converts 8-bit colors, which its profiles do exactly."""
    return layout.photometric not in (WHITE_IS_ZERO, YCBCR) and not layout.premultiplied


def _colors_and_alpha(
    pixels: NDArray[Any],  # [H, W, C]
    layout: TiffLayout,
    grey: bool = False,  # whether grey with alpha is two channels
) -> NDArray[Any]:  # [H, W, 1|3|4], or 2 of grey
    channels = [*range(layout.colors)]
    if layout.alpha is not None:
        if layout.colors == 1 and not grey:
            channels *= 3
        channels.append(layout.alpha)
    return pixels if channels == [*range(pixels.shape[2])] else pixels[..., channels]


def _with_alpha(
    tensor: Tensor,  # [1, 3, H, W]
    pixels: NDArray[Any],
    layout: TiffLayout,
    orientation: int,
) -> Tensor:  # [1, 3|4, H, W]
    if layout.alpha is None:
        return tensor
    stored = pixels[..., layout.alpha : layout.alpha + 1]
    alpha = fill_tensor(stored, layout.largest / 2, orientation)[:, :1]
    return torch.cat([tensor[:, :3], alpha], 1)


def _as_picture(pixels: NDArray[Any], layout: TiffLayout) -> Image.Image:
    """CMYK or Lab as Pillow has it, which converts 8 bits."""
    stored = pixels[..., : layout.colors] >> (layout.bits - 8)
    stored = np.ascontiguousarray(stored, np.uint8)
    if layout.photometric == CMYK:
        return Image.frombytes("CMYK", stored.shape[1::-1], stored.tobytes())
    if layout.photometric == ICC_LAB:  # whose colors are not signed
        stored[..., 1:] ^= 128
    return Image.frombytes("LAB", stored.shape[1::-1], stored.tobytes(), "raw", "LAB")


def _decode_luminance_chroma(
    colors: Tensor,  # [3, H, W] in [-1, 1]: luminance, blue and red differences; changed in place
    bits: int,
    tags: TiffTags,
) -> None:
    """R, G, B of YCbCr, by the file's own weights and ends (TIFF 6.0, section 21)."""
    largest, middle = 2**bits - 1, 2 ** (bits - 1)
    share_red, _, share_blue = tags.fractions(529) or (_RED_SHARE, 0.0, _BLUE_SHARE)
    ends = tags.fractions(532) or (0, largest, middle, largest, middle, largest)
    black, white, *_ = ends
    stored = colors.add(1).mul_(largest / 2)
    luminance = (stored[0] - black) / (white - black)
    blue, red = (
        (stored[n] - ends[2 * n]) / (ends[2 * n + 1] - ends[2 * n]) * (middle - 1) / largest
        for n in (1, 2)
    )
    colors[0] = luminance + red * (2 - 2 * share_red)
    colors[2] = luminance + blue * (2 - 2 * share_blue)
    share_green = 1 - share_red - share_blue
    colors[1] = (luminance - share_red * colors[0] - share_blue * colors[2]) / share_green
    colors.mul_(2).sub_(1).clamp_(-1, 1)
