# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk as the panels know it: what was seen is kept, so that no redraw reads it.

A look is a function that reads the disk. Operators look `now`. Panels ask for the answer that is
`kept`; a timer gets it after the redraw, and again every few seconds for as long as panels ask.
After a file was opened and after a job's end the timer looks at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import window

SLOW_S = 5.0  # between two looks, while panels ask
SHARE = 0.02  # of the time that looks may take at most, on a disk that is slow

Look = Callable[..., Any]
Ask = Callable[..., Any]  # `now` or `kept`: for those who serve operators and panels alike

_asked: set[tuple[Any, ...]] = set()  # since the last look: each a look and what it is called with
_answers: dict[tuple[Any, ...], Any] = {}
_valid: set[tuple[Any, ...]] = set()  # those whose answers nothing has put in doubt


def now(look: Look, *about: Any, unknown: Any = None) -> Any:
    """Look at the disk."""
    return look(*about)


def kept(look: Look, *about: Any, unknown: Any = None) -> Any:
    """What was seen last; `unknown` where nothing was yet, until a timer has looked."""
    question = (look, *about)
    _asked.add(question)
    if question not in _valid:
        window.stop_timer(_look)  # it may wait for long
        window.start_timer(_look, 0.0)
    window.start_timer(_look, SLOW_S)
    return _answers.get(question, unknown)


def look_again() -> bool:
    """Look at all that was asked for since the last time; true if anything has changed."""
    asked = list(_asked)
    _asked.clear()
    changed = False
    for question in asked:
        look, *about = question
        answer = look(*about)
        changed = changed or question not in _answers or _answers[question] != answer
        _answers[question] = answer
        _valid.add(question)
    return changed


def doubt() -> None:
    """Let what is kept be looked at again after the next redraw: the disk has changed."""
    _valid.clear()


def _look() -> float | None:
    """Redraw where something has changed; end where no panel asks, and begin with the next."""
    if not _asked:
        return None
    started = time.monotonic()
    if look_again():
        window.redraw()
    return max(SLOW_S, (time.monotonic() - started) / SHARE)


@persistent
def _forget(*_: Any) -> None:
    """Another file was opened, with other pictures and frames."""
    _asked.clear()
    _answers.clear()
    _valid.clear()


def register() -> None:
    """Watch files being opened."""
    bpy.app.handlers.load_post.append(_forget)


def unregister() -> None:
    """Look no more."""
    bpy.app.handlers.load_post.remove(_forget)
    window.stop_timer(_look)
    _forget()
