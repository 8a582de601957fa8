"""Reading what others wrote: regular files alone, and no more of them than a bound.

A pipe would be waited for, a device read for ever, and deep JSON ends in an error of its own kind.
Each is a ValueError here, as damaged content is, so that whoever reads says one sentence for all.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_JSON = 1 << 25  # bytes of a document
CHUNK = 1 << 18
MOST_CODES = 1 << 27  # bytes of codes, or of a codebook
MOST_WEIGHTS = 1 << 33  # bytes of a file of weights
MOST_TABLE = 1 << 28  # bytes of a table that grows with the steps of a run


def check(path: Path | str, most: int | None = None) -> None:
    """Refuse what is no regular file, or a larger one, for a library that opens it by its name.

    Raises:
        OSError: it isn't there, or may not be looked at.
        ValueError: it is of another kind, or larger.
    """
    _check(os.stat(path), most)


def read_bytes(path: Path | str, most: int, follow: bool = True) -> bytes:
    """The content of a regular file.

    Args:
        path: the file.
        most: bytes that it may have.
        follow: whether a link leads to it; else it is refused.

    Raises:
        OSError: it can't be read.
        ValueError: it is of another kind, or larger.
    """
    opened = _open(path, follow)
    try:
        _check(os.fstat(opened), most)
        content = bytearray()
        while part := os.read(opened, CHUNK):  # it may be written to just now
            content += part
            if len(content) > most:
                raise ValueError(f"it has more than {most} bytes")
    finally:
        os.close(opened)
    return bytes(content)


def read_json(
    path: Path | str,
    most: int = MOST_JSON,
    follow: bool = True,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
) -> Any:
    """The value of a JSON file; otherwise as `read_bytes`.

    Raises:
        OSError: it can't be read.
        ValueError: it isn't JSON, is too deep, of another kind, or larger.
    """
    return parse_json(read_bytes(path, most, follow), object_pairs_hook)  # in UTF-8 or UTF-16


def parse_json(
    text: str | bytes, object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it isn't JSON, or is too deep.
    """
    try:
        return json.loads(text, object_pairs_hook=object_pairs_hook)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def open_to_append(path: Path | str) -> int:
    """Open a regular file to append to, made if it isn't there; no link leads to it.

    Raises:
        OSError: it is of another kind, or can't be written to.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    opened = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(f"'{path}' is no regular file")
    return opened


def _open(path: Path | str, follow: bool) -> int:
    # without O_NONBLOCK a pipe would be waited for before anyone could see that it is one
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))


def _check(state: os.stat_result, most: int | None) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise ValueError("it is a folder, no file")
    if not stat.S_ISREG(state.st_mode):
        raise ValueError("it is a pipe or a device, no regular file")
    if most is not None and state.st_size > most:
        raise ValueError(f"it has {state.st_size} bytes; expected at most {most}")
