"""Calm: how well fields suit a region, and a natural pace for them.

Lengths are in shares of the picture's width per frame, so that they mean the same at any aspect.

Legend: K fields at once, h w pixels of a grid.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import masks, warping

SKY_PACE = 7e-4  # usual length of a sky's motion: 0.67 pixels a frame at 960, 7 % of it in 100
WATER_PACE = 8e-4  # of water at the picture's lower edge: 0.77 pixels a frame at 960
FAR = 0.15  # share of that which water at the horizon keeps
FAR_CLOUDS, OVERHEAD = 0.25, 0.4  # share that clouds there keep; height from which they have all
LEVEL = 0.2  # height below the picture's top within which a sky's motion gets level, of 1
LOWEST = 0.95  # share of a sky above its horizon
EDDIES = 0.04  # share of a field's width over which a sky's is averaged
MOST_HASTE = 2.0  # how much a field that is slower is quickened at most
USUAL = 0.7  # quantile of a region's lengths that is its usual one
DAWDLES = 0.3  # share of the usual length below which a pixel hardly moves
LOOP = 100  # frames of the loop for which sources are counted
SMOOTH_ROWS = 8  # rows on either side over which a row's mean length is taken
LEAST_ROW = 0.25  # share of a field's mean length below which a row's is not divided by

# weights of what speaks against a field
DAWDLING = 0.3
HESITANT = 0.2  # for each factor e that it is slower than the pace
HASTY = 0.03  # ... or faster
LOST = 4.0
AWAY = 2.0  # water that goes away from the viewer, or up
NEARING = 0.5  # ... that comes nearer: less so


def in_widths(
    flow: Tensor,  # [K, 2, h, w] normalised
    aspect: float,
) -> Tensor:  # [K, 2, h, w] in shares of the picture's width
    """A flow as it is seen on the screen; `aspect` is width / height of the picture."""
    return flow * flow.new_tensor([0.5, 0.5 / aspect]).view(1, 2, 1, 1)


def sky_costs(
    flows: Tensor,  # [K, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
    aspect: float,
) -> Tensor:  # [K], less is better
    """The cost of each field as a sky's motion: the share of it that isn't level, ...

    ... that differs in direction, lags, is far slower than the pace, or has no source.
    """
    seen = in_widths(flows, aspect)[:, :, core[0, 0]]  # [K, 2, pixels]
    tilted = seen[:, 1].abs().sum(1) / _total(seen)
    return tilted + _common_costs(flows, core, aspect, SKY_PACE)


def water_costs(
    flows: Tensor,  # [K, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
    aspect: float,
) -> Tensor:  # [K], less is better
    """The same for water, which may approach the viewer but should not recede."""
    seen = in_widths(flows, aspect)[:, :, core[0, 0]]
    # backward: what goes up the screen, away from the viewer, comes from below
    away = seen[:, 1].clamp(min=0).sum(1) / _total(seen)
    nearing = (-seen[:, 1]).clamp(min=0).sum(1) / _total(seen)
    return AWAY * away + NEARING * nearing + _common_costs(flows, core, aspect, WATER_PACE)


def rightward(
    flows: Tensor,  # [K, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [K] bool
    """Whether each field carries a region to the right."""
    return flows[:, 0, core[0, 0]].sum(1) < 0


def at_pace(
    field: Tensor,  # [1, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
    aspect: float,
    speed: float = 1.0,
) -> Tensor:  # [1, 2, h, w]
    """Remove eddies from a field; scale its typical length in a region to `SKY_PACE |speed|`.

    Clouds drift as one: what a small eddy turns in each frame is wound up over a loop.
    """
    field = _without_eddies(field, core.to(field.dtype))
    pace = SKY_PACE * abs(speed)
    usual = float(_usual(in_widths(field, aspect)[:, :, core[0, 0]]))
    return field * min(pace / max(usual, 1e-12), MOST_HASTE)


def over_horizon(
    field: Tensor,  # [1, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 2, h, w]
    """A sky's field whose speed grows over the horizon, as that of a layer seen from below.

    Clouds near the horizon are far away. Row y keeps `FAR_CLOUDS + (1 - FAR_CLOUDS) S((horizon - y)
    / OVERHEAD)` of its speed, S(x) = x² (3 - 2 x) on 0..1, y from the picture's top in shares of
    its height. A sky that reaches the picture's lower edge has no horizon and stays as it is.
    """
    height = core.shape[2]
    rows = core[0, 0].sum(1).cumsum(0)
    lowest = int((rows < LOWEST * rows[-1]).sum())
    if bool(core[0, 0, -1].any()) or not int(rows[-1]):
        return field
    y = torch.arange(height, device=field.device)
    high = ((lowest - y) / (OVERHEAD * height)).clamp(0, 1)
    return field * (FAR_CLOUDS + (1 - FAR_CLOUDS) * high * high * (3 - 2 * high)).view(1, 1, -1, 1)


def level_at_top(
    field: Tensor,  # [1, 2, h, w] backward, normalised
) -> Tensor:  # [1, 2, h, w]
    """A sky's field that is level along the picture's top: nothing enters or leaves there.

    What would come in from above is made up, and would be seen as a strip that is cut off. At a
    depth y below the top, in shares of the height, S(y / `LEVEL`) of the motion up or down is kept,
    S(x) = x² (3 - 2 x).
    """
    h = field.shape[2]
    deep = (torch.linspace(0, 1, h, device=field.device) / LEVEL).clamp(0, 1).view(1, 1, -1, 1)
    return torch.cat([field[:, :1], field[:, 1:] * deep * deep * (3 - 2 * deep)], 1)


def towards_viewer(
    field: Tensor,  # [1, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
    aspect: float,
    horizon: float,
    speed: float = 1.0,
) -> Tensor:  # [1, 2, h, w]
    """A field for water whose speed grows towards the viewer, as on a plane in perspective.

    The mean length of a row becomes `WATER_PACE` times its share `in_perspective`; directions, and
    what differs along a row, stay.
    """
    height = field.shape[2]
    inside = core.to(field.dtype)
    lengths = in_widths(field, aspect).square().sum(1, keepdim=True).sqrt() * inside
    mean = float(lengths.sum() / inside.sum().clamp(min=1))
    if mean == 0:
        return field
    weights = _over_rows(inside.sum(3)) + 1e-3
    of_row = (_over_rows(lengths.sum(3)) + 1e-3 * mean) / weights  # [1, 1, h]
    pace = WATER_PACE * abs(speed) * in_perspective(height, horizon).to(field.device)
    factor = pace / of_row.clamp(min=LEAST_ROW * mean)
    return field * factor.clamp(max=MOST_HASTE)[..., None]


def in_perspective(height: int, horizon: float) -> Tensor:  # [h]
    """The share of its speed that each row of a plane of water shows: `FAR` at the horizon.

    `FAR + (1 - FAR) (y - horizon) / (1 - horizon)`, y from the picture's top in shares of its
    height.
    """
    y = torch.linspace(0, 1, height)
    return FAR + (1 - FAR) * ((y - horizon) / max(1 - horizon, 1e-3)).clamp(0, 1)


def _without_eddies(
    field: Tensor,  # [1, 2, h, w]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 2, h, w]
    radius = max(1, round(EDDIES * field.shape[3]))
    near = masks.blur(inside, radius) > 1e-3
    return torch.where(near, masks.blur_within(field, inside, radius), field)


def _common_costs(flows: Tensor, core: Tensor, aspect: float, pace: float) -> Tensor:  # [K]
    seen = in_widths(flows, aspect)[:, :, core[0, 0]]
    lengths = seen.square().sum(1).sqrt()  # [K, pixels]
    total, usual = _total(seen), _usual(seen)
    parted = 1 - seen.sum(2).square().sum(1).sqrt() / total
    dawdling = (lengths < DAWDLES * usual[:, None]).to(seen.dtype).mean(1)
    slower = (pace / usual.clamp(min=1e-9)).log()
    cost = parted + DAWDLING * dawdling + HESITANT * slower.clamp(min=0)
    cost = cost + HASTY * (-slower).clamp(min=0)
    paced = flows * (pace / usual.clamp(min=1e-9)).view(-1, 1, 1, 1)
    return cost + LOST * _lost_midway(paced, core)


def _lost_midway(
    flows: Tensor,  # [K, 2, h, w] backward, normalised
    core: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [K]
    """Share of a region that has a source neither half a loop ago nor half a loop ahead."""
    count, _, h, w = flows.shape
    inside = core.to(flows.dtype).expand(count, -1, -1, -1)
    identity = warping.identity_grid(h, w, flows.device)
    found = torch.zeros_like(inside, dtype=torch.bool)
    for way in (-LOOP / 2, LOOP / 2):
        source = identity + way * flows
        there = warping.sample(inside, source) > 0.5
        found |= there & (source.abs().amax(1, keepdim=True) <= 1)
    return 1 - found[:, 0, core[0, 0]].to(flows.dtype).mean(1)


def _total(seen: Tensor) -> Tensor:  # [K]
    return seen.square().sum(1).sqrt().sum(1).clamp(min=1e-9)


def _usual(seen: Tensor) -> Tensor:  # [K]
    return torch.quantile(seen.square().sum(1).sqrt(), USUAL, dim=1)


def _over_rows(values: Tensor) -> Tensor:  # [1, 1, h]
    size = 2 * SMOOTH_ROWS + 1
    for _ in range(2):
        values = torch.nn.functional.avg_pool1d(values, size, 1, SMOOTH_ROWS)
    return values
