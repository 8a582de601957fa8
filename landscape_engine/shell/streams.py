"""Streams: what a program says, whatever its caller left it of stdin, stdout and stderr.

A descriptor that is closed would be given to the next file that is opened, and what a library
prints would land in it. A disk that is full, or a terminal that is gone, is no reason to lose
frames: what can't be said is left unsaid, and the exit code tells.

Decoders and encoders print past Python. The descriptors that they know are led to nowhere, and
Python's own streams keep what the caller gave.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

VERBOSE = "--verbose"


class ForgivingStream(io.TextIOWrapper):
    """A stream whose failures are remembered, and raised only where the reader went away."""

    failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write what can be written."""
        with self._remembering():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what can be handed over."""
        with self._remembering():
            super().flush()

    @contextlib.contextmanager
    def _remembering(self) -> Any:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failure = error
        except ValueError:  # it is closed already
            pass


def prepare(arguments: Sequence[str]) -> None:
    """Make the three streams usable; with --verbose what libraries print goes to stderr.

    A worker's stderr is its log, to which they may print.
    """
    _open_closed()
    noise = VERBOSE in arguments or "worker" in arguments[:1]
    sys.stdin = sys.stdin or open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.stdout = _forgiving(sys.stdout, 1, line_by_line=False)
    sys.stderr = _forgiving(sys.stderr, 2, line_by_line=True)
    if os.name == "nt":  # a console there is known by its number
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(2 if noise else nowhere, 1)
    if not noise:
        os.dup2(nowhere, 2)
    os.close(nowhere)


def finish() -> OSError | None:
    """Hand over what is still to be said; gives the reason why something of stdout was lost."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    failure = getattr(sys.stdout, "failure", None)
    return failure if isinstance(failure, OSError) else None


def _open_closed() -> None:
    """Open to nowhere those of the first three descriptors that are closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)


def _forgiving(stream: Any, number: int, line_by_line: bool) -> ForgivingStream:
    """A stream of our own to where one of the first descriptors leads."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    named = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    # names of files that aren't UTF-8 are given back as they are; what can't be is spelled out
    errors = "surrogateescape" if named and number == 1 else "backslashreplace"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.flush()
    own = os.dup(number) if os.name != "nt" else number
    buffer = open(own, "wb", closefd=own != number)
    buffered = line_by_line or buffer.isatty()
    return ForgivingStream(buffer, encoding, errors, line_buffering=buffered)
