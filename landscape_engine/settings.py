"""Settings: frozen dataclasses whose defaults are what ships; flags are made from them.

Each field carries the help line of its flag (`setting(default, help)`); `cli` turns every field
into one `--flag`, so that Python, the shell and the add-on can't drift apart.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from .errors import SettingsError

MotionKind = Literal["steady", "recurrent"]
LoopKind = Literal["two-phase", "crossfade", "none"]
BlendKind = Literal["contrast", "plain"]
WaterKind = Literal["predicted", "mirrored", "still"]
ArrowsAs = Literal["code", "field", "both"]
AppearanceKind = Literal["keyed", "per-frame", "off"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
FormatName = Literal["png", "png16", "exr", "mp4", "webm", "gif"]
SteerName = Literal["none", "field", "code", "both"]

USUAL_LOOP_FRAMES = 100  # the period that an unset `loop_frames` is drawn towards
MAX_SIDE_PX = 16384
MAX_FRAMES = 1_000_000  # nine hours


def setting(default: Any, help: str, flag: str | None = None, metavar: str | None = None) -> Any:
    """A dataclass field that knows the flag, the help line and the placeholder of its value."""
    return dataclasses.field(
        default=default, metadata={"help": help, "flag": flag, "metavar": metavar}
    )


def _choice(name: str, value: str, choices: Any) -> None:
    allowed = get_args(choices)
    if value not in allowed:
        raise SettingsError(f"{name} is '{value}'; expected one of {', '.join(allowed)}.")


def _at_least(name: str, value: float, least: float) -> None:
    if not math.isfinite(value) or value < least:
        raise SettingsError(f"{name} is {value}; expected {least} or more.")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # NaN is not
        raise SettingsError(f"{name} is {value}; expected {least} to {most}.")


@dataclass(frozen=True)
class MotionSettings:
    """How things move (paper, section 4.1 and Algorithm 1)."""

    kind: MotionKind = setting(
        "steady",
        "steady: one predicted field, integrated; recurrent: the paper's Algorithm 1",
        flag="motion",
    )
    code: str = setting(
        "random",
        "latent code: a position 0..1 in the codebook, 'random' (drawn with --seed), a file with "
        "a vector (.json or .npy), or a time-lapse that moves so (a video or a folder of frames)",
        flag="motion-code",
        metavar="POS|random|FILE",
    )
    speed: float = setting(
        1.0, "factor on the predicted speed; negative reverses", flag="motion-speed", metavar="S"
    )
    water: WaterKind = setting(
        "predicted",
        "predicted: as the network says; mirrored: as the sky above it, upside down; still",
    )
    ripple: float = setting(
        0.0, "height of ripples on the water, in thousandths of the picture's height", metavar="A"
    )
    arrows: tuple[str, ...] = setting(
        (),
        "the way that things move on the screen, from one point to another in shares of the "
        "picture, y down; repeatable; longer ones move faster than shorter ones (default: none)",
        flag="arrow",
        metavar="X0,Y0,X1,Y1",
    )
    arrows_as: ArrowsAs = setting(
        "both",
        "code: fit one latent code to the arrows; field: bend the predicted field to each; both",
        flag="arrows-as",
    )

    def __post_init__(self) -> None:
        _choice("--motion", self.kind, MotionKind)
        _choice("--arrows-as", self.arrows_as, ArrowsAs)
        if not math.isfinite(self.speed) or self.speed == 0 or abs(self.speed) > 100:
            raise SettingsError(
                f"--motion-speed is {self.speed:g}; expected a number other than 0 within ±100 "
                "(to keep things still, use --frames 1)."
            )
        _choice("--water", self.water, WaterKind)
        _within("--ripple", self.ripple, 0, 100)


@dataclass(frozen=True)
class RegionSettings:
    """Where things move; for steady motion."""

    clean: bool = setting(
        True,
        "find what moves, smooth its motion and keep the rest still to the bit; --no-clean: the "
        "predicted field as it comes",
    )
    still_mask: str | None = setting(
        None, "picture that is white where all stays still (grey: partly)", metavar="FILE"
    )
    moving_mask: str | None = setting(
        None, "picture that is white where things move, in place of what is found", metavar="FILE"
    )
    region: tuple[str, ...] = setting(
        (),
        "a region with motion of its own: a JSON file with its mask or polygon, and its code, "
        "speed, phase and arrows (repeatable)",
        metavar="FILE.json",
    )
    horizon: float | None = setting(
        None,
        "where the water begins, as a share of the height from the top (default: found)",
        metavar="Y",
    )

    def __post_init__(self) -> None:
        if self.horizon is not None and not 0 < self.horizon < 1:
            raise SettingsError(
                f"--horizon is {self.horizon:g}; expected a share of the height between 0 and 1."
            )
        if not self.clean and (self.still_mask or self.moving_mask or self.region):
            raise SettingsError("--no-clean moves the whole picture: leave masks and regions out.")


@dataclass(frozen=True)
class LoopSettings:
    """How the motion closes into a loop (paper, section 5)."""

    kind: LoopKind = setting(
        "two-phase",
        "two-phase: two copies half a period apart; crossfade: the paper's; none: open end",
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
        "contrast",
        "contrast: a two-phase blend keeps the contrast of what it blends; plain: the formula",
        flag="loop-blend",
    )
    phase_noise: float = setting(
        0.4,
        "how far the phase differs from place to place, 0..1 of a loop (two-phase of regions); "
        "with 0 the first frame is the picture, and the loop's seam shows a little",
        metavar="P",
    )

    def __post_init__(self) -> None:
        _choice("--loop", self.kind, LoopKind)
        _choice("--loop-blend", self.blend, BlendKind)
        if self.frames is not None:
            _within("--loop-frames", self.frames, 2, MAX_FRAMES)
        if not 0 <= self.phase_noise <= 1:
            raise SettingsError(f"--phase-noise is {self.phase_noise:g}; expected 0 to 1.")

    def period(self, clip_frames: int) -> int:
        """Frames in one motion loop for a clip of `clip_frames` frames."""
        return self.frames or usual_period(clip_frames)


def usual_period(clip_frames: int) -> int:
    """The divisor of `clip_frames` nearest to 100 (within 50..200), else the whole clip or 100."""
    fitting = [d for d in range(50, 201) if clip_frames % d == 0]
    if fitting:
        return min(fitting, key=lambda d: (abs(d - USUAL_LOOP_FRAMES), d))
    return max(2, min(clip_frames, USUAL_LOOP_FRAMES))


@dataclass(frozen=True)
class AppearanceSettings:
    """How the light changes (paper, section 4.2, Equations 5 and 6)."""

    kind: AppearanceKind = setting(
        "keyed",
        "keyed: color transfer maps predicted at key codes and interpolated; per-frame: the "
        "paper's; off: colors untouched",
        flag="appearance",
    )
    code: str = setting(
        "random",
        "code sequence: a position 0..1 in the codebook, 'random' (drawn with --seed), a file with "
        "one vector or a list of them (.json or .npy), a picture whose look is held throughout, or "
        "'predict' (a day that goes on from the picture's own look)",
        flag="appearance-code",
        metavar="POS|random|predict|FILE",
    )
    cycles: int = setting(
        1,
        "times the light runs through its sequence in the clip",
        flag="appearance-cycles",
        metavar="N",
    )
    codes: int | None = setting(
        None,
        "key codes taken from the sequence, evenly (default: all; fewer give calmer light)",
        flag="appearance-codes",
        metavar="K",
    )
    keys: tuple[str, ...] = setting(
        (),
        "the look at one frame, in place of a code sequence; the light runs from the picture's own "
        "look at frame 0 through all keys and back; VALUE is 'input' (the picture's own look), a "
        "position 0..1 in the codebook, a code file, a picture, or a .json with patches; "
        "repeatable (default: none)",
        flag="appearance-key",
        metavar="FRAME=VALUE",
    )
    patches: tuple[str, ...] = setting(
        (),
        "a color that a disc of the picture should take; centre and radius in shares of the "
        "picture (the radius: of its width); repeatable, all at one frame (default: none)",
        flag="patch",
        metavar="X,Y,R,#RRGGBB",
    )
    patch_frame: int | None = setting(
        None,
        "frame at which the patches' colors are reached (default: half-way)",
        flag="patch-frame",
        metavar="N",
    )

    def __post_init__(self) -> None:
        _choice("--appearance", self.kind, AppearanceKind)
        self._check_keys()
        _within("--appearance-cycles", self.cycles, 1, MAX_FRAMES)
        if self.codes is not None:
            _within("--appearance-codes", self.codes, 1, MAX_FRAMES)

    def _check_keys(self) -> None:
        """Refuse key frames that can't be told apart or contradict another setting."""
        frames = [frame for frame, _ in map(parse_key, self.keys)]
        for before, after in pairwise(frames):
            if before == after:
                raise SettingsError(
                    f"frame {after} has two keys; expected one --appearance-key for a frame."
                )
            if before > after:
                raise SettingsError(
                    f"the key at frame {after} comes after the one at frame {before}; expected "
                    "the keys in the order of their frames."
                )
        if self.patch_frame is not None:
            if not self.patches:
                raise SettingsError("--patch-frame is given without a --patch; add one.")
            _at_least("--patch-frame", self.patch_frame, 0)
            if self.patch_frame in frames:
                raise SettingsError(
                    f"frame {self.patch_frame} has a key and the patches; choose another "
                    "--patch-frame."
                )
        if (self.keys or self.patches) and self.code != "random":
            raise SettingsError(
                "--appearance-code names a whole sequence, --appearance-key and --patch single "
                "frames of one; leave one of them out."
            )


