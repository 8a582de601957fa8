"""The scene parser: MOSAIC (Wang and Howard, 2021), a network for mobile phones that parses scenes.

It knows the classes of ADE20K from 20,000 photographs and is asked for a second opinion beside the
scene network: that one is true to edges, this one tells a sea from a floor. Inverted residual
blocks, of which the last ones are dilated; an encoder that pools the picture to grids of three
sizes; a decoder that adds finer answers of the trunk. Batch norms are folded into the convolutions.

Legend: B batch, C channels, S side of the square picture.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import images

CLASSES = 32  # "other", then the 31 most frequent ones of ADE20K
SKY, WATER, SEA = 3, 22, 27  # those that move; all others are land
BUILDING = 2
SIDE = 512  # of the square that a picture is brought to, pixels; a multiple of 128


class Block(NamedTuple):
    """An inverted residual block; added to its input where width and size stay."""

    inner: int  # channels inside
    channels: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    added: bool = True


class Kind(NamedTuple):
    """The numbers of a network."""

    stem: int
    blocks: tuple[Block, ...]
    taps: tuple[int, int]  # blocks whose inner answers the decoder takes, at strides 4 and 8
    head: int  # channels of the trunk's answer; half of them are pooled with each kernel
    pooled: int
    encoded: int
    decoded: int


KINDS = {
    "mosaic": Kind(
        32,
        (
            Block(96, 32, 3, 2),
            Block(64, 32, 3),
            Block(160, 64, 5, 2),
            Block(192, 64, 3),
            Block(128, 64, 3),
            Block(192, 64, 3),
            Block(384, 128, 5, 2),
            Block(384, 128, 3),
            Block(384, 128, 3),
            Block(384, 128, 3),
            Block(768, 160, 3, added=False),
            Block(640, 160, 3),
            Block(960, 192, 3, added=False),
            Block(384, 96, 5, dilation=2, added=False),
            Block(384, 96, 5, dilation=2),
            Block(384, 96, 5, dilation=2),
        ),
        (1, 5),
        448,
        64,
        128,
        64,
    ),
    "tiny": Kind(  # for tests: the same strides
        4,
        (Block(4, 4, 3, 2), Block(4, 4, 3), Block(4, 4, 5, 2), Block(4, 4, 5, 2)),
        (1, 2),
        4,
        4,
        4,
        4,
    ),
}
GRIDS = 4, 8, 16  # cells across of the pooled answers, of 32 of the trunk's


class SceneParser(nn.Module):
    """Parses a picture into classes of things, and says which of them are sky and water.

    Args:
        kind: one of `KINDS`.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        made = KINDS[kind]
        self.taps = made.taps
        self.stem = Conv(3, made.stem, 3, 2)
        blocks, c_in = [], made.stem
        for block in made.blocks:
            blocks.append(Inverted(c_in, block))
            c_in = block.channels
        self.blocks = nn.ModuleList(blocks)
        self.head = Conv(c_in, made.head, 1)
        self.pools = nn.ModuleList(Pool(made.head, made.pooled) for _ in GRIDS)
        self.encode = Conv(2 * made.pooled * len(GRIDS) + made.head, made.encoded, 1)
        fine, coarse = (made.blocks[k].inner for k in made.taps)
        self.merge = Conv(made.encoded + coarse, made.decoded, 1)
        self.smooth = Conv(made.decoded, made.decoded, 3, groups=made.decoded)
        self.classes = Conv(made.decoded, CLASSES, 1)
        self.finer_classes = Conv(fine, CLASSES, 1)

    def forward(
        self,
        image: Tensor,  # [B, 3, S, S] in [-1, 1], S a multiple of 128
    ) -> Tensor:  # [B, 3, S, S]
        """Log-odds of land, sky and water, in this order, up to a constant for each pixel."""
        parsed = self.parse(image)
        return _enlarge(self.told(parsed), image.shape[2] // parsed.shape[2])

    @staticmethod
    def told(
        parsed: Tensor,  # [B, 32, h, w]
    ) -> Tensor:  # [B, 3, h, w]
        """The log-odds of land, sky and water from those of all classes."""
        water = torch.tensor([WATER, SEA], device=parsed.device)
        land = torch.tensor(
            [c for c in range(CLASSES) if c not in (SKY, WATER, SEA)], device=parsed.device
        )
        told = [
            parsed[:, land].logsumexp(1),
            parsed[:, SKY],
            parsed[:, water].logsumexp(1),
        ]
        return torch.stack(told, 1)

    def parse(
        self,
        image: Tensor,  # [B, 3, S, S] in [-1, 1]
    ) -> Tensor:  # [B, 32, S / 4, S / 4]
        """Log-odds of each class, up to a constant for each pixel."""
        x = self.stem(image)
        inner = {}
        for k, block in enumerate(self.blocks):
            x, inside = block(x)
            if k in self.taps:
                inner[k] = inside
        fine, coarse = (inner[k] for k in self.taps)
        x = self.head(x)
        side = x.shape[2]
        cells = [
            cast(Tensor, pool(x, max(1, side * n // 32)))
            for pool, n in zip(self.pools, GRIDS, strict=True)
        ]
        x = self.encode(torch.cat([*(_enlarge(c, side // c.shape[2]) for c in cells), x], 1))
        x = self.merge(torch.cat((_enlarge(x, 2), coarse), 1))
        x = self.classes(self.smooth(x))
        return self.finer_classes(fine) + _enlarge(x, 2)


@torch.inference_mode()
def ask(
    parser: SceneParser,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    device: torch.device,
) -> Tensor:  # [1, 4, 512, 512] of land, sky and water, whose sum is 1, and of buildings
    """The class shares of a picture brought to a square; buildings are a part of the land.

    The mean of what the parser says of the picture and of its mirror image.
    """
    picture = images.resize(image[:, :3], SIDE, SIDE).clamp(-1, 1).to(device)
    here, mirrored = _told(parser, picture), _told(parser, picture.flip(3))
    told, built = ((one + other.flip(3)) / 2 for one, other in zip(here, mirrored, strict=True))
    shares = told.softmax(1)
    return torch.cat([shares, torch.minimum(built, shares[:, :1])], 1)


def _told(
    parser: SceneParser,
    picture: Tensor,  # [1, 3, S, S] in [-1, 1]
) -> tuple[Tensor, Tensor]:  # [1, 3, S, S] log-odds of land, sky and water; [1, 1, S, S] buildings
    parsed = parser.parse(picture)
    built = parsed.softmax(1)[:, BUILDING : BUILDING + 1]
    times = picture.shape[2] // parsed.shape[2]
    return _enlarge(parser.told(parsed), times), _enlarge(built, times)


class Conv(nn.Module):
    """A convolution with its batch norm folded in, and a ReLU unless it is `linear`.

    Padded with zeros to 1/stride of the size, more at the right and the bottom.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        dilation: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.stride, self.groups, self.dilation, self.linear = stride, groups, dilation, linear
        self.weight = nn.Parameter(torch.empty(c_out, c_in // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(c_out))
        nn.init.kaiming_normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C', H / stride, W / stride]."""
        reach = (self.weight.shape[2] - 1) * self.dilation
        padding = reach // 2
        if self.stride == 2:
            x, padding = F.pad(x, (padding - 1, padding) * 2), 0
        x = F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return x if self.linear else F.relu(x, inplace=True)


class Inverted(nn.Module):
    """An inverted residual block; gives its answer and what it was inside."""

    def __init__(self, c_in: int, block: Block) -> None:
        super().__init__()
        self.added = block.added and block.stride == 1 and c_in == block.channels
        self.widen = Conv(c_in, block.inner, 1)
        self.filter = Conv(
            block.inner, block.inner, block.kernel, block.stride, block.inner, block.dilation
        )
        self.narrow = Conv(block.inner, block.channels, 1, linear=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map [B, C, H, W] to [B, C', H / stride, W / stride], and its inside of the same size."""
        inside = self.filter(self.widen(x))
        found = self.narrow(inside)
        return (found + x if self.added else found), inside


class Pool(nn.Module):
    """Means over cells, half of the channels seen with a small kernel, half with a larger one."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        half = c_in // 2
        self.small = nn.Sequential(Conv(half, half, 3, groups=half), Conv(half, c_out, 1))
        self.large = nn.Sequential(Conv(half, half, 5, groups=half), Conv(half, c_out, 1))

    def forward(self, x: Tensor, cells: int) -> Tensor:
        """Map [B, C, s, s] to [B, 2 C', cells, cells]."""
        size = x.shape[2] // cells
        small, large = F.avg_pool2d(x, size).chunk(2, 1)
        return torch.cat((self.small(small), self.large(large)), 1)


def _enlarge(field: Tensor, times: int) -> Tensor:
    """Bilinearly, from the place / times, as the parser was trained: the first pixel stays."""
    if times == 1:
        return field
    height, width = (times * n for n in field.shape[2:])
    wide = F.pad(field, (0, 1, 0, 1), mode="replicate")
    # of one more pixel, so that whole multiples fall onto the pixels themselves
    size = height + 1, width + 1
    grown = F.interpolate(wide, size, mode="bilinear", align_corners=True)
    return grown[:, :, :height, :width]
