"""`worker`: jobs of another program, one after the other, by models that stay loaded."""

from __future__ import annotations

import argparse

from ...worker.process import Worker


def run(options: argparse.Namespace) -> int:
    """Do jobs until stdin closes or none comes for long."""
    return Worker(options.folder, options.bundle, options.device, options.idle_minutes).run()
