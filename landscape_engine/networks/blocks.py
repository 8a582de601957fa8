"""Building blocks of Table 1: reflecting convolutions, residual blocks, the predictors' trunk.

Legend: B batch, C channels, H W pixels, Z code size.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

NORM_EPS = 1e-9  # the paper's instance norm adds next to nothing to the variance
Network = TypeVar("Network", bound=nn.Module)


def channels_last(network: Network) -> Network:
    """The network itself, its weights in the memory layout that convolutions are fastest with."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has it
    return network


def reflecting_conv(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution that pads by reflection, so that borders don't darken or still the motion."""
    return nn.Conv2d(
        c_in, c_out, kernel, stride=stride, padding=kernel // 2, padding_mode="reflect"
    )


def instance_norm(channels: int) -> nn.InstanceNorm2d:
    """Instance normalisation with scale and shift, biased variance."""
    return nn.InstanceNorm2d(channels, eps=NORM_EPS, affine=True)


def concat_code(
    features: Tensor,  # [B, C, H, W]
    code: Tensor,  # [B, Z]
) -> Tensor:  # [B, C + Z, H, W]
    """Concat(z) of Table 1: the code beside every pixel."""
    planes = code[:, :, None, None].expand(-1, -1, *features.shape[2:])
    return torch.cat([features, planes.to(features.dtype)], dim=1)


class ResidualBlock(nn.Module):
    """ResBlock2D of Table 1, pre-activation: (norm, LeakyReLU 0.1, conv) twice, plus the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = instance_norm(channels)
        self.conv1 = reflecting_conv(channels, channels, 3)
        self.norm2 = instance_norm(channels)
        self.conv2 = reflecting_conv(channels, channels, 3)
        self.activation = nn.LeakyReLU(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to the same shape."""
        y = self.conv1(self.activation(self.norm1(x)))
        return x + self.conv2(self.activation(self.norm2(y)))


class CodedUNet(nn.Module):
    """The trunk that both predictors share (Table 1): picture and code in, a map of channels out.

    Args:
        out_channels: 2 for the motion predictor, 6 for the appearance predictor.
        width: channels of the first layer; 128 in the paper, doubled twice on the way down.
        code_size: length of the latent code.
        residual_blocks: how many residual blocks lie between the way down and the way up.
    """

    def __init__(
        self, out_channels: int, width: int = 128, code_size: int = 8, residual_blocks: int = 5
    ) -> None:
        super().__init__()
        z, w1, w2, w3 = code_size, width, 2 * width, 4 * width
        self.conv1 = reflecting_conv(3 + z, w1, 5, stride=2)
        self.conv2 = reflecting_conv(w1 + z, w2, 3, stride=2)
        self.norm2 = instance_norm(w2)
        self.conv3 = reflecting_conv(w2 + z, w3, 3, stride=2)
        self.norm3 = instance_norm(w3)
        self.residual = nn.Sequential(*(ResidualBlock(w3) for _ in range(residual_blocks)))
        self.upconv1 = reflecting_conv(w3 + w3, w2, 3)
        self.upnorm1 = instance_norm(w2)
        self.upconv2 = reflecting_conv(w2 + w2, w1, 3)
        self.upnorm2 = instance_norm(w1)
        self.upconv3 = reflecting_conv(w1 + w1, out_channels, 5)
        self.activation = nn.LeakyReLU(0.1)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]; H and W multiples of 8
        code: Tensor,  # [B, Z]
    ) -> Tensor:  # [B, out_channels, H, W]
        """Run the three layers down, the residual blocks and the three layers up."""
        act, up = self.activation, self.upsample
        down1 = act(self.conv1(concat_code(image, code)))
        down2 = act(self.norm2(self.conv2(concat_code(down1, code))))
        down3 = act(self.norm3(self.conv3(concat_code(down2, code))))
        x = self.residual(down3)
        x = act(self.upnorm1(self.upconv1(up(torch.cat([x, down3], dim=1)))))
        x = act(self.upnorm2(self.upconv2(up(torch.cat([x, down2], dim=1)))))
        return self.upconv3(up(torch.cat([x, down1], dim=1)))
