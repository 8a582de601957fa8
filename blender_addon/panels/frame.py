# SPDX-License-Identifier: GPL-3.0-or-later
"""What all panels have in common, and the list with its two buttons."""

from __future__ import annotations

from typing import Any

import bpy

from .. import disk, image_exchange


class Tab:
    """A panel of the tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Landscape"


class SubjectTab(Tab):
    """A panel for an object with a picture."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a picture to animate."""
        return not image_exchange.source_problem(context.object, disk.kept)


def seed_row(layout: bpy.types.UILayout, clip: Any) -> None:
    """The seed, and a die."""
    row = layout.row(align=True)
    row.prop(clip, "seed")
    row.operator("landscape.roll_seed", text="", icon="FILE_REFRESH")


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
