# SPDX-License-Identifier: GPL-3.0-or-later
"""The first panel: the picture, the engine, the two buttons, and how all jobs go."""

from __future__ import annotations

import bpy

from .. import (
    annotations,
    choices,
    color_management,
    disk,
    engine,
    estimates,
    image_exchange,
    masks,
    presets,
)
from ..operators import subject
from .backdrops import backdrops
from .frame import Tab, save_first
from .light import sequence
from .motion import wind
from .progress import job_list
from .thumbnails import motion_thumbnails
from .words import sentence


class LANDSCAPE_PT_picture(Tab, bpy.types.Panel):
    """Animates the picture on the active plane"""

    bl_label = "Landscape"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Offer the presets."""
        if _may_have_picture(context.object):
            presets.LANDSCAPE_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, obj = self.layout, context.object
        if not _may_have_picture(obj):
            _begin(layout, context)
            return
        layout.template_ID(obj.landscape, "picture", open="image.open")
        problem = image_exchange.source_problem(obj, disk.kept)
        if problem is None and not image_exchange.has_images(obj):  # one of an older version's
            problem = (
                f"'{obj.name}' shows no image, and could show no frames; make a plane instead."
            )
        if problem:
            sentence(layout, context, problem[:1].upper() + problem[1:], "ERROR")
            layout.operator("landscape.make_plane", icon="FILE_IMAGE")
        else:
            _picture(layout, context)
            _colors(layout, context)
            _moves(layout, context)
            _wind(layout, context)
            _light(layout, obj.landscape)
            _length(layout, context)
            _buttons(layout, context)
        job_list(layout, context)
        _engine(layout, context)
        _frames(layout, context, obj)


def _may_have_picture(obj: bpy.types.Object | None) -> bool:
    """Whether an object shows an image, or was told which picture it shows: no mesh of others."""
    if obj is None or obj.type != "MESH":
        return False
    return bool(obj.landscape.picture) or image_exchange.has_images(obj)


def _begin(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The first button, where no picture is active; and what else can be animated."""
    sentence(layout, context, "Make a plane from your picture, or select one.")
    if image_exchange.is_image_empty(context.object):
        layout.operator("landscape.plane_from_empty", icon="IMAGE_PLANE")
    row = layout.row()
    row.scale_y = 1.5
    row.operator("landscape.make_plane", icon="FILE_IMAGE")
    backdrops(layout, context)
    _engine(layout, context)
    job_list(layout, context)


