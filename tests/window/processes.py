"""What still runs."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE_S = 60  # for what takes a second where nothing else runs


def is_running(pid: int) -> bool:
    """Whether a process is there; one that ended and wasn't waited for isn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends_within(pid: int, seconds: float) -> bool:
    """Wait for a process to end."""
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not is_running(pid)
