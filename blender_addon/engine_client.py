# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as Blender sees it: a worker process that is handed jobs and asked for their events.

    client = EngineClient("/path/to/python", folder)
    handle = client.submit({"task": "preview", "job": {...}})
    for job_id, event in client.poll(): ...     # from a timer; never waits

Nothing here blocks, starts a thread, or knows of bpy. A job is a folder, `jobs/ID`, with `job.json`
and the `events.jsonl` that the worker appends to; requests are JSON lines on the worker's stdin,
which closes with Blender, however Blender ends, and the worker with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import AddonError

PROTOCOL = 1
KEPT_JOBS = 20  # newest job folders that are kept
UNTOUCHED_S = 600  # a younger folder may be another Blender's and is left alone
LARGEST_LOG = 1 << 18  # bytes, of the worker's log, before it is set aside
GRACE_S = 5.0  # a worker that was told to end and hasn't by then is killed
ENDS = ("done", "failed", "cancelled")  # the events of which a job gets exactly one, as its last
TO_DO = "run install_addon.py or choose another interpreter in the add-on's preferences"
NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")

Event = dict[str, Any]


@dataclass(frozen=True)
class JobHandle:
    """A job that was handed over: its id, and the folder that its files are in."""

    id: str
    folder: Path


@dataclass
class _OpenJob:
    """A job without its last event."""

    folder: Path
    sent: bool = False  # to the worker that lives now
    heard: bool = False  # at least one event came
    read: int = 0  # bytes of events.jsonl
    made_up: list[Event] = field(default_factory=list)  # what the worker can't say any more


class EngineClient:
    """A worker of the engine, started at the first job and again whenever it has ended.

    Attributes:
        about: what the worker says of itself (`worker.json`); None until it is ready.
        last_error: why it couldn't start or went away, a sentence; None if all is well.
        log_path: where what it prints goes.
    """

    def __init__(
        self,
        interpreter: str | os.PathLike[str],
        folder: str | os.PathLike[str],
        *,
        idle_minutes: float = 15,
        device: str = "auto",
        bundle: str | os.PathLike[str] | None = None,
    ) -> None:
        """Start nothing yet; `folder` is where jobs and the log are, made when it is needed."""
        self.interpreter = str(interpreter)
        self.folder = Path(folder)
        self.idle_minutes = idle_minutes
        self.device = device
        self.bundle = str(bundle) if bundle else None
        self.about: dict[str, Any] | None = None
        self.last_error: str | None = None
        self.log_path = self.folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving: list[tuple[float, subprocess.Popen[bytes]]] = []  # since when
        self._log_start = 0
        self._jobs: dict[str, _OpenJob] = {}

    @property
    def state(self) -> str:
        """One of "off", "starting", "ready", "busy" and "failed"."""
        if self._process is None:
            return "failed" if self.last_error else "off"
        if self.about is None:
            return "starting"
        return "busy" if self._jobs else "ready"

    def start(self) -> None:
        """Start the worker if none lives, without waiting for it.

        Raises:
            AddonError: the interpreter or the folder can't be used.
        """

    def submit(self, task: dict[str, Any]) -> JobHandle:
        """Hand over a job: {"task": NAME, …}, as the worker documents them; starts a worker.

        Raises:
            AddonError: what is known at once: the interpreter or the folder can't be used.
        """
        raise NotImplementedError

    def poll(self) -> list[tuple[str, Event]]:
        """The events since the last call, of all jobs, each with its job's id; returns at once."""
        return []

    def cancel(self, job_id: str) -> None:
        """Stop a job, waiting or running; its "cancelled" event comes with a later `poll`."""

    def stop(self, wait_s: float = 0.0) -> None:
        """Let the worker end, whatever it is doing; open jobs are cancelled.

        Args:
            wait_s: how long to wait for its end, after which it is killed; with 0 later calls of
                `poll` see to that.
        """