def _picture(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The picture's name and size, and the button for another plane."""
    picture = image_exchange.picture_of(context.object, disk.kept)
    width, height = picture.size
    row = layout.row(align=True)
    row.label(text=f"{picture.name}, {width} × {height} pixels", icon="IMAGE_DATA")
    row.operator("landscape.make_plane", text="", icon="ADD")


def _colors(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Whether the scene shows the picture in its own colors, and a click for each way to it."""
    scene, picture = context.scene, image_exchange.picture_of(context.object, disk.kept)
    problem = color_management.view_problem(scene, picture)
    if problem:
        sentence(layout, context, problem, "INFO")
        column = layout.column(align=True)
        column.operator("landscape.use_standard_view", icon="COLOR")
        if color_management.inverse_of_view(scene, picture):
            kept = f"Keep {scene.view_settings.view_transform}"
            column.operator("landscape.keep_view", text=kept, icon="IMAGE")


def _engine(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is known of the engine, and one click for what is missing."""
    if choices.interpreter(disk.kept) == "":
        sentence(layout, context, "The engine isn't set up on this machine.", "ERROR")
        layout.operator("landscape.find_engine", icon="VIEWZOOM")
        return
    client = engine.client_if_any()
    state = client.state if client else "off"
    about = client.about if client else None
    row = layout.row(align=True)
    if about and state in {"ready", "busy"}:
        row.label(text=f"Engine {about['version']} on {about['device']}", icon="CHECKMARK")
        row.operator("landscape.stop_engine", text="", icon="X")
    elif state == "starting":
        row.label(text="The engine starts…", icon="TIME")
    elif client and client.last_error and not client.told:
        sentence(layout, context, client.last_error, "ERROR")
        _remedy(layout, client.remedy)
    elif client and client.last_error and client.remedy:  # a job says why
        row.label(text="The engine didn't start", icon="ERROR")
        _remedy(layout, client.remedy)
    else:
        row.label(text="The engine starts when needed", icon="CHECKMARK")
        row.operator("landscape.check_engine", text="", icon="FILE_REFRESH")


def _remedy(layout: bpy.types.UILayout, remedy: str) -> None:
    """A button that leads to what helps an engine that failed, where one does."""
    if remedy == "engine":
        layout.operator("landscape.find_engine", icon="VIEWZOOM")
    elif remedy == "preferences":
        button = layout.operator("preferences.addon_show", text="Preferences", icon="PREFERENCES")
        button.module = choices.PACKAGE


def _section(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column


def _moves(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What moves."""
    layout.separator()
    regions = context.object.landscape.regions
    row = layout.row(align=True)
    row.prop(regions, "clean")
    shown = masks.found.shown_on(context.object)
    row.operator(
        "landscape.show_found", text="", icon="HIDE_OFF" if shown else "HIDE_ON", depress=shown
    )
    row = layout.row(align=True)
    count = annotations.count(context.scene, context.object)
    if annotations.is_drawing(context):
        text = f"Done Drawing ({count})" if count else "Done Drawing"
        row.operator("landscape.done_drawing", text=text, icon="CHECKMARK", depress=True)
    else:
        text = f"Draw Arrows ({count})" if count else "Draw Arrows"
        row.operator("landscape.draw_arrows", text=text, icon="GREASEPENCIL")
    row.operator("landscape.clear_arrows", text="", icon="TRASH")


def _wind(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How it moves."""
    column = _section(layout)
    wind(column, context.object.landscape.motion)
    motion_thumbnails(layout, context)
    _section(layout).prop(context.object.landscape.motion, "speed")


def _light(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """How the light changes."""
    light = settings.appearance
    column = _section(layout)
    row = column.row(heading="Light")
    row.prop(light, "changes", text="")
    row = row.row()
    row.active = light.changes
    row.prop(light, "code_from", text="")
    if light.changes:
        sequence(column, light)
        layout.popover("LANDSCAPE_PT_days", icon="LIGHT_SUN")


def _length(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How long the clip is."""
    clip, render = context.object.landscape.clip, context.scene.render
    _section(layout).prop(clip, "frames")
    fps = render.fps / render.fps_base
    layout.label(text=f"{clip.frames / fps:.1f} s at {fps:.4g} fps", icon="TIME")


def _buttons(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The two buttons, what the clip will take, and what is in its way."""
    settings = context.object.landscape
    row = layout.row(align=True)
    row.scale_y = 1.5
    row.operator("landscape.preview", icon="PLAY")
    count = len(subject.several(context, disk.kept))
    text = "Animate" if count == 1 else f"Animate {count}"
    row.operator("landscape.animate", text=text, icon="RENDER_ANIMATION")
    save_first(layout, context, settings)
    client = engine.client_if_any()
    device = client.about["device"] if client and client.about else ""
    picture = image_exchange.picture_of(context.object, disk.kept)
    said = estimates.sentence(settings, tuple(picture.size), device)
    layout.label(text=said, icon="PREVIEW_RANGE")


def _frames(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """What of the shown frames is missing, and the way back to the picture."""
    missing = image_exchange.missing_frames(obj, disk.kept)
    if missing:
        sentence(layout, context, missing, "ERROR")
        layout.operator("landscape.find_frames", icon="VIEWZOOM")
    if image_exchange.shows_frames(obj):
        layout.operator("landscape.show_picture", icon="LOOP_BACK")


classes = (LANDSCAPE_PT_picture,)
