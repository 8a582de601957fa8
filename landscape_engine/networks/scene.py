"""The scene network: where a picture shows sky and where water (beyond the paper).

The motion predictor alone says this too, but only by what it moves under a code, and hesitantly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import images
from .efficientnet_lite import STRIDE, EfficientNetLite

GROUPS = 8  # of the decoder's group norms
ASKED_SIDE = 512  # long side of the picture that the network is asked about, pixels


class SceneNetwork(nn.Module):
    """Tells still land, sky and water apart: a pretrained trunk and a small pyramid over it.

    Five answers of the trunk, each brought to one width, are added from the coarsest to the finest,
    with a convolution after each addition.

    Args:
        width: channels of the pyramid; a multiple of 8.
        trunk: one of `efficientnet_lite.KINDS`.
    """

    def __init__(self, width: int, trunk: str) -> None:
        super().__init__()
        self.trunk = EfficientNetLite(trunk)
        self.taps = nn.ModuleList(nn.Conv2d(c, width, 1) for c in self.trunk.tap_channels)
        self.merge = nn.ModuleList(_convolution(width) for _ in self.taps)
        self.out = nn.Conv2d(width, 3, 1)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1], of any size
    ) -> Tensor:  # [B, 3, H, W]
        """Log-odds of land, sky and water, in this order, up to a constant for each pixel."""
        height, width = image.shape[2:]
        below, beside = -height % STRIDE, -width % STRIDE
        x = F.pad(image, (0, beside, 0, below), mode="replicate") if below or beside else image
        found, y = self.trunk(x), None
        for answer, tap, merge in reversed(list(zip(found, self.taps, self.merge, strict=True))):
            z = tap(answer)
            y = merge(z if y is None else z + _enlarge(y, z.shape[2:]))
        return _enlarge(self.out(y), x.shape[2:])[:, :, :height, :width]


def asked_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which a picture is asked about: its aspect, long side `ASKED_SIDE`."""
    scale = ASKED_SIDE / max(height, width)
    return max(8, round(height * scale)), max(8, round(width * scale))


@torch.inference_mode()
def ask(
    network: SceneNetwork,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    device: torch.device,
) -> Tensor:  # [1, 3, h, w] of land, sky and water; their sum is 1
    """How much of each pixel is what, at `asked_size`.

    The mean of what the network says of the picture and of its mirror image.
    """
    height, width = asked_size(*image.shape[2:])
    picture = images.resize(image[:, :3], width, height).clamp(-1, 1).to(device)
    mirrored = network(picture.flip(3)).flip(3)
    return ((network(picture) + mirrored) / 2).softmax(1)


def _convolution(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(GROUPS, width), nn.ReLU()
    )


def _enlarge(field: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(field, size, mode="bilinear", align_corners=False)
