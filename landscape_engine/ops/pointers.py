"""Pointers: an arrow drawn into a small picture, in any direction."""

from __future__ import annotations

import math

import torch
from torch import Tensor

REACH = 0.2  # half of an arrow's length, of the picture's shorter side
MARGIN = 0.06  # between the arrow's circle and the picture's edges
SHAFT, HEAD = 0.16, 0.62  # half widths, of the reach
HEAD_FROM = 0.05  # where along the arrow its head begins, of the reach
OUTLINE_PX = 1.5
FILL, EDGE = 1.0, -0.8  # white on dark, to be seen on any picture


def draw(
    picture: Tensor,  # [1, 3, H, W] in [-1, 1]
    direction_deg: float,
) -> Tensor:  # [1, 3, H, W]
    """Draw an arrow into the lower left corner.

    Args:
        picture: a thumbnail.
        direction_deg: 0: right, 90: up.
    """
    height, width = picture.shape[2:]
    reach = REACH * min(height, width)
    center = reach + MARGIN * min(height, width)
    x = torch.arange(width, dtype=picture.dtype, device=picture.device) - center
    y = (height - 1 - center) - torch.arange(height, dtype=picture.dtype, device=picture.device)
    turn = math.radians(direction_deg)
    along = x * math.cos(turn) + y[:, None] * math.sin(turn)  # [H, W] pixels, from the center
    across = (y[:, None] * math.cos(turn) - x * math.sin(turn)).abs()
    shaft = torch.maximum(across - SHAFT * reach, (along + 0.45 * reach).abs() - 0.55 * reach)
    slope = HEAD / (1 - HEAD_FROM)
    side = (across - slope * (reach - along)) / math.hypot(1, slope)
    head = torch.maximum(side, HEAD_FROM * reach - along)
    outside = torch.minimum(shaft, head)  # distance from the arrow's edge, negative inside
    edge = (OUTLINE_PX + 0.5 - outside).clamp(0, 1)
    inside = (0.5 - outside).clamp(0, 1)
    return torch.lerp(torch.lerp(picture, picture.new_tensor(EDGE), edge),
                      picture.new_tensor(FILL), inside)  # fmt: skip
