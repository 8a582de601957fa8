# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop, the files, and what was made."""

from __future__ import annotations

import bpy

from .. import disk, image_exchange, job_documents
from .frame import AdvancedTab, automatic_row, chosen, editable_list, frame_size


class LANDSCAPE_PT_loop(AdvancedTab, bpy.types.Panel):
    """Length, size and files of the clip"""

    bl_label = "Loop and Output"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, obj = self.layout, context.object
        settings = obj.landscape
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings.loop, "kind")
        column = layout.column()
        column.active = settings.loop.kind != "none"
        period = job_documents.usual_period(settings.clip.frames)
        automatic_row(column, settings.loop, "frames", "Period", str(period))
        column = layout.column()
        column.active = settings.loop.kind == "two-phase"
        column.prop(settings.loop, "blend")
        column.prop(settings.loop, "phase_noise_percent", slider=True)
        if settings.loop.kind == "crossfade":
            layout.prop(settings.loop, "start")
        layout.prop(settings.loop, "sampling")
        layout.separator()
        frame_size(layout, obj.landscape.clip)
        layout.prop(obj.landscape.clip, "wrap")
        picture = image_exchange.picture_of(obj, disk.kept)
        width, height = job_documents.frame_size(obj.landscape.clip, tuple(picture.size))
        layout.label(text=f"Frames of {width} × {height} pixels")
        layout.prop(settings.output, "format")
        if settings.output.format == "mp4":
            layout.prop(settings.output, "ten_bits")
        for name in ("folder", "colorspace", "match_range"):
            layout.prop(settings.output, name)


class LANDSCAPE_PT_results(AdvancedTab, bpy.types.Panel):
    """Results of this picture"""

    bl_label = "Results"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, settings = self.layout, context.object.landscape
        lists = ("results", "result_active")
        editable_list(layout, "RESULTS", "LANDSCAPE_UL_results", settings, *lists)
        item = chosen(settings, *lists)
        if item:
            layout.operator("landscape.show_result", icon="IMAGE_DATA").index = -1
            if item.image:
                layout.prop(item.image, "filepath", text="")
            layout.menu("LANDSCAPE_MT_add_result", icon="ADD")
        layout.operator("landscape.load_frames", icon="FILE_FOLDER")


class LANDSCAPE_PT_live(AdvancedTab, bpy.types.Panel):
    """The loop that the material plays by itself"""

    bl_label = "Live"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, obj = self.layout, context.object
        layout.use_property_split = True
        layout.operator("landscape.live", icon="PLAY")
        node = image_exchange.shown_live_loop(obj)
        if node is None:
            if image_exchange.has_live_loop(obj):
                layout.operator("landscape.show_live", icon="LOOP_FORWARDS")
            return
        column = layout.column()
        for name in image_exchange.LIVE_SETTINGS:
            if name in node.inputs:
                column.prop(node.inputs[name], "default_value", text=name)


class LANDSCAPE_UL_results(bpy.types.UIList):
    """Results by their names"""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property) -> None:
        """Draw one."""
        row = layout.row()
        row.prop(item, "name", text="", emboss=False)
        row.label(text=f"{item.frames} frames")


classes = (LANDSCAPE_UL_results, LANDSCAPE_PT_loop, LANDSCAPE_PT_live, LANDSCAPE_PT_results)
