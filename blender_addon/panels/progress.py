# SPDX-License-Identifier: GPL-3.0-or-later
"""How all jobs go, whatever object is active: in the tab, and in Blender's status bar."""

from __future__ import annotations

import bpy

from .. import datablocks, jobs, window
from .words import sentence, time_left

ICONS = {"done": "CHECKMARK", "failed": "ERROR", "cancelled": "CANCEL"}
BUTTON_PX = 40  # the ✕ beside a message
WIDTH = 18  # of the status bar's bar, in units of a button


def job_list(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Every job that runs or waits, each with its own ✕, and how the last ones ended."""
    for job in jobs.running():
        box = layout.box()
        sentence(box, context, _title(job, context))
        _bar(box.row(align=True), job, _progress(job))
        for note in job.notes:
            sentence(box, context, note, "INFO")
    for alike in _as_said(context):
        job = alike[0]
        box = layout.box()
        row = box.row()
        titles = ", ".join(_title(one, context) for one in alike)
        said = f"{titles}: {job.message or job.state}"
        sentence(row.column(), context, said, ICONS[job.state], BUTTON_PX)
        ids = " ".join(one.id for one in alike)
        row.operator("landscape.dismiss", text="", icon="X", emboss=False).job = ids
        if job.lost and job.state == "done" and job.frames:
            row = box.row()
            row.operator_context = "EXEC_DEFAULT"  # the place is known
            row.operator("landscape.load_frames", icon="FILE_FOLDER").filepath = job.frames
        for note in job.notes:
            sentence(box, context, note, "INFO")


def _as_said(context: bpy.types.Context) -> list[list[jobs.Job]]:
    """The jobs that ended; those that failed for one reason together, which is said once.

    Where a mesh is active, of other objects only those that went wrong or whose object is gone.
    """
    said: dict[tuple[str, str], list[jobs.Job]] = {}
    alone = context.object is not None and context.object.type == "MESH"
    for job in jobs.ended():
        elsewhere = alone and job.uid not in _here(context)
        if elsewhere and job.state != "failed" and not job.lost:
            continue
        said.setdefault((job.state, job.message if job.state == "failed" else job.id), []).append(
            job
        )
    return list(said.values())


def _title(job: jobs.Job, context: bpy.types.Context) -> str:
    """What a job does, and for which object unless that is the active one."""
    return job.name if job.uid in _here(context) else job.title


def _here(context: bpy.types.Context) -> set[int]:
    """The numbers of the active object and of none: whose jobs ESC cancels."""
    return {datablocks.NONE, datablocks.uid_of(context.object)}


def status(self: bpy.types.Header, context: bpy.types.Context) -> None:
    """The job that the engine does now, in the status bar; for some seconds how the last ended."""
    running = jobs.running()
    if running:
        begun = [job for job in running if job.stage != jobs.WAITING]
        row = self.layout.row(align=True)
        row.ui_units_x = WIDTH
        job = (begun or running)[0]
        _bar(row, job, f"{job.title}: {_progress(job)}")
        if job.uid in _here(context) and not window.is_playing():
            self.layout.label(text="Cancel", icon="EVENT_ESC")
        if len(running) > 1:
            self.layout.label(text=f"and {len(running) - 1} more")
        return
    job = jobs.just_ended()
    if job:
        self.layout.label(text=f"{job.title}: {job.message or job.state}", icon=ICONS[job.state])


def _bar(row: bpy.types.UILayout, job: jobs.Job, text: str) -> None:
    row.progress(factor=job.fraction, text=text)
    row.operator("landscape.cancel", text="", icon="CANCEL").job = job.id


def _progress(job: jobs.Job) -> str:
    count = f" {job.done} of {job.total}" if job.total else ""
    return f"{job.stage}{count}{time_left(job.seconds_left)}"


def register() -> None:
    """Add to the status bar."""
    bpy.types.STATUSBAR_HT_header.append(status)


def unregister() -> None:
    """Take it away."""
    bpy.types.STATUSBAR_HT_header.remove(status)
