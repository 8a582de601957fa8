# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in a panel, which Blender doesn't wrap by itself."""

from __future__ import annotations

import re
import textwrap

import bpy

from ..errors import printable

LETTER_PX = 7.2  # width of a letter at a scale of 1, on average
MARGIN_PX = 60


class _Wrapper(textwrap.TextWrapper):
    """Also breaks paths, after their slashes."""

    def _split(self, text: str) -> list[str]:
        return [
            part
            for chunk in super()._split(text)
            for part in re.split("(?<=/)(?!/)", chunk)
            if part
        ]


def sentence(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    text: str,
    icon: str = "NONE",
    beside_px: int = 0,
) -> None:
    """Write a sentence over as many lines as the panel's width asks for.

    Args:
        layout: where.
        context: for the width.
        text: the sentence.
        icon: before its first line.
        beside_px: width at a scale of 1 of what stands beside it.
    """
    width = context.region.width if context.region else 300
    scale = context.preferences.system.ui_scale
    letters = max(16, int((width / scale - MARGIN_PX - beside_px) / LETTER_PX))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(_Wrapper(letters).wrap(printable(text))):
        column.label(text=line, icon=icon if number == 0 else "BLANK1" if icon != "NONE" else icon)


def time_left(seconds: float | None) -> str:
    """A rest of time as an artist reads it."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f", {seconds:.0f} s left"
    return f", {seconds / 60:.0f} min left"
