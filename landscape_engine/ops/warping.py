"""Warping: the one owner of the grid's conventions.

- A flow is float32 `[B, 2, H, W]`, channel 0 = x, 1 = y, *backward*: `O(p) = I(p + B(p))`.
- Coordinates are normalised: -1 and 1 are the *centres* of the border pixels (align_corners=True),
  so that one pixel is `2 / (side - 1)` and zero flow is the identity at any size.
- Outside the picture the plane continues by reflection about the border pixels' centres.
- Flows accumulate by composition (section 4.1), so that a frame samples the input picture once:
  `A_{t+1}(p) = B_{t+1}(p) + A_t(p + B_{t+1}(p))`.
- What moves by less than `STILL_PX` is copied: still pixels stay bit for bit what they were.

Legend: B batch, C channels, H W pixels, h w pixels of a smaller field, R rows of a strip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..settings import SamplingKind
from . import picking

STILL_PX = 1 / 256  # a displacement that no 8-bit sample can show
NEIGHBORS_PX = 2  # within which the neighbors lie that bicubic sampling reads
MOST_PICKED = 0.5  # share of a strip up to which pixels are treated apart


@dataclass(frozen=True)
class Band:
    """Rows `first`..`last` - 1 of a grid with `height` rows: all that a field holds."""

    first: int
    last: int
    height: int

    @property
    def rows(self) -> slice:
        """The same rows, to cut them out of a whole field."""
        return slice(self.first, self.last)

    def on(self, height: int) -> Band:
        """Those rows of a finer or coarser grid that lie between the first row and the last."""
        scale = (height - 1) / max(self.height - 1, 1)
        first, last = math.ceil(self.first * scale - 1e-6), (self.last - 1) * scale + 1e-6
        return Band(first, max(first + 1, math.floor(last) + 1), height)

    def around(self, height: int, margin: int = 0) -> Band:
        """The rows of a finer or coarser grid that these rows cover, and a margin."""
        scale = (height - 1) / max(self.height - 1, 1)
        first, last = int((self.first - 1) * scale), int(self.last * scale)
        return Band(max(0, first - margin), min(height, last + 2 + margin), height)


@lru_cache(maxsize=8)
def _axes(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    # float64 first: the centres must come out as near to exact as float32 can hold
    y = torch.linspace(-1, 1, height, dtype=torch.float64).float().to(device)
    x = torch.linspace(-1, 1, width, dtype=torch.float64).float().to(device)
    return y, x


def identity_grid(
    height: int, width: int, device: torch.device, rows: slice = slice(None)
) -> Tensor:  # [1, 2, R, W]
    """The position of every pixel (x, then y) in normalised coordinates, or of some rows of it."""
    y, x = _axes(height, width, torch.device(device))
    y = y[rows]
    return torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, width)])[None]


def pixels_per_unit(
    height: int, width: int, device: torch.device | str = "cpu"
) -> Tensor:  # [1, 2, 1, 1]
    """Factor from normalised flow to pixels of a picture of this size."""
    return torch.tensor([(width - 1) / 2, (height - 1) / 2], device=device).view(1, 2, 1, 1)


def sample(
    values: Tensor,  # [B, C, h, w]
    positions: Tensor,  # [B, 2, H, W] normalised
    sampling: SamplingKind = "bilinear",
) -> Tensor:  # [B, C, H, W]
    """Sample at the given positions; the plane continues by reflection.

    Bicubic sampling keeps a picture's sharpness where bilinear averages its pixels, and overshoots
    at edges. Apple's GPUs have no such kernel and sample bilinearly.
    """
    if sampling == "bicubic" and values.device.type == "cpu" and len(values) == 1:
        return _bicubic(values, positions)
    usual = "bilinear" if values.device.type == "mps" else sampling
    return _grid_sample(values, positions, usual, "reflection")


def _grid_sample(values: Tensor, positions: Tensor, sampling: str, beyond: str) -> Tensor:
    return F.grid_sample(values, positions.permute(0, 2, 3, 1), sampling, beyond, True)


def _bicubic(
    values: Tensor,  # [1, C, h, w]
    positions: Tensor,  # [1, 2, H, W] normalised
) -> Tensor:  # [1, C, H, W]
    """Sample with all 16 neighbors of a position inside the picture, and by reflection elsewhere.

    torch reflects the neighbors one by one, which takes longer than all the rest.
    """
    x, y = positions[0]
    height, width = values.shape[2:]
    # whole columns and rows: a warp is smooth, and so few pixels too many
    columns = torch.maximum(-x.amin(0), x.amax(0)) >= 1 - 2 * NEIGHBORS_PX / max(width - 1, 1)
    rows = torch.maximum(-y.amin(1), y.amax(1)) >= 1 - 2 * NEIGHBORS_PX / max(height - 1, 1)
    edge = picking.numbers(columns | rows[:, None])
    if len(edge) > MOST_PICKED * x.numel():
        return _grid_sample(values, positions, "bicubic", "reflection")
    made = _grid_sample(values, positions, "bicubic", "zeros")
    if len(edge):
        there = picking.take(positions, edge)
        picking.put(made, edge, _grid_sample(values, there, "bicubic", "reflection"))
    return made


def reflect(
    positions: Tensor,  # [B, 2, H, W] normalised
) -> Tensor:  # [B, 2, H, W] within ±1
    """The positions inside the picture that lie mirrored at its border's centres."""
    wrapped = torch.remainder(positions + 1, 4)
    return 1 - (wrapped - 2).abs()


