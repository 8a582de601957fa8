# SPDX-License-Identifier: GPL-3.0-or-later
"""What all panels have in common, and the list with its two buttons."""

from __future__ import annotations

from typing import Any

import bpy

from .. import disk, image_exchange, results
from .words import sentence


class Tab:
    """A panel of the tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Landscape"


class WithPicture:
    """What is shown for an object with a picture alone."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a picture to animate."""
        return not image_exchange.source_problem(context.object, disk.kept)


class SubjectTab(WithPicture, Tab):
    """A panel of the tab for an object with a picture."""


class AdvancedTab(SubjectTab):
    """A panel among the advanced ones, closed at first."""

    bl_parent_id = "LANDSCAPE_PT_advanced"
    bl_options = {"DEFAULT_CLOSED"}


def frame_size(layout: bpy.types.UILayout, clip: Any) -> None:
    """The size of a clip's frames."""
    layout.prop(clip, "size_from")
    if clip.size_from == "SIDE":
        layout.prop(clip, "side")
    elif clip.size_from == "EXACT":
        column = layout.column(align=True)
        column.prop(clip, "width")
        column.prop(clip, "height")


def save_first(layout: bpy.types.UILayout, context: bpy.types.Context, settings: Any) -> None:
    """A button that saves the .blend, where the frames go beside one that never was."""
    if results.needs_saved_file(settings.output.folder):
        sentence(layout, context, results.SAVE_FIRST, "INFO")
        row = layout.row()
        row.operator_context = "INVOKE_DEFAULT"  # asks for a name
        row.operator("wm.save_mainfile", text="Save…", icon="FILE_TICK")


def automatic_row(
    layout: bpy.types.UILayout, group: Any, name: str, heading: str, automatic: str
) -> None:
    """A number that may be automatic: a checkbox with the value there is then, or the number.

    Args:
        layout: where.
        group: the settings.
        name: the number's property.
        heading: its label.
        automatic: the value where it is automatic.
    """
    row = layout.row(heading=heading)
    if getattr(group, f"{name}_automatic"):
        row.prop(group, f"{name}_automatic", text=f"Automatic ({automatic})")
        return
    row.prop(group, f"{name}_automatic", text="")
    row.prop(group, name, text="")


def editable_list(
    layout: bpy.types.UILayout, kind: str, drawn_by: str, group: Any, items: str, active: str
) -> None:
    """A list with + and −."""
    row = layout.row()
    row.template_list(drawn_by, "", group, items, group, active, rows=2)
    column = row.column(align=True)
    if kind != "RESULTS":
        column.operator("landscape.add_item", text="", icon="ADD").list = kind
    column.operator("landscape.remove_item", text="", icon="REMOVE").list = kind


def chosen(group: Any, items: str, active: str) -> Any:
    """The item that is chosen in a list, or None."""
    collection, index = getattr(group, items), getattr(group, active)
    return collection[index] if 0 <= index < len(collection) else None
