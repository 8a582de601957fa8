"""`animate`: one job, from flags or a document."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...jobs.animate import animate
from ...settings import documents
from ...settings.documents import Job
from .. import bars, endings
from ..flags import settings_from

WRITES = ("out", "save_motion")


def run(options: argparse.Namespace) -> int:
    """Animate one picture."""
    show(options, options.picture, options.out)
    return 0


def show(options: argparse.Namespace, picture: Path, out: Path, poster: Path | None = None) -> None:
    """Animate a picture as a command line says, under a bar, and print what was done."""
    done = animate(
        job_from(options, picture, out),
        bundle=options.bundle,
        device=options.device,
        save_motion=options.save_motion,
        poster=poster,
        progress=bars.named(options.progress),
    )
    endings.note(done["notes"])
    endings.end(done, options.json, out, *([poster] if poster else []))


def job_from(options: argparse.Namespace, picture: Path, out: Path) -> Job:
    """The job that the flags of a command line describe."""
    groups: dict[str, Any] = {
        name: settings_from(options, kind) for name, kind in documents.GROUPS.items()
    }
    return Job(picture, out, **groups)
