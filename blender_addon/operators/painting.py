# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks painted on the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty

from .. import datablocks, job_documents, jobs, masks, window
from ..errors import AddonError
from . import subject
from .subject import JobOperator, OnSubject, reporting


class LANDSCAPE_OT_paint_mask(OnSubject, bpy.types.Operator):
    """Paint a mask on the picture; it is seen as a veil of color"""

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
            mask = masks.made_for(obj, label)
            setattr(holder, name, mask)
        if masks.keeping.is_paintable(mask):
            masks.brush.start(context, obj, mask)
            return {"FINISHED"}
        masks.keeping.check(mask)
        width, height = masks.keeping.paintable_size(*mask.size)
        self.report(
            {"INFO"},
            f"the mask '{mask.name}' ({mask.size[0]} × {mask.size[1]} pixels) stays as it is; the "
            f"brush paints a copy, 8 bits deep, of {width} × {height} pixels.",
        )
        masks.copying.start(obj, mask, _start_brush)
        # In a window the copy comes later, with a step of undo of its own
        return {"FINISHED"} if bpy.app.background else {"CANCELLED"}

    def _holder(self, obj: bpy.types.Object) -> tuple[bpy.types.PropertyGroup, str, str]:
        """The settings that name the mask, their property, and how the mask is called."""
        regions = obj.landscape.regions
        if self.kind != "REGION":
            return regions, f"{self.kind.lower()}_image", f"{self.kind.lower()} mask"
        if not 0 <= regions.region_active < len(regions.region_items):
            raise AddonError("no region is chosen; add one to the list first.")
        item = regions.region_items[regions.region_active]
        return item, "mask", item.name


def _start_brush(obj: bpy.types.Object, mask: bpy.types.Image) -> None:
    """Start the brush on a copy, unless another object is active by now."""
    if bpy.context.object == obj:
        masks.brush.start(bpy.context, obj, mask)
    window.push_undo(LANDSCAPE_OT_paint_mask.bl_label)


class LANDSCAPE_OT_end_painting(OnSubject, bpy.types.Operator):
    """Stop painting, and keep the masks in the .blend"""

    bl_idname = "landscape.end_painting"
    bl_label = "Done Painting"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Keep what was painted, and put back what the brush changed."""
        masks.brush.stop(context.scene)
        if subject.of(context).mode == masks.brush.MODE:
            bpy.ops.object.mode_set(mode="OBJECT")
        return {"FINISHED"}


class LANDSCAPE_OT_show_found(JobOperator, bpy.types.Operator):
    """Show in colors what is found to move, sky and water or your masks; once more hides it"""

    bl_idname = "landscape.show_found"
    bl_label = "Show What Moves"
    shows_frames = True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Hide it where it is shown; else ask for it."""
        if masks.found.shown_on(context.object):
            masks.found.hide(context.object)
            return {"FINISHED"}
        return super().invoke(context, event)

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Ask for the regions."""
        notes: list[str] = []
        task = {
            "task": "regions",
            "picture": subject.picture(obj),
            "upright": False,  # as Blender shows it
            "profile": False,
            "regions": job_documents.regions(context, obj, notes),
        }
        uid = datablocks.uid_of(obj)

        def finish(result: dict[str, Any]) -> str:
            masks.found.show(datablocks.object_of(uid), Path(result["path"]))
            return masks.found.told(result["regions"], result["still"])

        return jobs.start(task, self.bl_label, obj, finish, notes)


classes = (LANDSCAPE_OT_paint_mask, LANDSCAPE_OT_end_painting, LANDSCAPE_OT_show_found)
