"""The shell's commands: one file each, whose `run` takes the parsed flags.

A command's file, and what it needs of torch or of training, is imported when the command is run.
"""

from __future__ import annotations

import argparse
from importlib import import_module


def run(options: argparse.Namespace) -> int:
    """Run the command that was parsed; gives its exit code."""
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread that wakes slow bars: where it can't start, tqdm warns
    name = options.command.replace("-", "_")
    return import_module(f".{name}", __name__).run(options)
