# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's window: its panels drawn anew, its undo history, its playback and its timers.

Without a window nothing of this happens: timers never fire there, and one that is left registered
lets some Blenders hang at their end.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy

Timer = Callable[[], float | None]  # gives the seconds until its next call; None ends it


def redraw() -> None:
    """Draw the panels anew."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


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
