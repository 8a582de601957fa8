"""Ledger: what the shared disk knows of each item; what is finished is told by it alone.

    OUT/.landscape-batch/NAME-HASH/lock       held by whoever is making the item
                                  /done.json  its record, written once its output is in its place
                                  /begun.json attempts that were begun and not ended, by run
                         /run-RUN             while a run goes on: where it isn't seen, the disk is
                                              another

The lock goes with its process, however that ends, and nothing here depends on a time. On a disk
without locks two batches may make an item twice; it is whole all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from .. import file_locks, leftovers, regular_files, staging
from ..settings import documents
from .roots import STATE

FORMAT = 1
DONE, BEGUN = "done.json", "begun.json"
RUN = "run-"  # how the name of a run's mark begins
RUNS_KEPT = 16  # of those that have begun an item, the last ones


@dataclass(frozen=True)
class Record:
    """What a finished item is.

    Attributes:
        content: hash of what it was made of (`content_hashes.of_job`).
        files: path below the output folder and size in bytes of each file.
        poster: path below the output folder of its small picture.
        run: the run that made it.
        attempt: the number of the attempt in that run, from 1.
        frames: how many.
        width: of a frame, pixels.
        height: of a frame, pixels.
        seconds: that it took.
        device: it was made on.
        notes: what the person should know, a sentence each.
        format: of this record.
    """

    content: str
    files: list[list[Any]]
    poster: str
    run: str
    attempt: int
    frames: int
    width: int
    height: int
    seconds: float
    device: str
    notes: list[str]
    format: int = FORMAT


def _is_of(value: Any, hint: Any) -> bool:
    """Whether plain data is of the kind that a type hint of a record names."""
    if get_origin(hint) is list:
        (of,) = get_args(hint)
        return isinstance(value, list) and all(_is_of(one, of) for one in value)
    return hint is Any or isinstance(value, (int, float) if hint is float else hint)


def mark_of(out: Path, run: str) -> Path:
    """The file by which a worker tells that it sees the very folder that a run writes to."""
    return out / STATE / f"{RUN}{run}"


@contextlib.contextmanager
def marked(out: Path, run: str, room: int) -> Iterator[None]:
    """Hold a run's mark in the block, of so many bytes; remove those of runs that were killed.

    Raises:
        OutputError: the folder can't be written to.
    """
    mark = mark_of(out, run)
    for path in mark.parent.glob(f"{RUN}*"):
        with contextlib.suppress(OSError), open(path, "r+b") as file:
            if file_locks.take(file):  # nobody holds it any more
                leftovers.remove(path)
    try:
        with staging.explaining(out):
            held = open(mark, "xb")  # noqa: SIM115
        with held:
            with contextlib.suppress(OSError):  # a disk without locks: such a mark stays
                file_locks.take(held)
            with staging.explaining(out):
                held.write(bytes(room))
                held.flush()
            yield
    finally:
        leftovers.remove(mark)


class Ledger:
    """One item's folder."""

    def __init__(self, out: Path, key: str) -> None:
        """Name the folder; nothing is made before it is held."""
        self.out = out
        self.folder = out / STATE / key

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the item's lock in the block; gives False where another process has it.

        Raises:
            OutputError: the folder can't be written to.
        """
        path = self.folder / "lock"
        with staging.explaining(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(regular_files.open_to_append(path), "ab")
        with file:
            try:
                taken = file_locks.take(file)
            except OSError:  # a disk without locks
                taken = True
            for name in (DONE, BEGUN) if taken else ():  # of one that a full disk cut off
                leftovers.remove_abandoned(self.folder, self.folder / name)
            yield taken

    def finished(self, content: str) -> Record | None:
        """The record of a result that was made of this content and is there, whole."""
        record = self.record()
        if record is None or record.content != content:
            return None
        try:
            whole = all((self.out / name).stat().st_size == size for name, size in record.files)
        except (OSError, ValueError, TypeError):
            return None
        return record if whole else None

    def record(self) -> Record | None:
        """The item's record; None where there is none that can be read."""
        try:
            found = regular_files.read_json(self.folder / DONE)
        except (OSError, ValueError):
            return None
        hints = documents.hints_of(Record)
        if not isinstance(found, dict) or set(found) != set(hints) or found["format"] != FORMAT:
            return None
        if not all(_is_of(found[name], hint) for name, hint in hints.items()):
            return None
        return Record(**found)

    def finish(self, record: Record) -> None:
        """Write the record of a result that is in its place."""
        self._write(DONE, asdict(record))

    def forget(self) -> None:
        """Remove the record, before its result is replaced."""
        with staging.explaining(self.folder):
            (self.folder / DONE).unlink(missing_ok=True)

    def lost(self, run: str) -> int:
        """How many attempts a run has begun of which nobody said the end."""
        count = self._begun().get(run)
        return count if isinstance(count, int) else 0

    def begin(self, run: str) -> None:
        """Note, before an attempt, that it is begun."""
        self._count(run, 1)

    def end(self, run: str) -> None:
        """Note that an attempt has ended, whichever way."""
        self._count(run, -1)

    def _count(self, run: str, more: int) -> None:
        begun = self._begun()
        begun[run] = max(0, self.lost(run) + more)
        self._write(BEGUN, dict(list(begun.items())[-RUNS_KEPT:]))

    def _begun(self) -> dict[str, Any]:
        try:
            found = regular_files.read_json(self.folder / BEGUN)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, value: Any) -> None:
        path = self.folder / name
        with staging.explaining(path), staging.new_file(path) as staged:
            staged.write_text(json.dumps(value) + "\n", encoding="utf-8")
