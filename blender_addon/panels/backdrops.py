# SPDX-License-Identifier: GPL-3.0-or-later
"""The world and the camera's background: in the tab where no plane is active, and in Properties."""

from __future__ import annotations

import bpy

from .. import disk, image_exchange
from ..operators.backdrops import OfCamera, OfWorld
from .frame import chosen, frame_size, save_first
from .light import sequence
from .motion import wind
from .progress import job_list
from .words import sentence


def backdrops(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The settings and the buttons of each backdrop that shows an image."""
    for of, name, icon in ((OfWorld, "world", "WORLD"), (OfCamera, "background", "CAMERA_DATA")):
        holder = image_exchange.backdrop_holder(of.backdrop(context))
        if holder is not None:
            box = layout.box()
            box.label(text=f"{name.title()}: {_picture_name(holder)}", icon=icon)
            _backdrop(box, context, of.backdrop(context), name)


def _backdrop(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    backdrop: image_exchange.Backdrop,
    name: str,
) -> None:
    """The settings and the buttons of one."""
    settings = backdrop.landscape
    column = layout.column()
    column.use_property_split, column.use_property_decorate = True, False
    wind(column, settings.motion)
    column.prop(settings.motion, "speed")
    column.prop(settings.appearance, "changes", text="Light")
    if settings.appearance.changes:
        column.prop(settings.appearance, "code_from")
        sequence(column, settings.appearance)
    column.prop(settings.clip, "frames")
    frame_size(column, settings.clip)
    column.prop(settings.output, "format")
    column.prop(settings.output, "folder")
    row = layout.row(align=True)
    row.scale_y = 1.5
    row.operator(f"landscape.preview_{name}", text="Preview", icon="PLAY")
    row.operator(f"landscape.animate_{name}", text="Animate", icon="RENDER_ANIMATION")
    save_first(layout, context, settings)
    missing = image_exchange.missing_backdrop_frames(backdrop, disk.kept)
    if missing:
        sentence(layout, context, missing, "ERROR")
        layout.operator(f"landscape.find_{name}_frames", text="Find Frames", icon="VIEWZOOM")
    if image_exchange.backdrop_shows_frames(backdrop):
        layout.operator(f"landscape.show_{name}_picture", icon="LOOP_BACK")
    _results(layout, name, settings)


def _results(layout: bpy.types.UILayout, name: str, settings: bpy.types.PropertyGroup) -> None:
    """What was made of a backdrop, and what came from elsewhere."""
    lists = ("results", "result_active")
    if settings.results:
        row = layout.row()
        row.template_list(
            "LANDSCAPE_UL_results", name, settings, lists[0], settings, lists[1], rows=2
        )
        row.operator(f"landscape.remove_{name}_result", text="", icon="REMOVE")
    item = chosen(settings, *lists)
    if item:
        shows = layout.operator(
            f"landscape.show_{name}_result", text="Show Result", icon="IMAGE_DATA"
        )
        shows.index = -1
        if item.image:
            layout.prop(item.image, "filepath", text="")
        layout.menu(f"LANDSCAPE_MT_add_{name}_result", icon="ADD")
    layout.operator(f"landscape.load_{name}_frames", text="Load Frames…", icon="FILE_FOLDER")


class InProperties:
    """A panel of the properties editor, closed at first."""

    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_options = {"DEFAULT_CLOSED"}


class LANDSCAPE_PT_world(InProperties, bpy.types.Panel):
    """Animates the sky of the scene's world"""

    bl_label = "Animate World"
    bl_context = "world"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a world."""
        return OfWorld.backdrop(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        backdrop = OfWorld.backdrop(context)
        if image_exchange.backdrop_holder(backdrop):
            _backdrop(self.layout, context, backdrop, "world")
        else:
            sentence(self.layout, context, f"{OfWorld.lacking}, linked to its surface.", "INFO")
        job_list(self.layout, context)


class LANDSCAPE_PT_background(InProperties, bpy.types.Panel):
    """Animates the background image of the scene's camera"""

    bl_label = "Animate Background"
    bl_context = "data"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where the scene's camera is shown."""
        camera = OfCamera.backdrop(context)
        return camera is not None and context.object == context.scene.camera

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        backdrop = OfCamera.backdrop(context)
        if image_exchange.backdrop_holder(backdrop):
            _backdrop(self.layout, context, backdrop, "background")
        else:
            sentence(self.layout, context, f"{OfCamera.lacking}.", "INFO")
        job_list(self.layout, context)


def _picture_name(holder: image_exchange.Holder) -> str:
    """What a backdrop's picture is called, also while frames are in its place."""
    picture = image_exchange.picture_behind(holder.image)
    return picture.name if picture else holder.image.name


classes = (LANDSCAPE_PT_world, LANDSCAPE_PT_background)
