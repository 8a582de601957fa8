"""The appearance networks to train, and their losses (Algorithm 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .checks import check_at_least, check_choice, check_within
from .fields import setting
from .training import TrainedPairSettings

AppearancePreset = Literal["pairs", "paper"]
DrawKind = Literal["sources", "clips"]

APPEARANCE_PRESETS: dict[str, dict[str, Any]] = {
    "pairs": {  # aligned pairs tell each place's color, so that pooling alone teaches it
        "style_weight": 0.0,
        "pooled_weight": 1.0,
        "content_weight": 0.0,
        "tv_weight": 0.05,
        "code_weight": 1e-3,
        "least_change": 0.0,
        "draw": "sources",
        "clip_share": 0.5,
    },
    "paper": {  # sections 4.3 and 6.1
        "style_weight": 1.0,
        "pooled_weight": 1e-2,
        "content_weight": 1e-5,
        "tv_weight": 0.1,
        "code_weight": 0.0,
        "least_change": 0.3,
        "draw": "clips",
        "clip_share": 1.0,
    },
}


@dataclass(frozen=True)
class TrainAppearanceSettings(TrainedPairSettings):
    """The appearance networks to train, and their losses.

    A value left out becomes the preset's, so that a made object says what is trained with.
    A weight of 0 leaves its term out.
    """

    preset: AppearancePreset = setting(
        "pairs", "defaults of the weights and of the selection below"
    )
    style_weight: float = setting(None, "weight of the style loss, Equation 7 (pairs: 0, paper: 1)")
    pooled_weight: float = setting(
        None, "weight of the colors' loss over a grid, Equation 8 (pairs: 1, paper: 0.01)"
    )
    content_weight: float = setting(
        None, "weight of the content loss, Equation 9 (pairs: 0, paper: 1e-5)"
    )
    tv_weight: float = setting(
        None, "weight of the maps' total variation, Equation 10 (pairs: 0.05, paper: 0.1)"
    )
    code_weight: float = setting(
        None, "weight of the codes' mean square, which keeps them close (pairs: 1e-3, paper: 0)"
    )
    cells: int = setting(32, "side of the grid over which colors are compared, Equation 8")
    perceptual: str = setting(
        "vgg16",
        "network of the style and content losses: vgg16, or a file of weights; used only where one "
        "of their weights isn't 0",
        metavar="vgg16|FILE",
        names="file",
    )
    frame_minutes: float = setting(
        0.0, "minutes of the day between two frames of a clip as filmed; 0: use every frame"
    )
    sample_minutes: float = setting(
        10.0, "minutes of the day between the frames that are used, with --frame-minutes"
    )
    least_change: float = setting(
        None,
        "change of the mean color, summed over R G B, below which a clip's next frame is dropped "
        "(pairs: 0, paper: 0.3)",
    )
    code_change: float = setting(0.3, "the same for the sequences of codes in the codebook")
    draw: DrawKind = setting(
        None,
        "how pairs are drawn: sources (as in pairs) balances files, however many clips they hold; "
        "clips (as in paper) draws one pair of each clip in every epoch",
    )

    clip_share: float = setting(
        None,
        "share of the pairs that come from clips; the rest are scenes under synthetic light "
        "(pairs: 0.5, paper: 1)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("--preset", self.preset, AppearancePreset)
        for name, value in APPEARANCE_PRESETS[self.preset].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        check_choice("--draw", self.draw, DrawKind)
        for name in ("style", "pooled", "content", "tv", "code"):
            check_at_least(f"--{name}-weight", getattr(self, f"{name}_weight"), 0)
        for name in ("frame_minutes", "sample_minutes", "least_change", "code_change"):
            check_at_least(f"--{name.replace('_', '-')}", getattr(self, name), 0)
        check_within("--clip-share", self.clip_share, 0, 1)
        check_at_least("--cells", self.cells, 1)

    @property
    def compares_features(self) -> bool:
        """Whether a loss needs the perceptual network."""
        return bool(self.style_weight or self.content_weight)
