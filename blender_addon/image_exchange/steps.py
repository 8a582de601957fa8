# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes long, as a generator of steps that a timer goes on with; the window has its turns."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TypeVar

Made = TypeVar("Made")
Steps = Generator[object, None, Made]  # something is made by and by
LONG_NEXT = "the next step takes long"  # what a step gives so that a turn ends before that one


def go_on(steps: Steps[Made], seconds: float) -> None:
    """Go on for some time, with one step at least; a long step begins a turn of its own.

    Raises:
        StopIteration: it is made.
    """
    until = time.monotonic() + seconds
    while next(steps) is not LONG_NEXT and time.monotonic() < until:
        pass


def at_once(steps: Steps[Made]) -> Made:
    """What steps come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
