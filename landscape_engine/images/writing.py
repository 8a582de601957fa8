"""Tensors out again: arrays for encoders, and small pictures as files."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import OutputError
from ..ops.strips import strips
from ..staging import explaining, new_file
from .color_spaces import LINEAR_SRGB, ColorSpace, convert
from .curves import decode_srgb

JPEG_QUALITY = 92
_HALF_MAX = 65504.0  # the largest finite half float


def to_uint8(image: Tensor, noise: Tensor | None = None) -> NDArray[np.uint8]:
    """Turn one picture into bytes.

    Args:
        image: float32 `[1, C, H, W]` in [-1, 1]; values outside are clamped; left as it is.
        noise: float32 `[H, W]`, added to the colors, not to alpha.

    Returns:
        uint8 `[H, W, C]` in 0..255, contiguous, display-referred, straight alpha.
    """
    image = image.detach()
    if image.device.type != "cpu":
        if noise is not None:
            image = torch.cat([image[:, :3] + noise, image[:, 3:]], 1)
        levels = _scale_to_levels(image, 255).to(torch.uint8)
        return levels.permute(1, 2, 0).contiguous().cpu().numpy()
    import cv2  # whose passes take a tenth of the time of torch's on a CPU

    channels, height, width = image.shape[1:]
    pixels = np.empty((height, width, channels), np.uint8)
    for rows in strips(range(height), width, image.device):
        added = None if noise is None else noise[rows].numpy()
        planes = image[0, :, rows].numpy()
        made = [_bytes(plane, added if n < 3 else None) for n, plane in enumerate(planes)]
        cv2.merge(made, pixels[rows])
    return pixels


def _bytes(
    plane: NDArray[np.float32],  # [R, W]
    noise: NDArray[np.float32] | None,  # [R, W]
) -> NDArray[np.uint8]:  # [R, W]
    """One channel of a strip in 0..255."""
    import cv2

    shown = plane if noise is None else plane + noise
    # it takes absolute values, and clamps above alone
    return cast(
        NDArray[np.uint8],
        cv2.convertScaleAbs(np.maximum(shown, np.float32(-1)), None, 127.5, 127.5),
    )


def to_uint16(image: Tensor) -> NDArray[np.uint16]:
    """Turn one picture into 16-bit numbers.

    Args:
        image: float32 `[1, C, H, W]` in [-1, 1]; values outside are clamped; left as it is.

    Returns:
        uint16 `[H, W, C]` in 0..65535, contiguous, display-referred, straight alpha.
    """
    levels = _scale_to_levels(image, 65535).cpu().numpy()
    pixels = np.empty((*levels.shape[1:], levels.shape[0]), np.uint16)
    np.copyto(pixels, levels.transpose(1, 2, 0), casting="unsafe")
    return pixels


def _scale_to_levels(image: Tensor, largest: int) -> Tensor:  # [C, H, W] float32, whole numbers
    half = largest / 2
    return image.detach()[0].mul(half).add_(half).round_().clamp_(0, largest)


def to_linear_float16(image: Tensor, space: ColorSpace = LINEAR_SRGB) -> NDArray[np.float16]:
    """Turn one picture into scene-linear half floats, as EXR holds them.

    Args:
        image: float32 `[1, C, H, W]`, display-referred; values above 1 become light above 1; left
            as it is.
        space: the color space of what is given.

    Returns:
        float16 `[H, W, C]`, contiguous, finite; color premultiplied by alpha where there is alpha.
    """
    planes = image.detach()[0].add(1).div_(2)  # [C, H, W]
    color = decode_srgb(planes[:3])
    if space != LINEAR_SRGB:
        convert(color, space.from_srgb)
    if planes.shape[0] == 4:
        alpha = planes[3:].clamp_(0, 1)
        color = torch.cat([color.mul_(alpha), alpha])
    half = color.clamp_(-_HALF_MAX, _HALF_MAX).to(torch.float16)
    return half.permute(1, 2, 0).contiguous().cpu().numpy()


def save_image(
    image: Tensor,  # [1, 3|4, H, W]
    path: str | Path,
) -> None:
    """Write one picture as an 8-bit PNG or JPEG; folders on the way are made.

    The file is written beside its place and then renamed, so that nobody ever sees half of it. JPEG
    has no alpha: it is left out.

    Args:
        image: float32 `[1, 3|4, H, W]` in [-1, 1]; values outside are clamped.
        path: the file; its ending (.png, .jpg, .jpeg) decides the format.

    Raises:
        OutputError: the ending is another one, or the file can't be written.
    """
    path = Path(path)
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
    name = formats.get(path.suffix.lower())
    if name is None:
        raise OutputError(
            f"'{path}' has the ending '{path.suffix}'; expected .png, .jpg or .jpeg: rename it."
        )
    pixels = to_uint8(image if name == "PNG" else image[:, :3])
    options = {} if name == "PNG" else {"quality": JPEG_QUALITY, "subsampling": 0}
    with explaining(path), new_file(path) as staged:
        Image.fromarray(pixels).save(staged, format=name, **options)
