"""How motion is learnt from clips (Algorithm 2), and how latent codes are kept in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_at_least, check_choice, check_within
from .fields import setting

FirstField = Literal["zero", "measured"]
RegularizerName = Literal["none", "vae", "wae"]


@dataclass(frozen=True)
class MotionClipSettings:
    """Which pairs of the clips' frames are learnt from, and by which losses."""

    clip_share: float = setting(
        0.5,
        "share of the samples that are pairs of the clips' frames, the rest are scenes with known "
        "flow; 1: the paper's training",
    )
    every: int = setting(2, "use every Nth frame of a clip (the paper: 2)")
    least_change: float = setting(
        0.02,
        "drop pairs whose mean change is below this, of values in -1..1 at the training size (the "
        "paper: 0.02)",
    )
    most_change: float = setting(0.3, "drop pairs whose mean change is above this: cuts")
    held_out: float = setting(0.2, "share of each clip, at its end, held out of training")
    mirror: bool = setting(True, "also learn from the clips mirrored, as clips of their own")
    first_field: FirstField = setting(
        "zero", "a clip's common motion field at the start: the paper's zero, or optical flow"
    )
    field_rate: float = setting(
        1.0,
        "how far a field moves towards each new prediction; 1: the paper's, which replaces it. "
        "Less keeps a measured field from fading before the networks have learnt it",
    )
    measured_weight: float = setting(
        0.0,
        "weight of the error against the clip's measured optical flow, as of known flow (the "
        "paper: 0)",
    )
    photometric_weight: float = setting(
        1.0, "weight of the warped frame's squared error, Equation 1 (the paper: 1)"
    )
    clip_tv_weight: float = setting(
        1.0, "weight of the predicted flow's total variation, Equation 2 (the paper: 1)"
    )
    sigma: float = setting(
        0.1, "contrast above which an edge permits a change of flow, Equation 3 (the paper: 0.1)"
    )
    clip_weight: float = setting(
        100.0, "weight of both of these relative to the error against known flow"
    )

    def __post_init__(self) -> None:
        check_within("--clip-share", self.clip_share, 0, 1)
        check_within("--field-rate", self.field_rate, 0, 1)
        check_at_least("--every", self.every, 1)
        for name in ("least_change", "measured_weight", "photometric_weight", "clip_tv_weight",
                     "clip_weight"):  # fmt: skip
            check_at_least(f"--{name.replace('_', '-')}", getattr(self, name), 0)
        if not self.most_change > self.least_change:
            raise SettingsError(
                f"--most-change is {self.most_change:g}; expected more than --least-change, "
                f"{self.least_change:g}."
            )
        if not 0 <= self.held_out < 1:
            raise SettingsError(f"--held-out is {self.held_out:g}; expected 0 to less than 1.")
        if not (self.sigma > 0 and math.isfinite(self.sigma)):
            raise SettingsError(f"--sigma is {self.sigma:g}; expected more than 0.")
        check_choice("--first-field", self.first_field, FirstField)


@dataclass(frozen=True)
class RegularizerSettings:
    """Whether latent codes are drawn towards a Gaussian (section 6.6), and how strongly."""

    regularizer: RegularizerName = setting(
        "none",
        "pull the codes towards a Gaussian, so that any sample of it is usable: each code (vae) "
        "or their whole distribution (wae)",
    )
    vae_weight: float = setting(1e-3, "weight of vae's divergence, the sum over a code's numbers")
    wae_weight: float = setting(0.1, "weight of wae's discrepancy between codes and Gaussian ones")

    def __post_init__(self) -> None:
        check_choice("--regularizer", self.regularizer, RegularizerName)
        for name in ("vae_weight", "wae_weight"):
            check_at_least(f"--{name.replace('_', '-')}", getattr(self, name), 0)
