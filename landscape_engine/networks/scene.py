"""The scene network: segments sky and water (beyond the paper).

The motion predictor alone says this too, but only by what it moves under a code, and hesitantly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import images
from .efficientnet_lite import STRIDE, EfficientNetLite

GROUPS = 8  # of the decoder's group norms
ASKED_SIDE = 512  # long side of the picture that the network is asked about, pixels …
LARGER = 1.5  # … and once more at so many times that: brooks and far shores are thin


class SceneNetwork(nn.Module):
    """Segments land, sky and water: a pretrained trunk with a small feature pyramid.

    Five answers of the trunk, each brought to one width, are added from the coarsest to the finest,
    with a convolution after each addition. What the whole picture is (`Context`) is added to the
    coarsest.

    Args:
        width: channels of the pyramid; a multiple of 8.
        trunk: one of `efficientnet_lite.KINDS`.
        context: whether each place knows of the whole picture; networks of before did not.
        white: whether it tells falls, rapids and surf from other water; nor did they that.
    """

    LATER = "context.", "white."  # parts that earlier networks had not

    def __init__(self, width: int, trunk: str, context: bool = False, white: bool = False) -> None:
        super().__init__()
        self.trunk = EfficientNetLite(trunk)
        self.taps = nn.ModuleList(nn.Conv2d(c, width, 1) for c in self.trunk.tap_channels)
        self.merge = nn.ModuleList(_convolution(width) for _ in self.taps)
        self.out = nn.Conv2d(width, 3, 1)
        self.context = Context(self.trunk.tap_channels[-1], width) if context else None
        self.white = nn.Conv2d(width, 1, 1) if white else None

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1], of any size
    ) -> Tensor:  # [B, 3 or 4, H, W]
        """Log-odds of land, sky and water, in this order, up to a constant for each pixel.

        The fourth, if there is one, are those of white water among water.
        """
        height, width = image.shape[2:]
        below, beside = -height % STRIDE, -width % STRIDE
        x = F.pad(image, (0, beside, 0, below), mode="replicate") if below or beside else image
        found, y = self.trunk(x), None
        for answer, tap, merge in reversed(list(zip(found, self.taps, self.merge, strict=True))):
            z = tap(answer)
            if y is None and self.context is not None:
                z = z + self.context(answer)
            y = merge(z if y is None else z + _enlarge(y, z.shape[2:]))
        answers = self.out(y) if self.white is None else torch.cat((self.out(y), self.white(y)), 1)
        return _enlarge(answers, x.shape[2:])[:, :, :height, :width]


class Context(nn.Module):
    """Global context of each place: means of the picture, of its row and of its column.

    Strip pooling (Hou et al., 2020), with the height of the place beside: a road and a lake look
    alike from near, and differ in what stands over and around them. Begins with adding nothing.
    """

    def __init__(self, c_in: int, width: int) -> None:
        super().__init__()
        self.whole = nn.Conv2d(c_in, width, 1)
        self.rows = nn.Conv2d(c_in, width, (3, 1), padding=(1, 0))
        self.columns = nn.Conv2d(c_in, width, (1, 3), padding=(0, 1))
        self.place = nn.Conv2d(c_in + 1, width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def forward(
        self,
        x: Tensor,  # [B, C, h, w]
    ) -> Tensor:  # [B, width, h, w]
        """The context that is added to each place."""
        batch, _, height, width = x.shape
        lower = torch.linspace(-1, 1, height, device=x.device, dtype=x.dtype)
        lower = lower[None, None, :, None].expand(batch, 1, height, width)
        known = (
            self.place(torch.cat((x, lower), 1))
            + self.whole(x.mean((2, 3), keepdim=True))
            + self.rows(x.mean(3, keepdim=True))
            + self.columns(x.mean(2, keepdim=True))
        )
        return self.out(F.relu(known))


def asked_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the network's input: the picture's aspect, long side `ASKED_SIDE`."""
    scale = ASKED_SIDE / max(height, width)
    return max(8, round(height * scale)), max(8, round(width * scale))


@torch.inference_mode()
def ask(
    network: SceneNetwork,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    device: torch.device,
) -> Tensor:  # [1, 4, h, w] of land, sky and water, whose sum is 1, and of white water
    """The class shares of each pixel, at `asked_size`.

    The mean of what the network says of the picture and of its mirror image, at two sizes. White
    water is a part of the water; there is none where the network doesn't tell it.
    """
    height, width = asked_size(*image.shape[2:])
    told = []
    for size in ((height, width), (round(LARGER * height), round(LARGER * width))):
        picture = images.resize(image[:, :3], size[1], size[0]).clamp(-1, 1).to(device)
        mirrored = network(picture.flip(3)).flip(3)
        found = (network(picture) + mirrored) / 2
        white = found[:, 3:].sigmoid() if found.shape[1] > 3 else torch.zeros_like(found[:, :1])
        shares = torch.cat((found[:, :3].softmax(1), white), 1)
        told.append(F.interpolate(shares, (height, width), mode="bilinear", antialias=True))
    shares = (told[0] + told[1]) / 2
    return torch.cat((shares[:, :3], shares[:, 2:3] * shares[:, 3:]), 1)


def _convolution(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(GROUPS, width), nn.ReLU()
    )


def _enlarge(field: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    return F.interpolate(field, size, mode="bilinear", align_corners=False)
