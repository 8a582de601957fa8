# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrows and patches: drawn on the picture, and fitted to codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy_extras import view3d_utils

from .. import annotations, datablocks, image_exchange, job_documents, jobs, results, window
from ..errors import AddonError
from ..properties.appearance import center_property, color_property, radius_property
from . import subject
from .subject import JobOperator, OnSubject, reporting


class LANDSCAPE_OT_draw_arrows(OnSubject, bpy.types.Operator):
    """Draw arrows on the picture in the directions of motion; each stroke is an arrow"""

    bl_idname = "landscape.draw_arrows"
    bl_label = "Draw Arrows"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the drawing tool."""
        annotations.start_drawing(context, subject.of(context))
        subject.show_textures(self, context)
        return {"FINISHED"}


class LANDSCAPE_OT_done_drawing(bpy.types.Operator):
    """Draw no more arrows; the tool that selects is active again"""

    bl_idname = "landscape.done_drawing"
    bl_label = "Done Drawing"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while strokes become arrows."""
        return annotations.is_drawing(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the other tool."""
        annotations.stop_drawing(context)
        return {"FINISHED"}


class LANDSCAPE_OT_clear_arrows(OnSubject, bpy.types.Operator):
    """Remove the arrows that were drawn with Draw Arrows"""

    bl_idname = "landscape.clear_arrows"
    bl_label = "Clear Arrows"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove them."""
        annotations.clear_arrows(subject.of(context), context)
        return {"FINISHED"}


class _Fit(JobOperator):
    """Fits a code and names its file in the settings."""

    kind = ""  # motion or appearance

    def wish(self, context: bpy.types.Context, obj: bpy.types.Object, notes: list[str]) -> dict:
        """The fields of the task that say what the code should do."""
        raise NotImplementedError

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Ask for a code."""
        notes: list[str] = []
        wish = self.wish(context, obj, notes)
        folder = results.output_folder(obj.landscape.output.folder)
        target = folder / f"{results.file_name(obj)}-{self.kind}.json"
        picture = subject.picture(obj)
        uid, kind = datablocks.uid_of(obj), self.kind

        def finish(result: dict[str, Any]) -> str:
            settings = getattr(datablocks.object_of(uid).landscape, kind)
            settings.code_from = "FILE"
            settings.code_file = image_exchange.portable(Path(result["path"]))
            window.push_undo("Fit Code")
            return f"the code is in '{settings.code_file}'."

        task = {
            "task": "fit",
            "picture": picture,
            "upright": False,
            "profile": False,
            "out": str(target),
        }
        task.update(wish)
        return jobs.start(task, self.bl_label, obj, finish, notes)


class LANDSCAPE_OT_fit_arrows(_Fit, bpy.types.Operator):
    """Fit one motion code to all arrows, and save it to a file"""

    bl_idname = "landscape.fit_arrows"
    bl_label = "Fit Code to Arrows"
    kind = "motion"

    def wish(self, context: bpy.types.Context, obj: bpy.types.Object, notes: list[str]) -> dict:
        """The arrows on the object."""
        arrows = job_documents.arrows(context, obj, notes)
        if not arrows:
            raise AddonError(f"no arrows lie on '{obj.name}'; draw some with Draw Arrows.")
        return {"arrows": arrows}


class LANDSCAPE_OT_fit_patches(_Fit, bpy.types.Operator):
    """Fit one appearance code to all patches, and save it to a file"""

    bl_idname = "landscape.fit_patches"
    bl_label = "Fit Code to Patches"
    kind = "appearance"

    def wish(self, context: bpy.types.Context, obj: bpy.types.Object, notes: list[str]) -> dict:
        """The patches of the object."""
        patches = [job_documents.patch(item) for item in obj.landscape.appearance.patch_items]
        if not patches:
            raise AddonError(f"'{obj.name}' has no patches; place one with Place Patch.")
        return {"patches": patches}


class LANDSCAPE_OT_place_patch(OnSubject, bpy.types.Operator):
    """Click on the picture to place a patch, whose color you then choose"""

    bl_idname = "landscape.place_patch"
    bl_label = "Place Patch"
    bl_options = {"REGISTER", "UNDO"}

    center: center_property()
    radius: radius_property()
    color: color_property()

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the patch to the list, and let the light go by it."""
        settings = subject.of(context).landscape.appearance
        item = settings.patch_items.add()
        item.name = f"Patch {len(settings.patch_items)}"
        item.center, item.radius, item.color = self.center, self.radius, self.color
        settings.patch_active = len(settings.patch_items) - 1
        settings.code_from = "KEYS"
        if settings.kind == "off":
            settings.kind = "keyed"
        return {"FINISHED"}

    @reporting
    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Wait for the click."""
        subject.of(context)
        if context.area is None or context.area.type != "VIEW_3D":
            raise AddonError("patches are placed in a 3D view; press the button in one.")
        context.window.cursor_modal_set("CROSSHAIR")
        context.workspace.status_text_set("Click on the picture to place a patch; ESC: stop")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    @reporting
    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take the click."""
        if event.type in {"ESC", "RIGHTMOUSE"}:
            self._end(context)
            return {"CANCELLED"}
        if event.type != "LEFTMOUSE" or event.value != "PRESS":
            return {"PASS_THROUGH"}
        self._end(context)
        self.center = _clicked(context, subject.of(context), event)
        return self.execute(context)

    def _end(self, context: bpy.types.Context) -> None:
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)


def _clicked(
    context: bpy.types.Context, obj: bpy.types.Object, event: bpy.types.Event
) -> tuple[float, float]:
    """The place of the picture under the mouse.

    Raises:
        AddonError: the mouse isn't over the object.
    """
    area = context.area
    region = next(region for region in area.regions if region.type == "WINDOW")
    view = area.spaces.active.region_3d
    at = (event.mouse_x - region.x, event.mouse_y - region.y)
    origin = view3d_utils.region_2d_to_origin_3d(region, view, at)
    direction = view3d_utils.region_2d_to_vector_3d(region, view, at)
    place = annotations.seen_at(obj, context, origin, direction)
    if place is None:
        raise AddonError(f"the click was not on '{obj.name}'; click on the picture.")
    return place


classes = (
    LANDSCAPE_OT_draw_arrows,
    LANDSCAPE_OT_done_drawing,
    LANDSCAPE_OT_clear_arrows,
    LANDSCAPE_OT_fit_arrows,
    LANDSCAPE_OT_fit_patches,
    LANDSCAPE_OT_place_patch,
)
