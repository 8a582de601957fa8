"""Sheet: an evaluation as pictures: fields of some codes, crops of the worst frames."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .. import images
from ..ops import flow_colors
from . import metrics, reference_masks
from .protocol import Evaluation, Loop, positions

TILE_WIDTH = 240
FLOWS = 4  # codes whose flow is shown
CROP = 3  # crops are this share of the picture's sides

Tile = tuple[str, Tensor]  # caption; picture [1, 3, h, w]


def draw(stills: Sequence[Evaluation]) -> Tensor:  # [1, 3, H', W'] in [-1, 1]
    """Draw two rows for each still.

    First the input, its mask, the mean speed over the codes (white: the caption's px per frame) and
    the flow of some codes; then, of each loop, a part of the input and the same part of the frame
    whose sharpness is furthest from it.
    """
    rows: list[list[Tile]] = []
    for still in stills:
        rows.append(_fields(still))
        rows.append([tile for loop in still.loops for tile in _crops(still, loop)])
    return images.paste_tiles(rows)


def _fields(still: Evaluation) -> list[Tile]:
    tiles = [(still.name, still.image)]
    if still.mask:
        tiles.append(("mask", reference_masks.paint(still.image, still.mask)))
    speed = metrics.speed_of(still.flows).mean(0, keepdim=True)
    white = max(float(torch.quantile(speed.flatten()[::7], 0.99)), 1e-6)
    tiles.append((f"mean speed, white {white:.2f}", (speed / white).clamp(0, 1) * 2 - 1))
    count = len(still.flows)
    for k in sorted({round(j * (count - 1) / max(FLOWS - 1, 1)) for j in range(FLOWS)}):
        painted = flow_colors.paint(still.flows[k : k + 1])
        side = min(40, *painted.shape[2:])
        painted[:, :, :side, :side] = flow_colors.wheel(side)
        tiles.append((f"flow of code {positions(count)[k]:.3f}", painted))
    return [(caption, _fit(tile.expand(-1, 3, -1, -1))) for caption, tile in tiles]


def _crops(still: Evaluation, loop: Loop) -> list[Tile]:
    """The crop that gained or lost most detail, before and after."""
    height, width = (side // CROP for side in still.image.shape[2:])
    before, after = (
        metrics.gradient(image).square().sum(1, keepdim=True).sqrt()
        for image in (still.image, loop.worst)
    )
    moving = still.mask.moving if still.mask else torch.ones_like(before, dtype=torch.bool)
    places = [(y, x) for y in range(CROP) for x in range(CROP)]

    def difference(place: tuple[int, int]) -> float:
        y, x = place[0] * height, place[1] * width
        part = (..., slice(y, y + height), slice(x, x + width))
        return abs(float(((after - before) * moving)[part].sum()))

    y, x = max(places, key=difference)
    part = (..., slice(y * height, (y + 1) * height), slice(x * width, (x + 1) * width))
    return [
        ("input", _fit(still.image[part])),
        (f"code {loop.position:.3f}, frame {loop.worst_at}", _fit(loop.worst[part])),
    ]


def _fit(image: Tensor) -> Tensor:  # [1, 3, h, TILE_WIDTH]
    height = max(1, round(TILE_WIDTH * image.shape[2] / image.shape[3]))
    return images.resize(image, TILE_WIDTH, height)
