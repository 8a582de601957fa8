# SPDX-License-Identifier: GPL-3.0-or-later
"""The codebook: its thumbnails on the artist's own picture, and a choice among them."""

from __future__ import annotations

import random
from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty

from .. import datablocks, jobs, previews
from . import subject
from .subject import JobOperator, OnSubject, reporting

KINDS = (
    ("motion", "Motion", "How things move"),
    ("appearance", "Light", "How the light changes"),
)
SHOWN = {"motion": 15, "appearance": 8}  # places of the codebook; with Automatic, two rows of 8
FRAMES = {"motion": 8, "appearance": previews.LOOKS}  # of a thumbnail's loop, or of its day
SIDE_PX = 128


class LANDSCAPE_OT_draw_thumbnails(JobOperator, bpy.types.Operator):
    """Draw thumbnails of the codebook on this picture"""

    bl_idname = "landscape.draw_thumbnails"
    bl_label = "Draw Thumbnails"

    kind: EnumProperty(name="Kind", items=KINDS)

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Ask for small pictures."""
        picture = subject.picture(obj)
        count = SHOWN[self.kind]
        positions = [round((i + 0.5) / count, 4) for i in range(count)]
        uid, kind = datablocks.uid_of(obj), self.kind

        def finish(result: dict[str, Any]) -> str:
            previews.take(uid, kind, positions, result)
            return "the thumbnails are drawn."

        task = {
            "task": "thumbnails",
            "picture": picture,
            "upright": False,  # as Blender shows it
            "profile": False,
            "kind": kind,
            "positions": positions,
            "side": SIDE_PX,
            "frames": FRAMES[kind],
        }
        return jobs.start(task, self.bl_label, obj, finish)


class LANDSCAPE_OT_use_position(OnSubject, bpy.types.Operator):
    """Use this position of the codebook"""

    bl_idname = "landscape.use_position"
    bl_label = "Use Code"
    bl_options = {"REGISTER", "UNDO"}

    kind: EnumProperty(name="Kind", items=KINDS)
    position: FloatProperty(name="Position", default=0.5, min=0, max=1)

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the position."""
        settings = getattr(subject.of(context).landscape, self.kind)
        settings.code_from = "POSITION"
        settings.position = self.position
        return {"FINISHED"}


class LANDSCAPE_OT_roll_seed(OnSubject, bpy.types.Operator):
    """Draw a new seed: a new motion and a new day, where codes are drawn at random"""

    bl_idname = "landscape.roll_seed"
    bl_label = "Roll"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the seed."""
        subject.of(context).landscape.clip.seed = random.randrange(10_000)
        return {"FINISHED"}


classes = (LANDSCAPE_OT_draw_thumbnails, LANDSCAPE_OT_use_position, LANDSCAPE_OT_roll_seed)
