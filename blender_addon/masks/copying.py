# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a mask that the brush can't paint: one that is too large, or a floating-point one."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from .. import datablocks, image_exchange, window
from ..errors import AddonError
from . import keeping

STEP_S = 0.005  # between two steps: the window has its turn

Done = Callable[[bpy.types.Object, bpy.types.Image], None]

_steps: image_exchange.Steps[None] | None = None  # the copy that is being made; there is one


def start(obj: bpy.types.Object, mask: bpy.types.Image, done: Done) -> None:
    """Make a copy between redraws, or at once without a window; `done` gets the object and it.

    Another copy that is being made is given up.

    Raises:
        AddonError: without a window, where the mask can't be read.
    """
    global _steps
    if _steps is not None:
        _steps.close()
    _steps = _copied(obj, mask, done)
    if bpy.app.background:
        image_exchange.at_once(_steps)
        _steps = None
    else:
        window.start_timer(_tick, STEP_S)


def _copied(obj: bpy.types.Object, mask: bpy.types.Image, done: Done) -> image_exchange.Steps[None]:
    numbers = datablocks.uid_of(obj), datablocks.uid_of(mask)
    size = keeping.paintable_size(*mask.size)
    content = yield from image_exchange.smaller_mask(mask, *size)
    yield
    obj, mask = datablocks.object_of(numbers[0]), datablocks.image_of(numbers[1])
    if obj is None or mask is None or mask not in keeping.of(obj):
        return  # taken back meanwhile
    copy = keeping.new(f"{mask.name} painted", size)
    keeping.put(copy, content)
    keeping.replace(obj, mask, copy)
    yield
    done(obj, copy)


def _tick() -> float | None:
    global _steps
    try:
        next(_steps)
    except (StopIteration, AddonError):  # the mask was removed: there is nothing to paint
        _steps = None
        return None
    return STEP_S


def unregister() -> None:
    """Give up what is being made."""
    global _steps
    window.stop_timer(_tick)
    if _steps is not None:
        _steps.close()
    _steps = None


def register() -> None:
    """Nothing is watched."""
