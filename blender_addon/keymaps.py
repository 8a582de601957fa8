# SPDX-License-Identifier: GPL-3.0-or-later
"""ESC over a 3D view cancels what runs; while nothing does, the key goes to whom it belongs."""

from __future__ import annotations

import bpy

_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Add the key; without a window there are no keys."""
    config = bpy.context.window_manager.keyconfigs.addon
    if config is None:
        return
    keymap = config.keymaps.new(name="3D View", space_type="VIEW_3D")
    _added.append((keymap, keymap.keymap_items.new("landscape.cancel", "ESC", "PRESS")))


def unregister() -> None:
    """Remove it."""
    for keymap, item in _added:
        keymap.keymap_items.remove(item)
    _added.clear()
