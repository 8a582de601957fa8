"""Building blocks of Table 1: reflecting convolutions, residual blocks, the predictors' trunk.

Legend: B batch, C channels, H W pixels, Z code size.
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
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


def coded_conv(
    conv: nn.Conv2d,  # of C + Z channels, made by `reflecting_conv`
    features: Tensor,  # [B, C, H, W]
    code: Tensor,  # [B, Z]
) -> Tensor:  # [B, C', H / stride, W / stride]
    """`conv(Concat(z))` of Table 1: a convolution with the code beside every pixel.

    What the code adds is the same everywhere, also where borders are reflected, and so it needs no
    planes of its own.
    """
    count, reach = features.shape[1], conv.kernel_size[0] // 2
    of_code = F.linear(code, conv.weight[:, count:].sum((2, 3)), conv.bias)
    padded = F.pad(features, (reach,) * 4, mode="reflect")
    made = F.conv2d(padded, conv.weight[:, :count], stride=conv.stride)
    return made + of_code[:, :, None, None]


def enlarged_conv(
    conv: nn.Conv2d,  # of stride 1 and an odd kernel K, made by `reflecting_conv`
    features: Tensor,  # [B, C, h, w]
) -> Tensor:  # [B, C', 2 h, 2 w]
    """A convolution of features enlarged twice by repeating pixels, as `nn.Upsample` does.

    Of the K² pixels that a kernel meets there, only (K // 2 + 1)² differ: their weights are summed,
    for each of the four places that a pixel is repeated at, and the features stay small. That takes
    4/9 of the products for K = 3 and 9/25 for K = 5; what comes out is the same.
    """
    reach = conv.kernel_size[0] // 2
    side, padding = reach + 1, (reach + 1) // 2
    sums = _summed(conv.kernel_size[0]).to(conv.weight)
    summed = torch.einsum("aik,bjl,ockl->abocij", sums, sums, conv.weight)
    kernels = summed.reshape(-1, features.shape[1], side, side)
    bias = None if conv.bias is None else conv.bias.repeat(4)
    padded = F.pad(features, (padding,) * 4, mode="replicate")
    parts = F.conv2d(padded, kernels, bias).chunk(4, 1)
    h, w = features.shape[2:]
    size = len(features), conv.out_channels, 2 * h, 2 * w
    whole = torch.empty(
        size, dtype=parts[0].dtype, device=parts[0].device, memory_format=torch.channels_last
    )
    firsts = [(place - reach) // 2 + padding for place in (0, 1)]
    for part, (a, b) in zip(parts, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        y, x = firsts[a], firsts[b]
        whole[:, :, a::2, b::2] = part[:, :, y : y + h, x : x + w]
    if reach > 1:
        _reflect(conv, features, whole)
    return whole


def _summed(kernel: int) -> Tensor:  # [2, K // 2 + 1, K]
    """Which weights of a kernel meet the same pixel, at both places of a repeated one."""
    reach = kernel // 2
    sums = torch.zeros(2, reach + 1, kernel)
    for place in (0, 1):
        for k in range(kernel):
            sums[place, (place + k - reach) // 2 - (place - reach) // 2, k] = 1
    return sums


def _reflect(
    conv: nn.Conv2d,
    features: Tensor,  # [B, C, h, w]
    whole: Tensor,  # [B, C', 2 h, 2 w] right but for the lines along its border; changed here
) -> None:
    """Lines along the border as reflection makes them, which repeats no pixel of the border."""
    r = conv.kernel_size[0] // 2
    n = r // 2 + 1  # of features whose repetitions such a line meets
    m = 2 * n - r  # lines that are made of them

    def made(part: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        large = F.interpolate(part, scale_factor=2.0, mode="nearest")
        return F.conv2d(F.pad(large, padding, mode="reflect"), conv.weight, conv.bias)

    whole[:, :, :m] = made(features[:, :, :n], (r, r, r, 0))
    whole[:, :, -m:] = made(features[:, :, -n:], (r, r, 0, r))
    whole[..., :m] = made(features[..., :n], (r, 0, r, r))
    whole[..., -m:] = made(features[..., -n:], (0, r, r, r))


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

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]; H and W multiples of 8
        code: Tensor,  # [B, Z]
    ) -> Tensor:  # [B, out_channels, H, W]
        """Run the three layers down, the residual blocks and the three layers up."""
        act = self.activation
        down1 = act(coded_conv(self.conv1, image, code))
        down2 = act(self.norm2(coded_conv(self.conv2, down1, code)))
        down3 = act(self.norm3(coded_conv(self.conv3, down2, code)))
        x = self.residual(down3)
        x = act(self.upnorm1(enlarged_conv(self.upconv1, torch.cat([x, down3], dim=1))))
        x = act(self.upnorm2(enlarged_conv(self.upconv2, torch.cat([x, down2], dim=1))))
        return enlarged_conv(self.upconv3, torch.cat([x, down1], dim=1))
