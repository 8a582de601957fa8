"""The paper's own training: every number of sections 4.3 and 6.1 and of Tables 1 and 2.

What is ours goes: scenes with known flow, the running average of the weights, the falling rate, the
limit of the gradients, bfloat16. `--preset paper` sets all of it; a flag beside it has the last
word. The paper trains for 5,000 epochs, each of which takes one pair of every clip: give
`--steps` as 5000 × clips / batch.
"""

from __future__ import annotations

from typing import Any

from .appearance_training import TrainAppearanceSettings
from .training import TrainingLoopSettings, TrainMotionSettings
from .training_clips import MotionClipSettings

_LOOP: dict[str, Any] = {
    "batch": 8,
    "learning_rate": 1e-4,
    "first_beta": 0.5,
    "second_beta": 0.999,
    "most_gradient": 0.0,
    "decay_from": 1.0,
    "average": 0.0,
    "mixed": False,
}
_PAIR: dict[str, Any] = {"width": 128, "encoder_width": 64, "size": 256}

PAPER: dict[str, dict[type, dict[str, Any]]] = {  # by what is trained and the class of settings
    "motion": {
        TrainingLoopSettings: _LOOP,
        TrainMotionSettings: _PAIR | {"code_weight": 0.0},
        MotionClipSettings: {
            "clip_share": 1.0,
            "every": 2,
            "least_change": 0.02,
            "most_change": 2.0,  # the greatest there is: nothing is left out as a cut
            "held_out": 0.0,
            "mirror": False,
            "first_field": "zero",
            "field_rate": 1.0,
            "measured_weight": 0.0,
            "photometric_weight": 1.0,
            "clip_tv_weight": 1.0,
            "sigma": 0.1,
            "clip_weight": 1.0,
        },
    },
    "appearance": {
        TrainingLoopSettings: _LOOP,
        TrainAppearanceSettings: _PAIR | {"preset": "paper"},
    },
}
