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
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import leftovers
from .engine_process import EngineProcess, reason_of
from .errors import AddonError

PROTOCOL = 1
AGAIN = 75  # exit code of a worker whose last job is to be done by a new one
KEPT_JOBS = 20  # newest job folders that are kept
UNTOUCHED_S = 600  # a younger folder may be another Blender's and is left alone
START_S = 300.0  # a worker that isn't ready by then, on the slowest disk, never will be
GRACE_S = 5.0  # a worker that was told to end and hasn't by then is killed
EVENTS = "events.jsonl"  # in a job's folder
ENDS = ("done", "failed", "cancelled")  # the events of which a job gets exactly one, as its last

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
    targets: list[Path] = field(default_factory=list)  # what it writes outside of its folder
    sent: bool = False  # to the worker that lives now
    lost: int = 0  # workers that were killed before they began it
    again: bool = False  # it was given to a second worker, because the first was broken
    heard: bool = False  # at least one event came
    cancelled: bool = False  # it was asked to be
    read: int = 0  # bytes of events.jsonl
    made_up: list[Event] = field(default_factory=list)  # what the worker can't say any more


class EngineClient:
    """A worker of the engine, started at the first job and again whenever it has ended.

    Attributes:
        about: what the worker says of itself (`worker.json`); None until it is ready.
        last_error: why it couldn't start or went away, a sentence; None if all is well.
        told: whether a job has failed with that sentence.
        remedy: what helps: "engine" for another interpreter or installation, "preferences" for
            another choice there, "" where the sentence says what to do.
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
        self.choose(interpreter, idle_minutes=idle_minutes, device=device, bundle=bundle)
        self.folder = Path(folder)
        self.about: dict[str, Any] | None = None
        self.last_error: str | None = None
        self.told = False
        self.remedy = ""
        self.log_path = self.folder / "worker.log"
        self._process: EngineProcess | None = None
        self._leaving: list[EngineProcess] = []  # told to end, and not yet gone
        self._jobs: dict[str, _OpenJob] = {}
        self._started_as: list[str] = []  # the choices of the worker that lives now

    def choose(
        self,
        interpreter: str | os.PathLike[str],
        *,
        idle_minutes: float = 15,
        device: str = "auto",
        bundle: str | os.PathLike[str] | None = None,
    ) -> None:
        """Choose what the next worker is; the one that lives ends what it was given first."""
        self.interpreter = str(interpreter)
        self._options = ["--device", device, "--idle-minutes", f"{idle_minutes:g}"]
        self._options += ["--bundle", str(bundle)] if bundle else []

    @property
    def state(self) -> str:
        """One of "off", "starting", "ready", "busy" and "failed"."""
        if self._process is None or self._process.exit_code is not None:
            return "failed" if self.last_error else "off"
        if self.about is None:
            return "starting"
        return "busy" if self._jobs else "ready"

    def start(self) -> None:
        """Start the worker if none lives, without waiting for it.

        Raises:
            AddonError: the interpreter or the folder can't be used.
        """
        if self._process is not None and self._process.exit_code is None:
            return
        arguments = ["--folder", str(self.folder), *self._options]
        with self._explaining():
            (self.folder / "jobs").mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                (self.folder / "worker.json").unlink()
            self._process = EngineProcess(self.interpreter, arguments, self.folder, self.log_path)
        self._started_as = [self.interpreter, *self._options]
        self.about = self.last_error = None
        for job in self._jobs.values():
            job.sent = False

    def submit(self, task: dict[str, Any]) -> JobHandle:
        """Hand over a job: {"task": NAME, …}, as the worker documents them; starts a worker.

        Raises:
            AddonError: what is known at once: the interpreter or the folder can't be used.
        """
        if self._process is not None and self._process.exit_code is not None:
            self._read_about()
            self._notice_end()
        self.start()
        job_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        folder = self.folder / "jobs" / job_id
        # ASCII: a name that isn't UTF-8 has halves of characters in it, which UTF-8 hasn't
        text = json.dumps({"protocol": PROTOCOL, **task}, indent=1)
        with self._explaining():
            folder.mkdir()
            (folder / "job.json").write_text(text, encoding="utf-8")
            (folder / EVENTS).touch()  # a worker that couldn't make it could say so nowhere
        self._jobs[job_id] = _OpenJob(folder, leftovers.targets_of(task))
        self._clean_jobs()
        self._hand_over()
        return JobHandle(job_id, folder)

    def poll(self) -> list[tuple[str, Event]]:
        """The events since the last call, of all jobs, each with its job's id; returns at once."""
        self._end_leaving()
        ended = self._process is not None and self._process.exit_code is not None
        self._read_about()
        events = self._read_events()  # after the process was asked, or its last ones were lost
        if ended and self._process is not None:
            self._notice_end()
            events += self._read_events()
        self._give_up_starting()
        self._hand_over()
        return events

    def cancel(self, job_id: str) -> None:
        """Stop a job, waiting or running; its "cancelled" event comes with a later `poll`."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        job.cancelled = True
        if job.sent and self._process is not None:
            self._process.send({"cancel": job_id})
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
            for process in self._leaving:
                process.wait(deadline - time.monotonic())
            self._end_leaving(grace_s=0.0)

    # ------------------------------------------------------------------ talking

    def _clean_jobs(self) -> None:
        """Remove the folders of old jobs; those that are open, and another Blender's, stay."""
        now, found = time.time(), []
        for folder in (self.folder / "jobs").iterdir():
            with contextlib.suppress(OSError):
                found.append((folder.stat().st_mtime, folder))
        for changed, folder in sorted(found, reverse=True)[KEPT_JOBS:]:
            if folder.name not in self._jobs and now - changed > UNTOUCHED_S:
                shutil.rmtree(folder, ignore_errors=True)

    def _hand_over(self) -> None:
        """Send what waits, once there is a worker of our choice that speaks our language."""
        if self._process is None:
            return
        if self._started_as != [self.interpreter, *self._options]:
            if not any(job.sent for job in self._jobs.values()):
                self._replace()
            return
        if self.about is None:
            return
        for job_id, job in self._jobs.items():
            if not job.sent and not job.made_up:
                job.sent = self._process.send({"job": job_id})

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
            f"'{self._started_as[0]}' has landscape_engine {version}, which speaks protocol "
            f"{protocol}; expected {PROTOCOL}: install the add-on and the engine of one version "
            "(run install_addon.py)."
        )
        self._let_go()
        self._fail_all(reason, "engine")

    def _read_events(self) -> list[tuple[str, Event]]:
        events: list[tuple[str, Event]] = []
        for job_id, job in list(self._jobs.items()):
            for event in _new_lines(job) + job.made_up:
                job.heard = True
                if event.get("event") == "failed" and event.get("fault"):
                    event["message"] = f"{event.get('message', '')} Its log: {self.log_path}"
                events.append((job_id, event))
                if event.get("event") in ENDS:
                    del self._jobs[job_id]
                    break
        return events

    # ------------------------------------------------------------------- ending

    def _notice_end(self) -> None:
        """The worker has ended: by itself, which is well, or its open jobs fail with the reason."""
        process, was_ready = self._process, self.about is not None
        if process is None:
            return
        process.tell_to_end()  # lets go of its stdin
        self._process = self.about = None
        for job in self._jobs.values():  # what it wrote last
            job.made_up = _new_lines(job) + job.made_up
            job.heard = job.heard or bool(job.made_up)
        if process.exit_code == AGAIN:
            self._take_back()
        begun = [job for job in self._jobs.values() if job.heard and not _ended(job)]
        if not was_ready:
            self._fail_all(process.explain_start(), process.remedy())
            return
        # idle, or it couldn't cut a cancelled job short, or died of one: the next does the others
        for job in self._jobs.values():
            if process.exit_code and job.sent:
                leftovers.remove([*job.targets, *leftovers.targets_in(job.folder)])
            if job.cancelled and (not job.heard or process.exit_code) and not _ended(job):
                job.made_up.append({"event": "cancelled"})
            elif job in begun:
                self._fail(job, process.explain_end())
            elif process.exit_code not in (0, AGAIN) and job.sent and not _ended(job):
                job.lost += 1
                if job.lost > 1:  # perhaps it kills them
                    self._fail(job, process.explain_end())
        if process.exit_code and any(map(_ended, [*begun, *self._jobs.values()])):
            self.last_error, self.told, self.remedy = process.explain_end(), True, ""
        if not all(map(_ended, self._jobs.values())):
            try:
                self.start()
            except AddonError as error:
                self._fail_all(str(error), self.remedy)

    def _take_back(self) -> None:
        """Let the job that a broken worker has begun wait for the next one, which gets it once."""
        for job in self._jobs.values():
            if job.heard and not _ended(job) and not job.again and not job.cancelled:
                job.again, job.heard = True, False

    def _give_up_starting(self) -> None:
        """Leave a worker that hangs before it is ready."""
        process = self._process
        if process is None or self.about is not None:
            return
        if time.monotonic() - process.started_at > START_S:
            self._let_go()
            self._fail_all(
                f"the engine wasn't ready after {START_S / 60:g} minutes; expected some seconds: "
                f"see its log ({self.log_path}), and try again."
            )

    def _replace(self) -> None:
        """Go on with a worker of other choices."""
        if self._process is not None and self.about is None:
            self._process.kill()  # it may be about to say that it is ready
        self._let_go()
        try:
            self.start()
        except AddonError as error:
            self._fail_all(str(error), self.remedy)

    def _let_go(self) -> None:
        """Tell the worker to end, and be without one."""
        if self._process is not None:
            self._process.tell_to_end()
            self._leaving.append(self._process)
        self._process = self.about = None

    def _end_leaving(self, grace_s: float = GRACE_S) -> None:
        """Kill those that were told to end long ago."""
        for process in self._leaving:
            told = process.told_to_end_at or 0.0
            if process.exit_code is None and time.monotonic() - told >= grace_s:
                process.kill()
                process.wait(0.0 if grace_s else 1.0)
        self._leaving = [process for process in self._leaving if process.exit_code is None]

    def _fail_all(self, reason: str, remedy: str = "") -> None:
        self.last_error, self.remedy, self.told = reason, remedy, False
        for job in self._jobs.values():
            if not _ended(job):
                self._fail(job, reason)
                self.told = True

    def _fail(self, job: _OpenJob, reason: str) -> None:
        event = {"event": "failed", "message": reason, "kind": "WorkerError"}
        job.made_up.append({**event, "log": str(self.log_path)})

    @contextlib.contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn what the system refuses into a sentence, and keep it."""
        try:
            yield
        except OSError as error:
            self.last_error, self.told, self.remedy = (
                f"the engine's folder '{self.folder}' can't be written to ({reason_of(error)}); "
                "expected a folder with room that you may write to: free some room, or allow it.",
                False,
                "",
            )
            raise AddonError(self.last_error) from error
        except AddonError as error:
            self.last_error, self.told, self.remedy = str(error), False, "engine"
            raise


def _new_lines(job: _OpenJob) -> list[Event]:
    """The whole lines that a job's events got since they were last read."""
    try:
        path = job.folder / EVENTS
        if not stat.S_ISREG(path.lstat().st_mode):  # a pipe would be waited for
            _fail_unheard(job)
            return []
        with path.open("rb") as file:
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


def _fail_unheard(job: _OpenJob) -> None:
    """The worker takes no job whose events it couldn't write, and can't say so either."""
    if not _ended(job):
        reason = (
            f"'{job.folder / EVENTS}' is a link, a folder or a pipe; expected a file that the "
            "engine writes to: remove it, and start the job again."
        )
        job.made_up.append({"event": "failed", "message": reason, "kind": "WorkerError"})


def _ended(job: _OpenJob) -> bool:
    return any(event.get("event") in ENDS for event in job.made_up)
