"""Apart: what a command writes is none of what it reads, found out before anything is loaded.

Each path on a command line is read, and so are the files that its settings name, but for the
options that the command's own file lists in `WRITES`: a command without that list can't be run.
Where these are not the very files and folders that are written, its `written` tells which are;
`read` adds what else is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from .. import overwriting, settings
from ..settings import named_files
from .flags import kinds_in, settings_from

PACKAGE = Path(__file__).parents[1]
BUNDLE = PACKAGE / "models" / "default"  # where a command line names none


def check(options: argparse.Namespace, command: ModuleType) -> None:
    """Refuse a command line that would destroy what it reads.

    Args:
        options: the parsed flags.
        command: the file of the command, in `commands`.

    Raises:
        LandscapeError: it would, or its settings are malformed.
    """
    named = [getattr(options, name) for name in command.WRITES]
    written = command.written(options) if hasattr(command, "written") else named
    filled = [getattr(options, name) for name in getattr(command, "FILLS", ())]
    overwriting.check(
        [target for target in written if target],
        [*_read(options, command)],
        [folder for folder in filled if folder],
    )


def _read(options: argparse.Namespace, command: ModuleType) -> Iterator[Path]:
    for name, value in vars(options).items():
        if name not in (*command.WRITES, *getattr(command, "NARROWED", ())):
            for one in value if isinstance(value, list) else (value,):
                if isinstance(one, Path):
                    yield one
    for kind in kinds_in(options, settings):
        yield from named_files.of(settings_from(options, kind))
    if "bundle" in options and not options.bundle:
        yield BUNDLE
    if hasattr(command, "read"):
        yield from command.read(options)
