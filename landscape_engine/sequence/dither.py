"""Dithering: distribute values between two 8-bit levels over neighboring pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..images import to_uint8

REACH = 0.49  # of a level: less than a half, so that what is a level already stays that level


def dithered(
    frame: Tensor,  # [1, 3|4, H, W] in [-1, 1]
) -> NDArray[np.uint8]:  # [H, W, 3|4]
    """Round to 8 bits with a fixed pattern n added to the colors: `x + 2 n / 255`, |n| <= 0.49.

    The pattern depends on the place alone, so that nothing shimmers where nothing moves. Alpha
    stays. The pattern is interleaved gradient noise: any 3 x 3 pixels hold nearly even steps.
    """
    return to_uint8(frame, pattern(*frame.shape[2:], frame.device, frame.dtype))


@lru_cache(maxsize=2)
def pattern(
    height: int, width: int, device: torch.device, dtype: torch.dtype
) -> Tensor:  # [H, W] within ±`REACH` levels
    """The pattern 2 n / 255."""
    y = torch.arange(height, device=device, dtype=torch.float32).view(-1, 1)
    x = torch.arange(width, device=device, dtype=torch.float32)
    noise = (52.9829189 * (0.06711056 * x + 0.00583715 * y).frac()).frac() - 0.5
    return (noise * (2 * REACH / 127.5)).to(dtype)
