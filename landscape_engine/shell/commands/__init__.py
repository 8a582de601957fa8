"""The shell's commands: one file each, whose `run` takes the parsed flags.

Its `WRITES` are the flags that name what it writes; `apart` holds that against what it reads. A
command's file, and what it needs of torch or of training, is imported when the command is run.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType


def run(options: argparse.Namespace) -> int:
    """Run the command that was parsed; gives its exit code."""
    from tqdm import tqdm

    from .. import apart

    tqdm.monitor_interval = 0  # no thread that wakes slow bars: where it can't start, tqdm warns
    command = module_of(options)
    apart.check(options, command)
    code: int = command.run(options)
    return code


def module_of(options: argparse.Namespace) -> ModuleType:
    """The file of the command that was parsed."""
    return import_module(f".{options.command.replace('-', '_')}", __name__)