def parse_key(text: str) -> tuple[int, str]:
    """Read '200=sunset.jpg' as (200, 'sunset.jpg').

    Raises:
        SettingsError: the text is of another form.
    """
    frame, equals, value = text.partition("=")
    if not (equals and value and frame.strip().isdecimal()):
        raise SettingsError(
            f"--appearance-key is '{text}'; expected FRAME=VALUE, such as 200=0.4 or "
            "200=sunset.jpg."
        )
    return int(frame), value


@dataclass(frozen=True)
class ClipSettings:
    """What is made: how many frames, how large, from which seed."""

    frames: int = setting(400, "frames in the clip", flag="frames", metavar="N")
    size: str | None = setting(
        None, "size of the output (default: the picture's)", flag="size", metavar="WxH"
    )
    seed: int = setting(0, "seed of everything random", flag="seed", metavar="K")

    def __post_init__(self) -> None:
        _within("--frames", self.frames, 1, MAX_FRAMES)
        _at_least("--seed", self.seed, 0)
        if self.size is not None:
            parse_size(self.size)

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """(width, height) in pixels, or None for the picture's own."""
        return None if self.size is None else parse_size(self.size)


def parse_size(text: str) -> tuple[int, int]:
    """Read '640x360' as (640, 360).

    Raises:
        SettingsError: the text is of another form, or a side is outside 2..16384.
    """
    match = re.fullmatch(r"(\d+)[xX×](\d+)", text)
    if not match:
        raise SettingsError(
            f"--size is '{text}'; expected WIDTHxHEIGHT in pixels, such as 640x360."
        )
    width, height = int(match[1]), int(match[2])
    if not (2 <= width <= MAX_SIDE_PX and 2 <= height <= MAX_SIDE_PX):
        raise SettingsError(f"--size is {text}; expected sides of 2 to {MAX_SIDE_PX} pixels.")
    return width, height


