"""The appearance predictor P^A (paper, section 4.2, Table 1)."""

from __future__ import annotations

from torch import Tensor, nn

from .blocks import CodedUNet


class AppearancePredictor(nn.Module):
    """Predicts a color transfer map, six channels: weights R G B, then biases R G B (Equation 6).

    The maps are left unbounded, only the transferred color passes through tanh: weights within
    ±1, as section 4.2 words it, could reach neither black nor white.

    Args:
        width: channels of the first layer (the paper's preset: 128).
        code_size: length of the latent code.
    """

    def __init__(self, width: int = 128, code_size: int = 8) -> None:
        super().__init__()
        self.trunk = CodedUNet(6, width, code_size)

    def forward(
        self,
        image: Tensor,  # [B, 3, 256, 256] in [-1, 1]
        code: Tensor,  # [B, Z]
    ) -> Tensor:  # [B, 6, 256, 256]
        """Predict the color transfer map of one frame."""
        return self.trunk(image, code)
