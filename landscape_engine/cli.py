"""The shell: `animate`, `demo`, `codebook`, `fit`, `evaluate`, `import-authors`, `train`, `worker`.

Flags are made from the settings' fields. Exit codes: 0 done, 2 refused with one line that says why,
130 interrupted, 143 told to end.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import dataclasses
import os
import signal
import sys
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin

from . import __version__, documents
from .commands import run
from .errors import LandscapeError
from .interruption import INTERRUPTED, at_once
from .settings import (
    ClipEvaluationSettings,
    DeviceName,
    EvaluationSettings,
    LoopSettings,
    MotionClipSettings,
    RegionSettings,
    RegularizerSettings,
    TrainAppearanceSettings,
    TrainCodesSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
    TrainSceneSettings,
)

AT_ONCE = ("animate", "demo", "codebook", "fit", "evaluate")  # ended so by Ctrl-C
Settings = TypeVar("Settings")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    # told to end: unwind as for Ctrl-C, so that what is partial is removed
    signal.signal(signal.SIGTERM, _end)
    try:
        options = parse(arguments)
        # torch's threads spin while they wait, which starves the encoder's (and any program beside
        # ours) on a machine with few cores: eight times slower in the worst case seen
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # training ends step by step; what it was saving takes its place or is tried again
        with at_once() if options.command in AT_ONCE else contextlib.nullcontext():
            return run(options)  # torch comes in here, after --help has answered
    except LandscapeError as error:
        print(f"landscape-engine: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output went away; keep Python from complaining about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except MemoryError:
        print("landscape-engine: the memory is used up; try a smaller --size.", file=sys.stderr)
        return 2


def entry() -> NoReturn:
    """Run the command line as a program, and end at once.

    Python's own way out takes a second after torch was there, and frees what the system frees.
    """
    code = main()
    atexit._run_exitfuncs()  # what others want done before the end
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # a full disk behind a redirection; a reader that went away
            code = code or 1
    os._exit(code)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse a command line; what a job's document says are the defaults of `animate`'s flags."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if getattr(options, "job", None):
        parser = _parser(documents.read(options.job))
        options = parser.parse_args(arguments)
    if options.command == "animate" and not (options.picture and options.out):
        missing = "--out" if options.picture else "PICTURE"
        parser.error(f"{missing} is missing: give it, or a --job whose document names it")
    return options


def _end(signum: int, frame: types.FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


class _Parser(argparse.ArgumentParser):
    """Refuses in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"landscape-engine: {message} (see `{self.prog} --help`).\n")


