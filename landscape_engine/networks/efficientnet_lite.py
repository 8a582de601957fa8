"""EfficientNet-Lite: a pretrained image trunk from networks for mobile phones.

Inverted residual blocks (Sandler et al., 2018) in the numbers of EfficientNet (Tan and Le, 2019),
the Lite kind: ReLU6 and no squeeze-and-excitation. Its batch norms never learn here: each is folded
into the convolution before it, as a fixed scale of the weights and a bias.

Legend: B batch, C channels, H W pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Stage(NamedTuple):
    """Blocks of one width; the first of them has the stride."""

    expand: int  # how many times as wide a block is inside
    channels: int
    blocks: int
    stride: int
    kernel: int
    tapped: bool  # whether its answer is given


KINDS: dict[str, tuple[int, tuple[Stage, ...]]] = {  # channels of the stem, stages
    "efficientnet-lite0": (
        32,
        (
            Stage(1, 16, 1, 1, 3, True),
            Stage(6, 24, 2, 2, 3, True),
            Stage(6, 40, 2, 2, 5, True),
            Stage(6, 80, 3, 2, 3, False),
            Stage(6, 112, 3, 1, 5, True),
            Stage(6, 192, 4, 2, 5, False),
            Stage(6, 320, 1, 1, 3, True),
        ),
    ),
    "tiny": (  # for tests: the same strides, four and six channels
        4,
        (
            Stage(1, 4, 1, 1, 3, True),
            Stage(2, 4, 1, 2, 3, True),
            Stage(2, 4, 1, 2, 5, True),
            Stage(2, 6, 2, 2, 3, True),
            Stage(2, 6, 1, 2, 5, True),
        ),
    ),
}
STRIDE = 32  # of the last stage, pixels; H and W must be multiples of it


class FoldedConv(nn.Module):
    """A convolution with its batch norm folded in: `conv(x, scale · weight) + bias`.

    The weights stay as large as they were trained, so that steps of one size suit all of them; the
    scale is fixed. Padded with zeros to 1/stride of the size, more at the right and the bottom.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.kernel, self.stride, self.groups = kernel, stride, groups
        self.weight = nn.Parameter(torch.empty(c_out, c_in // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(c_out))
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(c_out))
        nn.init.kaiming_normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C', H / stride, W / stride]."""
        weight = self.weight * self.scale[:, None, None, None]
        padding = self.kernel // 2
        if self.stride == 2:
            x = F.pad(x, (padding - 1, padding, padding - 1, padding))
            padding = 0
        return F.conv2d(x, weight, self.bias, self.stride, padding, groups=self.groups)


class Block(nn.Module):
    """An inverted residual block: wider, filtered channel by channel, narrow again."""

    def __init__(self, c_in: int, c_out: int, expand: int, stride: int, kernel: int) -> None:
        super().__init__()
        inside = c_in * expand
        self.expand = FoldedConv(c_in, inside, 1) if expand > 1 else None
        self.depthwise = FoldedConv(inside, inside, kernel, stride, groups=inside)
        self.project = FoldedConv(inside, c_out, 1)
        self.residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C', H / stride, W / stride]."""
        y = F.relu6(self.expand(x), inplace=True) if self.expand is not None else x
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """The trunk without its classifier.

    Args:
        kind: one of `KINDS`.
    """

    def __init__(self, kind: str = "efficientnet-lite0") -> None:
        super().__init__()
        channels, stages = KINDS[kind]
        self.stem = FoldedConv(3, channels, 3, 2)
        blocks, self.tapped, self.tap_channels = [], [], []
        for stage in stages:
            for k in range(stage.blocks):
                stride = stage.stride if k == 0 else 1
                blocks.append(Block(channels, stage.channels, stage.expand, stride, stage.kernel))
                channels = stage.channels
            if stage.tapped:
                self.tapped.append(len(blocks) - 1)
                self.tap_channels.append(channels)
        self.blocks = nn.ModuleList(blocks)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]; H and W multiples of `STRIDE`
    ) -> list[Tensor]:  # [B, C, H / s, W / s] for s = 2, 4, 8, 16, 32
        """The answers of the tapped blocks, the finest first."""
        x = ((image + 1) * 127.5 - 127) / 128  # what the published weights were trained on
        x, found = F.relu6(self.stem(x), inplace=True), []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.tapped:
                found.append(x)
        return found
