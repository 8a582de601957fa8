"""The default clip: one still animated with default settings, and its faults.

Codes, pace and light are those of the settings' defaults, whatever these are; only how a loop
closes and where things move may have been asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from ..animator import Animator
from ..landscape import Landscape
from ..loops import travel
from ..motion import fields as motion_fields
from ..motion.fields import MotionField
from ..scene.regions import Region
from ..settings import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings
from . import day_faults, light_reach, samplings
from .artifacts import SMOOTH, Ghost, Pulse, Torn, steepness_of
from .loop_faults import Creep, Reflection, Streak, Twice
from .reference_masks import ReferenceMask

Measure = Ghost | Pulse | Torn | Twice | Streak | Creep | Reflection
NAMES = (  # in the order of tables
    "own_look", "cast", "sourceless", "ghost", "ghost_foreign", "torn", "pulse", "twice", "streak",
    "creep", "reflection",
)  # fmt: skip
SHOWN, LIT = 8, 4  # frames of the loop, and of the day, that sheets show: water takes two loops
LIGHTS = 12  # times of the day at which its cast is measured, those shown among them
SOURCES_EVERY = 5  # frames between those of which it is looked where they come from


@dataclass
class DefaultClip:
    """One still under the settings' defaults.

    Its light runs once through its day while its motion runs once through its loop.
    """

    animator: Animator
    landscape: Landscape  # [1, 3, H, W]
    regions: Sequence[Region]
    loop: LoopSettings

    @cached_property
    def motion(self) -> MotionField:
        """The default motion, as it is rendered in this loop."""
        settings, seed = MotionSettings(), ClipSettings().seed
        motion = self.animator.move(self.landscape, settings, seed=seed, regions=self.regions)
        with torch.inference_mode():
            return travel.fit(motion, self._loop, self.period)

    @property
    def image(self) -> Tensor:
        """[1, 3, H, W] the still."""
        return self.landscape.image

    @property
    def period(self) -> int:
        """The loop's length in frames: the default's, rounded up to a multiple of eight."""
        return math.ceil(self.loop.period(ClipSettings().frames) / SHOWN) * SHOWN

    @cached_property
    def moving(self) -> dict[str, Tensor]:  # name → [1, 1, H, W] 0..1
        """The share of each pixel that moves, by region."""
        return samplings.what_moves(self.motion, *self.image.shape[2:])

    def in_loop(self, every: int = 1) -> Iterator[Tensor]:  # each [1, 3, H, W]
        """Every Nth frame of the loop, in the input's light."""
        return self._render(self.motion, AppearanceSettings(kind="off"), self.period, every)

    @cached_property
    def eighths(self) -> list[Tensor]:  # 8 of [1, 3, H, W]
        """The loop's frames 0, T/8, T/4, … in the input's light."""
        return list(self.in_loop(self.period // SHOWN))

    def lit_quarters(self) -> list[Tensor]:  # 4 of [1, 3, H, W]
        """The loop's frames 0, T/4, T/2 and 3T/4 in the light of those times of the day."""
        every = self.period // LIT
        return list(self._render(self.motion, AppearanceSettings(), self.period, every))

    def day(self) -> Iterator[Tensor]:  # each [1, 3, H, W]
        """The day's light on the input, with nothing moving."""
        still = motion_fields.steady_motion(torch.zeros_like(self.motion.step))
        return self._render(still, AppearanceSettings(), LIGHTS)

    def figures(
        self,
        thin: Tensor | None = None,  # [1, 1, H, W] bool the thin things, if they were drawn
        every: int = 1,
        mask: ReferenceMask | None = None,
    ) -> dict[str, float | None]:
        """The figures by `NAMES`: of the light, and of every Nth frame of the loop.

        own_look: `light_reach.own_look`; cast: `day_faults.cast`, the greatest of the day;
        sourceless: `samplings.sourceless`; ghost, torn, pulse: `artifacts`; ghost_foreign: the
        ghost without what was `samplings.carried` there; twice, streak, creep and reflection:
        `loop_faults`. What stays, and what mirrors it, is the mask's; without one there is no
        creep, and the engine's own water mirrors what it keeps still.
        """
        found: dict[str, float | None] = dict.fromkeys(NAMES)
        grey = day_faults.neutrals(self.image)
        day = list(self.day())
        found["own_look"] = light_reach.own_look(day[0], self.image)
        casts = [day_faults.cast(frame, self.image, grey) for frame in day]
        found["cast"] = max((one for one in casts if one is not None), default=None)
        asked = max(every, SOURCES_EVERY)
        found["sourceless"] = samplings.sourceless(self.motion, self.loop, self.period, asked)
        nothing = torch.zeros_like(self.image[:, :1])
        moving = torch.stack([nothing, *self.moving.values()]).amax(0) > 0.5
        seen: dict[str, Measure] = {"ghost": Ghost(self.image), "pulse": Pulse(moving)}
        seen |= {"twice": Twice(self.image, moving), "streak": Streak(self.image, moving)}
        if thin is not None:
            seen["torn"] = Torn(self.image, thin)
        if mask is not None:
            stays = mask.land if thin is None else mask.land | thin
            seen["creep"] = Creep(self.image, stays)
            seen["reflection"] = Reflection(self.image, mask.water, mask.land)
        elif "water" in self.moving:
            seen["reflection"] = Reflection(self.image, self.moving["water"] > 0.5, ~moving)
        foreign = Ghost(self.image)
        edges = steepness_of(self.image) > SMOOTH
        carried = samplings.carried(self.motion, self.loop, self.period, edges, asked)
        few = every == self.period // SHOWN
        for n, frame in enumerate(self.eighths if few else self.in_loop(every)):
            for one in seen.values():
                one.see(frame)
            if n * every % asked == 0:
                foreign.see(frame, next(carried))
        found["ghost_foreign"] = foreign.figure()
        return found | {name: one.figure() for name, one in seen.items()}

    @property
    def _loop(self) -> LoopSettings:
        """The settings that close the loop."""
        return replace(self.loop, frames=self.period)

    def _render(
        self, motion: MotionField, appearance: AppearanceSettings, frames: int, every: int = 1
    ) -> Iterator[Tensor]:
        clip = ClipSettings(frames=frames)
        light = self.animator.light(self.landscape, appearance, clip)
        for frame in self.animator.render(
            self.landscape, motion, light, self._loop, clip, every=every
        ):
            yield frame[:, :3].cpu().clone()
