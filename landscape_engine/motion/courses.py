"""Courses: where running and breaking water goes: a stream along its banks, surf to its shore.

The motion predictor knows open water, which drifts. Of white water that doesn't fall (`falls`) the
picture says more: a stream runs from its highest place to its lowest between its banks, and surf
comes in from the horizon to the shore. Both are potential flows: with u harmonic within the water,
1 where it comes from and 0 where it goes, and no flow through the banks, water goes along -∇u.
(Beyond the paper.)

Legend: h w pixels of the predictor's grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks
from ..scene.regions import Region
from .calm import in_perspective

RUNNING_PACE = 9e-4  # of a stream at the picture's lower edge, share of the picture's width a frame
BREAKING_PACE = 7e-4  # of surf there
WHITE = 0.5  # share of white water from which a pixel is of it
FOAMING = 0.02, 0.08  # share of a body of water that is white: it doesn't run, it surely does
OPEN = 0.55  # share of the picture's width over which a sea or lake lies open at its top
TOP = 0.15  # share of a body's height that is its top
MOUTH = 0.06  # share of a body's height where a stream comes in, and goes out
LEAST = 0.004  # share of the picture that a body of water has at least
GRID = 64  # side of the square on which a potential is found
ROUNDS = 120  # of averaging on each of its grids
SURF = 0.03, 0.3  # share of white water nearby: no surf, surely surf
NEARBY = 0.06  # over which that is averaged, share of the grid's width
CALM_PX = 5  # of the predictor's grid, over which directions are averaged


@dataclass(frozen=True)
class Course:
    """Where water goes by itself.

    Attributes:
        step: [1, 2, h, w] backward, normalised flow of one frame.
        share: [1, 1, h, w] how surely the water of a place runs or breaks, 0..1.
    """

    step: Tensor
    share: Tensor


def course_of(
    region: Region,
    skies: Sequence[Tensor],  # each [1, 1, h, w] bool
    aspect: float,
    horizon: float,
) -> Course | None:
    """The course of white water in a region; None if there is none, or nobody says.

    Args:
        region: water that doesn't fall.
        skies: the cores of the sky, which open water reaches up to.
        aspect: width / height of the picture.
        horizon: where the plane of the water ends, in shares of the height from the top.
    """
    import cv2

    core = region.core[0, 0].cpu().numpy()
    if region.foam is None or not core.any():
        return None
    h, w = core.shape
    foam = F.interpolate(region.foam.float(), (h, w), mode="bilinear", antialias=True)[0, 0]
    white = (foam.cpu().numpy() > WHITE) & core
    if white.mean() < LEAST * FOAMING[1]:
        return None
    toward, share = np.zeros((2, h, w), np.float32), np.zeros((h, w), np.float32)
    count, bodies = cv2.connectedComponents(core.astype(np.uint8), connectivity=8)
    for k in range(1, count):
        body = bodies == k
        foaming = white[body].mean()
        if body.mean() < LEAST or foaming <= FOAMING[0]:
            continue
        if _is_open(body, skies):
            toward += BREAKING_PACE * _inshore(body) * body
            share += _surf(white, body)
        else:
            toward += RUNNING_PACE * _downstream(body) * body
            share += _rising(foaming, FOAMING) * body
    if not share.any():
        return None
    moved = torch.from_numpy(toward)[None] * in_perspective(h, horizon)[:, None]
    moved = moved.to(region.core.device)
    inside = (moved.abs().amax(1, keepdim=True) > 0).float()
    moved = masks.extend(moved, inside)
    step = -moved * moved.new_tensor([2, 2 * aspect]).view(1, 2, 1, 1)
    return Course(step, torch.from_numpy(share)[None, None].to(step))


def _is_open(body: np.ndarray, skies: Sequence[Tensor]) -> bool:
    """Whether a body of water lies open at its top, as a sea does, and is no stream."""
    rows = np.flatnonzero(body.any(1))
    top = body[rows[0] : rows[0] + max(1, round(TOP * len(rows)))]
    if top.any(0).mean() >= OPEN:
        return True
    for sky in skies:
        above = sky[0, 0].cpu().numpy()
        reach = max(2, round(0.02 * len(body)))
        touched = np.zeros_like(above)
        for d in range(1, reach + 1):
            touched[d:] |= above[:-d]
        if (touched & body).any(0).mean() > OPEN / 3:
            return True
    return False


def _downstream(body: np.ndarray) -> np.ndarray:  # float32 [2, h, w], x and y, in widths
    """Along the banks, from a stream's highest rows to its lowest."""
    rows = np.flatnonzero(body.any(1))
    mouth = max(2, round(MOUTH * len(rows)))
    high, low = body.copy(), body.copy()
    high[rows[0] + mouth :] = False
    low[: rows[-1] + 1 - mouth] = False
    return _flow(body, high, low)


