# SPDX-License-Identifier: GPL-3.0-or-later
"""The codebook as thumbnails on the artist's picture."""

from __future__ import annotations

import bpy

from .. import previews
from .frame import WithPicture

MOTION_SCALE, POPUP_SCALE = 5.0, 5.0  # of icons, in units of a button
LOOK_SCALE = 1.6
DAYS_WIDTH = 11  # of the popover, in units of a button


def motion_thumbnails(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The motion as a picture, which a click changes."""
    obj = context.object
    row = layout.row(align=True)
    shown = bool(previews.drawn(obj, "motion"))
    _draw_button(row, "motion", shown, "Show Winds")
    if not shown:
        return
    row.prop(context.window_manager, "landscape_play", text="", icon="PLAY", toggle=True)
    layout.template_icon_view(
        obj.landscape, "motion_choice", show_labels=True, scale=MOTION_SCALE,
        scale_popup=POPUP_SCALE,
    )  # fmt: skip
    layout.label(text=_name(obj))


def _name(obj: bpy.types.Object) -> str:
    """What the motion that is set does."""
    choice = obj.landscape.motion_choice
    return next(name for key, name, *_ in previews.offered(obj.landscape, None) if key == choice)


def _draw_button(layout: bpy.types.UILayout, kind: str, shown: bool, text: str) -> None:
    button = layout.operator(
        "landscape.draw_thumbnails", text="Draw Anew" if shown else text, icon="IMAGE_DATA"
    )
    button.kind = kind


class LANDSCAPE_PT_days(WithPicture, bpy.types.Panel):
    """Days of the codebook on this picture, six looks of each in a row"""

    bl_label = "Days on This Picture"
    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"  # opened from the main panel, and nowhere else
    bl_ui_units_x = DAYS_WIDTH

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it."""
        layout, obj = self.layout, context.object
        shown = previews.drawn(obj, "appearance")
        _draw_button(layout, "appearance", bool(shown), "Show Days")
        for thumbnail in shown:
            strip = layout.column(align=True)
            row = strip.row(align=True)
            for look in thumbnail.frames:
                row.template_icon(icon_value=look, scale=LOOK_SCALE)
            taken = previews.is_at(obj.landscape.appearance, thumbnail.position)
            name = thumbnail.name or f"{thumbnail.position:.2f}"
            button = strip.operator("landscape.use_position", text=name, depress=taken)
            button.kind, button.position = "appearance", thumbnail.position


classes = (LANDSCAPE_PT_days,)
