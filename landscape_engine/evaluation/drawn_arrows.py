"""Arrows for evaluation: drawn in every direction at places well inside the moving regions."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from . import metrics
from .reference_masks import ReferenceMask

LENGTH_01 = 0.08  # of the picture's width
RADIUS_01 = 0.02  # of the disc where it is seen what came of them

Point = tuple[float, float]


def choose_points(mask: ReferenceMask, count: int) -> list[Point]:  # shares of the picture, y down
    """Places alternately in sky and water, far from each other and from their region's edge."""
    import cv2

    depths = []
    for region in (mask.sky, mask.water):
        if bool(region.any()):
            inside = np.pad(region[0, 0].cpu().numpy().astype(np.uint8), 1)  # ends at the border
            depths.append(cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1])
    height, width = depths[0].shape
    y, x = np.mgrid[:height, :width]
    points = []
    for turn in range(count):
        k = turn % len(depths)
        row, column = np.unravel_index(int(depths[k].argmax()), depths[k].shape)
        points.append((float(column) / (width - 1), float(row) / (height - 1)))
        depths[k] = np.minimum(depths[k], np.hypot(y - row, x - column) / 2)
    return points


def directions(count: int = metrics.DIRECTIONS) -> Tensor:  # [count, 2] unit vectors, y down
    """Evenly spaced directions, clockwise on the screen from the right."""
    turn = torch.arange(count, dtype=torch.float64) / count * (2 * math.pi)
    return torch.stack([turn.cos(), turn.sin()], dim=1).float()


def draw(
    point: Point,
    direction: Tensor,  # [2] unit vector on the screen
    aspect: float,  # width / height of the picture
) -> str:
    """An arrow with its middle at a point, "x0,y0,x1,y1"; cut to what lies inside the picture."""
    x = float(direction[0]) * LENGTH_01 / 2
    y = float(direction[1]) * LENGTH_01 / 2 * aspect
    ends = (point[0] - x, point[1] - y, point[0] + x, point[1] + y)
    return ",".join(f"{min(max(end, 0.0), 1.0):.5f}" for end in ends)
