"""Leftovers: what a killed writer left at its target, under hidden names, and no other's.

Beside a hidden name lies a lock, held for as long as its writer lives, which says what target it is
for. What a killed writer left is known by a lock that nobody holds, and goes when something is
written to the same target again, and no other: of an exchange that was cut short, the earlier
result lies there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

from . import file_locks

STAGED_NAME = re.compile(r"\..*\.[0-9a-f]{8}\.part(\.old|\.lock)?")
LOCK, OLD = ".lock", ".old"  # endings of what lies beside a staged name
SHOWN = 40  # characters of a target's name that are in a hidden one
LONGEST_NAME = 4096  # bytes of what a lock says
FLAGS = (
    os.O_RDWR
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def remove_abandoned(home: Path, place: Path) -> None:
    """Remove from a folder what writers to a place that live no more have left in it.

    If a writer was ended while it exchanged the place, what was there before is put back.
    """
    with contextlib.suppress(OSError), os.scandir(home) as found:
        locks = [e.path for e in found if e.name.endswith(LOCK) and STAGED_NAME.fullmatch(e.name)]
        for path in locks:
            _remove_if_abandoned(Path(path.removesuffix(LOCK)), place)


def _remove_if_abandoned(staged: Path, place: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.fdopen(os.open(beside(staged, LOCK), FLAGS), "r+b")
        with lock:
            if not file_locks.take(lock):
                return
            lock.seek(0)
            said, old = lock.read(LONGEST_NAME), beside(staged, OLD)
            begun = os.path.lexists(staged) or os.path.lexists(old)
            if not _is_for(place, staged, said) and (said or begun):
                return
            if old.exists() and not place.exists():
                old.rename(place)
            for path in (staged, old):
                remove(path)
        remove(beside(staged, LOCK))


def is_staged(entry: Path) -> bool:
    """Whether something has a hidden name of the engine's, and the lock that tells whose it is."""
    if not STAGED_NAME.fullmatch(entry.name):
        return False
    staged = entry.with_name(entry.name.removesuffix(LOCK).removesuffix(OLD))
    return beside(staged, LOCK).is_file()


def named_in_lock(place: Path, home: Path) -> bytes:
    """What the lock of a place says: where that lies, seen from the lock's own folder."""
    return b"." if place == home else os.fsencode(place.name)


def _is_for(place: Path, staged: Path, said: bytes) -> bool:
    """Whether a staged name is for a place, by what its lock says."""
    if said:
        return said == named_in_lock(place, staged.parent)
    # of an earlier engine, or cut short before it said anything: the hidden name alone tells
    told = staged.name[1 : -len(".01234567.part")]
    return told == place.name and len(told) < SHOWN and place.parent == staged.parent


def beside(staged: Path, ending: str) -> Path:
    """What lies beside a staged name."""
    return staged.with_name(staged.name + ending)


def remove(path: Path) -> None:
    """Remove a file or a whole folder, as far as the system lets us."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
