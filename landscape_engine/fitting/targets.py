"""Targets: annotations as sparse maps and masks on the predictor's grid (paper, section 6.4).

Legend: n arrows or patches, k points, h w pixels of the grid; aspect = width / height as shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import warping
from .annotations import Arrow, Patch

TYPICAL_SPEED = 0.25  # of the mean arrow, in shares of 1/beta: what codebooks move clouds by
POINTS = 9  # of a stroke, from its start to its end


def screen_directions(
    arrows: Sequence[Arrow],
    aspect: float,
) -> Tensor:  # [n, 2]
    """The arrows on the screen, in widths of the picture: forward, x right, y down."""
    return torch.tensor(
        [[a.end_01[0] - a.start_01[0], (a.end_01[1] - a.start_01[1]) / aspect] for a in arrows],
        dtype=torch.float32,
    )


def on_screen(
    flow: Tensor,  # [..., 2, h, w] normalised
    aspect: float,
) -> Tensor:  # [..., 2, h, w] in half widths of the picture
    """A flow with both axes on one scale, so that its angles are those on the screen."""
    return flow * flow.new_tensor([1.0, 1 / aspect]).view(2, 1, 1)


def flow_vectors(
    arrows: Sequence[Arrow],
    aspect: float,
    beta: float,
) -> Tensor:  # [n, 2] backward, normalised
    """The step that each arrow requests.

    An arrow gives its direction; how fast, only relative to the other arrows, by its length: the
    mean arrow gets `TYPICAL_SPEED`. (The overall speed is the business of `--motion-speed`.)
    """
    drawn = screen_directions(arrows, aspect)
    speed: Tensor = TYPICAL_SPEED / drawn.norm(dim=1).mean()
    wanted: Tensor = -drawn * speed * torch.tensor([1.0, aspect])
    # beyond the predictor's range a vector is shortened; cut along each axis it would turn
    return wanted / wanted.abs().amax(1, keepdim=True).clamp(min=1) / beta


def stroke_points(
    arrow: Arrow,
    count: int = POINTS,
) -> Tensor:  # [count, 2] normalised positions
    """Points along an arrow, from its start to its end, evenly."""
    ends = torch.tensor([arrow.start_01, arrow.end_01], dtype=torch.float32) * 2 - 1
    return torch.lerp(ends[:1], ends[1:], torch.linspace(0, 1, count)[:, None])


def draw_arrows(
    arrows: Sequence[Arrow],
    size_hw: tuple[int, int],
    aspect: float,
    beta: float,
) -> tuple[Tensor, Tensor]:  # [n, 2, h, w] backward, normalised; [n, 1, h, w] of 0 and 1
    """The sparse flow map U^M and its mask M, a plane for each arrow (Equation 12).

    Pixels on an arrow have its vector, one pixel wide, others zero; arrows that cross are kept
    apart, so that each can be judged by itself.
    """
    height, width = size_hw
    mask = torch.zeros(len(arrows), 1, height, width)
    for plane, arrow in zip(mask, arrows, strict=True):
        at = _nearest_pixels(stroke_points(arrow, 2 * max(height, width)), height, width)
        plane[0, at[:, 1], at[:, 0]] = 1
    return flow_vectors(arrows, aspect, beta)[:, :, None, None] * mask, mask


def draw_patches(
    patches: Sequence[Patch],
    size_hw: tuple[int, int],
    aspect: float,
) -> tuple[Tensor, Tensor]:  # [n, 3, 1, 1] colors in [-1, 1]; [n, 1, h, w] of 0 and 1
    """The patches' colors U^A and their masks M, a plane for each patch (Equation 13)."""
    height, width = size_hw
    grid = warping.identity_grid(height, width, torch.device("cpu"))
    mask = torch.zeros(len(patches), 1, height, width)
    for plane, patch in zip(mask, patches, strict=True):
        center = torch.tensor(patch.center_01, dtype=torch.float32) * 2 - 1
        away = on_screen(grid[0] - center[:, None, None], aspect).norm(dim=0)  # in half widths
        plane[0] = (away <= 2 * patch.radius_01).float()
        x, y = _nearest_pixels(center[None], height, width)[0].tolist()
        plane[0, y, x] = 1  # a patch smaller than a pixel still counts
    colors = torch.tensor([p.color for p in patches], dtype=torch.float32) / 127.5 - 1
    return colors[:, :, None, None], mask


def _nearest_pixels(points: Tensor, height: int, width: int) -> Tensor:  # [k, 2] x, y
    scale = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    return ((points + 1) * scale).round().long()


def angles_deg(
    flow: Tensor,  # [B, 2, h, w] backward, normalised
    arrows: Sequence[Arrow],
    aspect: float,
) -> Tensor:  # [B, n] 0..180
    """The angle on the screen between each arrow and the mean motion along it."""
    _, mask = draw_arrows(arrows, (flow.shape[2], flow.shape[3]), aspect, 1.0)
    forward = -on_screen(flow.cpu(), aspect)
    got = torch.einsum("bchw,nhw->bnc", forward, mask[:, 0])
    asked = screen_directions(arrows, aspect)
    cosine = F.cosine_similarity(got, asked[None], dim=2, eps=1e-12)
    return cosine.clamp(-1, 1).acos().rad2deg()


def disagreement_deg(one: Arrow, other: Arrow, aspect: float) -> float:
    """The angle on the screen between two arrows, 0..180."""
    a, b = screen_directions([one, other], aspect).tolist()
    turn = math.atan2(a[1], a[0]) - math.atan2(b[1], b[0])
    return abs(math.degrees(math.remainder(turn, 2 * math.pi)))
