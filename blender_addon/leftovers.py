# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed worker left at the targets of its jobs, under hidden names.

The engine writes `.NAME.XXXXXXXX.part`, and beside it holds a lock of that name with `.lock`; an
earlier result that is being exchanged is beside it with `.old`. A lock that nobody holds tells that
its writer is gone; what it says is the target that it was for.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from . import file_lock

LOCK = re.compile(r"(\..*\.[0-9a-f]{8}\.part)\.lock")
SHOWN = 40  # characters of a target's name that are in a hidden one
LONGEST_NAME = 4096  # bytes of what a lock says


def targets_of(task: dict[str, Any]) -> list[Path]:
    """The files and folders that a task writes outside of its job's folder."""
    job = task.get("job")
    named = [task.get("out"), task.get("save_motion")]
    named += [job.get("out")] if isinstance(job, dict) else []
    return [Path(name) for name in named if isinstance(name, str) and name]


def targets_in(folder: Path) -> list[Path]:
    """The targets in a folder of whatever has left its lock there."""
    found = []
    with contextlib.suppress(OSError):
        for lock in filter(LOCK.fullmatch, os.listdir(folder)):
            with contextlib.suppress(OSError), _opened(folder / lock) as file:
                name = os.fsdecode(file.read(LONGEST_NAME)) or lock[1 : -len(".01234567.part.lock")]
                found.append(folder if name == "." else folder / name)
    return found


def remove(targets: Iterable[Path]) -> None:
    """Remove what writers to these targets that live no more have left."""
    for target in targets:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            place = target.resolve()
            for home in (place.parent, place):
                if home.is_dir():
                    _remove_in(home, place)


def _remove_in(home: Path, place: Path) -> None:
    for name in os.listdir(home):
        found = LOCK.fullmatch(name)
        if found:
            with contextlib.suppress(OSError):
                _remove_one(home / name, home / found[1], place)


def _opened(lock: Path) -> BinaryIO:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(lock, flags), "r+b")


def _remove_one(lock: Path, staged: Path, place: Path) -> None:
    with _opened(lock) as file:
        if not file_lock.take(file):
            return
        file.seek(0)
        said, old = file.read(LONGEST_NAME), staged.with_name(staged.name + ".old")
        begun = os.path.lexists(staged) or os.path.lexists(old)
        if not _is_for(place, staged, said) and (said or begun):
            return
        if old.exists() and not place.exists():
            old.rename(place)
        for path in (staged, old):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    lock.unlink(missing_ok=True)


def _is_for(place: Path, staged: Path, said: bytes) -> bool:
    """Whether a staged name is for a target, by what its lock says."""
    if said:
        return said == (b"." if place == staged.parent else os.fsencode(place.name))
    # of an earlier engine, or cut short before it said anything: the hidden name alone tells
    told = staged.name[1 : -len(".01234567.part")]
    return told == place.name and len(told) < SHOWN and place.parent == staged.parent
