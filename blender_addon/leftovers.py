# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed worker left at the targets of its jobs, under hidden names.

The engine writes `.NAME.XXXXXXXX.part`, and beside it holds a lock of that name with `.lock`; an
earlier result that is being exchanged is beside it with `.old`. A lock that nobody holds tells that
its writer is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import file_lock

LOCK = re.compile(r"(\..*\.[0-9a-f]{8}\.part)\.lock")
NAME_LENGTH = 40  # characters of a target's name that are in a hidden one


def targets_of(task: dict[str, Any]) -> list[Path]:
    """The files and folders that a task writes outside of its job's folder."""
    job = task.get("job")
    named = [task.get("out"), task.get("save_motion")]
    named += [job.get("out")] if isinstance(job, dict) else []
    return [Path(name) for name in named if isinstance(name, str) and name]


def remove(targets: Iterable[Path]) -> None:
    """Remove what writers to these targets that live no more have left."""
    for target in targets:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            place = target.resolve()
            for home in (place.parent, place):
                if home.is_dir():
                    _remove_in(home, place)


def _remove_in(home: Path, place: Path) -> None:
    prefix = f".{place.name[:NAME_LENGTH]}."
    for name in os.listdir(home):
        found = LOCK.fullmatch(name)
        if found and name.startswith(prefix):
            with contextlib.suppress(OSError):
                _remove_one(home / name, home / found[1], place)


def _remove_one(lock: Path, staged: Path, place: Path) -> None:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(lock, flags), "r+b") as file:
        if not file_lock.take(file):
            return
        old = staged.with_name(staged.name + ".old")
        if old.exists() and not place.exists():
            old.rename(place)
        for path in (staged, old):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    lock.unlink(missing_ok=True)
