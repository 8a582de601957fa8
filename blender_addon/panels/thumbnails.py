# SPDX-License-Identifier: GPL-3.0-or-later
"""The codebook as thumbnails on the artist's picture."""

from __future__ import annotations

import bpy

from .. import previews

COLUMN_PX = 90
ICON_SCALE = 4.0


def thumbnails(layout: bpy.types.UILayout, context: bpy.types.Context, kind: str) -> None:
    """The thumbnails of a kind, each with a button that takes it."""
    shown = previews.drawn(context.object, kind)
    manager = context.window_manager
    row = layout.row(align=True)
    text = "Draw Anew" if shown else "Draw Thumbnails"
    row.operator("landscape.draw_thumbnails", text=text, icon="IMAGE_DATA").kind = kind
    if not shown:
        return
    row.prop(manager, "landscape_play", text="", icon="PLAY", toggle=True)
    columns = max(2, int(context.region.width / context.preferences.system.ui_scale / COLUMN_PX))
    settings = getattr(context.object.landscape, kind)
    grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
    for thumbnail in shown:
        cell = grid.column(align=True)
        icon = previews.icon(thumbnail, manager.landscape_play)
        cell.template_icon(icon_value=icon, scale=ICON_SCALE)
        taken = (
            settings.code_from == "POSITION" and abs(settings.position - thumbnail.position) < 1e-3
        )
        button = cell.operator(
            "landscape.use_position", text=f"{thumbnail.position:.2f}", depress=taken
        )
        button.kind, button.position = kind, thumbnail.position
