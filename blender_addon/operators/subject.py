# SPDX-License-Identifier: GPL-3.0-or-later
"""The object that an operator is about, and what all operators do alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import bpy

from .. import disk, image_exchange, jobs, viewport
from ..errors import AddonError

MOST = 100  # selected objects that are looked at; panels count them at each redraw


def of(context: bpy.types.Context) -> bpy.types.Object:
    """The active object.

    Raises:
        AddonError: there is none, or it isn't a mesh.
    """
    obj = context.object
    if obj is None:
        raise AddonError("no object is active; select the plane with the picture, or make one.")
    if obj.type != "MESH":
        raise AddonError(
            f"the active object '{obj.name}' is no mesh; select the plane with the picture."
        )
    return obj


def several(context: bpy.types.Context, ask: disk.Ask = disk.now) -> list[bpy.types.Object]:
    """The active object, and what else is selected and shows a picture.

    Raises:
        AddonError: there is no active object, or it isn't a mesh.
    """
    active = of(context)
    chosen = [obj for obj in context.selected_objects[:MOST] if obj != active]
    return [active] + [obj for obj in chosen if image_exchange.source_problem(obj, ask) is None]


def picture(obj: bpy.types.Object) -> image_exchange.ImageFile:
    """The file that the engine will find the object's picture in.

    Raises:
        AddonError: it has none.
    """
    return image_exchange.image_file(image_exchange.picture_of(obj))


def show_textures(operator: bpy.types.Operator, context: bpy.types.Context) -> None:
    """Let the view show pictures on planes, and say so where it is changed."""
    changed = viewport.show_textures(viewport.area_of(context))
    if changed:
        operator.report({"INFO"}, changed)


class OnSubject:
    """An operator for the active mesh."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out without a mesh, and say why."""
        if context.object and context.object.type == "MESH":
            return True
        cls.poll_message_set("Select the plane with the picture")
        return False


def reporting(act: Callable[..., set[str]]) -> Callable[..., set[str]]:
    """Report what an operator refuses: one sentence in the window, an exception for a script."""

    def carefully(self: Any, *arguments: Any) -> set[str]:
        try:
            return act(self, *arguments)
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}

    # Blender counts the arguments
    @wraps(act)
    def execute(self: Any, context: bpy.types.Context) -> set[str]:
        return carefully(self, context)

    @wraps(act)
    def invoke(self: Any, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return carefully(self, context, event)

    return invoke if act.__code__.co_argcount == 3 else execute


class JobOperator(OnSubject):
    """Starts a job and goes on from a button; waits for it when a script calls.

    A class says with `begin` what it asks of the engine, and whether the plane shows it.
    """

    shows_frames = False

    def begin(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Job:
        """Start the job."""
        raise NotImplementedError

    def subjects(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        """The objects that get a job each."""
        return [of(context)]

    @reporting
    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Start, and let the artist go on; what has such a job already gets no other."""
        subjects = self.subjects(context)
        idle = [obj for obj in subjects if not self._runs_for(obj)]
        if not idle:
            names = ", ".join(f"'{obj.name}'" for obj in subjects)
            raise AddonError(
                f"'{self.bl_label}' already runs for {names}; wait for its end, or cancel it."
            )
        self._begin_each(context, idle)
        if self.shows_frames:
            show_textures(self, context)
        return {"FINISHED"}

    def _runs_for(self, obj: bpy.types.Object) -> bool:
        return any(job.name == self.bl_label for job in jobs.running(obj))

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start, and wait for the end."""
        failed = []
        for job in self._begin_each(context, self.subjects(context)):
            try:
                jobs.wait(job)
            except AddonError as error:
                failed.append(str(error))
            for note in job.notes:
                self.report({"INFO"}, note)
            if job.state == "done" and job.message:
                self.report({"INFO"}, job.message)
        if failed:
            raise AddonError(" ".join(failed))
        return {"FINISHED"}

    def _begin_each(
        self, context: bpy.types.Context, subjects: list[bpy.types.Object]
    ) -> list[jobs.Job]:
        """Start the jobs; one that is refused stops no other."""
        started, refused = [], []
        for obj in subjects:
            try:
                started.append(self.begin(context, obj))
            except AddonError as error:
                refused.append(f"'{obj.name}': {error}" if len(subjects) > 1 else str(error))
        if refused and not started:
            raise AddonError(" ".join(refused))
        for sentence in refused:
            self.report({"ERROR"}, sentence)
        return started
