"""Stamps: what tells one state of a file, or of a folder of frames, from another."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[tuple[str, int, int], ...]  # path, time of change, size; of a folder's files too


def stamp(path: Path | str) -> Stamp | None:
    """The state of a file or a folder; None if there is none."""
    if not str(path):
        return None
    try:
        path = Path(path)
        inside = sorted(path.iterdir()) if path.is_dir() else []
        found = [(one, one.stat()) for one in (path, *inside)]
    except (OSError, ValueError):
        return None
    return tuple((str(one), state.st_mtime_ns, state.st_size) for one, state in found)
