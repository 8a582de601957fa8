"""The lock of a file, as each system has it: it goes with the process, however that ends."""

from __future__ import annotations

import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def take(file: BinaryIO) -> bool:
    """Take the lock of a file that is open for writing, until it is closed, without waiting.

    Returns:
        False where another has it; an OSError where the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            file.seek(0)  # it locks from there on
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
