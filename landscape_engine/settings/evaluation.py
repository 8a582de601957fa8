"""How thoroughly a still is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_at_least, check_choice
from .fields import MAX_SIDE_PX, setting

SteerName = Literal["none", "field", "code", "both"]


@dataclass(frozen=True)
class EvaluationSettings:
    """How thoroughly a still is evaluated."""

    width: int = setting(480, "evaluation width in pixels; smaller pictures keep their own")
    codes: int = setting(32, "evenly spaced motion codes of the codebook whose fields are measured")
    loops: int = setting(2, "motion codes whose whole loop is rendered and measured")
    lights: int = setting(6, "appearance codes whose colors are measured")
    steer: SteerName = setting(
        "field", "arrows drawn in 16 directions: as field (fast), as code, both or none"
    )
    steer_points: int = setting(2, "places in the moving regions where these arrows are drawn")

    sheet: bool = setting(
        False,
        "instead of all figures, one sheet per still for a person to grade: the input, its moving "
        "regions, eighths of the loop, quarters of the day, with default settings and a few "
        "figures; needs --out",
    )
    sheet_width: int = setting(640, "width of the pictures on these sheets, pixels")

    def __post_init__(self) -> None:
        for flag, width in (("--width", self.width), ("--sheet-width", self.sheet_width)):
            check_at_least(flag, width, 64)
            if width > MAX_SIDE_PX:
                raise SettingsError(f"{flag} is {width}; expected at most {MAX_SIDE_PX}.")
        for name in ("codes", "loops", "lights", "steer_points"):
            check_at_least(f"--{name.replace('_', '-')}", getattr(self, name), 1)
        check_choice("--steer", self.steer, SteerName)
