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
from collections.abc import Iterator
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
        if self._process is not None and self._process.poll() is None:
            return
        self._check_interpreter()
        with self._explaining():
            (self.folder / "jobs").mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                (self.folder / "worker.json").unlink()
            self._rotate_log()
            log = self.log_path.open("ab")
        with log:
            self._log_start = log.seek(0, os.SEEK_END)
            try:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    env=_environment(),
                    # Ctrl-C in Blender's terminal is Blender's; no console window pops up
                    start_new_session=os.name != "nt",
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except (OSError, ValueError) as error:
                raise self._failed(
                    f"'{self.interpreter}' can't be started ({_reason(error)}); expected a Python "
                    f"interpreter: {TO_DO}."
                ) from error
        self.about = self.last_error = None
        for job in self._jobs.values():
            job.sent = False

    def submit(self, task: dict[str, Any]) -> JobHandle:
        """Hand over a job: {"task": NAME, …}, as the worker documents them; starts a worker.

        Raises:
            AddonError: what is known at once: the interpreter or the folder can't be used.
        """
        if self._process is not None and self._process.poll() is not None:
            self._read_about()
            self._notice_end()
        self.start()
        job_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        folder = self.folder / "jobs" / job_id
        text = json.dumps({"protocol": PROTOCOL, **task}, ensure_ascii=False, indent=1)
        with self._explaining():
            folder.mkdir()
            (folder / "job.json").write_text(text, encoding="utf-8")
        self._jobs[job_id] = _OpenJob(folder)
        self._clean_jobs()
        self._hand_over()
        return JobHandle(job_id, folder)

    def poll(self) -> list[tuple[str, Event]]:
        """The events since the last call, of all jobs, each with its job's id; returns at once."""
        self._end_leaving()
        ended = self._process is not None and self._process.poll() is not None
        self._read_about()
        events = self._read_events()  # after the process was asked, or its last ones were lost
        if ended and self._process is not None:
            self._notice_end()
            events += self._read_events()
        self._hand_over()
        return events

    def cancel(self, job_id: str) -> None:
        """Stop a job, waiting or running; its "cancelled" event comes with a later `poll`."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        if job.sent:
            self._send({"cancel": job_id})
        else:
            job.made_up.append({"event": "cancelled"})

    def stop(self, wait_s: float = 0.0) -> None:
        """Let the worker end, whatever it is doing; open jobs are cancelled.

        Args:
            wait_s: how long to wait for its end, after which it is killed; with 0 later calls of
                `poll` see to that.
        """
        self._let_go()
        self.last_error = None
        for job in self._jobs.values():
            job.made_up.append({"event": "cancelled"})
        if wait_s > 0:
            deadline = time.monotonic() + wait_s
            for _, process in self._leaving:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
            self._end_leaving(grace_s=0.0)

    # ----------------------------------------------------------------- starting

    def _command(self) -> list[str]:
        command = [self.interpreter, "-m", "landscape_engine", "worker"]
        command += ["--folder", str(self.folder), "--device", self.device]
        command += ["--idle-minutes", f"{self.idle_minutes:g}"]
        return command + (["--bundle", self.bundle] if self.bundle else [])

    def _check_interpreter(self) -> None:
        path = Path(self.interpreter)
        if not self.interpreter:
            found = "no interpreter is chosen"
        elif not path.exists():
            found = f"'{path}' doesn't exist"
        elif not path.is_file():
            found = f"'{path}' is not a file"
        elif not os.access(path, os.X_OK):
            found = f"'{path}' may not be executed"
        else:
            return
        raise self._failed(f"{found}; expected the engine's Python interpreter: {TO_DO}.")

    def _rotate_log(self) -> None:
        with contextlib.suppress(OSError):  # Windows: another Blender's worker has it open
            if self.log_path.stat().st_size > LARGEST_LOG:
                os.replace(self.log_path, self.log_path.with_name("worker.old.log"))

    def _clean_jobs(self) -> None:
        """Remove the folders of old jobs; those that are open, and another Blender's, stay."""
        now, found = time.time(), []
        for folder in (self.folder / "jobs").iterdir():
            with contextlib.suppress(OSError):
                found.append((folder.stat().st_mtime, folder))
        for changed, folder in sorted(found, reverse=True)[KEPT_JOBS:]:
            if folder.name not in self._jobs and now - changed > UNTOUCHED_S:
                shutil.rmtree(folder, ignore_errors=True)

    # ------------------------------------------------------------------ talking

    def _hand_over(self) -> None:
        """Send what waits, once there is a worker that speaks our language."""
        if self.about is None:
            return
        for job_id, job in self._jobs.items():
            if not job.sent and not job.made_up:
                job.sent = self._send({"job": job_id})

    def _send(self, request: dict[str, Any]) -> bool:
        """Write one line; False if the worker is gone, which `poll` notices."""
        if self._process is None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def _read_about(self) -> None:
        if self._process is None or self.about is not None:
            return
        try:
            about = json.loads((self.folder / "worker.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        protocol = about.get("protocol") if isinstance(about, dict) else None
        if protocol == PROTOCOL:
            self.about = about
            return
        version = about.get("version", "?") if isinstance(about, dict) else "?"
        reason = (
            f"'{self.interpreter}' has landscape_engine {version}, which speaks protocol "
            f"{protocol}; expected {PROTOCOL}: install the add-on and the engine of one version "
            "(run install_addon.py)."
        )
        self._let_go()
        self._fail_all(reason)

    def _read_events(self) -> list[tuple[str, Event]]:
        events: list[tuple[str, Event]] = []
        for job_id, job in list(self._jobs.items()):
            for event in _new_lines(job) + job.made_up:
                job.heard = True
                events.append((job_id, event))
                if event.get("event") in ENDS:
                    del self._jobs[job_id]
                    break
        return events

    # ------------------------------------------------------------------- ending

    def _notice_end(self) -> None:
        """The worker has ended: by itself, which is well, or its open jobs fail with the reason."""
        if self._process is None:
            return
        code, was_ready = self._process.returncode, self.about is not None
        _close(self._process)
        self._process = self.about = None
        for job in self._jobs.values():  # what it had written before
            for event in _new_lines(job):
                job.heard = True
                job.made_up.append(event)
        open_jobs = [j for j in self._jobs.values() if not _ended(j)]
        unheard = [job for job in open_jobs if not job.heard and not job.made_up]
        if (
            code == 0 and was_ready
        ):  # idle, or making room after a cancel; what it had not begun goes to the next
            for job in open_jobs:
                if job not in unheard:
                    job.made_up.append(self._event(f"the engine ended early; see {self.log_path}."))
            if unheard:
                try:
                    self.start()
                except AddonError as error:
                    self._fail_all(str(error))
            return
        self._fail_all(self._explain_end(code))

    def _explain_end(self, code: int) -> str:
        """Why the worker ended, from its exit code and what it said last."""
        said = self._said()
        if "No module named landscape_engine" in said or "No module named 'landscape_" in said:
            return f"'{self.interpreter}' has no landscape_engine; {TO_DO}."
        if "invalid choice: 'worker'" in said:
            return (
                f"'{self.interpreter}' has a landscape_engine without a worker, an older version; "
                f"expected one of protocol {PROTOCOL}: run install_addon.py."
            )
        missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", said)
        if missing:
            return f"'{self.interpreter}' lacks the package {missing[1]}; {TO_DO}."
        refused = re.findall(r"^landscape-engine: (.+?)\s*$", said, re.MULTILINE)
        if code == 2 and refused:
            return refused[-1]
        how = f"with exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = f"by {signal.Signals(-code).name}"
            how += ", perhaps for want of memory" if code == -9 else ""
        return (
            f"the engine's process ended {how}; the next job starts a new one (its log: "
            f"{self.log_path})."
        )

    def _said(self) -> str:
        """What the worker's log got since it was started, at most the last part."""
        with contextlib.suppress(OSError), self.log_path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(min(self._log_start, size), size - (1 << 14)))
            return log.read().decode("utf-8", "replace")
        return ""

    def _let_go(self) -> None:
        """Tell the worker to end, and be without one."""
        if self._process is not None:
            _close(self._process)
            self._leaving.append((time.monotonic(), self._process))
        self._process = self.about = None

    def _end_leaving(self, grace_s: float = GRACE_S) -> None:
        """Kill those that were told to end long ago."""
        for since, process in self._leaving:
            if process.poll() is None and time.monotonic() - since >= grace_s:
                process.kill()
                if grace_s == 0:
                    process.wait()
        self._leaving = [entry for entry in self._leaving if entry[1].poll() is None]

    def _fail_all(self, reason: str) -> None:
        self.last_error = reason
        for job in self._jobs.values():
            if not _ended(job):
                job.made_up.append(self._event(reason))

    def _event(self, reason: str) -> Event:
        return {
            "event": "failed",
            "message": reason,
            "kind": "WorkerError",
            "log": str(self.log_path),
        }

    def _failed(self, reason: str) -> AddonError:
        self.last_error = reason
        return AddonError(reason)

    @contextlib.contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn what the system refuses into a sentence."""
        try:
            yield
        except OSError as error:
            raise self._failed(
                f"the engine's folder '{self.folder}' can't be written to ({_reason(error)}); "
                "expected a folder with room that you may write to: choose another in the "
                "add-on's preferences."
            ) from error


def _environment() -> dict[str, str]:
    """Ours, without what would lead the other interpreter to Blender's modules."""
    kept = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
    return {**kept, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1"}


def _new_lines(job: _OpenJob) -> list[Event]:
    """The whole lines that a job's events got since they were last read."""
    try:
        with (job.folder / "events.jsonl").open("rb") as file:
            file.seek(job.read)
            new = file.read()
    except OSError:
        return []
    new = new[: new.rfind(b"\n") + 1]  # half a line is read when it is whole
    job.read += len(new)
    events = []
    for line in new.splitlines():
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                events.append(event)
    return events


def _ended(job: _OpenJob) -> bool:
    return any(event.get("event") in ENDS for event in job.made_up)


def _close(process: subprocess.Popen[bytes]) -> None:
    """Close a worker's stdin, which ends it."""
    with contextlib.suppress(OSError):  # what was not flushed can't be any more
        assert process.stdin is not None
        process.stdin.close()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or "unknown reason"
