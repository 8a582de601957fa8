"""How the motion closes into a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_choice, check_within
from .fields import MAX_FRAMES, setting
from .sentences import say

LoopKind = Literal["two-phase", "crossfade", "none"]
BlendKind = Literal["condense", "contrast", "plain"]
SamplingKind = Literal["bicubic", "bilinear"]
StartKind = Literal["picture", "blend"]

LEAST_LOOP_FRAMES = 2
USUAL_LOOP_FRAMES = 100  # the period that an unset `loop_frames` is drawn towards


@dataclass(frozen=True)
class LoopSettings:
    """How the motion closes into a loop (paper, section 5)."""

    kind: LoopKind = setting(
        "two-phase",
        "two-phase: blend two copies half a period apart; crossfade: the paper's; none: open end",
        flag="loop",
    )
    frames: int | None = setting(
        None,
        f"frames in one motion loop (default: the divisor of --frames nearest to "
        f"{USUAL_LOOP_FRAMES})",
        flag="loop-frames",
        metavar="T",
    )
    blend: BlendKind = setting(
        "condense",
        "condense: clouds switch from copy to copy one after another, thin ones first; contrast: "
        "blend both copies and restore their contrast; plain: the paper's formula alone",
        flag="loop-blend",
    )
    sampling: SamplingKind = setting(
        "bicubic",
        "sampling of the warped picture; bicubic: keeps its sharpness; bilinear: the paper's, "
        "softer and a little faster",
    )
    phase_noise: float = setting(
        0.4,
        "spatial variation of the phase, 0..1 of a loop, of regions that fade (two-phase: falls, "
        "surf, and all with another blend than condense); with 0 their first frame is the picture, "
        "and the loop's seam is slightly visible",
        metavar="P",
    )
    start: StartKind = setting(
        "picture",
        "first frame of a crossfade; picture: the input, which moves on and back from there; "
        "blend: the paper's order, in which every frame near the input is blended",
        flag="loop-start",
    )

    def __post_init__(self) -> None:
        check_choice("<loop.kind>", self.kind, LoopKind)
        check_choice("<loop.blend>", self.blend, BlendKind)
        check_choice("<loop.sampling>", self.sampling, SamplingKind)
        check_choice("<loop.start>", self.start, StartKind)
        if self.frames is not None:
            check_within("<loop.frames>", self.frames, LEAST_LOOP_FRAMES, MAX_FRAMES)
        if not 0 <= self.phase_noise <= 1:
            raise SettingsError(
                say(f"<loop.phase_noise> is {self.phase_noise:g}; expected 0 to 1.")
            )

    def varied(self, has_base: bool) -> float:
        """The phase noise of a region.

        One with a base that condenses has an order of its own, and begins with the picture.
        """
        return 0.0 if has_base and self.blend == "condense" else self.phase_noise

    def period(self, clip_frames: int, steady: bool = True) -> int:
        """Frames in one motion loop.

        Args:
            clip_frames: frames in the clip, 1 or more.
            steady: whether every frame moves by the same field. Else each is predicted from the one
                before, and a loop longer than the clip closes within it: nobody would see the rest.
        """
        period = self.frames or usual_period(clip_frames)
        return period if steady else min(period, max(LEAST_LOOP_FRAMES, clip_frames))


def usual_period(clip_frames: int) -> int:
    """The divisor of `clip_frames` nearest to 100 (within 50..200), else the whole clip or 100."""
    fitting = [d for d in range(50, 201) if clip_frames % d == 0]
    if fitting:
        return min(fitting, key=lambda d: (abs(d - USUAL_LOOP_FRAMES), d))
    return max(LEAST_LOOP_FRAMES, min(clip_frames, USUAL_LOOP_FRAMES))
