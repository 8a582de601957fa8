# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in a panel, which Blender doesn't wrap by itself."""

from __future__ import annotations

import textwrap

import bpy

LETTER_PX = 7.2  # width of a letter at a scale of 1, on average
MARGIN_PX = 60


def sentence(
    layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE"
) -> None:
    """Write a sentence over as many lines as the panel's width asks for."""
    width = context.region.width if context.region else 300
    scale = context.preferences.system.ui_scale
    letters = max(16, int((width / scale - MARGIN_PX) / LETTER_PX))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(text, letters)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1" if icon != "NONE" else icon)


def time_left(seconds: float | None) -> str:
    """A rest of time as an artist reads it."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f", {seconds:.0f} s left"
    return f", {seconds / 60:.0f} min left"
