# SPDX-License-Identifier: GPL-3.0-or-later
"""Landscape: one picture on a plane becomes a seamless animated texture.

The engine runs in a process of its own (`engine_client`), never in Blender's.

    panels       what the artist sees
    operators    what the buttons do
    jobs         what runs in the engine; engine is the connection to it
    job_documents, annotations, image_exchange
                 Blender's data as plain data, and frames as Blender's data
"""

# No `from __future__ import annotations` here: it would stand for the module of that name.
import bpy

from . import (
    annotations,
    disk,
    jobs,
    keymaps,
    masks,
    operators,
    outlines,
    panels,
    preferences,
    presets,
    previews,
    properties,
    results,
    window,
)
from .image_exchange import (  # Blender's glTF exporter looks for them here
    glTF2_post_export_callback as glTF2_post_export_callback,
)
from .image_exchange import glTF2_pre_export_callback as glTF2_pre_export_callback

CLASSES = (
    *preferences.classes,
    *properties.classes,
    *operators.classes,
    *presets.classes,
    *panels.classes,
)
# what registers more than classes
PARTS = (
    window,
    disk,
    properties,
    presets,
    previews,
    results,
    jobs,
    keymaps,
    panels.progress,
    panels.doors,
    annotations.arrow_heads,
    masks,
    outlines,
)


def register() -> None:
    """Put the add-on into Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    for part in PARTS:
        part.register()


def unregister() -> None:
    """Take it out again; its process ends."""
    for part in reversed(PARTS):
        part.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