@dataclass(frozen=True)
class OutputSettings:
    """How frames become files."""

    format: FormatName | None = setting(
        None,
        "file format (default: from --out's ending, else png)",
        flag="format",
    )
    fps: float = setting(30.0, "frames per second of a video", flag="fps", metavar="F")

    def __post_init__(self) -> None:
        if self.format is not None:
            _choice("--format", self.format, FormatName)
        if not math.isfinite(self.fps) or not 0 < self.fps <= 1000:
            raise SettingsError(f"--fps is {self.fps:g}; expected more than 0 and at most 1000.")


@dataclass(frozen=True)
class TrainingLoopSettings:
    """How long and how fast to train."""

    steps: int = setting(4000, "optimiser steps in the whole run")
    batch: int = setting(8, "samples in a step; the paper: 8")
    learning_rate: float = setting(3e-4, "Adam's learning rate; the paper: 1e-4")
    decay_from: float = setting(
        0.6, "share of the steps after which the rate falls linearly, to a twentieth"
    )
    average: float = setting(
        0.998, "decay of the running average of the weights, which is what the bundle gets"
    )
    seed: int = setting(0, "seed of the samples and of the first weights")
    workers: int = setting(1, "processes that draw samples")
    save_every: int = setting(100, "steps between checkpoints")
    mixed: bool = setting(True, "bfloat16 where it is safe and the machine computes in it")

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every"):
            _at_least(f"--{name.replace('_', '-')}", getattr(self, name), 1)
        for name in ("seed", "workers", "decay_from"):
            _at_least(f"--{name.replace('_', '-')}", getattr(self, name), 0)
        if not self.learning_rate > 0:
            raise SettingsError(f"--learning-rate is {self.learning_rate:g}; expected more than 0.")
        if not 0 <= self.average < 1:
            raise SettingsError(f"--average is {self.average:g}; expected 0 to less than 1.")


