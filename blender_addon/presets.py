# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: an object's settings under a name, without what belongs to one picture alone."""

from __future__ import annotations

from pathlib import Path

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from . import properties

SHIPPED = Path(__file__).parent / "shipped"  # has the folder presets/landscape
FOLDER = "landscape"
GROUPS = {
    "clip": properties.ClipProperties,
    "motion": properties.MotionProperties,
    "loop": properties.LoopProperties,
    "appearance": properties.AppearanceProperties,
    "output": properties.OutputProperties,
}
SHOWN_AS = {"changes"}  # another way to see a setting
NOT_KEPT = ("_items", "_active", "_percent", "_automatic")
OF_ONE_PICTURE = {"code_file", "arrows_from", "reference", "folder"}


def kept() -> list[str]:
    """The settings that a preset keeps, as `clip.frames`."""
    return [
        f"{group}.{name}"
        for group, cls in GROUPS.items()
        for name in cls.__annotations__
        if name not in OF_ONE_PICTURE | SHOWN_AS and not name.endswith(NOT_KEPT)
    ]


class LANDSCAPE_MT_presets(bpy.types.Menu):
    """The presets there are"""

    bl_label = "Landscape Presets"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    draw = bpy.types.Menu.draw_preset


class LANDSCAPE_PT_presets(PresetPanel, bpy.types.Panel):
    """The presets, from the head of the panel"""

    bl_label = "Landscape Presets"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "landscape.add_preset"


class LANDSCAPE_OT_add_preset(AddPresetBase, bpy.types.Operator):
    """Save these settings as a preset, or remove a preset"""

    bl_idname = "landscape.add_preset"
    bl_label = "Add Landscape Preset"
    preset_menu = "LANDSCAPE_MT_presets"
    preset_subdir = FOLDER
    preset_defines = ["settings = bpy.context.object.landscape"]

    @property
    def preset_values(self) -> list[str]:
        """What is written down."""
        return [f"settings.{name}" for name in kept()]


classes = (LANDSCAPE_MT_presets, LANDSCAPE_PT_presets, LANDSCAPE_OT_add_preset)


def register() -> None:
    """Add the presets that ship to Blender's."""
    bpy.utils.register_preset_path(str(SHIPPED))


def unregister() -> None:
    """Take them away."""
    bpy.utils.unregister_preset_path(str(SHIPPED))
