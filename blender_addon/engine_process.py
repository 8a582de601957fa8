# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's process as the system sees it: its start, its stdin, its log, and why it ended."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import AddonError

LARGEST_LOG = 1 << 18  # bytes, before it is set aside
READ_LOG = 1 << 14  # bytes of its end that a reason is looked for in
NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
KILLED = -9  # exit code of a process that the system ended at once
TO_DO = "run install_addon.py or choose another interpreter in the add-on's preferences"


class EngineProcess:
    """One worker, alive or ended; never waited for unless that is asked.

    Raises:
        AddonError: the interpreter can't be one.
        OSError: the log can't be written.
    """

    def __init__(
        self, interpreter: str, arguments: Sequence[str], folder: Path, log_path: Path
    ) -> None:
        """Start it in a folder; what it prints is appended to the log."""
        _refuse_unusable(interpreter)
        self.interpreter = interpreter
        self.log_path = log_path
        self.started_at = time.monotonic()
        self.told_to_end_at: float | None = None
        with contextlib.suppress(OSError):  # Windows: another Blender's worker has it open
            if log_path.stat().st_size > LARGEST_LOG:
                os.replace(log_path, log_path.with_name("worker.old.log"))
        with log_path.open("ab") as log:
            self._log_start = log.seek(0, os.SEEK_END)
            try:
                self._process = subprocess.Popen(
                    [interpreter, "-m", "landscape_engine", "worker", *arguments],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=_environment(),
                    # Ctrl-C in Blender's terminal is Blender's; on Windows no console window pops
                    # up, and the window comes first, as `nice` has it elsewhere
                    start_new_session=os.name != "nt",
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                    | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
                )
            except (OSError, ValueError) as error:
                raise AddonError(
                    f"'{interpreter}' can't be started ({reason_of(error)}); expected a Python "
                    f"interpreter: {TO_DO}."
                ) from error

    @property
    def exit_code(self) -> int | None:
        """None while it lives; negative where a signal ended it."""
        return self._process.poll()

    def send(self, request: dict[str, Any]) -> bool:
        """Write one line to its stdin; False if it's gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def tell_to_end(self) -> None:
        """Close its stdin, with which it ends, whatever it is doing."""
        self.told_to_end_at = time.monotonic()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what was not flushed can't be any more
            self._process.stdin.close()

    def wait(self, seconds: float) -> None:
        """Wait for its end; it may still live afterwards."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))

    def kill(self) -> None:
        """End it by force."""
        self._process.kill()

    def remedy(self) -> str:
        """What helps one that ended before it was ready: another "engine", or "preferences"."""
        return "preferences" if self._refused(self._said()) else "engine"

    def explain_start(self) -> str:
        """Why it ended before it was ready, from what it said last, in one sentence."""
        said = self._said()
        if re.search(r"No module named '?landscape_engine", said):
            return f"'{self.interpreter}' has no landscape_engine; {TO_DO}."
        if "invalid choice: 'worker'" in said:
            return (
                f"'{self.interpreter}' has an older landscape_engine, without a worker; expected "
                "the add-on's version: run install_addon.py."
            )
        missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", said)
        if missing:
            return f"'{self.interpreter}' lacks the package {missing[1]}; {TO_DO}."
        return self._refused(said) or (
            f"the engine's process ended {self._how()} before it was ready; see its log "
            f"({self.log_path}), or {TO_DO}."
        )

    def explain_end(self) -> str:
        """Why it ended after it was ready, from its exit code, in one sentence."""
        to_do = "try again, and if it ends again, report it with its log"
        if self.exit_code == KILLED:
            to_do = "choose smaller frames, or close other programs, and try again"
        return f"the engine's process ended {self._how()}; {to_do} (its log: {self.log_path})."

    def _how(self) -> str:
        code = self.exit_code or 0
        if code == KILLED:
            return "by SIGKILL, perhaps for want of memory"
        with contextlib.suppress(ValueError):
            return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return f"by signal {-code}"

    def _refused(self, said: str) -> str:
        """The sentence with which the engine refused a device or a bundle, if it did."""
        refused = re.findall(r"^landscape-engine: (.+?)\s*$", said, re.MULTILINE)
        return refused[-1] if self.exit_code == 2 and refused else ""

    def _said(self) -> str:
        """What its log got since the start, at most the last part."""
        with contextlib.suppress(OSError), self.log_path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(min(self._log_start, size), size - READ_LOG))
            return log.read().decode("utf-8", "replace")
        return ""


def reason_of(error: Exception) -> str:
    """What the system said, without its number."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or "unknown reason"


def _refuse_unusable(interpreter: str) -> None:
    path = Path(interpreter)
    if not interpreter:
        found = "no interpreter is chosen"
    elif not path.exists():
        found = f"'{path}' doesn't exist"
    elif not path.is_file():
        found = f"'{path}' is not a file"
    elif not os.access(path, os.X_OK):
        found = f"'{path}' may not be executed"
    else:
        return
    raise AddonError(f"{found}; expected the engine's Python interpreter: {TO_DO}.")


def _environment() -> dict[str, str]:
    """Ours, without what would lead the other interpreter to Blender's modules."""
    kept = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
    return {**kept, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1"}
