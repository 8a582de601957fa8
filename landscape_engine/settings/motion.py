"""How things move."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_choice, check_within
from .fields import setting
from .sentences import say

MotionKind = Literal["steady", "recurrent"]
WaterKind = Literal["predicted", "mirrored", "still"]
ArrowsAs = Literal["code", "field", "both"]


@dataclass(frozen=True)
class MotionSettings:
    """How things move (paper, section 4.1 and Algorithm 1)."""

    kind: MotionKind = setting(
        "steady",
        "steady: integrate one predicted field; recurrent: the paper's Algorithm 1",
        flag="motion",
    )
    code: str = setting(
        "auto",
        "latent code: 'auto' (the codebook's best codes for the picture's sky and its water, at "
        "a calm pace; --seed draws among them), a position 0..1 in the codebook, 'random' "
        "(drawn with --seed), 'gaussian' (drawn from N(0, 1) with --seed, for bundles trained with "
        "a regularizer), a file with a vector (.json or .npy), or a video or a folder of frames "
        "whose motion is copied",
        flag="motion-code",
        metavar="auto|POS|random|gaussian|FILE",
        names="code",
    )
    speed: float = setting(
        1.0,
        "speed factor: on the calm pace of an 'auto' code, else on the predicted speed; "
        "negative reverses",
        flag="motion-speed",
        metavar="S",
    )
    water: WaterKind = setting(
        "predicted",
        "predicted: the network's motion; mirrored: the sky's motion, upside down; still",
    )
    layers: bool = setting(
        True,
        "move only clouds and waves; the clear sky behind clouds and the smooth reflections in "
        "water stay; --no-layers: move whole regions, as in the paper",
    )
    ripple: float = setting(
        0.0, "height of ripples on the water, in thousandths of the picture's height", metavar="A"
    )
    arrows: tuple[str, ...] = setting(
        (),
        "a direction of motion on the screen, from one point to another in shares of the picture, "
        "y down; repeatable; longer ones move faster than shorter ones (default: none)",
        flag="arrow",
        metavar="X0,Y0,X1,Y1",
    )
    arrows_as: ArrowsAs = setting(
        "both",
        "code: fit one latent code to the arrows; field: bend the predicted field to each; both",
        flag="arrows-as",
    )

    def __post_init__(self) -> None:
        check_choice("<motion.kind>", self.kind, MotionKind)
        check_choice("<motion.arrows_as>", self.arrows_as, ArrowsAs)
        if not math.isfinite(self.speed) or self.speed == 0 or abs(self.speed) > 100:
            raise SettingsError(
                say(
                    f"<motion.speed> is {self.speed:g}; expected a number other than 0 within ±100 "
                    "(to keep things still, use <clip.frames> 1)."
                )
            )
        check_choice("<motion.water>", self.water, WaterKind)
        check_within("<motion.ripple>", self.ripple, 0, 100)
