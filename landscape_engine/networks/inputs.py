"""Inputs: a picture at the sizes that the networks take (paper, section 4.3).

It is resized where it lies, so that a huge one need not go to the device for this.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .. import images

PREDICTOR_SIZE = 256  # side of the predictors' input, pixels
ENCODER_SIZE = 128


def predictor_input(
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    device: torch.device,
) -> Tensor:  # [1, 3, 256, 256] in [-1, 1]
    """A picture as the motion and the appearance predictor take it."""
    return square(image, PREDICTOR_SIZE, device)


def encoder_input(
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    device: torch.device,
) -> Tensor:  # [1, 3, 128, 128] in [-1, 1]
    """A picture as the appearance encoder takes it."""
    return square(image, ENCODER_SIZE, device)


def square(
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    side: int,
    device: torch.device,
) -> Tensor:  # [1, 3, side, side] in [-1, 1]
    """The colors of a picture as a square of another size, on the device."""
    return images.resize(image[:, :3], side, side).clamp(-1, 1).to(device)
