# SPDX-License-Identifier: GPL-3.0-or-later
"""ESC over a 3D view or its sidebar cancels the jobs of the active object.

It stops playback, too, and ends many tools: while something plays the key goes to whom it belongs,
and once a job is a few seconds old it asks first.
"""

from __future__ import annotations

import bpy

_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Add the key; without a window there are no keys."""
    config = bpy.context.window_manager.keyconfigs.addon
    if config is None:
        return
    # that of all regions of a 3D view
    keymap = config.keymaps.new(name="3D View Generic", space_type="VIEW_3D")
    _added.append((keymap, keymap.keymap_items.new("landscape.escape", "ESC", "PRESS")))


def unregister() -> None:
    """Remove it."""
    for keymap, item in _added:
        keymap.keymap_items.remove(item)
    _added.clear()
