# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's application handlers, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import bpy

Handlers = Sequence[tuple[str, Callable[..., Any]]]  # the list in `bpy.app.handlers`, and who


def watch(handlers: Handlers) -> None:
    """Have them called from now on, in this order."""
    for name, handler in handlers:
        getattr(bpy.app.handlers, name).append(handler)


def unwatch(handlers: Handlers) -> None:
    """Have them called no more."""
    for name, handler in handlers:
        getattr(bpy.app.handlers, name).remove(handler)
