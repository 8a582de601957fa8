"""Metrics: pure functions of flows, frames and masks; nothing here knows networks or files.

Speeds are in pixels per frame of a picture `REFERENCE_WIDTH` pixels wide, so that figures don't
depend on the size at which a picture is evaluated.

Legend: N codes, P points, C channels, H W pixels, h w pixels of a smaller field.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import warping

REFERENCE_WIDTH = 640
SLOWEST = 0.05  # px per frame below which nobody sees motion in a loop
REACH_SHARE = 0.25  # of the region's 90th percentile, from which a pixel counts as moving
DIRECTIONS = 16
COHERENT = 0.5  # length of the mean vector over the mean length, from which a field has a direction
FLATTEST = 1 / 64  # singular values are kept within this and its inverse


# -------------------------------------------------------------------------------------- motion


def in_pixels(
    flow: Tensor,  # [N, 2, H, W] normalised
) -> Tensor:  # [N, 2, H, W]
    """A flow at its picture's size in pixels of the same picture `REFERENCE_WIDTH` wide."""
    height, width = flow.shape[2:]
    return flow * warping.pixels_per_unit(height, width, flow.device) * (REFERENCE_WIDTH / width)


def speed_of(
    flow: Tensor,  # [N, 2, H, W]
) -> Tensor:  # [N, 1, H, W]
    """The length of a flow, in its unit."""
    return flow.square().sum(1, keepdim=True).sqrt()


def leak(
    speed: Tensor,  # [N, 1, H, W]
    land: Tensor,  # [1, 1, H, W] bool
    moving: Tensor,  # [1, 1, H, W] bool
) -> float | None:
    """The share of motion on still land: 0 is none, 1 moves the land like the sky.

    `leak = mean speed on land / mean speed in the moving region`, both over all N codes together,
    so that a code which hardly moves anything weighs little. Unitless, 0 or more; None where there
    is no land or nothing moves.
    """
    if not bool(land.any()) or not bool(moving.any()):
        return None
    wanted = _mean_over(speed, moving)
    return _mean_over(speed, land) / wanted if wanted > 0 else None


def reach(
    speed: Tensor,  # [1, 1, H, W] px per frame at REFERENCE_WIDTH
    region: Tensor,  # [1, 1, H, W] bool, not empty
) -> float:
    """Share of a region's pixels that move, 0..1.

    A pixel moves when `speed >= max(SLOWEST, REACH_SHARE × P90)`, P90 being the 90th percentile of
    the region's speed: neither a crawl that nobody sees counts, nor what lags far behind the rest.
    Sky and water are asked apart, for water is slower; together they are weighed by their areas.
    """
    inside = speed[region]
    fast = float(inside.kthvalue(max(1, math.ceil(0.9 * len(inside)))).values)
    return float((inside >= max(SLOWEST, REACH_SHARE * fast)).float().mean())


def angle_between(
    asked: Tensor,  # [P, 2] x right, y down, of any length
    got: Tensor,  # [P, 2]
) -> Tensor:  # [P] degrees, 0..180
    """Angle between the directions asked for and those got; where nothing moves it is 180."""
    lengths = asked.norm(dim=1) * got.norm(dim=1)
    cosine = (asked * got).sum(1) / lengths.clamp(min=1e-20)
    degrees = torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))
    return torch.where(lengths > 0, degrees, torch.full_like(degrees, 180.0))


def direction_at(
    flow: Tensor,  # [1, 2, H, W] backward, in pixels
    point_01: tuple[float, float],
    radius_01: float,  # of the picture's width
) -> Tensor:  # [1, 2] x right, y down
    """The motion on the screen around a point: minus the mean flow over a disc."""
    height, width = flow.shape[2:]
    y = torch.arange(height, device=flow.device)[:, None] - point_01[1] * (height - 1)
    x = torch.arange(width, device=flow.device)[None] - point_01[0] * (width - 1)
    disc = (x.square() + y.square() <= max(1.0, radius_01 * width) ** 2)[None, None]
    return -(flow * disc).sum((2, 3)) / disc.sum()


def variety(
    flows: Tensor,  # [N, 2, H, W] backward, in pixels
    region: Tensor,  # [1, 1, H, W] bool, not empty
) -> int:
    """The number of 16 directions that the codes cover, at most the number of codes.

    Bin k holds the directions within 11.25° of k × 22.5°. A code covers the bin of its mean vector
    over the region, provided that it has a direction, `|mean v| >= COHERENT × mean |v|`, and moves,
    `mean |v| >= SLOWEST`.
    """
    area = region.sum()
    mean = -(flows * region).sum((2, 3)) / area  # [N, 2]
    length = (speed_of(flows) * region).sum((1, 2, 3)) / area
    counted = (mean.norm(dim=1) >= COHERENT * length) & (length >= SLOWEST)
    turn = torch.atan2(mean[:, 1], mean[:, 0]) / (2 * math.pi) * DIRECTIONS
    return len(set((turn.round().long() % DIRECTIONS)[counted].tolist()))


