"""How thoroughly a clip is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_at_least, check_choice, check_within
from .fields import MAX_FRAMES, MAX_SEED, setting
from .motion import MotionKind

ClipLight = Literal["off", "encoded", "random"]


@dataclass(frozen=True)
class ClipEvaluationSettings:
    """How a clip's frames are predicted from its first one (paper, section 6.2)."""

    frames: int = setting(
        30, "frames predicted, as far as the clip goes", flag="clip-frames", metavar="N"
    )
    start: float = setting(
        0.0,
        "share of the clip after which its first frame is taken: 0.8 for a part not trained on",
        flag="clip-start",
        metavar="S",
    )
    every: int = setting(
        1, "take every so many frames of the clip as one step", flag="clip-every", metavar="K"
    )
    codes: int = setting(
        5,
        "motion codes drawn from the codebook, whose mean, minimum and maximum are shown",
        flag="clip-codes",
        metavar="N",
    )
    search: int = setting(
        100,
        "codes, evenly from the codebook, among which the one nearest to the clip is looked for; "
        "0: none is",
        flag="clip-search",
        metavar="N",
    )
    motion: MotionKind = setting(
        "steady",
        "of the predictions: steady, in the regions that move, as pictures are animated; or "
        "recurrent, the paper's Algorithm 1",
        flag="clip-motion",
    )
    speed: float = setting(1.0, "factor on the predicted speed", flag="clip-speed", metavar="S")
    match_speed: bool = setting(
        False,
        "make each prediction as fast as the clip, on the whole: directions and places are judged "
        "then, not speeds",
        flag="clip-match-speed",
    )
    light: ClipLight = setting(
        "off",
        "of the predictions: off, that of the first frame; encoded, on to the look of the last "
        "frame compared, which is encoded; random, a day drawn with each motion code",
        flag="clip-light",
    )
    lights: int = setting(
        64,
        "appearance codes, far from each other in the codebook, whose range of light is measured; "
        "0: nothing of light is",
        flag="clip-lights",
        metavar="N",
    )
    perceptual: str = setting(
        "auto",
        "network of the perceptual distance: auto, VGG16 where its weights are cached; none; or a "
        "file, such as VGG16's weights or a distilled VGG-19's",
        flag="perceptual",
        metavar="auto|none|FILE",
    )
    seed: int = setting(0, "draws the codes", flag="seed", metavar="K")

    def __post_init__(self) -> None:
        check_within("--clip-frames", self.frames, 1, MAX_FRAMES)
        check_within("--clip-every", self.every, 1, MAX_FRAMES)
        if not 0 <= self.start < 1:
            raise SettingsError(f"--clip-start is {self.start}; expected 0 to less than 1.")
        check_at_least("--clip-codes", self.codes, 1)
        check_at_least("--clip-search", self.search, 0)
        check_at_least("--clip-lights", self.lights, 0)
        check_within("--seed", self.seed, 0, MAX_SEED)
        check_choice("--clip-motion", self.motion, MotionKind)
        if not 0 < abs(self.speed) <= 100:
            raise SettingsError(
                f"--clip-speed is {self.speed:g}; expected a number other than 0 within ±100."
            )
        check_choice("--clip-light", self.light, ClipLight)