def _parser(job: documents.Job | None = None) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="landscape-engine",
        description="Turn one landscape picture into a seamless animation.",
    )
    parser.add_argument("--version", action="version", version=f"landscape-engine {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    animate = commands.add_parser("animate", help="animate a picture")
    animate.add_argument(
        "picture", type=Path, nargs="?", metavar="PICTURE", help="the landscape picture"
    )
    animate.add_argument(
        "--job",
        type=Path,
        metavar="FILE.json",
        help="a document with all settings, as --json reports them; flags come before it",
    )
    animate.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="a folder for png, png16 and exr; a file for mp4, webm and gif",
    )
    _add_render_flags(animate)
    if job:
        animate.set_defaults(**_values_of(job))

    demo = commands.add_parser("demo", help="animate the picture that ships with the engine")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("landscape-demo"),
        metavar="DIR",
        help="folder for the video and its poster (default: %(default)s)",
    )
    _add_render_flags(demo)
    # a light breeze from the right, blue hour to gold: chosen by eye for the picture that ships
    demo.set_defaults(
        **{
            "MotionSettings.code": "0.333",
            "MotionSettings.speed": 0.4,
            "AppearanceSettings.code": "0.333",
        }
    )

    codebook = commands.add_parser("codebook", help="draw what the codes of a bundle do")
    codebook.add_argument("picture", type=Path, metavar="PICTURE", help="the landscape picture")
    codebook.add_argument(
        "--out", type=Path, required=True, metavar="SHEET.png", help="the sheet to draw"
    )
    codebook.add_argument(
        "--rows", type=_whole, default=8, metavar="N", help="codes of each kind (default: 8)"
    )
    _add_engine_flags(codebook)

    evaluate = commands.add_parser(
        "evaluate",
        help="measure what a bundle does to pictures, and how it predicts clips",
        description="Measure motion, loops and light of stills, and how near the frames that are "
        "predicted from a clip's first one come to those filmed; print tables. The formulas are in "
        "landscape_engine/evaluation: metrics.py, clip_protocol.py, light.py.",
    )
    evaluate.add_argument(
        "pictures",
        type=Path,
        nargs="+",
        metavar="PICTURE|CLIP",
        help="the stills to evaluate; a video, or a folder of frames, is evaluated as a clip",
    )
    evaluate.add_argument(
        "--masks",
        type=Path,
        metavar="DIR",
        help="reference masks, each a PNG named after its picture: 0 land, 64 not counted, 128 "
        "water, 255 sky; without them what needs them is left out",
    )
    evaluate.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for evaluation.json, evaluation.csv and the sheet evaluation.png; of clips, "
        "for clips.json, clips.csv, the plot clips.png and the sheet clips_frames.png",
    )
    _add_engine_flags(evaluate)
    add_settings_flags(evaluate.add_argument_group("how thoroughly"), EvaluationSettings)
    add_settings_flags(evaluate.add_argument_group("clips"), ClipEvaluationSettings)
    add_settings_flags(evaluate.add_argument_group("regions"), RegionSettings)
    add_settings_flags(evaluate.add_argument_group("loop of stills"), LoopSettings)
    evaluate.add_argument(
        "--json", action="store_true", help="end with one JSON object on the last line of stdout"
    )
    fit = commands.add_parser("fit", help="fit a latent code to arrows or to color patches")
    fit.add_argument("picture", type=Path, metavar="PICTURE", help="the landscape picture")
    fit.add_argument(
        "--arrow",
        action="append",
        default=[],
        metavar="X0,Y0,X1,Y1",
        help="the way that things move on the screen, in shares of the picture, y down; repeatable",
    )
    fit.add_argument(
        "--patch",
        action="append",
        default=[],
        metavar="X,Y,R,#RRGGBB",
        help="a color that a disc of the picture should take; the radius in shares of the width; "
        "repeatable",
    )
    fit.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="CODE.json",
        help="code to write, for --motion-code or --appearance-code",
    )
    fit.add_argument(
        "--start",
        type=Path,
        metavar="CODE.json",
        help="code to go on from, as after an arrow was moved; quicker than a search",
    )
    fit.add_argument(
        "--json", action="store_true", help="end with one JSON object on the last line of stdout"
    )
    _add_engine_flags(fit)

    authors = commands.add_parser(
        "import-authors", help="turn the paper authors' checkpoints into a bundle"
    )
    authors.add_argument("folder", type=Path, metavar="DIR", help="where their six files are")
    authors.add_argument(
        "--out", type=Path, required=True, metavar="BUNDLE", help="the bundle to write"
    )

    train = commands.add_parser("train", help="train the networks of a bundle")
    parts = train.add_subparsers(dest="part", required=True, metavar="PART")
    motion = parts.add_parser("motion", help="train the motion predictor and its encoder")
    scene = parts.add_parser("scene", help="train the network that finds sky and water")
    for part, kind in ((motion, TrainMotionSettings), (scene, TrainSceneSettings)):
        part.add_argument(
            "--photos",
            type=Path,
            metavar="DIR",
            help="stills with regions (a regions.json names them); default: procedural scenes "
            "alone",
        )
        _add_train_flags(part, kind)
    motion.add_argument(
        "--clips",
        type=Path,
        metavar="DIR",
        help="film to learn motion from, mixed with the scenes: videos, animations, folders of "
        "frames (default: none)",
    )
    add_settings_flags(motion.add_argument_group("clips"), MotionClipSettings)
    add_settings_flags(motion.add_argument_group("codes"), RegularizerSettings)
    appearance = parts.add_parser(
        "appearance", help="train the appearance predictor and its encoder"
    )
    appearance.add_argument(
        "--clips",
        type=Path,
        required=True,
        metavar="DIR",
        help="scenes under changing light: videos, animations, folders of frames, sheets",
    )
    _add_train_flags(appearance, TrainAppearanceSettings)
    codes = parts.add_parser(
        "codes",
        help="train the LSTM that predicts days",
        description="Train the LSTM of Appendix B on the days of the bundle's appearance codebook, "
        "and put it into the bundle; all else in it stays as it is.",
    )
    codes.add_argument(
        "--clips",
        type=Path,
        metavar="DIR",
        help="more days: scenes under changing light, encoded by the bundle",
    )
    _add_train_flags(codes, TrainCodesSettings)

    worker = commands.add_parser(
        "worker",
        help="do the jobs that another program asks for on stdin",
        description="Stay, with the models loaded, and do jobs from folders until stdin closes. "
        "What is asked and answered is in landscape_engine/worker/__init__.py.",
    )
    worker.add_argument(
        "--folder", type=Path, required=True, metavar="DIR", help="where the jobs' folders are"
    )
    worker.add_argument(
        "--idle-minutes",
        type=_number,
        default=15.0,
        metavar="M",
        help="end after so long without a job (default: %(default)g)",
    )
    _add_engine_flags(worker)
    return parser


