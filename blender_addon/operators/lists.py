# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of regions, keys, patches and results: an item more, an item less."""

from __future__ import annotations

from typing import Any, NamedTuple

import bpy
from bpy.props import EnumProperty

from ..errors import AddonError
from ..properties import overrides
from . import subject
from .subject import OnSubject, reporting


class List(NamedTuple):
    """Where a list lies in an object's settings."""

    group: str
    items: str
    active: str
    name: str  # of a new item


LISTS = {
    "REGIONS": List("regions", "region_items", "region_active", "Region"),
    "KEYS": List("appearance", "key_items", "key_active", "Key"),
    "PATCHES": List("appearance", "patch_items", "patch_active", "Patch"),
    "RESULTS": List("", "results", "result_active", "Result"),
}
CHOICES = tuple((name, name.title(), "") for name in LISTS)


def group_of(settings: Any, name: str) -> Any:
    """The settings that hold a list."""
    return getattr(settings, LISTS[name].group) if LISTS[name].group else settings


def remove_chosen(settings: Any, name: str) -> None:
    """Remove the chosen item from a list.

    Raises:
        AddonError: none is chosen, or it belongs to the .blend that the data is linked from.
    """
    kept, group = LISTS[name], group_of(settings, name)
    items, index = getattr(group, kept.items), getattr(group, kept.active)
    if not 0 <= index < len(items):
        raise AddonError("nothing is chosen in the list.")
    linked = overrides.linked_settings(settings)
    if linked and index < len(getattr(group_of(linked, name), kept.items)):
        raise AddonError(
            f"'{items[index].name}' belongs to '{linked.id_data.library.filepath}', which "
            f"'{settings.id_data.name}' is linked from; remove it there."
        )
    items.remove(index)
    setattr(group, kept.active, max(0, min(index, len(items) - 1)))


class LANDSCAPE_OT_add_item(OnSubject, bpy.types.Operator):
    """Add an item to this list; a key is added at the playhead"""

    bl_idname = "landscape.add_item"
    bl_label = "Add"
    bl_options = {"REGISTER", "UNDO"}

    list: EnumProperty(name="List", items=CHOICES[:3])

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it, and choose it."""
        settings = subject.of(context).landscape
        kept, group = LISTS[self.list], group_of(settings, self.list)
        items = getattr(group, kept.items)
        if self.list == "KEYS":
            self._add_key(context, settings, items)
        else:
            items.add().name = f"{kept.name} {len(items) + 1}"
        setattr(group, kept.active, len(items) - 1)
        return {"FINISHED"}

    def _add_key(self, context: bpy.types.Context, settings: Any, items: Any) -> None:
        frame = context.scene.frame_current - context.scene.frame_start
        if not 0 <= frame < settings.clip.frames:
            raise AddonError(
                f"the playhead is at frame {frame} of the clip; expected 0 to "
                f"{settings.clip.frames - 1}: move it into the clip."
            )
        if any(item.frame == frame for item in items):
            raise AddonError(f"frame {frame} of the clip has a key; move the playhead.")
        item = items.add()
        item.frame = frame
        settings.appearance.code_from = "KEYS"


class LANDSCAPE_OT_remove_item(OnSubject, bpy.types.Operator):
    """Remove the chosen item from this list; files stay"""

    bl_idname = "landscape.remove_item"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}

    list: EnumProperty(name="List", items=CHOICES)

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        remove_chosen(subject.of(context).landscape, self.list)
        return {"FINISHED"}


classes = (LANDSCAPE_OT_add_item, LANDSCAPE_OT_remove_item)
