"""Nightfall: what the eye sees of colors as it gets dark.

It sees less of them, and red and yellow darker than blue; the light that is left is blue; leaves
are darker than what was as light by day, and stay green. Legend as in `relighting`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops.masks import soft_threshold as rising
from . import daylight
from .greying import less_warm
from .lit_scene import Scene

FADES, FADED = (0.5, 1.4), 0.4  # e below 0 from which land loses color, to the most; share of it
IN_WATER = 0.6  # ... and of water, which shows its sky's
NIGHTFALL, NIGHT_BLUE = (0.5, 2.0), 0.85  # e below 0 from and to which all gets blue; w, at most
OF_PARTS = 0.54, 1.0, 0.75  # shares of it that land, sky and water get
STEEL = 0.25  # share of daylight's magenta that it has
OF_WARM = 0.55, 0.8  # share of the warmth of what is warm that is lost with it: land's, its sky's
BLUE_ALREADY = -1.1, 0.0  # w of what gets no bluer by it, and of what gets it wholly
OF_LEAVES = 0.5  # share of the color that they keep
SHADE_OF_LEAVES = 0.35  # of e, by which leaves are darker by night than what is as light by day
HORIZON = 0.3  # of that share, what the horizon gets as well
ROSE, OF_ROSE = 0.12, (0.3, 1.0)  # of g, that pale gold at the horizon lacks at dusk; e below 0
# from which it does, and wholly
PALE_GOLD, PALE_BLUE = 0.55, 0.3  # w up to which gold is pale, and blue
YELLOW, REDDER = (0.3, 0.9), 0.6  # w of what is yellow: not, surely; share of its g beyond
# daylight's line that it loses by then
SHIFT = 0.5  # share of a night that is seen by rods
EVENS, EVENED = (0.4, 1.4), 0.5  # e below 0 from which sunlit spots fade, to the most; share lost


def colors_fade(
    exposure: Tensor, warmth: Tensor, green: Tensor, scene: Scene
) -> tuple[Tensor, Tensor]:
    """In the dusk the eye sees less color: it is mixed with grey of the same luminance.

    That of the sky stays, and much of what water shows of it.
    """
    dull = scene.land + IN_WATER * scene.water
    faded = FADED * rising(-exposure, FADES) * dull * (1 - scene.night)
    faded = faded * (1 - OF_LEAVES * scene.leaves)
    color = scene.light + daylight.FAINT
    mixed = torch.lerp(color, daylight.luminance(color).expand_as(color), faded)
    after, before = daylight.axes(mixed.log()), daylight.axes(color.log())
    return warmth + after[0] - before[0], green + after[1] - before[1]


def night_falls(
    exposure: Tensor, warmth: Tensor, green: Tensor, kept: Tensor, scene: Scene
) -> tuple[Tensor, Tensor]:
    """In the night all is blue but the horizon, and lamps and suns, which are `kept`."""
    dimmed = (-exposure - NIGHTFALL[0]).clamp(0, NIGHTFALL[1] - NIGHTFALL[0])
    land, sky, water = OF_PARTS
    high = HORIZON + (1 - HORIZON) * scene.height.sqrt()
    parts = land * scene.land + sky * scene.sky * high + water * scene.water
    falls = dimmed / (NIGHTFALL[1] - NIGHTFALL[0]) * parts * (1 - kept) * (1 - scene.night)
    lost = (OF_WARM[0] + (OF_WARM[1] - OF_WARM[0]) * scene.skyward) * falls
    lost = lost * (scene.warmth + warmth).clamp(min=0)
    lost = lost * (1 - OF_LEAVES * scene.leaves)
    blue = NIGHT_BLUE * falls * rising(scene.warmth + warmth, BLUE_ALREADY)
    warmth, green = less_warm(warmth, green, lost, scene)
    return warmth - blue, green - daylight.GREEN_OF_WARMTH * STEEL * blue


def rose_at_dusk(
    exposure: Tensor, warmth: Tensor, green: Tensor, kept: Tensor, scene: Scene
) -> Tensor:
    """The gold of a low sky fades into blue by rose, and what is yellow in it gets orange first.

    By grey it would look olive as it gets dark, and a yellow as lime, that of the sun too.
    """
    own = scene.warmth + warmth
    beyond = scene.green + green - daylight.GREEN_OF_WARMTH * warmth
    dusk = rising(-exposure, OF_ROSE) * (1 - scene.height) * scene.skyward * (1 - scene.night)
    pale = (-(own.clamp(min=0) / PALE_GOLD + own.clamp(max=0) / PALE_BLUE).square()).exp()
    rose = dusk * pale * (1 - kept)
    yellow = dusk * rising(own, YELLOW) * REDDER
    return green - rose * (beyond + ROSE * rose).clamp(min=0) - yellow * beyond.clamp(min=0)


def seen_by_night(exposure: Tensor, scene: Scene) -> Tensor:
    """The eye of the night sees red and yellow darker than blue (Purkinje's shift)."""
    darker = scene.by_rods.clamp(max=0)
    darker = torch.lerp(SHIFT * darker, darker - SHADE_OF_LEAVES, scene.leaves)
    return exposure + darker * scene.land * rising(-exposure, NIGHTFALL) * (1 - scene.night)


def evened(exposure: Tensor, scene: Scene) -> Tensor:
    """What the sun alone made lighter than the land about it comes near to that as it gets dark.

    Else its spots on sand and rock would be seen as snow.
    """
    gone = rising(-exposure, EVENS) * (1 - scene.night) * (1 - scene.glare)
    return exposure - EVENED * gone * scene.spots
