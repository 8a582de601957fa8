# SPDX-License-Identifier: GPL-3.0-or-later
"""How things move, and where."""

from __future__ import annotations

import bpy

from .. import masks
from . import words
from .frame import AdvancedTab, chosen, editable_list


def wind(layout: bpy.types.UILayout, motion: bpy.types.PropertyGroup) -> None:
    """Where the motion comes from, and what that needs."""
    layout.prop(motion, "code_from")
    if motion.code_from == "POSITION":
        layout.prop(motion, "position", slider=True)
    elif motion.code_from in {"FILE", "CLIP"}:
        layout.prop(motion, "code_file")


class LANDSCAPE_PT_motion(AdvancedTab, bpy.types.Panel):
    """How things move"""

    bl_label = "Motion"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, motion = self.layout, context.object.landscape.motion
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(motion, "kind")
        column = layout.column()
        column.active = motion.kind == "steady"
        column.prop(motion, "water")
        column.prop(motion, "ripple_percent")
        column.prop(motion, "layers")


class LANDSCAPE_PT_arrows(AdvancedTab, bpy.types.Panel):
    """Arrows that direct the motion"""

    bl_label = "Arrows"

    def draw_header(self, context: bpy.types.Context) -> None:
        """Whether they are followed."""
        self.layout.prop(context.object.landscape.motion, "use_arrows", text="")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, motion = self.layout, context.object.landscape.motion
        layout.active = motion.use_arrows
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(motion, "arrows_from")
        layout.prop(motion, "arrows_as")
        layout.operator("landscape.fit_arrows", icon="CURVE_PATH")


class LANDSCAPE_PT_regions(AdvancedTab, bpy.types.Panel):
    """Where things move"""

    bl_label = "Masks and Regions"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, regions = self.layout, context.object.landscape.regions
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.active = context.object.landscape.motion.kind == "steady"
        for name, kind in (("still_image", "STILL"), ("moving_image", "MOVING")):
            row = layout.row(align=True)
            row.prop(regions, name)
            _brush(row, context, kind, getattr(regions, name))
        row = layout.row(heading="Horizon")
        row.prop(regions, "use_horizon", text="")
        row = row.row()
        row.active = regions.use_horizon
        row.prop(regions, "horizon_percent", text="", slider=True)
        if context.object.mode == "TEXTURE_PAINT":
            layout.operator("landscape.end_painting", icon="CHECKMARK")
            if masks.brush.is_missing(context.scene):
                words.sentence(layout, context, masks.brush.NO_BRUSH, icon="ERROR")
        lists = ("region_items", "region_active")
        editable_list(layout, "REGIONS", "LANDSCAPE_UL_items", regions, *lists)
        item = chosen(regions, *lists)
        if item:
            _region(layout, context, item)


def _brush(
    row: bpy.types.UILayout, context: bpy.types.Context, kind: str, mask: bpy.types.Image | None
) -> None:
    """The button that paints a mask; it is pressed while it does."""
    painted = mask is not None and masks.veil.painted(context) == mask
    row.operator("landscape.paint_mask", text="", icon="BRUSH_DATA", depress=painted).kind = kind


def _region(
    layout: bpy.types.UILayout, context: bpy.types.Context, item: bpy.types.PropertyGroup
) -> None:
    row = layout.row(align=True)
    row.prop(item, "mask")
    _brush(row, context, "REGION", item.mask)
    layout.prop(item, "code_from")
    if item.code_from == "POSITION":
        layout.prop(item, "position", slider=True)
    elif item.code_from == "FILE":
        layout.prop(item, "code_file")
    for name in (
        "moves",
        "speed",
        "phase_percent",
        "ripple_percent",
        "sway_percent",
        "arrows_from",
    ):
        layout.prop(item, name)


class LANDSCAPE_UL_items(bpy.types.UIList):
    """Items by their names"""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:
        """Draw one."""
        layout.prop(item, "name", text="", emboss=False)


classes = (
    LANDSCAPE_UL_items,
    LANDSCAPE_PT_motion,
    LANDSCAPE_PT_arrows,
    LANDSCAPE_PT_regions,
)
