"""`demo`: the picture that ships, animated."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..cli import settings_from
from ..settings import OutputSettings
from . import progress, report
from .animate import animate, job_from

EXAMPLE = Path(__file__).parents[1] / "data" / "example.jpg"


def run(options: argparse.Namespace) -> int:
    """Animate the picture that ships, and say where the video and its poster are."""
    kind = settings_from(options, OutputSettings).format or "mp4"
    video = options.out / (f"landscape.{kind}" if kind in ("mp4", "webm", "gif") else "frames")
    poster = options.out / "poster.jpg"
    done = animate(
        job_from(options, EXAMPLE, video),
        bundle=options.bundle,
        device=options.device,
        save_motion=options.save_motion,
        poster=poster,
        progress=progress.bar,
    )
    report.note(done["notes"])
    report.end(done, options.json, video, poster)
    return 0
