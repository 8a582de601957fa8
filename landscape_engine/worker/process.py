"""The process: jobs done one after the other by models that are loaded once.

The main thread does the jobs. Another hears the requests; it stops a running job by a signal, which
unwinds the main thread as Ctrl-C does, but for imports: a package that is left half imported fails
whoever needs it next, so they are finished first. Where something can't be cut short in time, as an
encoder inside one large frame, the process removes what is unfinished and ends: whoever asked
starts a new one, as after an idle time.

After an error that nobody foresaw the process ends too, because what it keeps may be broken.
Where earlier jobs may be the cause, it ends with the code `AGAIN` and leaves the job without a last
event: whoever asked gives it to the next process once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import sys
import threading
import time
import traceback
import types
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__, regular_files, staging
from ..errors import LandscapeError, SettingsError, is_out_of_memory
from ..settings import DeviceName
from ..settings.sentences import as_data
from . import AGAIN, PROTOCOL, requests
from .events import JobEvents

if TYPE_CHECKING:  # torch comes in with it
    from .tasks import Desk

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
NICENESS = 5  # the window comes first
# On Windows numpy's import waits for ever while another thread reads stdin (numpy issue 24290)
LISTENS_WHILE_LOADING = sys.platform != "win32"
END_S = 4.0  # told to end, the process has ended by then, whatever happened to its folders
PATIENCE_S = 0.9  # a cancelled job that isn't unwound by then ends with the process
IMPORTS = "<frozen importlib._bootstrap>"  # the file that Python names for imports in progress
IMPORT_S = 0.02  # after so long a job that imported something is interrupted again


class Cancelled(BaseException):
    """The running job was cancelled."""


class Worker:
    """Does the jobs of one folder until stdin closes or nobody asks for long."""

    def __init__(
        self, folder: Path, bundle: Path | None, device: DeviceName, idle_minutes: float
    ) -> None:
        """Set the bundle and device; nothing is loaded before `run`."""
        if not idle_minutes > 0:
            raise SettingsError(f"--idle-minutes is {idle_minutes:g}; expected more than 0.")
        self.folder = folder.absolute()
        self.bundle = bundle and bundle.absolute()
        self.device = device
        self.idle_s = min(idle_minutes * 60, threading.TIMEOUT_MAX)
        self._changed = threading.Condition()  # held for what follows
        self._waiting: deque[JobEvents] = deque()
        self._known: set[str] = set()  # the ids of all jobs so far
        self._running: JobEvents | None = None
        self._cancelling = False  # the running job
        self._cancellable = False  # its work can be unwound now
        self._done = 0  # jobs that were begun and ended, whichever way
        self._broken = False  # by an error that nobody foresaw
        self._gave_up = False  # the last job, which the next process does

    def run(self) -> int:
        """Load, write `worker.json`, and do jobs; returns the exit code."""
        said = f"landscape-engine worker {__version__}, process {os.getpid()}, {time.ctime()}"
        print(said, file=sys.stderr, flush=True)
        if hasattr(os, "nice"):
            os.nice(NICENESS)
        signal.signal(signal.SIGINT, self._interrupted)
        with staging.explaining(self.folder):
            (self.folder / "jobs").mkdir(parents=True, exist_ok=True)
        if LISTENS_WHILE_LOADING:
            self._listen()
        from .tasks import Desk

        if not LISTENS_WHILE_LOADING:
            self._listen()
        desk = Desk.furnish(self.bundle, self.device)
        self._introduce(desk)
        try:
            while not self._broken and (job := self._next()):
                self._do(job, desk)
        finally:
            self._withdraw()
        return AGAIN if self._gave_up else 0

    def _listen(self) -> None:
        requests.listen(self._hear, self._end_at_once, sys.stdin.fileno())

    def _introduce(self, desk: Desk) -> None:
        about = {"protocol": PROTOCOL, "version": __version__, "pid": os.getpid(), **desk.about()}
        path = self.folder / "worker.json"
        with staging.explaining(path), staging.new_file(path) as staged:
            staged.write_text(json.dumps(about) + "\n", encoding="utf-8")

    def _withdraw(self) -> None:
        """Remove `worker.json`, unless it is another's, who was started since."""
        path = self.folder / "worker.json"
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            if regular_files.read_json(path)["pid"] == os.getpid():
                path.unlink()

    # ------------------------------------------------------------------ requests

    def _hear(self, request: Any) -> None:
        """Heed one request; called in the listening thread."""
        if not isinstance(request, dict) or len(request) != 1:
            raise ValueError(f"expected an object with 'job', 'cancel' or 'stop', not {request!r}")
        ((what, value),) = request.items()
        if what == "stop":
            self._end_at_once()
        elif what not in ("job", "cancel"):
            raise ValueError(f"unknown request {what!r}; expected 'job', 'cancel' or 'stop'")
        elif not isinstance(value, str) or not JOB_ID.fullmatch(value):
            raise ValueError(f"the job's id is {value!r}; expected letters, digits, '-' and '_'")
        elif what == "job":
            self._add(self.folder / "jobs" / value)
        else:
            self._cancel(self.folder / "jobs" / value)

    def _add(self, folder: Path) -> None:
        if folder.name in self._known:
            raise ValueError(f"the job '{folder.name}' was asked for already; expected another id")
        try:
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise ValueError(f"'{folder}' is no folder, or a link to one; expected a job's")
            job = JobEvents(folder)
        except OSError as error:
            raise ValueError(f"'{folder}' can't be used: {error}") from error
        self._known.add(folder.name)
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()

    def _cancel(self, folder: Path) -> None:
        with self._changed:
            for job in [job for job in self._waiting if job.folder == folder]:
                self._waiting.remove(job)
                job.end("cancelled")
            running = self._running
            if running is None or running.folder != folder or self._cancelling:
                return
            self._cancelling = True
            late = threading.Timer(PATIENCE_S, self._give_up, (running,))
            late.daemon = True
            late.start()
            self._interrupt(running)

    def _interrupt(self, job: JobEvents) -> None:
        """Interrupt a job, and again until it is unwound, in case it is importing something."""
        with self._changed:
            if self._running is not job or not self._cancelling or not self._cancellable:
                return  # it has ended, is being unwound, or will see that before it begins
            if hasattr(signal, "pthread_kill"):  # wakes it, if it waits for a lock
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)
        again = threading.Timer(IMPORT_S, self._interrupt, (job,))
        again.daemon = True
        again.start()

    def _interrupted(self, signum: int, frame: types.FrameType | None) -> None:
        """Unwind what is cancelled; runs in the main thread. By anyone else it's Ctrl-C."""
        if not self._cancelling:
            raise KeyboardInterrupt
        if self._cancellable and not _is_importing(frame):
            self._cancellable = False
            raise Cancelled

    def _give_up(self, job: JobEvents) -> None:
        with self._changed:
            if self._running is not job:
                return
            self._end_at_once()

    def _end_at_once(self) -> None:
        """Remove what is unfinished and end the process, whatever it is doing."""
        last = threading.Timer(END_S, os._exit, (0,))  # a disk may be gone
        last.daemon = True
        last.start()
        try:
            staging.discard_unfinished(END_S - 1)
            running = self._running
            if running is not None:
                running.end("cancelled")
            self._withdraw()
        finally:
            os._exit(0)  # an orderly exit would wait for encoders and networks

    # ---------------------------------------------------------------------- jobs

    def _next(self) -> JobEvents | None:
        """The next job, which counts as running; None after a long time without one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, self.idle_s):
                return None
            self._running, self._cancelling = self._waiting.popleft(), False
            return self._running

    def _do(self, job: JobEvents, desk: Desk) -> None:
        """Do one job and report its end; only errors unrelated to this job pass through."""
        event = "cancelled"
        fields: dict[str, Any] = {}
        try:
            try:
                self._cancellable = True
                if not self._cancelling:
                    job.say("started")
                    event, fields = "done", {"result": desk.do(job)}
            finally:
                self._cancellable = False
        except Cancelled:
            event, fields = "cancelled", {}
        except LandscapeError as error:
            event, fields = "failed", {"message": str(error), "kind": type(error).__name__}
            fields |= {"setting": error.setting, "parts": as_data(error.sentence)}
        except Exception as error:
            traceback.print_exc()
            event, fields = "failed", {"message": _explain(error), "kind": type(error).__name__}
            self._broken = not (is_out_of_memory(error) or isinstance(error, OSError))
            self._gave_up = self._broken and self._done > 0
            fields["fault"] = self._broken
            if self._cancelling:  # cut short, a library may say anything
                event, fields, self._gave_up = "cancelled", {}, False
        staging.discard_forgotten(PATIENCE_S)
        desk.tidy()
        with staging.explaining(job.folder), self._changed:
            if not self._gave_up:
                job.end(event, **fields)
            self._running = None
            self._done += 1


def _is_importing(frame: types.FrameType | None) -> bool:
    """Whether a module is being imported, by whoever, further down or up in the calls."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTS:
            return True
        frame = frame.f_back
    return False


def _explain(error: Exception) -> str:
    """The sentence for an error that isn't one of ours; its traceback is in the log."""
    if is_out_of_memory(error):
        return "the memory is used up; expected room for the frames: try a smaller size."
    if isinstance(error, OSError):
        return staging.explain_failure(error)
    return (
        f"the engine failed ({type(error).__name__}) and starts anew with the next job; try again, "
        "and if it fails again, report it as a fault with its log."
    )
