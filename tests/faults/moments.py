"""Moments: what a process does to the files of a folder, counted, and a signal before one of them.

A moment is an event that Python's audit hooks tell of (a file is opened, renamed, removed, …) or a
frame that is encoded. A command has the same moments each time, however fast the machine is: a
number names one, and a seed can draw it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

EVENTS = {
    "open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.scandir", "os.listdir",
    "os.chmod", "os.truncate", "shutil.rmtree", "tests.frame",
}  # fmt: skip


def watch(within: Path, counter: Path, number: int = 0, at: int | None = None) -> None:
    """Count this process's moments from now on.

    Args:
        within: the folder whose files count, and all below it.
        counter: a file that grows by one byte with each moment; it lies elsewhere.
        number: the signal; 0 sends none.
        at: the moment before which it is sent to this process, 0 for the first.
    """
    opened = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    root, seen, own = os.fspath(within), 0, os.getpid()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in EVENTS or not args or os.getpid() != own:
            return
        path = args[0]
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str | os.PathLike) or not os.fspath(path).startswith(root):
            return
        moment, seen = seen, seen + 1
        os.write(opened, b".")
        if moment == at:
            os.kill(own, number)

    sys.addaudithook(hook)
    _tell_of_frames()


def _tell_of_frames() -> None:
    """Frames of videos are written past Python: each is an event of its own."""
    from landscape_engine.sequence import video

    encode = video.Video.encode

    def told(self: video.Video, index: int, pixels: Any) -> None:
        sys.audit("tests.frame", self._told_path)
        encode(self, index, pixels)

    make = video.Video.__init__

    def remember(self: video.Video, path: Path, *rest: Any) -> None:
        self._told_path = os.fspath(path)  # type: ignore[attr-defined]
        make(self, path, *rest)

    video.Video.__init__, video.Video.encode = remember, told  # type: ignore[method-assign]
