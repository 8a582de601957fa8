# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which this Blender exchanges files with its worker; those of dead Blenders go.

Homes may lie on a network drive that many hosts share. The folder's name is drawn by chance, so
that no other process has it, on whichever host. A file in it stays locked for as long as this
process lives, and a folder is only removed by who gets its lock. Some drives don't carry locks from
host to host: a living Blender renews the file's date as well, and only old folders are removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import BinaryIO

from . import choices, file_lock, window

NAME = secrets.token_hex(8)
LOCK = "lock"
OLD_DAYS = 2  # a Blender that hasn't renewed its lock for so long may be gone
RENEW_S = 3600.0

_lock: BinaryIO | None = None


def root() -> Path:
    """Where every Blender of this user has its folder."""
    return choices.user_folder() / "exchange"


def own() -> Path:
    """This Blender's own folder; made and locked when it is first asked for."""
    folder = root() / NAME
    with contextlib.suppress(OSError):  # who writes into it says what is wrong
        if _lock is None:
            folder.mkdir(parents=True, exist_ok=True)
            _hold(folder)
            _remove_abandoned()
        _renew()
    return folder


def pictures() -> Path:
    """Where images without a file of their own are written for the worker."""
    return own() / "pictures"


def kit() -> Path:
    """Where the worker writes the next live kit; it goes once it is packed."""
    return pictures() / f"live-{secrets.token_hex(4)}"


def leave() -> None:
    """Remove the pictures; previews stay for some days, which a saved .blend may show."""
    global _lock
    if _lock is None:
        return
    window.stop_timer(_renew)
    shutil.rmtree(root() / NAME / "pictures", ignore_errors=True)
    _lock.close()
    _lock = None


def _hold(folder: Path) -> None:
    """Lock a folder for as long as this process lives."""
    global _lock
    _lock = (folder / LOCK).open("ab")
    file_lock.take(_lock)
    window.start_timer(_renew, RENEW_S)


def _renew() -> float:
    """Say that this Blender lives, to hosts that can't see its lock."""
    with contextlib.suppress(OSError):
        os.utime(root() / NAME / LOCK)
    return RENEW_S


def _remove_abandoned() -> None:
    """Remove what Blenders that are gone exchanged with their workers."""
    for folder in root().iterdir():
        with contextlib.suppress(OSError):  # another Blender may be removing it as well
            if folder.name != NAME and _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether a folder is old and nobody holds its lock."""
    lock = folder / LOCK
    if not lock.exists():  # a Blender that ended before it had one
        return _is_old(folder)
    if not _is_old(lock):
        return False
    with lock.open("r+b") as file:
        return file_lock.take(file)


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > OLD_DAYS * 86400
