"""Parsers: the sub-commands of the shell and their flags."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn, get_args

from .. import __version__
from ..errors import printable
from ..settings import (
    BatchSettings,
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
    TrainSceneLoopSettings,
    TrainSceneSettings,
    documents,
)
from ..settings.paper import PAPER
from .bars import ProgressName
from .flags import add_settings_flags, duration, number, values_in, values_of, whole
from .streams import VERBOSE

Commands = Any  # what argparse gives sub-commands to, which has no public name


class _Parser(argparse.ArgumentParser):
    """Refuses in one line."""

    def error(self, message: str) -> NoReturn:
        said = printable(message)
        self.exit(2, f"landscape-engine: {said} (see `{self.prog} --help`).\n")


def build(job: documents.Job | None = None, paper: bool = False) -> argparse.ArgumentParser:
    """The whole command line.

    Args:
        job: a document, which says the defaults of `animate`'s flags.
        paper: whether the defaults of `train`'s flags are the paper's.
    """
    parser = _Parser(
        prog="landscape-engine",
        description="Turn one landscape picture into a seamless animation.",
    )
    parser.add_argument("--version", action="version", version=f"landscape-engine {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _animate(commands, job)
    for add in (_batch, _demo, _codebook, _evaluate, _fit, _authors):
        add(commands)
    _train(commands, paper)
    _worker(commands)
    return parser


def _animate(commands: Commands, job: documents.Job | None) -> None:
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
        help="a folder for png, png16, exr and live; a file for mp4, webm and gif",
    )
    _add_render_flags(animate)
    if job:
        animate.set_defaults(**values_of(job))


def _batch(commands: Commands) -> None:
    batch = commands.add_parser(
        "batch",
        help="animate many pictures, on this machine or on a farm",
        description="Animate the pictures of a manifest, and write report.json and report.html. "
        "What is finished isn't made again: the same command goes on where it was stopped. Needs "
        "landscape-engine[farm]; docs/farm.md describes manifests and farms. Exit code 1: some "
        "pictures failed, and the report says why.",
    )
    batch.add_argument(
        "manifest",
        type=Path,
        metavar="MANIFEST",
        help="a .csv or .jsonl, a line for each picture, or a folder of pictures",
    )
    batch.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of all results, the only one that is written to; every worker has to see it",
    )
    batch.add_argument(
        "--root",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder that pictures, masks and codes may be read from; repeatable (default: the "
        "manifest's)",
    )
    batch.add_argument(
        "--job",
        type=Path,
        metavar="FILE.json",
        help="a document with the settings of all pictures, as --json reports them",
    )
    batch.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="a scheduler of Dask whose workers do the work (default: workers on this machine)",
    )
    for flag, what in (
        ("ca", "certificate of the authority"),
        ("cert", "certificate"),
        ("key", "key"),
    ):
        batch.add_argument(
            f"--tls-{flag}", type=Path, metavar="FILE.pem", help=f"{what} for a tls:// scheduler"
        )
    _add_engine_flags(batch)
    add_settings_flags(batch.add_argument_group("how"), BatchSettings)
    batch.add_argument(
        "--json", action="store_true", help="end with one JSON object on the last line of stdout"
    )


def _demo(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="animate the picture that ships with the engine")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("landscape-demo"),
        metavar="DIR",
        help="folder for the video and its poster (default: %(default)s)",
    )
    _add_render_flags(demo)
    # a light breeze from the right: chosen by eye for this picture
    demo.set_defaults(**{"MotionSettings.code": "0.727", "MotionSettings.speed": 0.4})


def _codebook(commands: Commands) -> None:
    codebook = commands.add_parser("codebook", help="draw the effect of a bundle's codes")
    codebook.add_argument(
        "picture",
        type=Path,
        nargs="?",
        metavar="PICTURE",
        help="the landscape picture (default: a scene drawn from the bundle's thumbnail seed)",
    )
    codebook.add_argument(
        "--out", type=Path, required=True, metavar="SHEET.png", help="the sheet to draw"
    )
    codebook.add_argument(
        "--rows", type=whole, default=8, metavar="N", help="codes of each kind (default: 8)"
    )
    _add_engine_flags(codebook)


def _evaluate(commands: Commands) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="measure a bundle's animations of pictures and predictions of clips",
        description="Measure motion, loops and light of stills, and compare the frames predicted "
        "from a clip's first one with those filmed; print tables. The formulas are in "
        "landscape_engine/evaluation: metrics.py, artifacts.py, day_faults.py, light_reach.py, "
        "samplings.py, clip_protocol.py.",
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
        "water, 255 sky; masks of thin things (255) in its folder 'thin'; figures that need a "
        "missing mask are left out",
    )
    evaluate.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for evaluation.json, evaluation.csv and the sheet evaluation.png, or, with "
        "--sheet, sheets/; of clips, for clips.json, clips.csv, the plot clips.png and the sheet "
        "clips_frames.png",
    )
    _add_engine_flags(evaluate)
    add_settings_flags(evaluate.add_argument_group("how thoroughly"), EvaluationSettings)
    add_settings_flags(evaluate.add_argument_group("clips"), ClipEvaluationSettings)
    add_settings_flags(evaluate.add_argument_group("regions"), RegionSettings)
    add_settings_flags(evaluate.add_argument_group("loop of stills"), LoopSettings)
    evaluate.add_argument(
        "--json", action="store_true", help="end with one JSON object on the last line of stdout"
    )


def _fit(commands: Commands) -> None:
    fit = commands.add_parser("fit", help="fit a latent code to arrows or to color patches")
    fit.add_argument("picture", type=Path, metavar="PICTURE", help="the landscape picture")
    fit.add_argument(
        "--arrow",
        action="append",
        default=[],
        metavar="X0,Y0,X1,Y1",
        help="a direction of motion on the screen, in shares of the picture, y down; repeatable",
    )
    fit.add_argument(
        "--patch",
        action="append",
        default=[],
        metavar="X,Y,R,#RRGGBB",
        help="a target color for a disc of the picture; the radius in shares of the width; "
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
        help="code to start from, such as after an arrow was moved; faster than a search",
    )
    fit.add_argument(
        "--json", action="store_true", help="end with one JSON object on the last line of stdout"
    )
    _add_engine_flags(fit)


def _authors(commands: Commands) -> None:
    authors = commands.add_parser(
        "import-authors", help="turn the paper authors' checkpoints into a bundle"
    )
    authors.add_argument("folder", type=Path, metavar="DIR", help="folder of their six files")
    authors.add_argument(
        "--out", type=Path, required=True, metavar="BUNDLE", help="the bundle to write"
    )


def _train(commands: Commands, paper: bool) -> None:
    train = commands.add_parser("train", help="train the networks of a bundle")
    parts = train.add_subparsers(dest="part", required=True, metavar="PART")
    motion = parts.add_parser("motion", help="train the motion predictor and its encoder")
    scene = parts.add_parser("scene", help="train the network that segments sky and water")
    for part in (motion, scene):
        _add_photos_flag(part)
    motion.add_argument(
        "--preset",
        choices=("scenes", "paper"),
        default="scenes",
        help="defaults of all other flags: ours, with procedural scenes mixed in, or the paper's "
        "(default: %(default)s)",
    )
    _add_train_flags(motion, TrainMotionSettings)
    _add_train_flags(scene, TrainSceneSettings, TrainSceneLoopSettings)
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
    _add_photos_flag(appearance)
    _add_train_flags(appearance, TrainAppearanceSettings)
    add_settings_flags(appearance.add_argument_group("codes"), RegularizerSettings)
    codes = parts.add_parser(
        "codes",
        help="train the LSTM that predicts days",
        description="Train the LSTM of Appendix B on the days of the bundle's appearance codebook, "
        "and write it into the bundle, whose other parts stay unchanged.",
    )
    codes.add_argument(
        "--clips",
        type=Path,
        metavar="DIR",
        help="more days: scenes under changing light, encoded by the bundle",
    )
    _add_train_flags(codes, TrainCodesSettings)
    if paper:
        for name, part in (("motion", motion), ("appearance", appearance)):
            part.set_defaults(**values_in(PAPER[name]))


def preset_of(options: argparse.Namespace) -> str | None:
    """The preset that a command line of `train` names, if what it trains has any."""
    own = getattr(options, "preset", None)
    return own or getattr(options, "TrainAppearanceSettings.preset", None)


def _worker(commands: Commands) -> None:
    worker = commands.add_parser(
        "worker",
        help="do jobs that another program requests on stdin",
        description="Keep the models loaded and do jobs from folders until stdin closes. The "
        "protocol is in landscape_engine/worker/__init__.py.",
    )
    worker.add_argument(
        "--folder", type=Path, required=True, metavar="DIR", help="folder of the jobs"
    )
    worker.add_argument(
        "--idle-minutes",
        type=number,
        default=15.0,
        metavar="M",
        help="exit after this many minutes without a job (default: %(default)g)",
    )
    _add_engine_flags(worker)


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
        "--progress",
        choices=get_args(ProgressName),
        default="bar",
        help="bar: on a terminal; openjd: lines on stdout that runners of Open Job Description "
        "read (default: %(default)s)",
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
    _add_verbose_flag(parser)


def _add_verbose_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        VERBOSE,
        action="store_true",
        help="let what decoders, encoders and other libraries print through to stderr",
    )


def _add_photos_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--photos",
        type=Path,
        metavar="DIR",
        help="stills with labels/NAME.png beside them, or with a regions.json that names them; "
        "default: procedural scenes alone",
    )


def _add_train_flags(
    parser: argparse.ArgumentParser, kind: type, loop: type = TrainingLoopSettings
) -> None:
    parser.add_argument(
        "--run",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the run; an earlier run in it is resumed",
    )
    parser.add_argument(
        "--bundle", type=Path, required=True, metavar="DIR", help="bundle to write the result into"
    )
    parser.add_argument(
        "--minutes", type=duration, metavar="M", help="stop after M minutes (resumable)"
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
    _add_verbose_flag(parser)
    add_settings_flags(parser.add_argument_group("what"), kind)
    add_settings_flags(parser.add_argument_group("loop"), loop)