def warp(
    image: Tensor,  # [B, C, H, W]
    flow: Tensor,  # [B, 2, R, W] backward, normalised; R = H unless `rows` is given
    rows: slice = slice(None),
) -> Tensor:  # [B, C, R, W]
    """Reconstruct `O(p) = I(p + B(p))`, for the whole picture or for some of its rows.

    Pixels that move by less than `STILL_PX` are copied bit for bit.
    """
    height, width = image.shape[2:]
    moved = sample(image, identity_grid(height, width, flow.device, rows) + flow)
    still = is_still(flow, height, width)
    return torch.where(still, image[:, :, rows], moved) if still.any() else moved


def is_still(
    flow: Tensor,  # [B, 2, R, W]
    height: int,
    width: int,
) -> Tensor:  # [B, 1, R, W] bool
    """Where a flow moves a picture of `height` × `width` pixels by less than `STILL_PX`."""
    x, y = flow[:, 0:1].abs(), flow[:, 1:2].abs()
    return (x < 2 * STILL_PX / max(width - 1, 1)) & (y < 2 * STILL_PX / max(height - 1, 1))


def compose(
    step: Tensor,  # [B, 2, h, w] from the newest frame back to the one before
    accumulated: Tensor,  # [B, 2, h, w] from the frame before back to the input picture
) -> Tensor:  # [B, 2, h, w] from the newest frame back to the input picture
    """Accumulate one step, `A_{t+1}(p) = B_{t+1}(p) + A_t(p + B_{t+1}(p))` (Algorithm 1)."""
    return step + warp(accumulated, step)


def invert(
    flow: Tensor,  # [B, 2, h, w]
    iterations: int = 12,
) -> Tensor:  # [B, 2, h, w]
    """The flow that undoes another: `D(p) = -A(p + D(p))`, found by fixed-point iteration.

    Converges where the flow's derivative is below one, as smooth motion's is.
    """
    inverse = -flow
    for _ in range(iterations):
        inverse = -warp(flow, inverse)
    return inverse


def enlarge(
    field: Tensor,  # [B, C, h, w], or some rows of it: a `band`
    height: int,
    width: int,
    rows: slice = slice(None),
    band: Band | None = None,
) -> Tensor:  # [B, C, R, width]
    """RESIZE of Algorithm 1: a field (flow, weight or color map) at the picture's size, bilinearly.

    With `rows` only these rows of the enlarged field are made, so that a picture of any size can be
    rendered strip by strip. Above and below a `band` its first and its last row go on.
    """
    band = band or Band(0, field.shape[2], field.shape[2])
    start, stop, _ = rows.indices(height)
    same = (band.height, field.shape[3]) == (height, width)
    if same and band.first <= start and stop <= band.last:
        return field[:, :, start - band.first : stop - band.first]
    nearness, held = _between_rows(band, height, start, stop, field.device)
    nearness, field = nearness.to(field.dtype), field[:, :, held]
    if stop - start < 2 * field.shape[2]:  # hardly more rows to widen when they are made first
        return _widened(nearness @ field, width)
    return nearness @ _widened(field, width)


@lru_cache(maxsize=256)
def _between_rows(
    band: Band, height: int, start: int, stop: int, device: torch.device
) -> tuple[Tensor, slice]:  # [R, r]
    """How near rows of an enlarged field lie to each of those of a band around them, and which.

    A row counts as much as the next one is far: 0 where that is met.
    """
    scale = (band.height - 1) / max(height - 1, 1)
    first = min(max(int(start * scale - 1e-3), band.first), band.last - 1)
    last = max(min(int((stop - 1) * scale + 1e-3) + 2, band.last), first + 1)
    with torch.inference_mode(False):  # gradients may pass beside it, whoever asks first
        at = (_axes(height, 1, device)[0][start:stop] + 1) * ((band.height - 1) / 2) - first
        at = at.clamp(0, last - first - 1)[:, None]
        nearness = 1 - (at - torch.arange(last - first, device=device)).abs()
        return nearness.clamp(min=0), slice(first - band.first, last - band.first)


def _widened(
    field: Tensor,  # [B, C, r, w]
    width: int,
) -> Tensor:  # [B, C, r, width]
    if field.shape[3] == width:
        return field
    # one axis alone: its own kernel is a third faster than the bilinear one
    lines = field.reshape(1, -1, field.shape[3])
    wide = F.interpolate(lines, width, mode="linear", align_corners=True)
    return wide.view(*field.shape[:3], width)
