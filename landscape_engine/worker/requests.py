"""Requests: the lines of stdin, heard in the background whatever the worker is doing."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .. import regular_files
from ..errors import printable

CHUNK = 1 << 16
LONGEST = 1 << 20  # bytes of a line; a longer one is no request, and passed over


def listen(hear: Callable[[Any], None], closed: Callable[[], None], source: int) -> None:
    """Listen in a thread: each line's JSON value goes to `hear`, the end calls `closed`."""

    def run() -> None:
        try:
            for line in _lines(source):
                try:
                    hear(regular_files.parse_json(line))
                except Exception as error:  # whatever is asked, who asks next is heard
                    _say(str(error))
        finally:
            closed()

    threading.Thread(target=run, name="requests", daemon=True).start()


def _lines(source: int) -> Iterator[bytes]:
    # not sys.stdin: Python couldn't end while another thread waits inside its buffer
    rest, passing = b"", False  # the part of a line; whether the line is passed over
    while True:
        try:
            chunk = os.read(source, CHUNK)
        except OSError:
            return
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        if passing and lines:
            del lines[0]
            passing = False
        yield from (line for line in lines if line.strip())
        if len(rest) > LONGEST:
            if not passing:
                _say(f"a line is longer than {LONGEST} bytes")
            rest, passing = b"", True


def _say(reason: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # a log that can't be written to
        print(f"landscape-engine: no request: {printable(reason)}", file=sys.stderr, flush=True)
