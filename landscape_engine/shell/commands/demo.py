"""`demo`: the picture that ships, animated."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ...settings import OutputSettings
from ..flags import settings_from
from . import animate

EXAMPLE = Path(__file__).parents[2] / "data" / "example.jpg"
WRITES = ("out", "save_motion")


def run(options: argparse.Namespace) -> int:
    """Animate the picture that ships, and say where the video and its poster are."""
    animate.show(options, EXAMPLE, *_made(options))
    return 0


def written(options: argparse.Namespace) -> Iterator[Path]:
    """What is put into the folder, in which others may lie."""
    yield from _made(options)
    if options.save_motion:
        yield options.save_motion


def read(options: argparse.Namespace) -> Iterator[Path]:
    """The picture."""
    yield EXAMPLE


def _made(options: argparse.Namespace) -> tuple[Path, Path]:
    """The video, or the folder of frames, and its poster."""
    kind = settings_from(options, OutputSettings).format or "mp4"
    video = options.out / (f"landscape.{kind}" if kind in ("mp4", "webm", "gif") else "frames")
    return video, options.out / "poster.jpg"
