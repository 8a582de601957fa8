"""Events: a running job's reports, one JSON line each, in the job's folder."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from .. import regular_files
from ..errors import printable
from ..settings.sentences import Sentence, as_data

EVERY_S = 0.1  # progress is said no oftener
T = TypeVar("T")


class JobEvents:
    """The events of one job, exactly one of which ends it; safe to report from several threads."""

    def __init__(self, folder: Path) -> None:
        """Append to the events file in the job's folder, which must exist."""
        self.folder = folder
        self.ended = False
        self._lock = threading.RLock()
        self._said = (0.0, "")  # when progress was last said, and of which stage
        self._file = os.fdopen(
            regular_files.open_to_append(folder / "events.jsonl"), "ab", buffering=0
        )

    def say(self, event: str, **fields: Any) -> None:
        """Report an event; after the last one nothing is written."""
        with self._lock:
            if not self.ended:
                # ASCII: a name that isn't UTF-8 has halves of characters in it
                self._file.write(json.dumps({"event": event, **fields}).encode() + b"\n")

    def note(self, sentence: str) -> None:
        """Report a note for the person who asked."""
        sentence = sentence if isinstance(sentence, Sentence) else printable(sentence)
        self.say("note", text=sentence, parts=as_data(sentence))

    def end(self, event: str, **fields: Any) -> None:
        """Report the last event, unless it was reported already."""
        with self._lock:
            if not self.ended:
                self.say(event, **fields)
                self.ended = True
                self._file.close()

    def progress(
        self,
        stage: str,
        done: int = 0,
        total: int | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Report a stage's progress; skipped if reported just now, but for its start and end."""
        now, (when, last) = time.monotonic(), self._said
        if stage == last and done != total and now - when < EVERY_S:
            return
        self._said = (now, stage)
        left = None if seconds_left is None else round(seconds_left, 1)
        self.say("progress", stage=stage, done=done, total=total, seconds_left=left)

    def follow(self, items: Iterator[T], count: int, stage: str) -> Iterator[T]:
        """Pass a stage's items on and report its progress (`jobs.progress.Progress`)."""
        first: tuple[float, int] | None = None  # when the first item was through, and its number
        self.progress(stage, 0, count or None)
        for n, item in enumerate(items, 1):
            yield item
            done, total = getattr(item, "step", n), getattr(item, "of", count)  # fits count steps
            left = None
            if first is None:  # it took what comes before all items, and says nothing of them
                first = time.monotonic(), done
            elif done > first[1]:
                left = (time.monotonic() - first[0]) / (done - first[1]) * (total - done)
            self.progress(stage, done, total, left)
