# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of jobs: started, followed by a timer, ended; the window never waits.

What lives here outlives operators and files: Blender's timers and modal operators may end at any
time, and its data may move, so that a job knows its object by the number that Blender gave it.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import datablocks, disk, engine, labels, window
from .errors import AddonError

TICK_S = 0.05
WAIT_S = 0.02  # between two looks at a job, where nothing else is to be done


@dataclass
class Job:
    """One thing asked of the engine for one object."""

    name: str  # as the artist knows it: "Animate"
    object_name: str  # when it was started; the object may be renamed
    opened: int  # which of the files that were opened it was started in
    finish: Callable[[dict[str, Any]], str]  # takes the result; says what was done
    uid: int = datablocks.NONE  # of its object
    frames: str = ""  # the folder or movie that its frames go to, if any
    lost: bool = False  # its object was gone when it ended
    id: str = ""
    stage: str = "waiting"
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    notes: list[str] = field(default_factory=list)
    state: str = "running"  # running, done, failed, cancelled
    message: str = ""
    started_at: float = field(default_factory=time.monotonic)

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def object(self) -> bpy.types.Object | None:
        """Its object; None where it has none any more."""
        return datablocks.object_of(self.uid) if self.uid else None

    @property
    def age_s(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started_at


_running: dict[str, Job] = {}
_latest: dict[int, Job] = {}  # the last job of each object, for the panel
_opened = 0  # files opened so far


def start(
    task: dict[str, Any],
    name: str,
    obj: bpy.types.Object | None,
    finish: Callable[[dict[str, Any]], str],
    notes: list[str] | None = None,
    frames: str = "",
) -> Job:
    """Give the engine a task for an object (or for none), and follow it.

    Args:
        task: as the worker documents it.
        name: what the artist asked for.
        obj: whose result it is.
        finish: takes the result, while the object is there; says what was done.
        notes: what the artist should know before the end.
        frames: the folder or movie that the task writes frames to, if any.

    Raises:
        AddonError: the engine can't be started.
    """
    job = Job(name, obj.name if obj else "", _opened, finish, uid=datablocks.uid_of(obj))
    job.notes, job.frames = list(notes or ()), frames
    job.id = engine.submit(task)
    _running[job.id] = job
    _latest[job.uid] = job
    window.redraw()
    window.start_timer(_tick, TICK_S)
    return job


def wait(job: Job) -> None:
    """Follow a job to its end, and print how it goes: for Blender without a window.

    Raises:
        AddonError: the job failed.
    """
    printed = ""
    try:
        while job.state == "running":
            follow()
            line = f"{job.name}: {job.stage} {job.done}/{job.total}"
            if line != printed and job.total:
                print(line, flush=True)
                printed = line
            time.sleep(WAIT_S)
    except BaseException:
        cancel(job)
        raise
    if job.state != "done":
        raise AddonError(job.message or "the job was cancelled.")


def cancel(job: Job) -> None:
    """Stop a job; nothing of it is left."""
    if job.state == "running":
        job.stage = "cancelling"
        engine.cancel(job.id)


def running(obj: bpy.types.Object | None = None) -> list[Job]:
    """The jobs that run or wait, of one object or of all, the oldest first."""
    return [job for job in _running.values() if obj is None or job.uid == datablocks.uid_of(obj)]


def latest(obj: bpy.types.Object | None) -> Job | None:
    """The last job of an object, or of none, ended or not."""
    return _latest.get(datablocks.uid_of(obj))


def dismiss(obj: bpy.types.Object) -> None:
    """Forget how the last job of an object ended."""
    job = _latest.get(datablocks.uid_of(obj))
    if job and job.state != "running":
        del _latest[job.uid]


def follow() -> bool:
    """Take in what the worker has said since the last time; true if anything."""
    events = engine.events()
    for identity, event in events:
        job = _running.get(identity)
        if job:
            _take(job, event)
    return bool(events)


def _take(job: Job, event: dict[str, Any]) -> None:
    kind = event["event"]
    if kind == "progress":
        if job.stage != "cancelling":
            job.stage = event["stage"]
        job.done, job.total = event["done"], event["total"] or 0
        job.seconds_left = event.get("seconds_left")
    elif kind == "note":
        job.notes.append(labels.sentence(event))
    elif kind == "started":
        job.stage = "starting"
    else:
        _running.pop(job.id, None)
        _end(job, event)


def _end(job: Job, event: dict[str, Any]) -> None:
    job.state = event["event"]
    job.message = labels.sentence(event)
    disk.doubt()
    _latest[job.uid] = job  # another file may have been opened since
    job.lost = bool(job.uid) and job.object is None
    if job.state != "done":
        return
    try:
        job.message = _farewell(job) if job.lost else job.finish(event["result"])
    except AddonError as error:
        job.state, job.message = "failed", str(error)
    except Exception as error:  # a fault of ours; raised, it would end the timer for all jobs
        traceback.print_exc()
        job.state = "failed"
        job.message = (
            f"what came back can't be used ({type(error).__name__}); see the console, and report "
            "it as a fault."
        ) + (f" The frames are kept in '{job.frames}'." if job.frames else "")


def _farewell(job: Job) -> str:
    """Why a job's result is on no object, and where its frames are."""
    other_file = job.opened != _opened
    why = "another file was opened" if other_file else f"'{job.object_name}' was deleted"
    if not job.frames:
        return f"{why} meanwhile, so that the result was not used."
    return f"{why} meanwhile; the frames are kept in '{job.frames}'."


def _tick() -> float | None:
    if follow():
        window.redraw()
    if _running:
        return TICK_S
    return None  # the next job registers it again


@persistent
def _forget_ended(*_: Any) -> None:
    """Another file was opened: its objects have no jobs but those that still run."""
    global _opened
    _opened += 1
    _latest.clear()


def register() -> None:
    """Watch files being opened."""
    bpy.app.handlers.load_post.append(_forget_ended)


def unregister() -> None:
    """End the worker and all that follows it."""
    window.stop_timer(_tick)
    bpy.app.handlers.load_post.remove(_forget_ended)
    engine.leave()
    _running.clear()
    _latest.clear()
