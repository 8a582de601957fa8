# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors: where else the tab's buttons are found: Add > Image, Object > Landscape, dropped files.

Menus are what Blender's search (F3) looks through.
"""

from __future__ import annotations

import bpy

from ..image_exchange import is_image_empty
from ..operators.adding import USES
from ..operators.pictures import ENDINGS

PICTURE_BUTTONS = (
    "landscape.preview",
    "landscape.animate",
    "landscape.live",
    "landscape.show_picture",
    "landscape.show_live",
    "landscape.load_frames",
    "landscape.find_frames",
)
ARROW_BUTTONS = (
    "landscape.draw_arrows",
    "landscape.done_drawing",
    "landscape.clear_arrows",
    "landscape.fit_arrows",
    "landscape.show_found",
)
BACKDROP_BUTTONS = tuple(
    f"landscape.{does}_{what}{end}"
    for what in ("world", "background")
    for does, end in (
        ("preview", ""), ("animate", ""), ("show", "_picture"), ("load", "_frames"),
        ("find", "_frames"),
    )
)  # fmt: skip
MORE_BUTTONS = (  # each with what it is called here, and what is chosen beside it in the tab
    ("landscape.draw_thumbnails", "Show Winds", {"kind": "motion"}),
    ("landscape.draw_thumbnails", "Show Days", {"kind": "appearance"}),
    ("landscape.roll_seed", "Draw Another Seed", {}),
    ("landscape.paint_mask", "Paint Still Mask", {"kind": "STILL"}),
    ("landscape.paint_mask", "Paint Moving Mask", {"kind": "MOVING"}),
    ("landscape.paint_mask", "Paint Mask of Region", {"kind": "REGION"}),
    ("landscape.end_painting", "Done Painting", {}),
    ("landscape.add_item", "Add Region", {"list": "REGIONS"}),
    ("landscape.place_patch", "Place Patch", {}),
    ("landscape.fit_patches", "Fit Code to Patches", {}),
    ("landscape.add_item", "Add Key at Playhead", {"list": "KEYS"}),
    ("landscape.show_result", "Show Result", {"index": -1}),
)
ENGINE_BUTTONS = (
    ("landscape.cancel", "Cancel Jobs of This Object"),
    ("landscape.check_engine", "Check Engine"),
    ("landscape.find_engine", "Find Engine"),
    ("landscape.stop_engine", "Stop Engine"),
)


class LANDSCAPE_MT_object(bpy.types.Menu):
    """What is done with the picture on the active plane, in the world and behind the camera"""

    bl_label = "Landscape"

    def draw(self, context: bpy.types.Context) -> None:
        """List the buttons of the tab."""
        layout, obj = self.layout, context.object
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("landscape.make_plane", text="Plane from Picture…", icon="FILE_IMAGE")
        if is_image_empty(obj):
            layout.operator("landscape.plane_from_empty", icon="IMAGE_PLANE")
        layout.separator()
        if obj and obj.type == "MESH":
            for names in (PICTURE_BUTTONS, ARROW_BUTTONS):
                for name in names:
                    layout.operator(name)
                layout.separator()
            layout.menu("LANDSCAPE_MT_more")
            layout.menu("LANDSCAPE_MT_add_result")
            layout.operator("landscape.use_standard_view")
            layout.operator("landscape.keep_view")
            layout.separator()
        for name in BACKDROP_BUTTONS:
            layout.operator(name)
        layout.separator()
        for name, text in ENGINE_BUTTONS:
            layout.operator(name, text=text)


class LANDSCAPE_MT_more(bpy.types.Menu):
    """What the tab has beside a choice: winds, days, masks, regions, patches and keys"""

    bl_label = "Winds, Masks and Light"

    def draw(self, context: bpy.types.Context) -> None:
        """List them, each with its choice."""
        self.layout.operator_context = "INVOKE_DEFAULT"
        for name, text, choice in MORE_BUTTONS:
            button = self.layout.operator(name, text=text)
            for setting, value in choice.items():
                setattr(button, setting, value)


class AddsResult:
    """A menu of the uses that a chosen result has elsewhere."""

    bl_label = "Add Result as"
    owner: str

    def draw(self, context: bpy.types.Context) -> None:
        """List them."""
        for kind, name, _, icon, _ in USES:
            button = self.layout.operator("landscape.add_result", text=name, icon=icon)
            button.kind, button.owner = kind, self.owner


class LANDSCAPE_MT_add_result(AddsResult, bpy.types.Menu):
    """Use the chosen result elsewhere too"""

    owner = "OBJECT"


class LANDSCAPE_MT_add_world_result(AddsResult, bpy.types.Menu):
    """Use the world's last result elsewhere too"""

    owner = "WORLD"


class LANDSCAPE_MT_add_background_result(AddsResult, bpy.types.Menu):
    """Use the last result of the camera's background elsewhere too"""

    owner = "CAMERA"


class LANDSCAPE_FH_picture(bpy.types.FileHandler):
    """Pictures dropped onto a 3D view become planes."""

    bl_label = "Landscape: Plane from Picture"
    bl_import_operator = "landscape.make_plane"
    bl_file_extensions = ";".join(ENDINGS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Only onto a 3D view."""
        return bool(context.area) and context.area.type == "VIEW_3D"


def _add(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.operator_context = "INVOKE_DEFAULT"
    text = "Landscape: Plane from Picture…"
    self.layout.operator("landscape.make_plane", text=text, icon="IMAGE_PLANE")


def _of_object(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.menu("LANDSCAPE_MT_object")


def register() -> None:
    """Hang into Blender's menus."""
    bpy.types.VIEW3D_MT_image_add.append(_add)
    bpy.types.VIEW3D_MT_object.append(_of_object)


def unregister() -> None:
    """Leave them."""
    bpy.types.VIEW3D_MT_object.remove(_of_object)
    bpy.types.VIEW3D_MT_image_add.remove(_add)


classes = (
    LANDSCAPE_MT_object,
    LANDSCAPE_MT_more,
    LANDSCAPE_MT_add_result,
    LANDSCAPE_MT_add_world_result,
    LANDSCAPE_MT_add_background_result,
    LANDSCAPE_FH_picture,
)
