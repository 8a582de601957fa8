# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a file, as each system has it: it goes with the process, however that ends."""

from __future__ import annotations

import errno
import os
from typing import BinaryIO

if os.name == "nt":
    import msvcrt
else:
    import fcntl

HELD = {errno.EACCES, errno.EAGAIN}  # what a system says where another process has the lock


def take(file: BinaryIO) -> bool:
    """Take the lock of a file that is open for writing, until it is closed, without waiting.

    Returns:
        False where another process is known to have it. A file system without locks knows of none.
    """
    try:
        if os.name == "nt":
            file.seek(0)  # it locks from there on
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in HELD
    return True
