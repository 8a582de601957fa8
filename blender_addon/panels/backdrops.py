# SPDX-License-Identifier: GPL-3.0-or-later
"""The world and the camera's background, where no plane is active."""

from __future__ import annotations

import bpy

from .. import disk, image_exchange
from ..operators.backdrops import OfCamera, OfWorld
from .frame import chosen, frame_size, save_first
from .light import sequence
from .motion import wind
from .words import sentence


def backdrops(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The settings and the buttons of each backdrop that shows an image."""
    for of, name, icon in ((OfWorld, "world", "WORLD"), (OfCamera, "background", "CAMERA_DATA")):
        backdrop = of.backdrop(context)
        holder = image_exchange.backdrop_holder(backdrop)
        if holder is None:
            continue
        settings = backdrop.landscape
        box = layout.box()
        box.label(text=f"{name.title()}: {_picture_name(holder)}", icon=icon)
        column = box.column()
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
        row = box.row(align=True)
        row.scale_y = 1.5
        row.operator(f"landscape.preview_{name}", text="Preview", icon="PLAY")
        row.operator(f"landscape.animate_{name}", text="Animate", icon="RENDER_ANIMATION")
        save_first(box, context, settings)
        missing = image_exchange.missing_backdrop_frames(backdrop, disk.kept)
        if missing:
            sentence(box, context, missing, "ERROR")
            box.operator(f"landscape.find_{name}_frames", text="Find Frames", icon="VIEWZOOM")
        if image_exchange.backdrop_shows_frames(backdrop):
            box.operator(f"landscape.show_{name}_picture", icon="LOOP_BACK")
        _results(box, name, settings)


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


def _picture_name(holder: image_exchange.Holder) -> str:
    """What a backdrop's picture is called, also while frames are in its place."""
    picture = image_exchange.picture_behind(holder.image)
    return picture.name if picture else holder.image.name
