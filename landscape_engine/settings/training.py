"""What is trained, for how long and how fast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from .checks import check_at_least, check_choice, check_within
from .fields import setting

Trunk = Literal["efficientnet-lite0", "tiny"]
ScenePart = Literal["network", "parser"]


@dataclass(frozen=True)
class TrainingLoopSettings:
    """How long and how fast to train."""

    steps: int = setting(4000, "optimiser steps in the whole run")
    batch: int = setting(8, "samples in a step, of each process; the paper: 8")
    learning_rate: float = setting(3e-4, "Adam's learning rate; the paper: 1e-4")
    first_beta: float = setting(0.9, "Adam's decay of the mean gradient; the paper: 0.5")
    second_beta: float = setting(0.99, "Adam's decay of the mean square; the paper: 0.999")
    most_gradient: float = setting(
        1.0, "norm to which a step's gradients are clipped; 0: no clipping (the paper)"
    )
    decay_from: float = setting(
        0.6, "share of the steps after which the rate falls linearly, to a twentieth"
    )
    average: float = setting(
        0.998, "decay of the running average of the weights, which is written into the bundle"
    )
    seed: int = setting(0, "seed of the samples and of the first weights")
    workers: int = setting(1, "processes that draw samples")
    save_every: int = setting(100, "steps between checkpoints")
    log_every: int = setting(20, "steps between lines of losses.csv")
    sheet_every: int = setting(500, "steps between picture sheets")
    mixed: bool = setting(True, "use bfloat16 where it is safe and the machine supports it")

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every", "log_every", "sheet_every"):
            check_at_least(f"--{name.replace('_', '-')}", getattr(self, name), 1)
        for name in ("seed", "workers", "decay_from"):
            check_at_least(f"--{name.replace('_', '-')}", getattr(self, name), 0)
        if not self.learning_rate > 0:
            raise SettingsError(f"--learning-rate is {self.learning_rate:g}; expected more than 0.")
        check_at_least("--most-gradient", self.most_gradient, 0)
        for name in ("average", "first_beta", "second_beta"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(
                    f"--{name.replace('_', '-')} is {getattr(self, name):g}; expected 0 to less "
                    "than 1."
                )


@dataclass(frozen=True)
class TrainedNetworkSettings:
    """The networks of both of the paper's trainings: the trunk of Table 1, and its input size."""

    width: int = setting(32, "channels of the trunk's first layer; the paper: 128")
    size: int = setting(128, "side of the training pictures in pixels; the paper: 256")

    def __post_init__(self) -> None:
        check_at_least("--width", self.width, 4)
        if self.size < 64 or self.size % 8:
            raise SettingsError(f"--size is {self.size}; expected a multiple of 8, 64 or more.")


@dataclass(frozen=True)
class TrainedPairSettings(TrainedNetworkSettings):
    """The networks of the paper's trainings: a predictor and its encoder."""

    encoder_width: int = setting(24, "channels of the encoder's first layer; the paper: 64")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least("--encoder-width", self.encoder_width, 4)


@dataclass(frozen=True)
class TrainSceneLoopSettings(TrainingLoopSettings):
    """How long and how fast to train the scene network."""

    learning_rate: float = setting(1e-3, "AdamW's highest learning rate, the trunk's apart")
    decay_from: float = setting(
        0.1, "share of the steps over which the rate rises; from then on it falls to nothing"
    )
    average: float = setting(
        0.99, "decay of the running average of the weights, which is written into the bundle"
    )


@dataclass(frozen=True)
class TrainSceneSettings:
    """The scene network to train, and its data."""

    trunk: Trunk = setting("efficientnet-lite0", "the network's pretrained trunk; tiny: for tests")
    width: int = setting(64, "channels of the pyramid over the trunk; a multiple of 8")
    size: int = setting(288, "side of the training pictures in pixels")
    trunk_rate: float = setting(0.2, "the trunk's learning rate, in shares of --learning-rate")
    water_weight: float = setting(1.5, "weight of an error on water, relative to others")
    still_share: float = setting(
        0.5, "share of the samples that are labelled stills; the others are scenes"
    )
    white_share: float = setting(
        0.2, "share of the stills' samples that show white water, which is rare among stills"
    )
    things_share: float = setting(
        0.2, "share of the samples with rocks, railings, masts, reeds or twigs placed in front"
    )
    air_share: float = setting(
        0.2, "share of the samples with haze over what is far, far ridges in it, or banks of fog"
    )
    scenes: int = setting(400, "scenes that are drawn; each is seen many times, as a still is")
    hold_out: str | None = setting(
        None,
        "hold every Nth still, from the Kth, out of training (K from 0), and write the network's "
        "score on them to held_out.json of the run",
        metavar="K/N",
    )
    part: ScenePart = setting("network", "which of the two to train: network, or parser")

    def __post_init__(self) -> None:
        check_choice("--part", self.part, ScenePart)
        check_choice("--trunk", self.trunk, Trunk)
        check_at_least("--scenes", self.scenes, 1)
        check_within("--still-share", self.still_share, 0, 1)
        check_within("--white-share", self.white_share, 0, 1)
        check_within("--things-share", self.things_share, 0, 1)
        check_within("--air-share", self.air_share, 0, 1)
        check_within("--trunk-rate", self.trunk_rate, 0, 10)
        if self.width < 8 or self.width % 8:
            raise SettingsError(f"--width is {self.width}; expected a multiple of 8.")
        if self.size < 64 or self.size % 32:
            raise SettingsError(f"--size is {self.size}; expected a multiple of 32, 64 or more.")
        if self.part == "parser" and self.size % 128:
            raise SettingsError(
                f"--size is {self.size}; expected a multiple of 128, as the parser's pictures are."
            )
        if self.hold_out is not None:
            found = re.fullmatch(r"(\d+)/(\d+)", self.hold_out)
            if not found or int(found[1]) >= int(found[2]):
                raise SettingsError(
                    f"--hold-out is '{self.hold_out}'; expected K/N with K from 0 to N - 1, "
                    "such as 0/3."
                )


@dataclass(frozen=True)
class TrainMotionSettings(TrainedPairSettings):
    """The motion networks to train, and their losses."""

    still_weight: float = setting(
        2.0, "weight of an error where nothing should move, relative to others"
    )
    water_weight: float = setting(2.0, "weight of an error on water, relative to others")
    tv_weight: float = setting(0.02, "weight of the total variation, Equation 2")
    code_weight: float = setting(1e-3, "weight of the codes' mean square, which keeps them close")


@dataclass(frozen=True)
class TrainCodesSettings:
    """The code LSTM to train, and how days are varied for it."""

    hidden_size: int = setting(128, "units of the LSTM; the paper: 128")
    day: int = setting(8, "codes of a day, after which it returns to the first")
    held_out: float = setting(
        0.2,
        "share of the days held out of training; the weights with the least loss on them are kept",
    )
    noise: float = setting(0.1, "noise on the input codes, in shares of the codes' deviation")
    shift: float = setting(
        0.5, "greatest shift of whole days, in shares of the distance between two codes"
    )
    mix: float = setting(0.5, "share of the days that are mixed with another day")
    part: float = setting(0.5, "share of the days that run only part of their course and back")

    def __post_init__(self) -> None:
        check_at_least("--hidden-size", self.hidden_size, 1)
        check_within("--day", self.day, 2, 1000)
        check_within("--held-out", self.held_out, 0.01, 0.9)
        check_at_least("--noise", self.noise, 0)
        for name in ("shift", "mix", "part"):
            check_within(f"--{name}", getattr(self, name), 0, 1)
