# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: which interpreter has the engine, and where it computes.

None of this lies in a .blend, so that a file from elsewhere can't name a program to run.
"""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from . import choices, disk, engine, jobs
from .panels.words import sentence

DEVICES = (
    ("auto", "Automatic", "A GPU if the engine finds one, else the processor"),
    ("cpu", "Processor", "Compute on the processor"),
    ("cuda", "NVIDIA GPU", "Compute on an NVIDIA GPU"),
    ("mps", "Apple GPU", "Compute on an Apple GPU"),
)
UNKNOWN = "No interpreter with the engine is known: run install_addon.py, or choose one."


class LandscapePreferences(bpy.types.AddonPreferences):
    """What the add-on keeps for this user."""

    bl_idname = choices.PACKAGE

    interpreter: StringProperty(
        name="Engine's Python",
        description="Python interpreter that has landscape_engine; empty: the one that "
        "install_addon.py recorded",
        subtype="FILE_PATH",
    )
    device: EnumProperty(name="Device", description="Where the engine computes", items=DEVICES)
    bundle: StringProperty(
        name="Weights",
        description="Folder of a bundle of weights; empty: the one that ships with the engine",
        subtype="DIR_PATH",
    )
    idle_minutes: IntProperty(
        name="Idle Minutes",
        description="Minutes without a job after which the engine exits and frees its memory",
        default=choices.IDLE_MINUTES,
        min=1,
        soft_max=120,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "interpreter")
        layout.prop(self, "device")
        layout.prop(self, "bundle")
        layout.prop(self, "idle_minutes")
        client = engine.client_if_any()
        if client and client.state == "busy":
            sentence(layout, context, "Changes take effect when the engine is idle.")
        layout.operator("landscape.check_engine", icon="CHECKMARK")
        found = choices.interpreter(disk.kept)
        if found:
            sentence(layout, context, f"The engine runs in '{found}'.")
        elif found == "":
            sentence(layout, context, UNKNOWN)
        checked = jobs.latest(None)
        if checked:
            sentence(layout, context, f"{checked.name}: {checked.message or checked.stage}")


classes = (LandscapePreferences,)
