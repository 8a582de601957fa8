# SPDX-License-Identifier: GPL-3.0-or-later
"""How the light changes."""

from __future__ import annotations

import bpy

from .frame import AdvancedTab, automatic_row, chosen, editable_list


def sequence(layout: bpy.types.UILayout, light: bpy.types.PropertyGroup) -> None:
    """Where the looks come from, and what that needs."""
    if light.code_from == "POSITION":
        layout.prop(light, "position", slider=True)
    elif light.code_from == "FILE":
        layout.prop(light, "code_file")
    elif light.code_from == "REFERENCE":
        layout.template_ID(light, "reference", open="image.open")


class LANDSCAPE_PT_light(AdvancedTab, bpy.types.Panel):
    """How the light changes"""

    bl_label = "Light"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, light = self.layout, context.object.landscape.appearance
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(light, "kind")
        column = layout.column()
        column.active = light.kind != "off"
        column.prop(light, "cycles")
        automatic_row(column, light, "codes", "Looks", "All")
        column.prop(light, "stars_percent", slider=True)
        keyed = column.column()
        keyed.active = light.kind == "keyed"
        keyed.prop(light, "windows_percent", slider=True)
        keyed.prop(light, "relative")
        keyed.prop(light, "anchor")
        keyed.prop(light, "correct")


class LANDSCAPE_PT_keys(AdvancedTab, bpy.types.Panel):
    """Looks at single frames, and colors of patches"""

    bl_label = "Keys and Patches"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, light = self.layout, context.object.landscape.appearance
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.label(text="Keys")
        keys = ("key_items", "key_active")
        editable_list(layout, "KEYS", "LANDSCAPE_UL_keys", light, *keys)
        item = chosen(light, *keys)
        if item:
            _key(layout, item)
        layout.label(text="Patches")
        patches = ("patch_items", "patch_active")
        editable_list(layout, "PATCHES", "LANDSCAPE_UL_patches", light, *patches)
        layout.operator("landscape.place_patch", icon="EYEDROPPER")
        item = chosen(light, *patches)
        if item:
            for name in ("center", "radius_percent", "color"):
                layout.prop(item, name)
            layout.prop(light, "patch_half_way")
            row = layout.row()
            row.active = not light.patch_half_way
            row.prop(light, "patch_frame")
            layout.operator("landscape.fit_patches", icon="CURVE_PATH")


def _key(layout: bpy.types.UILayout, item: bpy.types.PropertyGroup) -> None:
    layout.prop(item, "frame")
    layout.prop(item, "value_from")
    if item.value_from == "POSITION":
        layout.prop(item, "position", slider=True)
    elif item.value_from == "REFERENCE":
        layout.template_ID(item, "reference", open="image.open")
    elif item.value_from == "FILE":
        layout.prop(item, "code_file")


class LANDSCAPE_UL_keys(bpy.types.UIList):
    """Keys by their frames"""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:
        """Draw one."""
        row = layout.row()
        row.prop(item, "frame", text="Frame", emboss=False)
        row.prop(item, "value_from", text="", emboss=False)


class LANDSCAPE_UL_patches(bpy.types.UIList):
    """Patches by their names and colors"""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:
        """Draw one."""
        row = layout.row()
        row.prop(item, "name", text="", emboss=False)
        row.prop(item, "color", text="")


classes = (
    LANDSCAPE_UL_keys,
    LANDSCAPE_UL_patches,
    LANDSCAPE_PT_light,
    LANDSCAPE_PT_keys,
)