def stretch_of(
    flow: Tensor,  # [1, 2, h, w] backward, normalised, of any number of frames
    aspect: float,  # width / height of the picture
) -> Tensor:  # [1, 1, h, w]
    """How far a sampled map stretches or squeezes the picture, at each pixel.

    With J the Jacobian, in square pixels, of `p -> p + B(p)` and its singular values s1, s2:
    `(|ln s1| + |ln s2|) / 2`. 0 for shifts, turns and mirrorings; ln 2 = 0.69 where everything is
    twice or half its size. Values are kept within `FLATTEST` and its inverse (4.16 at most).
    """
    h, w = flow.shape[2:]
    pad = F.pad(flow, (1, 1, 1, 1), mode="replicate")
    cells_x, cells_y = (torch.full((side,), 2.0, device=flow.device) for side in (w, h))
    for cells in (cells_x, cells_y):  # one-sided at the border
        cells[[0, -1]] = 1.0
    dx = (pad[:, :, 1:-1, 2:] - pad[:, :, 1:-1, :-2]) / cells_x / (2 / (w - 1))
    dy = (pad[:, :, 2:, 1:-1] - pad[:, :, :-2, 1:-1]) / cells_y[:, None] / (2 / (h - 1))
    a, b = 1 + dx[:, 0:1], dy[:, 0:1] * aspect
    c, d = dx[:, 1:2] / aspect, 1 + dy[:, 1:2]
    sum_half = torch.hypot(a + d, c - b) / 2
    difference_half = torch.hypot(a - d, b + c) / 2
    values = torch.cat([sum_half + difference_half, (sum_half - difference_half).abs()], dim=1)
    return values.clamp(FLATTEST, 1 / FLATTEST).log().abs().mean(1, keepdim=True)


# ---------------------------------------------------------------------------------------- loops


def change(
    frame: Tensor,  # [1, C, H, W]
    following: Tensor,  # [1, C, H, W]
) -> float:
    """Mean absolute difference of two frames, in their unit (here 0..2)."""
    return float((following - frame).abs().mean())


def seam(
    changes: list[float],  # change from each frame of a loop to the next; last: back to the first
) -> float | None:
    """How visible the loop's seam is: `change at the seam / mean change of its two neighbours`.

    1 when the joint is like any other step, 0 when it stands still, more when it jumps. None for a
    loop without motion there, or of fewer than three frames.
    """
    if len(changes) < 3 or changes[0] + changes[-2] == 0:
        return None
    return changes[-1] / ((changes[0] + changes[-2]) / 2)


def detail(
    image: Tensor,  # [1, C, H, W]
    region: Tensor,  # [1, 1, H, W] bool, not empty
) -> float:
    """Mean gradient magnitude of a region's luma, per pixel of the picture as it is evaluated.

    Gradients are differences to the right-hand and the lower neighbour, which see the finest
    detail that the picture holds.
    """
    return _mean_over(gradient(image).square().sum(1, keepdim=True).sqrt(), region)


def sharpness(
    details: list[float],  # of each frame of a loop
    of_input: float,
) -> tuple[float, float] | tuple[None, None]:
    """A loop's sharpness and its variation: `mean(d) / d_input` and `std(d) / mean(d)`.

    The first is 1 for a loop as sharp as its input, below 1 if it is softened; the second, the
    coefficient of variation, is 0 for a loop that never pulses. None for an input without detail.
    """
    if of_input <= 0 or not details:
        return None, None
    d = torch.tensor(details, dtype=torch.float64)
    return float(d.mean() / of_input), float(d.std(unbiased=False) / d.mean().clamp(min=1e-12))


def intrusion(
    land_share: Tensor,  # [1, 1, H, W] how much of a frame came from land, 0..1
    moving: Tensor,  # [1, 1, H, W] bool
    margin_px: int = 2,
) -> float | None:
    """Share of the moving region sampled from land, 0..1: its mean `margin_px` inside the edge.

    None where no pixel lies that far inside.
    """
    inner = erode(moving, margin_px)
    return _mean_over(land_share, inner) if bool(inner.any()) else None


# ---------------------------------------------------------------------------------------- light


def edges(
    before: Tensor,  # [1, C, H, W]
    after: Tensor,  # [1, C, H, W]
) -> float | None:
    """Whether a recoloring keeps the drawing: correlation of luma gradients before and after.

    Pearson's, over both components of all pixels, with their signs: 1 for any brightening,
    darkening or change of contrast that is the same everywhere, less for halos and lost detail, -1
    for a negative. None where one of the pictures is flat.
    """
    a, b = (gradient(image).flatten() for image in (before, after))
    a, b = a - a.mean(), b - b.mean()
    lengths = float(a.norm() * b.norm())
    return float(a @ b) / lengths if lengths > 0 else None


# ------------------------------------------------------------------------------------------------


def gradient(
    image: Tensor,  # [1, C, H, W], color first
) -> Tensor:  # [1, 2, H, W] of luma (Rec. 709 weights), to the right and downwards; 0 at the end
    """Forward differences of a picture's luma."""
    weights = torch.tensor([0.2126, 0.7152, 0.0722], device=image.device).view(1, 3, 1, 1)
    luma = (image[:, :3] * weights).sum(1, keepdim=True)
    x = F.pad(luma[:, :, :, 1:] - luma[:, :, :, :-1], (0, 1))
    y = F.pad(luma[:, :, 1:] - luma[:, :, :-1], (0, 0, 0, 1))
    return torch.cat([x, y], dim=1)


def erode(
    region: Tensor,  # [1, 1, H, W] bool
    pixels: int,
) -> Tensor:  # [1, 1, H, W] bool
    """The pixels of a region that are more than a margin away from its edge."""
    outside = (~region).float()
    return F.max_pool2d(outside, 2 * pixels + 1, 1, pixels) == 0


def _mean_over(values: Tensor, region: Tensor) -> float:
    return float((values * region).sum(dtype=torch.float64) / (region.sum() * len(values)))