def _add_render_flags(parser: argparse.ArgumentParser) -> None:
    _add_engine_flags(parser)
    for title, kind in documents.GROUPS.items():
        add_settings_flags(parser.add_argument_group(title), kind)
    extra = parser.add_argument_group("report")
    extra.add_argument(
        "--save-motion",
        type=Path,
        metavar="FILE.npy",
        help="also write the field of one frame step: float32 [2, H, W], backward, x then y, in "
        "pixels of the output",
    )
    extra.add_argument(
        "--json", action="store_true", help="end with one JSON object on the last line of stdout"
    )


def _add_engine_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="bundle of weights (default: the one that ships)"
    )
    parser.add_argument(
        "--device", choices=get_args(DeviceName), default="auto", help="(default: %(default)s)"
    )


def _add_train_flags(parser: argparse.ArgumentParser, kind: type) -> None:
    parser.add_argument(
        "--run", type=Path, required=True, metavar="DIR", help="folder of the run; resumes from it"
    )
    parser.add_argument(
        "--bundle", type=Path, required=True, metavar="DIR", help="bundle to write the result into"
    )
    parser.add_argument(
        "--minutes", type=float, metavar="M", help="stop after some minutes (resumable)"
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="DIR",
        help="begin with the weights of another run or of a bundle",
    )
    parser.add_argument(
        "--device", choices=get_args(DeviceName), default="auto", help="(default: %(default)s)"
    )
    add_settings_flags(parser.add_argument_group("what"), kind)
    add_settings_flags(parser.add_argument_group("loop"), TrainingLoopSettings)


# ----------------------------------------------------------- settings and flags


def add_settings_flags(parser: Any, kind: type) -> None:
    """Add one flag for every field of a settings class."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        base = _without_none(hints[field.name])
        text = field.metadata["help"].replace("%", "%%")
        if field.default not in (None, ()) and "default" not in text:
            text += f" (default: {field.default})"
        options: dict[str, Any] = {"default": field.default, "help": text}
        if base is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif get_origin(base) is Literal:
            options["choices"] = get_args(base)
        elif get_origin(base) is tuple:  # of texts: the flag may be repeated
            options.update(action="append", default=[], metavar=field.metadata["metavar"])
        else:
            options["type"] = {int: _whole, float: _number, str: str}[base]
            options["metavar"] = field.metadata["metavar"] or field.name.upper()
        parser.add_argument(f"--{flag_of(field)}", dest=_place(kind, field), **options)


def settings_from(options: argparse.Namespace, kind: type[Settings]) -> Settings:
    """The settings that the flags of a command line give."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    given = {f.name: getattr(options, _place(kind, f)) for f in fields}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


def _values_of(job: documents.Job) -> dict[str, Any]:
    """What a job says, by the names that the flags have in a namespace."""
    values: dict[str, Any] = {"picture": job.picture, "out": job.out}
    for name, kind in documents.GROUPS.items():
        group = getattr(job, name)
        for f in dataclasses.fields(kind):
            value = getattr(group, f.name)
            values[_place(kind, f)] = list(value) if isinstance(value, tuple) else value
    return values


def flag_of(field: dataclasses.Field) -> str:
    """The flag of a settings field, without its dashes."""
    return field.metadata["flag"] or field.name.replace("_", "-")


def _place(kind: type, field: dataclasses.Field) -> str:
    return f"{kind.__name__}.{field.name}"


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (typing.Union, types.UnionType):
        return next(a for a in get_args(hint) if a is not type(None))
    return hint


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number") from None
