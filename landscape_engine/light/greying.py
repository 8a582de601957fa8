"""Greying: the way of a color to another warmth, by being mixed with grey of the same luminance.

Light that turns blue shows a yellow thing grey before it shows it blue, and not green. Legend as in
`relighting`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from . import daylight
from .lit_scene import Scene

LILAC = 0.06, 0.4  # of g, that a color may gain on its way by grey: at least, and of what it lacks


def by_grey(warmth: Tensor, scene: Scene) -> Tensor:
    """The change of g of a color that gets so much warmer or colder by being mixed with grey.

    With grey of the same luminance Y, `(R + s (Y - R)) = exp(w') (B + s (Y - B))` gives its share
    s. Beyond grey the change follows daylight, as that of what is green or magenta does, which has
    no such way.
    """
    own = scene.warmth
    left = torch.where(own < 0, (own + warmth).clamp(max=0), (own + warmth).clamp(min=0))
    color, grey, ratio = (
        scene.light + daylight.FAINT,
        daylight.luminance(scene.light) + daylight.FAINT,
        left.exp(),
    )
    red, blue = color[:, :1], color[:, 2:]
    whole = (grey - red) - ratio * (grey - blue)
    share = (ratio * blue - red) / torch.where(whole.abs() < 1e-6, 1.0, whole)
    mixed = torch.lerp(color, grey.expand_as(color), share.clamp(0, 1)).log()
    _, found = daylight.axes(mixed)
    before = scene.green + daylight.GREEN_OF_WARMTH * own
    change = found - before + daylight.GREEN_OF_WARMTH * (own + warmth - left)
    along = own.square() / (own.square() + scene.green.square()).clamp(min=1e-6)
    change = torch.lerp(daylight.GREEN_OF_WARMTH * warmth, change, along)
    return torch.minimum(change, LILAC[0] - LILAC[1] * scene.green.clamp(max=0))


def less_warm(warmth: Tensor, green: Tensor, lost: Tensor, scene: Scene) -> tuple[Tensor, Tensor]:
    """A change of color by which so much warmth is lost, by grey."""
    return warmth - lost, green + (by_grey(warmth - lost, scene) - by_grey(warmth, scene))
