# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops that the plane's material plays by itself: made, and shown again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy

from .. import (
    color_management,
    datablocks,
    exchange_folder,
    image_exchange,
    job_documents,
    jobs,
    results,
    window,
)
from . import subject
from .subject import JobOperator, OnSubject, reporting


class LANDSCAPE_OT_live(JobOperator, bpy.types.Operator):
    """Let the material play the loop by itself, without frames on the disk"""

    bl_idname = "landscape.live"
    bl_label = "Live on Plane"
    bl_description = (
        "Let the material itself play the loop, in EEVEE and Cycles, without frames on the disk: "
        "its speed and direction change while it plays"
    )
    shows_frames = True

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Ask for a kit, which is packed into the .blend."""
        _refuse_inverse(obj)
        asked = job_documents.collected(context, obj)
        asked.document["output"]["format"] = "live"
        target = exchange_folder.kit()
        uid, scene = datablocks.uid_of(obj), datablocks.uid_of(context.scene)

        def finish(report: dict[str, Any]) -> str:
            plane = datablocks.object_of(uid)
            folder = Path(report["paths"][0]).parent
            done = results.go_live(plane, datablocks.scene_for(plane, scene), folder, report)
            shutil.rmtree(folder, ignore_errors=True)
            window.push_undo("Live Landscape")
            window.play()
            return done

        task = {"task": "animate", "job": {**asked.document, "out": str(target)}}
        return jobs.start(task, self.bl_label, obj, finish, asked.notes)


class LANDSCAPE_OT_show_live(OnSubject, bpy.types.Operator):
    """Show the live loop on the plane again"""

    bl_idname = "landscape.show_live"
    bl_label = "Show Live Loop"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show it."""
        obj = subject.of(context)
        _refuse_inverse(obj)
        image_exchange.show_picture(obj)
        image_exchange.show_live_loop(obj)
        return {"FINISHED"}


def _refuse_inverse(obj: bpy.types.Object) -> None:
    """A loop's shader computes linear light.

    Raises:
        AddonError: the picture is read through the inverse of a view transform.
    """
    picture, instead = image_exchange.picture_of(obj), color_management.FRAMES_INSTEAD
    color_management.refuse_linear(picture, "a live loop", instead)


classes = (LANDSCAPE_OT_live, LANDSCAPE_OT_show_live)
