# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate, preview, cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from .. import (
    color_management,
    datablocks,
    disk,
    engine,
    estimates,
    image_exchange,
    job_documents,
    jobs,
    results,
    window,
)
from . import subject
from .subject import JobOperator

PREVIEW_SIDE_PX = 384
INTERNAL = {"HIDDEN", "SKIP_SAVE"}
ESC_S = 5.0  # for so long ESC cancels a job at once; later it asks


def job_property(which: str) -> StringProperty:
    """The id of a job."""
    return StringProperty(name="Job", description=f"Id of a job; {which}", options=INTERNAL)


class LANDSCAPE_OT_animate(JobOperator, bpy.types.Operator):
    """Render the frames of the clip and show them on the plane; of several selected planes, each"""

    bl_idname = "landscape.animate"
    bl_label = "Animate"
    shows_frames = True

    def subjects(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        """All that is selected."""
        return subject.several(context)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out without a mesh, or without a place for the frames, and say why."""
        if not super().poll(context):
            return False
        obj = context.object
        unsaved = results.needs_saved_file(obj.landscape.output.folder)
        if unsaved and not image_exchange.source_problem(obj, disk.kept):
            cls.poll_message_set(results.SAVE_FIRST.rstrip("."))
            return False
        return True

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Ask for the whole clip."""
        if obj.landscape.output.format == "exr":
            picture = image_exchange.picture_of(obj)
            instead = color_management.PNG_INSTEAD
            color_management.refuse_linear(picture, "OpenEXR frames", instead)
        asked = job_documents.collected(context, obj)
        target = results.next_target(obj, [job.frames for job in jobs.running()])
        uid, scene = datablocks.uid_of(obj), datablocks.uid_of(context.scene)

        def finish(report: dict[str, Any]) -> str:
            animated = datablocks.object_of(uid)
            client = engine.client_if_any()
            estimates.learn(report, client.about["device"] if client and client.about else "cpu")
            done = results.take(animated, datablocks.scene_for(animated, scene), report)
            window.push_undo("Animate Landscape")
            plays = bpy.app.background or window.is_playing()
            return done if plays else f"{done} Space plays them."

        task = {"task": "animate", "job": {**asked.document, "out": str(target)}}
        return jobs.start(task, self.bl_label, obj, finish, asked.notes, frames=str(target))


class LANDSCAPE_OT_preview(JobOperator, bpy.types.Operator):
    """Render a small, short version of the clip, and play it on the plane"""

    bl_idname = "landscape.preview"
    bl_label = "Preview"
    shows_frames = True

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Ask for a small clip."""
        asked = job_documents.collected(context, obj)
        uid, scene = datablocks.uid_of(obj), datablocks.uid_of(context.scene)

        def finish(result: dict[str, Any]) -> str:
            animated = datablocks.object_of(uid)
            image_exchange.show_sequence(
                animated,
                Path(result["folder"]) / "0001.png",
                result["frames"],
                frame_start=datablocks.scene_for(animated, scene).frame_start,
            )
            window.push_undo("Preview Landscape")
            window.play()
            return f"a preview of {result['width']}×{result['height']} pixels is on the plane."

        task = {"task": "preview", "job": asked.document, "side": PREVIEW_SIDE_PX}
        return jobs.start(task, self.bl_label, obj, finish, asked.notes)


class LANDSCAPE_OT_cancel(bpy.types.Operator):
    """Cancel this job; unfinished files are removed"""

    bl_idname = "landscape.cancel"
    bl_label = "Cancel"

    job: job_property("empty: those of the active object")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while something runs."""
        return bool(jobs.running())

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel it."""
        those = [job for job in jobs.running() if job.id == self.job]
        _cancel(those if self.job else _own_jobs(context))
        return {"FINISHED"}


class LANDSCAPE_OT_escape(bpy.types.Operator):
    """Cancel the jobs of this object; unfinished files are removed"""

    bl_idname = "landscape.escape"
    bl_label = "Cancel Jobs"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while a job runs and nothing played; else the key goes to whom it belongs."""
        return bool(_own_jobs(context)) and not window.was_playing()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Cancel what has just started; ask before what has run for a while is lost."""
        if _new_jobs(context):
            _cancel(_new_jobs(context))
            return {"FINISHED"}
        those = _own_jobs(context)
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Stop this job?" if len(those) == 1 else f"Stop these {len(those)} jobs?",
            message=", ".join(f"{job.title}{_how_far(job)}" for job in those),
            confirm_text="Stop",  # beside Blender's own "Cancel"
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel them all."""
        _cancel(_own_jobs(context))
        return {"FINISHED"}


def _own_jobs(context: bpy.types.Context) -> list[jobs.Job]:
    """The running jobs of the active object, and those of none."""
    own = {datablocks.NONE, datablocks.uid_of(context.object)}
    return [job for job in jobs.running() if job.uid in own]


def _new_jobs(context: bpy.types.Context) -> list[jobs.Job]:
    return [job for job in _own_jobs(context) if job.age_s < ESC_S]


def _how_far(job: jobs.Job) -> str:
    return f", {job.done} of {job.total}" if job.total else ""


def _cancel(those: list[jobs.Job]) -> None:
    for job in those:
        jobs.cancel(job)
    window.redraw()


class LANDSCAPE_OT_dismiss(bpy.types.Operator):
    """Dismiss this message"""

    bl_idname = "landscape.dismiss"
    bl_label = "Dismiss"

    job: job_property("several are parted by spaces")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget how the jobs ended."""
        jobs.dismiss(*self.job.split())
        return {"FINISHED"}


classes = (
    LANDSCAPE_OT_animate,
    LANDSCAPE_OT_preview,
    LANDSCAPE_OT_cancel,
    LANDSCAPE_OT_escape,
    LANDSCAPE_OT_dismiss,
)