@dataclass(frozen=True)
class TrainedNetworkSettings:
    """What every training trains: a network with the trunk of Table 1, on pictures of one size."""

    width: int = setting(32, "channels of the trunk's first layer; the paper: 128")
    size: int = setting(128, "side of the training pictures in pixels; the paper: 256")

    def __post_init__(self) -> None:
        _at_least("--width", self.width, 4)
        if self.size < 64 or self.size % 8:
            raise SettingsError(f"--size is {self.size}; expected a multiple of 8, 64 or more.")


@dataclass(frozen=True)
class TrainedPairSettings(TrainedNetworkSettings):
    """What the paper's trainings train: a predictor and its encoder."""

    encoder_width: int = setting(24, "channels of the encoder's first layer; the paper: 64")

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least("--encoder-width", self.encoder_width, 4)


@dataclass(frozen=True)
class TrainSceneSettings(TrainedNetworkSettings):
    """What the training of the scene network trains."""

    water_weight: float = setting(1.5, "how much more an error counts on water")


@dataclass(frozen=True)
class TrainMotionSettings(TrainedPairSettings):
    """What the motion training trains, and on which losses."""

    still_weight: float = setting(2.0, "how much more an error counts where nothing should move")
    water_weight: float = setting(2.0, "how much more an error counts on water")
    tv_weight: float = setting(0.02, "weight of the total variation, Equation 2")
    code_weight: float = setting(1e-3, "weight of the codes' mean square, which keeps them close")


@dataclass(frozen=True)
class TrainAppearanceSettings(TrainedPairSettings):
    """What the appearance training trains, and on which losses."""

    cells: int = setting(32, "side of the grid over which colors are compared, Equation 8")
    tv_weight: float = setting(0.05, "weight of the maps' total variation, Equation 10")
    code_weight: float = setting(1e-3, "weight of the codes' mean square, which keeps them close")


@dataclass(frozen=True)
class EvaluationSettings:
    """How thoroughly a still is evaluated."""

    width: int = setting(
        480, "width at which pictures are evaluated, pixels; smaller ones keep their own"
    )
    codes: int = setting(32, "motion codes, evenly from the codebook, whose fields are measured")
    loops: int = setting(2, "motion codes whose whole loop is rendered and measured")
    lights: int = setting(6, "appearance codes whose colors are measured")
    steer: SteerName = setting(
        "field", "arrows drawn in 16 directions: as field (fast), as code, both or none"
    )
    steer_points: int = setting(2, "places in the moving regions where they are drawn")

    def __post_init__(self) -> None:
        _at_least("--width", self.width, 64)
        if self.width > MAX_SIDE_PX:
            raise SettingsError(f"--width is {self.width}; expected at most {MAX_SIDE_PX}.")
        for name in ("codes", "loops", "lights", "steer_points"):
            _at_least(f"--{name.replace('_', '-')}", getattr(self, name), 1)
        _choice("--steer", self.steer, SteerName)
