# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks painted on the picture."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from .. import image_exchange
from ..errors import AddonError
from . import subject
from .subject import OnSubject, reporting

LONGEST_SIDE_PX = 4096  # of a mask


class LANDSCAPE_OT_paint_mask(OnSubject, bpy.types.Operator):
    """Paint a mask on the object in white"""

    bl_idname = "landscape.paint_mask"
    bl_label = "Paint Mask"
    bl_options = {"REGISTER", "UNDO"}

    kind: EnumProperty(
        name="Mask",
        items=(
            ("STILL", "Still Mask", "Where all stays still"),
            ("MOVING", "Moving Mask", "Where things move"),
            ("REGION", "Region", "Where the chosen region is"),
        ),
    )

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the mask, if there is none, and start the brush on it."""
        obj = subject.of(context)
        holder, name, label = self._holder(obj)
        mask = getattr(holder, name)
        if mask is None:
            mask = _black_mask(obj, label)
            setattr(holder, name, mask)
        if not bpy.app.background:
            _start_painting(context, mask)
        return {"FINISHED"}

    def _holder(self, obj: bpy.types.Object) -> tuple[bpy.types.PropertyGroup, str, str]:
        """The settings that name the mask, their property, and how the mask is called."""
        regions = obj.landscape.regions
        if self.kind != "REGION":
            return regions, f"{self.kind.lower()}_image", f"{self.kind.lower()} mask"
        if not 0 <= regions.region_active < len(regions.region_items):
            raise AddonError("no region is chosen; add one to the list first.")
        item = regions.region_items[regions.region_active]
        return item, "mask", item.name


def _black_mask(obj: bpy.types.Object, label: str) -> bpy.types.Image:
    """A black image of the picture's aspect, saved inside the .blend."""
    width, height = image_exchange.picture_of(obj).size
    shrink = min(1.0, LONGEST_SIDE_PX / max(width, height))
    mask = bpy.data.images.new(
        f"{obj.name} {label}", max(2, round(width * shrink)), max(2, round(height * shrink))
    )
    mask.generated_color = (0, 0, 0, 1)
    mask.colorspace_settings.name = "Non-Color"
    mask.pack()
    return mask


def _start_painting(context: bpy.types.Context, mask: bpy.types.Image) -> None:
    """Start the texture brush in white on the mask, and show the mask in the view."""
    paint = context.scene.tool_settings.image_paint
    paint.mode, paint.canvas = "IMAGE", mask
    if context.object.mode != "TEXTURE_PAINT":
        bpy.ops.object.mode_set(mode="TEXTURE_PAINT")
    if paint.brush:
        paint.brush.color = (1, 1, 1)
    unified = getattr(paint, "unified_paint_settings", None)
    unified = unified or context.scene.tool_settings.unified_paint_settings
    unified.color = (1, 1, 1)
    if context.space_data and context.space_data.type == "VIEW_3D":
        context.space_data.shading.type = "SOLID"
        context.space_data.shading.light = "FLAT"
        context.space_data.shading.color_type = "TEXTURE"


class LANDSCAPE_OT_end_painting(OnSubject, bpy.types.Operator):
    """Stop painting, and save the mask in the .blend"""

    bl_idname = "landscape.end_painting"
    bl_label = "Done Painting"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Keep what was painted."""
        obj = subject.of(context)
        canvas = context.scene.tool_settings.image_paint.canvas
        if canvas and canvas.is_dirty:
            canvas.pack()
        if obj.mode == "TEXTURE_PAINT":
            bpy.ops.object.mode_set(mode="OBJECT")
        return {"FINISHED"}


classes = (LANDSCAPE_OT_paint_mask, LANDSCAPE_OT_end_painting)
