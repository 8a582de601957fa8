"""Masks: soft regions, and fields and pictures extrapolated past a region's edge.

Legend: h w pixels of a small grid; masks are 1 inside, 0 outside.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import warping

RESIDUE = 1e-12  # what running sums may leave of values about 1 that are past; it counts as none


def blur(
    values: Tensor,  # [B, C, h, w]
    radius: int,
) -> Tensor:  # [B, C, h, w]
    """Blur by two passes of a box of 2 × `radius` + 1 pixels; the picture's edge gives less."""
    if _is_plain(values):
        return _boxed(values, radius)
    size = 2 * radius + 1
    for _ in range(2):
        values = F.avg_pool2d(values, (size, 1), 1, (radius, 0), count_include_pad=False)
        values = F.avg_pool2d(values, (1, size), 1, (0, radius), count_include_pad=False)
    return values


def _is_plain(values: Tensor) -> bool:
    """Whether OpenCV can take the values: its routines know the CPU and no gradients."""
    return (
        values.device.type == "cpu" and values.dtype == torch.float32 and not values.requires_grad
    )


def _boxed(values: Tensor, radius: int) -> Tensor:
    """The same by OpenCV's running sums, which take as long for any radius."""
    import cv2

    h, w = values.shape[2:]
    size = 2 * radius + 1, 2 * radius + 1
    held = _held(h, radius)[:, None] * _held(w, radius)
    blurred = torch.empty(values.shape)
    planes = values.reshape(-1, h, w).numpy(), blurred.view(-1, h, w).numpy()
    for plane, made in zip(*planes, strict=True):
        for source in (plane, made):
            sums = cv2.boxFilter(source, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
            np.divide(sums, held, out=made)
        made[np.abs(made) < RESIDUE] = 0
    return blurred


def _held(side: int, radius: int) -> np.ndarray:  # float32 [side]
    """How many pixels of a box lie on a side, about each of its pixels."""
    at = np.arange(side)
    last, first = np.minimum(at + radius, side - 1), np.maximum(at - radius, 0)
    return (last - first + 1).astype(np.float32)


def blur_within(
    values: Tensor,  # [1, C, h, w]
    mask: Tensor,  # [1, 1, h, w]
    radius: int,
) -> Tensor:  # [1, C, h, w]
    """Blur what lies inside a mask, with nothing from outside; meaningful near the mask only."""
    return blur(values * mask, radius) / blur(mask, radius).clamp(min=1e-6)


def mean_within(
    values: Tensor,  # [B, C, h, w]
    mask: Tensor,  # [B, 1, h, w] 0..1
) -> Tensor:  # [B, C, 1, 1]
    """The mean of what lies inside a mask; 0 where the mask is empty."""
    return (values * mask).sum((2, 3), True) / mask.sum((2, 3), True).clamp(min=1e-6)


def soft_threshold(
    values: Tensor,
    ends: tuple[float, float],
) -> Tensor:  # 0..1, of the values' shape
    """0 up to the first of two values, 1 from the second on, and linear between them."""
    return ((values - ends[0]) / (ends[1] - ends[0])).clamp(0, 1)


def sustained(
    field: Tensor,  # [B, C, H, W] of any sign
    width: int,
) -> Tensor:  # [B, C, H, W]
    """What of a field's height is as wide as an odd number of pixels, both ways: its opening.

    Peaks and lines that are narrower go; the rest keeps its sign and its outline.
    """
    height = field.abs()
    least = -highest(-height, width // 2)
    return field.sign() * torch.minimum(highest(least, width // 2), height)


def highest(
    values: Tensor,  # [B, C, h, w]
    radius: int,
) -> Tensor:  # [B, C, h, w]
    """The greatest value within a square of 2 × `radius` + 1 pixels: down, then across."""
    size = 2 * radius + 1
    if _is_plain(values):
        return _highest(values, size)
    down = F.max_pool2d(values, (size, 1), 1, (radius, 0))
    return F.max_pool2d(down, (1, size), 1, (0, radius))


def _highest(values: Tensor, size: int) -> Tensor:
    """The same by OpenCV, which takes as long for any size."""
    import cv2

    h, w = values.shape[2:]
    found = torch.empty(values.shape)
    square = np.ones((size, size), np.uint8)
    planes = values.reshape(-1, h, w).numpy(), found.view(-1, h, w).numpy()
    for plane, made in zip(*planes, strict=True):
        cv2.dilate(plane, square, dst=made)
    return found


def extend(
    values: Tensor,  # [1, C, h, w]
    mask: Tensor,  # [1, 1, h, w]
) -> Tensor:  # [1, C, h, w]
    """Keep values where the mask is 1 and extrapolate smoothly elsewhere (pull-push)."""
    h, w = mask.shape[2:]
    if min(h, w) <= 2 or float(mask.sum()) == 0:
        return mean_within(values, mask).expand_as(values)
    small_mask = F.avg_pool2d(mask, 2, ceil_mode=True)
    small = F.avg_pool2d(values * mask, 2, ceil_mode=True) / small_mask.clamp(min=1e-6)
    coarse = extend(small, (2 * small_mask).clamp(max=1))
    beyond = F.interpolate(coarse, (h, w), mode="bilinear", align_corners=False)
    return torch.lerp(beyond, values, mask)


def extend_level(
    values: Tensor,  # [1, C, h, w]
    mask: Tensor,  # [1, 1, h, w]
    levels: int,
) -> tuple[Tensor, Tensor]:  # [1, C, h, w]; [1, 1, h, w] 0..1
    """Extrapolate along rows (pull-push), and tell where there was anything to do so from.

    A gap of up to about 2 to the power of `levels` pixels is filled from both of its sides.
    """
    h, w = mask.shape[2:]
    if levels == 0 or w <= 2:
        return values * mask, mask
    small_mask = F.avg_pool2d(mask, (1, 2), ceil_mode=True)
    small = F.avg_pool2d(values * mask, (1, 2), ceil_mode=True) / small_mask.clamp(min=1e-6)
    coarse, known = extend_level(small, (2 * small_mask).clamp(max=1), levels - 1)
    stack = torch.cat([coarse * known, known], 1)
    stack = F.interpolate(stack, (h, w), mode="bilinear", align_corners=False)
    beyond = stack[:, :-1] / stack[:, -1:].clamp(min=1e-6)
    return torch.lerp(beyond, values, mask), torch.lerp(stack[:, -1:], torch.ones_like(mask), mask)


def small_holes(
    inside: Tensor,  # [1, 1, h, w] bool
    size: int,
) -> Tensor:  # [1, 1, h, w] bool
    """The parts outside a region that are no wider and no higher than some pixels."""
    import cv2

    outside = ~inside[0, 0].cpu().numpy()
    _, parts, stats, _ = cv2.connectedComponentsWithStats(outside.astype(np.uint8), connectivity=8)
    small = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) <= size
    small[0] = False
    return torch.from_numpy(small[parts])[None, None].to(inside.device)


def shrink(
    mask: Tensor,  # [1, 1, h, w]
    pixels: int,
) -> Tensor:  # [1, 1, h, w]
    """Erode: the least value within a radius; the picture's border doesn't count as an edge."""
    return -highest(-mask, pixels)


def rows_of(
    mask: Tensor,  # [1, 1, H, W]
) -> warping.Band:
    """The rows in which a mask isn't 0; all, if there are none."""
    seen = torch.nonzero(mask.amax((0, 1, 3))).flatten()
    if not len(seen):
        return warping.Band(0, mask.shape[2], mask.shape[2])
    return warping.Band(int(seen[0]), int(seen[-1]) + 1, mask.shape[2])


def columns_of(
    mask: Tensor,  # [1, 1, R, W]
) -> slice:
    """The columns from the first in which a mask isn't 0 to the last; an empty slice if none is."""
    seen = torch.nonzero(mask.amax((0, 1, 2))).flatten()
    return slice(int(seen[0]), int(seen[-1]) + 1) if len(seen) else slice(0, 0)


def depth(
    core: Tensor,  # [1, 1, h, w] bool
    border: bool = True,
) -> Tensor:  # [1, 1, h, w]
    """The distance of each pixel inside a region to its edge, in pixels; 0 outside.

    Args:
        core: the region.
        border: whether the picture's border is an edge; if not, some pixel must lie outside.
    """
    import cv2

    around = int(border)
    inside = np.pad(core[0, 0].cpu().numpy().astype(np.uint8), around)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    distance = distance[around : around + core.shape[2], around : around + core.shape[3]]
    return torch.from_numpy(distance.copy())[None, None].to(core.device)


def mirror(
    core: Tensor,  # [1, 1, h, w] bool, not empty
) -> Tensor:  # [1, 2, h, w] backward, normalised; zero inside
    """The flow that fills everything outside a region with the region mirrored at its edge.

    For a pixel p whose nearest pixel inside is q, the source is 2q - p, or a point nearer to q if
    that lies outside again. Sampled through it, a picture holds nothing but the region.
    """
    inside = core[0, 0].cpu().numpy()
    h, w = inside.shape
    if inside.all():
        return torch.zeros(1, 2, h, w, device=core.device)
    source, _ = Edge(inside).mirrored(slice(0, h), (0.25, 0.5, 1.0))
    flow = source - np.moveaxis(np.mgrid[:h, :w], 0, -1)
    backward = torch.from_numpy(flow[..., ::-1].astype(np.float32)).permute(2, 0, 1)[None]
    return backward.to(core.device) / warping.pixels_per_unit(h, w, core.device)


class Edge:
    """Of each pixel outside a mask the nearest one inside, and the point mirrored at it."""

    def __init__(
        self,
        inside: np.ndarray,  # bool [H, W]
    ) -> None:
        import cv2

        self.inside = inside
        self.distance, self.labels = cv2.distanceTransformWithLabels(
            (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        y, x = np.nonzero(inside)
        self.places = np.zeros((int(self.labels.max()) + 1, 2), np.int32)
        self.places[self.labels[y, x]] = np.stack([y, x], -1)

    def nearest(self, rows: slice) -> np.ndarray:  # int64 [R, W, 2] y and x
        """The pixels inside that are nearest to those of some rows."""
        return self.places[self.labels[rows]].astype(np.int64)

    def mirrored(
        self, rows: slice, shares: tuple[float, ...] = (0.5, 1.0)
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each pixel p, and q the nearest one inside, 2q - p, and whether that lies inside.

        Or the farthest of `shares` of the way from q to it that does; q where none does. y and x,
        int64 [R, W, 2]; bool [R, W].
        """
        height, width = self.inside.shape
        q = self.nearest(rows)
        p = np.moveaxis(np.mgrid[rows, :width], 0, -1).copy()
        source, found = q.copy(), np.zeros(q.shape[:2], bool)
        for share in shares:
            far = np.rint(q + share * (q - p)).astype(np.int64)
            there = ((far >= 0) & (far < (height, width))).all(-1)
            kept = far.clip(0, (height - 1, width - 1))
            there &= self.inside[kept[..., 0], kept[..., 1]]
            source = np.where(there[..., None], far, source)
            found |= there
        return source, found
