# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of jobs: started, followed by a timer, ended; the window never waits.

What lives here outlives operators and files: Blender's timers and modal operators may end at any
time, and its data may move, so that a job knows its object by the number that Blender gave it.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import datablocks, disk, engine, exchange_folder, image_exchange, labels, window
from .errors import AddonError, printable

TICK_S = 0.05
NOTICE_S = 20.0  # for so long the status bar says how a job ended
KEPT = 6  # ended jobs that are kept to be read
WAITING = "waiting"  # the stage of a job that the engine has not begun
PREPARING = "writing images"  # the stage of a job whose files are written for the engine
PREPARE_S = 0.03  # for so long files are written before the window has its turn
BETWEEN_S = 0.005  # its turn
WAIT_S = 0.02  # between two looks at a job, where nothing else is to be done


@dataclass(eq=False)
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
    files: image_exchange.Steps[dict[str, Any]] | None = None  # that are written; gives the task
    stage: str = WAITING
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    notes: list[str] = field(default_factory=list)
    state: str = "running"  # running, done, failed, cancelled
    message: str = ""
    started_at: float = field(default_factory=time.monotonic)
    ended_at: float = -math.inf

    @property
    def title(self) -> str:
        """What it does, and for which object, under the name that this has now."""
        obj = self.object
        name = obj.name if obj else self.object_name
        return f"{self.name} '{name}'" if name else self.name

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


_running: list[Job] = []  # the oldest first
_latest: dict[int, Job] = {}  # the last job of each object, for the panel
_ended: dict[tuple[int, str], Job] = {}  # the last of each object and name; to be read
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
        task: as the worker documents it; images in it are written to files in steps.
        name: what the artist asked for.
        obj: whose result it is.
        finish: takes the result, while the object is there; says what was done.
        notes: what the artist should know before the end.
        frames: the folder or movie that the task writes frames to, if any.

    Raises:
        AddonError: the engine can't be started, or an image can't be written.
    """
    job = Job(name, obj.name if obj else "", _opened, finish, uid=datablocks.uid_of(obj))
    job.notes, job.frames = list(notes or ()), frames
    job.id = f"{PREPARING} {time.monotonic_ns()}"
    job.files = image_exchange.with_files(task, exchange_folder.pictures(), job.notes)
    _prepare(job)
    _running.append(job)
    _latest[job.uid] = job
    for key in [key for key in _ended if key[0] == job.uid]:  # what is begun anew is what counts
        del _ended[key]
    _redraw()
    window.stop_timer(_tick)  # it may wait for long
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
            if job.files is None:
                time.sleep(WAIT_S)
    except BaseException:
        cancel(job)
        raise
    if job.state != "done":
        raise AddonError(job.message or "the job was cancelled.")


def cancel(job: Job) -> None:
    """Stop a job; nothing of it is left."""
    if job.files is not None:
        _drop_files(job)
        _end(job, {"event": "cancelled"})
    elif job.state == "running":
        job.stage = "cancelling"
        engine.cancel(job.id)


def running(obj: bpy.types.Object | None = None) -> list[Job]:
    """The jobs that run or wait, of one object or of all, the oldest first."""
    return [job for job in _running if obj is None or job.uid == datablocks.uid_of(obj)]


def latest(obj: bpy.types.Object | None) -> Job | None:
    """The last job of an object, or of none, ended or not."""
    return _latest.get(datablocks.uid_of(obj))


def ended() -> list[Job]:
    """The jobs whose end is to be read, the newest first."""
    return list(reversed(_ended.values()))


def just_ended() -> Job | None:
    """The job that ended last, for some seconds."""
    job = next(iter(ended()), None)
    return job if job and time.monotonic() - job.ended_at < NOTICE_S else None


def dismiss(*job_ids: str) -> None:
    """Forget how jobs ended."""
    for job in ended():
        if job.id in job_ids:
            del _ended[job.uid, job.name]
    _redraw()


def follow() -> bool:
    """Take in what the worker has said since the last time, and write images; true if anything."""
    events = engine.events()
    for identity, event in events:
        job = next((job for job in _running if job.id == identity), None)
        if job:
            _take(job, event)
    preparing = next((job for job in _running if job.files is not None), None)
    if preparing:
        try:
            _prepare(preparing)
        except AddonError as error:
            _end(preparing, {"event": "failed", "message": str(error)})
        except Exception as error:  # a fault of ours; raised, it would end the timer for all jobs
            traceback.print_exc()
            message = f"its images can't be written ({type(error).__name__}); see the console."
            _end(preparing, {"event": "failed", "message": message})
    return bool(events) or preparing is not None


def _prepare(job: Job) -> None:
    """Go on writing the files of a job for a moment; once they are there, the engine gets it."""
    job.stage = PREPARING
    try:
        image_exchange.go_on(job.files, PREPARE_S)
    except StopIteration as end:
        job.files = None
        job.id = engine.submit(end.value)
        job.stage = WAITING
    except BaseException:
        job.files = None
        raise


def _drop_files(job: Job) -> None:
    """Write them no further."""
    if job.files is not None:
        job.files.close()
        job.files = None


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
        _end(job, event)


def _end(job: Job, event: dict[str, Any]) -> None:
    if job in _running:
        _running.remove(job)
    job.state = event["event"]
    job.message = labels.sentence(event)
    disk.doubt()
    job.ended_at = time.monotonic()
    _latest[job.uid] = _ended[job.uid, job.name] = job  # another file may have been opened since
    for key in list(_ended)[:-KEPT]:
        del _ended[key]
    job.lost = bool(job.uid) and job.object is None
    if job.state != "done":
        return
    try:
        job.message = printable(_farewell(job) if job.lost else job.finish(event["result"]))
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
        _redraw()
    if any(job.files is not None for job in _running):
        return BETWEEN_S
    if _running:
        return TICK_S
    job = just_ended()
    if job:  # once more, when it has been read
        return max(TICK_S, job.ended_at + NOTICE_S - time.monotonic())
    _redraw()
    return None  # the next job registers it again


def _redraw() -> None:
    window.redraw()
    window.redraw_status_bars()


@persistent
def _forget_ended(*_: Any) -> None:
    """Another file was opened: its objects have no jobs, but some may still have frames for it."""
    global _opened
    _opened += 1
    _latest.clear()
    for key in [key for key, job in _ended.items() if not job.lost]:
        del _ended[key]


def register() -> None:
    """Watch files being opened."""
    bpy.app.handlers.load_post.append(_forget_ended)


def unregister() -> None:
    """End the worker and all that follows it."""
    window.stop_timer(_tick)
    bpy.app.handlers.load_post.remove(_forget_ended)
    for job in _running:
        _drop_files(job)
    engine.leave()
    _running.clear()
    _latest.clear()
    _ended.clear()
