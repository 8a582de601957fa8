"""The motion predictor P^M (paper, section 4.1, Table 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import CodedUNet


class MotionPredictor(nn.Module):
    """Predicts the backward flow to the next frame from one picture and one latent code.

    Args:
        width: channels of the first layer (the paper's preset: 128).
        code_size: length of the latent code.
        beta: the flow is tanh(...) / beta, so that no step is longer than 1/beta (section 4.1).
    """

    def __init__(self, width: int = 128, code_size: int = 8, beta: float = 64.0) -> None:
        super().__init__()
        self.beta = beta
        self.trunk = CodedUNet(2, width, code_size)

    def forward(
        self,
        image: Tensor,  # [B, 3, 256, 256] in [-1, 1]
        code: Tensor,  # [B, Z]
    ) -> Tensor:  # [B, 2, 256, 256] backward, normalised, within ±1/beta
        """Predict the backward flow field of one frame step."""
        return torch.tanh(self.trunk(image, code)) / self.beta
