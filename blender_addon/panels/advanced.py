# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the main panel leaves out: one panel, closed at first, which holds the others."""

from __future__ import annotations

import bpy

from .frame import SubjectTab


class LANDSCAPE_PT_advanced(SubjectTab, bpy.types.Panel):
    """All other settings"""

    bl_label = "Advanced"
    bl_parent_id = "LANDSCAPE_PT_picture"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what motion and light have in common."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        row = layout.row(align=True)
        row.prop(context.object.landscape.clip, "seed")
        row.operator("landscape.roll_seed", text="", icon="FILE_REFRESH")


classes = (LANDSCAPE_PT_advanced,)
