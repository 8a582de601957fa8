"""`demo`: the picture that ships, animated."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...settings import OutputSettings
from ..flags import settings_from
from . import animate

EXAMPLE = Path(__file__).parents[2] / "data" / "example.jpg"


def run(options: argparse.Namespace) -> int:
    """Animate the picture that ships, and say where the video and its poster are."""
    kind = settings_from(options, OutputSettings).format or "mp4"
    video = options.out / (f"landscape.{kind}" if kind in ("mp4", "webm", "gif") else "frames")
    poster = options.out / "poster.jpg"
    animate.show(options, EXAMPLE, video, poster)
    return 0