def _inshore(body: np.ndarray) -> np.ndarray:  # float32 [2, h, w]
    """From open water's topmost pixels to land below and beside it, or to the picture's edge."""
    h, w = body.shape
    topmost = body.argmax(0)
    high = np.zeros_like(body)
    columns = np.flatnonzero(body.any(0))
    first = np.percentile(topmost[columns], 20)
    for d in range(2):
        at = topmost[columns] + d
        kept = (at < h) & (topmost[columns] <= first + TOP * h)
        high[at[kept], columns[kept]] = True
    below = np.zeros_like(body)
    below[:-1] = ~body[1:]
    below[-1] = True
    low = body & below & ~high
    return _flow(body, high & body, low)


def _flow(
    body: np.ndarray,  # bool [h, w]
    high: np.ndarray,  # bool [h, w] where water comes from
    low: np.ndarray,  # bool [h, w] where it goes
) -> np.ndarray:  # float32 [2, h, w] of length 1 within the body
    """The direction of -∇u, u harmonic in a body between its ends."""
    stack = np.stack([body, high, low]).astype(np.float32)
    planes = torch.from_numpy(stack)[None]
    u = None
    for side in (GRID // 4, GRID // 2, GRID):
        inside, one, none = (F.adaptive_max_pool2d(planes, side)[0]).unbind(0)
        start = torch.full((side, side), 0.5)
        if u is not None:
            start = F.interpolate(u[None, None], (side, side), mode="bilinear")[0, 0]
        u = _settled(start, inside, one, none)
    assert u is not None
    inside = F.adaptive_max_pool2d(planes[:, :1], GRID)
    spread = masks.extend(u[None, None], inside)
    spread = masks.blur(spread, 1)
    gy, gx = torch.gradient(spread[0, 0])
    way = -torch.stack([gx / body.shape[1], gy / body.shape[0]])[None] * GRID
    way = way / way.norm(dim=1, keepdim=True).clamp(min=1e-9)
    way = F.interpolate(way, body.shape, mode="bilinear")
    mask = planes[:, :1]
    way = masks.blur_within(way, mask, CALM_PX)
    way = way / way.norm(dim=1, keepdim=True).clamp(min=1e-3)
    return way[0].numpy()


def _settled(u: Tensor, inside: Tensor, one: Tensor, none: Tensor) -> Tensor:  # [s, s]
    """Average each pixel over its neighbours in the body, the ends held."""
    free = inside[None, None]
    around = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]).view(1, 1, 3, 3)
    count = F.conv2d(free, around, padding=1).clamp(min=1)
    u = u[None, None]
    for _ in range(ROUNDS):
        u = F.conv2d(u * free, around, padding=1) / count
        u = torch.where(one > 0, 1.0, torch.where(none > 0, 0.0, u))
    return u[0, 0]


def _surf(white: np.ndarray, body: np.ndarray) -> np.ndarray:  # float32 [h, w] 0..1
    """How surely open water is surf: by the share of white water nearby."""
    stack = torch.from_numpy(np.stack([white & body, body]).astype(np.float32))[:, None]
    radius = max(1, round(NEARBY * body.shape[1]))
    share = masks.blur_within(stack[:1], stack[1:], radius)[0, 0].numpy()
    return _rising(share, SURF) * body


def _rising(value: np.ndarray | float, ends: tuple[float, float]) -> np.ndarray:  # 0..1
    x = np.clip((np.asarray(value) - ends[0]) / (ends[1] - ends[0]), 0, 1)
    return (x * x * (3 - 2 * x)).astype(np.float32)
