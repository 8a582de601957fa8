"""Stamps: what tells one state of a file, or of a folder of frames, from another."""

from __future__ import annotations

import os
from pathlib import Path

Stamp = tuple[tuple[str, int, int], ...]  # path, time of change, size; of a folder's files too


def stamp(path: Path | str) -> Stamp | None:
    """The state of a file or a folder; None if there is none."""
    if not str(path):
        return None
    try:
        path = Path(path)
        found = [(path, path.stat())]
        if path.is_dir():
            found += [(one, _state(one)) for one in sorted(path.iterdir())]
    except (OSError, ValueError):
        return None
    return tuple((str(one), state.st_mtime_ns, state.st_size) for one, state in found)


def _state(path: Path) -> os.stat_result:
    """The state of what lies in a folder; a link that leads nowhere has one of its own."""
    try:
        return path.stat()
    except OSError:
        return path.lstat()
