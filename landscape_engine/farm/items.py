"""Items: what a worker does with one of them, as plain data in and out.

An order, which a batch sends:

    {"engine": VERSION, "run": ID, "name": …, "key": …, "job": {…},
     "seen": whether its picture is there, "roots": […], "out": DIR, "bundle": DIR or null,
     "weights": HASH, "device": …, "losses": N, "attempt": N}

What comes back has the order's "name" and a "state":

    made     "record"              it is finished now
    found    "record"              it was finished before, by this run or another
    busy                           another process is making it
    failed   "sentence", "disk"    "disk": no other item could be written either
    lost     "sentence"            as many workers as may have ended while they were at it
    stopped                        its run was stopped; nothing partial is left
    unfit    "sentence"            this worker has another engine or bundle, or sees other folders

and in any case "worker": {"host", "process", "loads"}.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from torch import Tensor

from .. import __version__, images, staging
from ..errors import FarmError, LandscapeError, ManifestError, OutputError, is_out_of_memory
from ..jobs import animate as animation
from ..jobs.preview import fit_within
from ..settings import documents
from ..settings.documents import Job
from . import content_hashes, kept_bundles
from .ledger import Ledger, Record, mark_of
from .roots import POSTERS, Roots

POSTER_SIDE = 320  # longest side of a poster, pixels
STOPPED_KEPT = 64  # runs that were stopped, the last ones
EVERY_S = 2.0  # progress is told no oftener; a scheduler may have hundreds of workers
WHOLE_DISK = (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))

State = Literal["made", "found", "busy", "failed", "lost", "stopped", "unfit"]
Order = dict[str, Any]
Told = Callable[[int, int], None]  # of how many frames, how many are done
T = TypeVar("T")

_alone = threading.Lock()  # a worker with several threads does one item at a time all the same
_stopped: list[str] = []
_at: str | None = None  # the run whose item is being made


class Stopped(BaseException):
    """The run that ordered the item was stopped."""


def stop(run: str) -> None:
    """From now on, end what a run has ordered of this process."""
    _stopped.append(run)
    del _stopped[:-STOPPED_KEPT]


def is_stopped(run: str) -> bool:
    """Whether a run was stopped."""
    return run in _stopped


def is_at(run: str) -> bool:
    """Whether this process is at an item of a run."""
    return _at == run


def do(
    order: Order, told: Told | None = None, ending: Callable[[], bool] | None = None
) -> dict[str, Any]:
    """Do one item, unless it is finished; never raises what an item can cause.

    Args:
        order: see the module.
        told: hears of frames, not often.
        ending: whether the process is about to end, so that the item should not go on.
    """
    global _at
    with _alone:
        _at = order["run"]
        try:
            said = _done(order, told, ending)
        finally:
            _at = None
    worker = {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "loads": kept_bundles.loads(),
    }
    return {"name": order["name"], **said, "worker": worker}


def _done(order: Order, told: Told | None, ending: Callable[[], bool] | None) -> dict[str, Any]:
    if order["engine"] != __version__:
        return _say(
            "unfit",
            f"a worker on {socket.gethostname()} has landscape-engine {__version__}, the batch "
            f"{order['engine']}; expected one version: install it everywhere.",
        )
    try:
        return _in_turn(order, told, ending)
    except Stopped:
        return {"state": "stopped"}
    except FarmError as error:
        return _say("unfit", f"{socket.gethostname()}: {error}")
    except LandscapeError as error:
        return {**_say("failed", str(error)), "disk": _is_of_disk(error)}
    except Exception as error:
        if is_out_of_memory(error):
            return _say(
                "failed",
                "the memory is used up; expected room for the frames: try a smaller 'clip.size', "
                "or workers with more memory.",
            )
        if isinstance(error, OSError):
            name = os.fsdecode(error.filename) if isinstance(error.filename, str) else "a file"
            wrong = staging.explain_write_failure(Path(name), error)
            return {**_say("failed", str(wrong)), "disk": error.errno in WHOLE_DISK}
        traceback.print_exc()  # in the worker's log
        return _say(
            "failed",
            f"the engine failed ({type(error).__name__}: {' '.join(str(error).split())[:200]}); "
            "the worker's log has more: report it as a fault.",
        )


def _in_turn(order: Order, told: Told | None, ending: Callable[[], bool] | None) -> dict[str, Any]:
    """Do an item that no other process is at."""
    run, out = order["run"], Path(order["out"])
    job = documents.parse(order["job"])
    roots = _roots_of(order, job, out)
    ledger = Ledger(roots.out, order["key"])
    with ledger.held() as held:
        if not held:
            return {"state": "busy"}
        roots.check(job)  # again: what a link leads to here may be another thing
        content = _content_of(job, order["weights"])
        record = ledger.finished(content)
        if record is not None:
            return {"state": "found", "record": vars(record)}
        lost = ledger.lost(run)
        if lost >= order["losses"]:
            return _say(
                "lost",
                f"{lost} workers have ended while they were at it, as when memory is used up; "
                "expected an item that a worker can finish: try a smaller 'clip.size', or workers "
                "with more memory.",
            )
        ledger.begin(run)
        try:
            record = _make(order, job, roots, content, _Frames(run, told, ending))
            ledger.finish(record)
        finally:
            ledger.end(run)
        return {"state": "made", "record": vars(record)}


def _roots_of(order: Order, job: Job, out: Path) -> Roots:
    """The roots of an order, where this machine sees what the one sees that began the batch.

    Raises:
        FarmError: it sees other folders, as where a share isn't mounted: what it would make there
            would be lost.
    """
    if not os.path.exists(mark_of(out, order["run"])):
        raise FarmError(
            f"'{out}' isn't the folder here that the batch writes to; expected the same one on "
            "every machine: mount its disk under this path."
        )
    if order["seen"] and not os.path.exists(job.path("picture")):
        raise FarmError(
            f"'{job.picture}' can't be seen from here, although it is there; expected the same "
            "folders on every machine: mount its disk under this path."
        )
    try:
        return Roots.named([Path(root) for root in order["roots"]], out)
    except ManifestError as error:
        raise FarmError(str(error)) from error


def _content_of(job: Job, weights: str) -> str:
    """The hash of a job's content; where a file is missing, the engine's own sentence."""
    try:
        return content_hashes.of_job(job, weights)
    except (OSError, ValueError) as error:
        animation.check(job)  # whoever reads it says it better
        images.load_image(job.path("picture"))
        reason = getattr(error, "strerror", None) or str(error)
        name = getattr(error, "filename", None) or "a file that it names"
        raise ManifestError(
            f"'{name}' can't be read ({reason}); expected a file: check the path and its rights."
        ) from error


def _make(order: Order, job: Job, roots: Roots, content: str, frames: _Frames) -> Record:
    """Animate an item, and write its poster."""
    started = time.monotonic()
    out = job.path("out")
    animation.check(job)
    bundle = order["bundle"] and Path(order["bundle"])
    animator = kept_bundles.animator_with(bundle, order["weights"], order["device"])
    Ledger(roots.out, order["key"]).forget()
    done = animation.animate(job, animator=animator, progress=frames.follow)
    poster = roots.out / POSTERS / f"{order['key']}.jpg"
    shown = (
        frames.first if frames.first is not None else _small(images.load_image(job.path("picture")))
    )
    images.save_image(shown, poster)
    place = staging.resolve(out)
    files = [[roots.place(path), path.stat().st_size] for path in map(Path, done["paths"])]
    return Record(
        content=content,
        files=files or [[roots.place(place), place.stat().st_size]],
        poster=f"{POSTERS}/{poster.name}",
        run=order["run"],
        attempt=order["attempt"],
        frames=done["frames"],
        width=done["width"],
        height=done["height"],
        seconds=round(time.monotonic() - started, 3),
        device=done["device"],
        notes=[str(note) for note in done["notes"]],
    )


class _Frames:
    """Follows an item's frames: tells of them, keeps the first one small, stops where asked to."""

    def __init__(self, run: str, told: Told | None, ending: Callable[[], bool] | None) -> None:
        self.first: Tensor | None = None  # [1, 3, h, w] in [-1, 1]
        self._run, self._told, self._ending = run, told, ending
        self._at = -EVERY_S

    def follow(self, items: Iterator[T], count: int, stage: str) -> Iterator[T]:
        """Pass a stage's items on (`jobs.progress.Progress`)."""
        self._heed()
        for number, item in enumerate(items, 1):
            if self.first is None and stage == "frames" and isinstance(item, Tensor):
                self.first = _small(item)
            yield item
            self._heed()
            if stage == "frames" and self._told is not None:
                now = time.monotonic()
                if now - self._at >= EVERY_S:
                    self._at = now
                    self._told(number, count)

    def _heed(self) -> None:
        if is_stopped(self._run) or (self._ending is not None and self._ending()):
            raise Stopped


def _small(picture: Tensor) -> Tensor:  # [1, 3 or 4, H, W] → [1, 3, h, w], both in [-1, 1]
    width, height = fit_within((picture.shape[3], picture.shape[2]), POSTER_SIDE)
    return images.opaque(images.resize(picture.detach().float().cpu(), width, height))


def _is_of_disk(error: LandscapeError) -> bool:
    """Whether a write failed for want of room or rights of the whole disk, not of one place."""
    cause: BaseException | None = error if isinstance(error, OutputError) else None
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in WHOLE_DISK:
            return True
        cause = cause.__cause__
    return False


def _say(state: State, sentence: str) -> dict[str, Any]:
    if state == "failed":
        print(f"landscape-engine: {sentence}", file=sys.stderr)  # in the worker's log
    return {"state": state, "sentence": sentence, "disk": False}
