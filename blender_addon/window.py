# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's window: its panels drawn anew, its undo history, its playback and its timers.

Without a window nothing of this happens: timers never fire there, and one that is left registered
lets some Blenders hang at their end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent

JUST_S = 0.5  # within which a playback has just ended

Timer = Callable[[], float | None]  # gives the seconds until its next call; None ends it

_stopped_at = -math.inf  # when a playback ended last


def redraw() -> None:
    """Draw the panels anew."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


def redraw_views() -> None:
    """Draw the 3D views anew, with all that is in them."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def redraw_status_bars() -> None:
    """Draw Blender's status bars anew, but for windows in which a tool writes there."""
    for window in bpy.context.window_manager.windows:
        if not window.modal_operators:
            with bpy.context.temp_override(window=window):
                window.workspace.status_text_set_internal(None)


def push_undo(message: str) -> None:
    """Make what was just done one step of the undo history."""
    windows = bpy.context.window_manager.windows
    if bpy.app.background or not windows:
        return
    with bpy.context.temp_override(window=windows[0]):
        bpy.ops.ed.undo_push(message=message)


def is_playing() -> bool:
    """Whether a playback runs."""
    return any(w.screen.is_animation_playing for w in bpy.context.window_manager.windows)


def was_playing() -> bool:
    """Whether a playback runs or has just ended: the key that ends it reaches others afterwards."""
    return is_playing() or time.monotonic() - _stopped_at < JUST_S


def play() -> None:
    """Start the playback, if it doesn't run."""
    windows = bpy.context.window_manager.windows
    if bpy.app.background or not windows or is_playing():
        return
    with bpy.context.temp_override(window=windows[0]):
        bpy.ops.screen.animation_play()


def start_timer(timer: Timer, after_s: float) -> None:
    """Call a function after some seconds, and on; one that runs already goes on as it does."""
    if not bpy.app.background and not bpy.app.timers.is_registered(timer):
        bpy.app.timers.register(timer, first_interval=after_s, persistent=True)


def stop_timer(timer: Timer) -> None:
    """Call it no more."""
    if bpy.app.timers.is_registered(timer):
        bpy.app.timers.unregister(timer)


@persistent
def _note_stop(*_: Any) -> None:
    global _stopped_at
    _stopped_at = time.monotonic()


def register() -> None:
    """Watch playbacks ending."""
    bpy.app.handlers.animation_playback_post.append(_note_stop)


def unregister() -> None:
    """Stop watching."""
    bpy.app.handlers.animation_playback_post.remove(_note_stop)
