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
        30, "frames to predict, at most the clip's length", flag="clip-frames", metavar="N"
    )
    start: float = setting(
        0.0,
        "position of the first frame, as a share of the clip: 0.8 for a part not trained on",
        flag="clip-start",
        metavar="S",
    )
    every: int = setting(
        1, "use every Nth frame of the clip as one step", flag="clip-every", metavar="N"
    )
    codes: int = setting(
        5,
        "motion codes drawn from the codebook; their mean, minimum and maximum are reported",
        flag="clip-codes",
        metavar="N",
    )
    search: int = setting(
        100,
        "evenly spaced codes of the codebook to search for the one nearest to the clip; 0: no "
        "search",
        flag="clip-search",
        metavar="N",
    )
    motion: MotionKind = setting(
        "steady",
        "motion of the predictions: steady, in the moving regions, as pictures are animated; "
        "recurrent, the paper's Algorithm 1",
        flag="clip-motion",
    )
    speed: float = setting(1.0, "factor on the predicted speed", flag="clip-speed", metavar="S")
    match_speed: bool = setting(
        False,
        "scale each prediction to the clip's mean speed, so that directions and places are "
        "compared, not speeds",
        flag="clip-match-speed",
    )
    light: ClipLight = setting(
        "off",
        "light of the predictions: off, the first frame's; encoded, a change to the encoded look "
        "of the last compared frame; random, a day drawn with each motion code",
        flag="clip-light",
    )
    lights: int = setting(
        64,
        "appearance codes, far apart in the codebook, over which the range of light is measured; "
        "0: don't measure light",
        flag="clip-lights",
        metavar="N",
    )
    perceptual: str = setting(
        "auto",
        "network of the perceptual distance: auto, VGG16 where its weights are cached; none; or a "
        "file, such as VGG16's weights or a distilled VGG-19's",
        flag="perceptual",
        metavar="auto|none|FILE",
        names="file",
    )
    seed: int = setting(0, "seed of the drawn codes", flag="seed", metavar="K")

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
