"""`worker`: jobs of another program, one after the other, by models that stay loaded."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ...worker.process import Worker

WRITES = ("folder",)


def written(options: argparse.Namespace) -> Iterator[Path]:
    """What lies beside others in its folder, in which each job has its own."""
    yield options.folder / "worker.json"
    yield options.folder / "jobs"


def run(options: argparse.Namespace) -> int:
    """Do jobs until stdin closes or none comes for long."""
    return Worker(options.folder, options.bundle, options.device, options.idle_minutes).run()
