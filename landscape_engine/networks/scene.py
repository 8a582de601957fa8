"""The scene network: where a picture shows sky and where water (beyond the paper).

The motion predictor alone says this too, but only by what it moves under a code, and hesitantly.
"""

from __future__ import annotations

from torch import Tensor, nn

from .blocks import CodedUNet


class SceneNetwork(nn.Module):
    """Tells still land, sky and water apart; the trunk of Table 1, without a code.

    Args:
        width: channels of the first layer.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.trunk = CodedUNet(3, width, code_size=0)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]; H and W multiples of 8
    ) -> Tensor:  # [B, 3, H, W]
        """Log-odds of land, sky and water, in this order, up to a constant for each pixel."""
        return self.trunk(image, image.new_zeros(len(image), 0))
