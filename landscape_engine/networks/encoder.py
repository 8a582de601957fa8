"""The encoders E^M and E^A (paper, Table 2): a flow field or a picture to a latent code."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Norm = Literal["none", "instance"]


def _norm(channels: int, kind: Norm) -> nn.Module:
    # Table 2 names no normalisation. "instance" is what batch norm is on a single picture, which is
    # how the published encoders were used; "none" keeps a field's speed, which a norm would erase.
    return nn.InstanceNorm2d(channels, affine=True) if kind == "instance" else nn.Identity()


class PoolingBlock(nn.Module):
    """ResBlock2D of Table 2: two 3×3 convolutions, halved by average pooling, beside a shortcut."""

    def __init__(self, c_in: int, c_out: int, norm: Norm) -> None:
        super().__init__()
        self.norm1 = _norm(c_in, norm)
        self.conv1 = nn.Conv2d(c_in, c_in, 3, padding=1)
        self.norm2 = _norm(c_in, norm)
        self.conv2 = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.shortcut = nn.Conv2d(c_in, c_out, 1)
        self.activation = nn.LeakyReLU(0.2)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, c_in, H, W] to [B, c_out, H/2, W/2]."""
        y = self.conv1(self.activation(self.norm1(x)))
        y = self.pool(self.conv2(self.activation(self.norm2(y))))
        return y + self.shortcut(self.pool(x))


class Encoder(nn.Module):
    """Encodes a flow field (2 channels) or a picture (3 channels) into a latent code.

    Args:
        in_channels: 2 for E^M (flow times beta, within ±1), 3 for E^A (picture in [-1, 1]).
        width: channels of the first layer (64 in the paper; the blocks have 2, 3 and 4 times it).
        code_size: length of the latent code.
        norm: "none" or "instance".
    """

    def __init__(
        self, in_channels: int, width: int = 64, code_size: int = 8, norm: Norm = "none"
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 4, stride=2, padding=1)
        self.blocks = nn.Sequential(
            *(PoolingBlock(k * width, (k + 1) * width, norm) for k in (1, 2, 3))
        )
        self.pooling = nn.Sequential(nn.LeakyReLU(0.2), nn.AvgPool2d(8))
        self.fc = nn.Linear(4 * width, code_size)

    def forward(
        self,
        x: Tensor,  # [B, in_channels, 128, 128]
    ) -> Tensor:  # [B, Z]
        """Encode to a latent code."""
        return self.fc(self.features(x))

    def features(
        self,
        x: Tensor,  # [B, in_channels, 128, 128]
    ) -> Tensor:  # [B, 4 width]
        """The input of the last layer, which computes the code."""
        return self.pooling(self.blocks(self.conv1(x))).flatten(1)
