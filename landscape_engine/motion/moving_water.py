"""Water: reflections that follow the sky above them, and ripples that close into the loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..ops import masks
from ..scene.regions import FALLS, Region
from ..settings import MotionSettings
from .fields import MovingPart


def answer(parts: Sequence[MovingPart], settings: MotionSettings) -> list[MovingPart]:
    """The parts, the water among them moved as the settings say."""
    sky = next((part for part in parts if part.region.name == "sky"), None)
    return [_answered(part, sky, settings) for part in parts]


def _answered(part: MovingPart, sky: MovingPart | None, settings: MotionSettings) -> MovingPart:
    if is_water(part.region):
        return _moved(part, sky, settings)
    if part.region.kind == FALLS and settings.water == "still":
        return replace(part, step=torch.zeros_like(part.step))
    return part


def is_water(region: Region) -> bool:
    """Whether a region is the water that was found."""
    return region.name == "water"


def _moved(water: MovingPart, sky: MovingPart | None, settings: MotionSettings) -> MovingPart:
    step, mirrored = water.step, water.mirror
    if settings.water == "still":
        step, mirrored = torch.zeros_like(step), None
    elif settings.water == "mirrored" and sky:
        step, mirrored = mirror(sky, water), None
    return replace(water, step=step, mirror=mirrored, ripple=settings.ripple or water.ripple)


def horizon(
    water: Tensor,  # [1, 1, h, w] bool
    skies: Sequence[Tensor],  # each [1, 1, h, w] bool
) -> float:
    """Where the plane of the water ends, in shares of the height from the top.

    Midway between the sky's lowest row and the water's topmost: hills hide what lies there. Without
    a sky above it, the water's topmost row.
    """
    h = water.shape[2]
    top = int(torch.nonzero(water[0, 0].any(1))[0])
    lowest = [int(torch.nonzero(sky[0, 0].any(1))[-1]) for sky in skies if bool(sky.any())]
    above = [row for row in lowest if row < top]
    return (max(above, default=top) + top) / 2 / max(h - 1, 1)


def mirror(sky: MovingPart, water: MovingPart) -> Tensor:  # [1, 2, h, w]
    """The water's field as the reflection of the sky's: v(x, y) = (v_x, -v_y)(x, 2 h - y).

    The horizon h is the water's topmost row; rows that would mirror beyond the picture's top repeat
    it. A reflection is foreshortened, but its motion is the sky's own, upside down.
    """
    h = water.step.shape[2]
    rows = torch.nonzero(water.region.core[0, 0].any(1)).flatten()
    horizon = int(rows[0]) if len(rows) else h
    source = (2 * horizon - torch.arange(h, device=water.step.device)).clamp(0, h - 1)
    field = masks.extend(sky.step, sky.region.core.float())[:, :, source]
    return torch.cat([field[:, :1], -field[:, 1:]], dim=1)
