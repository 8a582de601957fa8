"""Requests: the lines of stdin, heard in the background whatever the worker is doing."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

CHUNK = 1 << 16
LONGEST = 1 << 20  # bytes of a line; a longer one is no request


def listen(hear: Callable[[Any], None], closed: Callable[[], None], source: int) -> None:
    """Listen in a thread: each line's JSON value goes to `hear`, the end calls `closed`."""

    def run() -> None:
        try:
            for line in _lines(source):
                try:
                    hear(json.loads(line))
                except ValueError as error:
                    print(f"landscape-engine: no request: {error}", file=sys.stderr, flush=True)
        finally:
            closed()

    threading.Thread(target=run, name="requests", daemon=True).start()


def _lines(source: int) -> Iterator[bytes]:
    # not sys.stdin: Python couldn't end while another thread waits inside its buffer
    rest = b""
    while True:
        try:
            chunk = os.read(source, CHUNK)
        except OSError:
            return
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line.strip())
        if len(rest) > LONGEST:
            return
