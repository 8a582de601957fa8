# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate the sky of the world, or the background image of the camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from .. import (
    color_management,
    datablocks,
    image_exchange,
    job_documents,
    jobs,
    results,
    viewport,
    window,
)
from ..errors import AddonError
from .lists import remove_chosen
from .pictures import FindsFrames, LoadsFrames, ShowsResult
from .rendering import PREVIEW_SIDE_PX
from .subject import reporting

Found = Callable[[], tuple[image_exchange.Backdrop | None, bpy.types.Scene | None]]


class BackdropOperator:
    """An operator for the picture of the scene's world, or of its camera."""

    lacking: str  # what the greyed button says

    @classmethod
    def backdrop(cls, context: bpy.types.Context) -> image_exchange.Backdrop | None:
        """The world, or the camera's data; None: the scene has none."""
        raise NotImplementedError

    def owner(self, context: bpy.types.Context) -> image_exchange.Backdrop:
        """The world, or the camera's data, whose results are meant.

        Raises:
            AddonError: the scene has none.
        """
        found = self.backdrop(context)
        if found is None:
            raise AddonError(f"the scene has none; {self.lacking[0].lower()}{self.lacking[1:]}.")
        return found

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out without an image, and say why."""
        if image_exchange.backdrop_holder(cls.backdrop(context)):
            return True
        cls.poll_message_set(cls.lacking)
        return False


class OfWorld(BackdropOperator):
    """The scene's world."""

    lacking = "Add an Environment Texture to the world"
    show = staticmethod(viewport.show_world)

    @classmethod
    def backdrop(cls, context: bpy.types.Context) -> bpy.types.World | None:
        """The scene's."""
        return context.scene.world


class OfCamera(BackdropOperator):
    """The scene's camera."""

    lacking = "Add a background image to the scene's camera"

    @staticmethod
    def show(area: bpy.types.Area | None) -> None:
        """Nothing has to be changed: any shading shows it."""

    @classmethod
    def backdrop(cls, context: bpy.types.Context) -> bpy.types.Camera | None:
        """The data of the scene's."""
        camera = context.scene.camera
        return camera.data if camera and camera.type == "CAMERA" else None


class BackdropJob(BackdropOperator):
    """Starts a job and goes on from a button; waits for it when a script calls."""

    def ask(self, context: bpy.types.Context) -> jobs.Job:
        """Start the job."""
        raise NotImplementedError

    def begin(self, context: bpy.types.Context) -> jobs.Job:
        """Start it, unless one of the same name runs."""
        if any(job.name == self.bl_label for job in jobs.running()):
            raise AddonError(f"'{self.bl_label}' already runs; wait for its end, or cancel it.")
        return self.ask(context)

    def found_again(self, context: bpy.types.Context) -> Found:
        """What finds the backdrop and the scene after a while."""
        backdrop = datablocks.uid_of(self.backdrop(context))
        scene = datablocks.uid_of(context.scene)
        return lambda: (datablocks.backdrop_of(backdrop), datablocks.scene_of(scene))

    @reporting
    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Start, let the view show what will come, and let the artist go on."""
        self.begin(context)
        changed = self.show(viewport.area_of(context))
        if changed:
            self.report({"INFO"}, changed)
        return {"FINISHED"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start, and wait for the end."""
        job = self.begin(context)
        try:
            jobs.wait(job)
        finally:
            for note in job.notes:
                self.report({"INFO"}, note)
        self.report({"INFO"}, job.message)
        return {"FINISHED"}


class Animates(BackdropJob):
    """Renders the whole clip."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out without an image, or without a place for the frames, and say why."""
        if not super().poll(context):
            return False
        if results.needs_saved_file(cls.backdrop(context).landscape.output.folder):
            cls.poll_message_set(results.SAVE_FIRST.rstrip("."))
            return False
        return True

    def ask(self, context: bpy.types.Context) -> jobs.Job:
        """Ask for it."""
        backdrop = self.backdrop(context)
        if backdrop.landscape.output.format == "exr":
            picture = image_exchange.backdrop_picture(backdrop)
            instead = color_management.PNG_INSTEAD
            color_management.refuse_linear(picture, "OpenEXR frames", instead)
        asked = job_documents.of_backdrop(backdrop, context.scene)
        target = results.next_target(backdrop, [job.frames for job in jobs.running()])
        found, label = self.found_again(context), self.bl_label  # the operator is gone by then

        def finish(report: dict[str, Any]) -> str:
            shown, scene = found()
            if shown is None or scene is None:
                raise AddonError(
                    f"what was animated was deleted meanwhile; the frames are kept in '{target}'."
                )
            done = results.take_backdrop(shown, scene, report)
            window.push_undo(label)
            return done

        task = {"task": "animate", "job": {**asked.document, "out": str(target)}}
        return jobs.start(task, self.bl_label, None, finish, asked.notes, frames=str(target))


class Previews(BackdropJob):
    """Renders a small, short version."""

    side_px: int  # of its longer side

    def ask(self, context: bpy.types.Context) -> jobs.Job:
        """Ask for it."""
        backdrop = self.backdrop(context)
        asked = job_documents.of_backdrop(backdrop, context.scene)
        found, label = self.found_again(context), self.bl_label  # the operator is gone by then

        def finish(made: dict[str, Any]) -> str:
            shown, scene = found()
            if shown is None or scene is None:
                raise AddonError("what was previewed was deleted meanwhile; preview again.")
            first = Path(made["folder"]) / "0001.png"
            image_exchange.show_backdrop_frames(
                shown, first, made["frames"], scene.frame_start, movie=False, image=None
            )
            window.push_undo(label)
            window.play()
            return f"a preview of {made['width']}×{made['height']} pixels is in '{shown.name}'."

        task = {"task": "preview", "job": asked.document, "side": self.side_px}
        return jobs.start(task, self.bl_label, None, finish, asked.notes)


class Restores(BackdropOperator):
    """Shows the picture again."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where our frames are shown."""
        return image_exchange.backdrop_shows_frames(cls.backdrop(context))

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show it."""
        image_exchange.show_backdrop_picture(self.backdrop(context))
        return {"FINISHED"}


class Listed(BackdropOperator):
    """Does something with the list of results."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out where nothing is listed, and say so."""
        found = cls.backdrop(context)
        if found and found.landscape.results:
            return True
        cls.poll_message_set("Animate first: there is no result yet")
        return False


class RemovesResult(Listed):
    """Removes the chosen result from the list."""

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        remove_chosen(self.owner(context).landscape, "RESULTS")
        return {"FINISHED"}


class LANDSCAPE_OT_animate_world(OfWorld, Animates, bpy.types.Operator):
    """Animate the world's sky, closed around the horizon, and show the frames in the world"""

    bl_idname = "landscape.animate_world"
    bl_label = "Animate World"


class LANDSCAPE_OT_animate_background(OfCamera, Animates, bpy.types.Operator):
    """Render the frames of the camera's background image and show them in its place"""

    bl_idname = "landscape.animate_background"
    bl_label = "Animate Background"


class LANDSCAPE_OT_preview_world(OfWorld, Previews, bpy.types.Operator):
    """Render a small, short version of the world's sky, and play it in the world"""

    bl_idname = "landscape.preview_world"
    bl_label = "Preview World"
    side_px = 2 * PREVIEW_SIDE_PX  # of which a view sees a part


class LANDSCAPE_OT_preview_background(OfCamera, Previews, bpy.types.Operator):
    """Render a small, short version of the background image, and play it behind the camera"""

    bl_idname = "landscape.preview_background"
    bl_label = "Preview Background"
    side_px = PREVIEW_SIDE_PX


class LANDSCAPE_OT_show_world_picture(OfWorld, Restores, bpy.types.Operator):
    """Show the original picture in the world again"""

    bl_idname = "landscape.show_world_picture"
    bl_label = "Show World Picture"
    bl_options = {"REGISTER", "UNDO"}


class LANDSCAPE_OT_show_background_picture(OfCamera, Restores, bpy.types.Operator):
    """Show the original picture behind the camera again"""

    bl_idname = "landscape.show_background_picture"
    bl_label = "Show Background Picture"
    bl_options = {"REGISTER", "UNDO"}


class LANDSCAPE_OT_find_world_frames(FindsFrames, OfWorld, Restores, bpy.types.Operator):
    """Search for the world's frames beside the .blend, or choose their folder"""

    bl_idname = "landscape.find_world_frames"
    bl_label = "Find World Frames"


class LANDSCAPE_OT_find_background_frames(FindsFrames, OfCamera, Restores, bpy.types.Operator):
    """Search for the frames of the background beside the .blend, or choose their folder"""

    bl_idname = "landscape.find_background_frames"
    bl_label = "Find Background Frames"


class LANDSCAPE_OT_load_world_frames(LoadsFrames, OfWorld, bpy.types.Operator):
    """List frames of the sky that were made before or elsewhere, and show them in the world"""

    bl_idname = "landscape.load_world_frames"
    bl_label = "Load World Frames…"


class LANDSCAPE_OT_load_background_frames(LoadsFrames, OfCamera, bpy.types.Operator):
    """List frames that were made before or elsewhere, and show them behind the camera"""

    bl_idname = "landscape.load_background_frames"
    bl_label = "Load Background Frames…"


class LANDSCAPE_OT_show_world_result(ShowsResult, OfWorld, Listed, bpy.types.Operator):
    """Show this result in the world"""

    bl_idname = "landscape.show_world_result"
    bl_label = "Show World Result"


class LANDSCAPE_OT_show_background_result(ShowsResult, OfCamera, Listed, bpy.types.Operator):
    """Show this result behind the camera"""

    bl_idname = "landscape.show_background_result"
    bl_label = "Show Background Result"


class LANDSCAPE_OT_remove_world_result(OfWorld, RemovesResult, bpy.types.Operator):
    """Remove the chosen result of the world from this list; files stay"""

    bl_idname = "landscape.remove_world_result"
    bl_label = "Remove World Result"
    bl_options = {"REGISTER", "UNDO"}


class LANDSCAPE_OT_remove_background_result(OfCamera, RemovesResult, bpy.types.Operator):
    """Remove the chosen result of the background from this list; files stay"""

    bl_idname = "landscape.remove_background_result"
    bl_label = "Remove Background Result"
    bl_options = {"REGISTER", "UNDO"}


classes = (
    LANDSCAPE_OT_animate_world,
    LANDSCAPE_OT_animate_background,
    LANDSCAPE_OT_preview_world,
    LANDSCAPE_OT_preview_background,
    LANDSCAPE_OT_show_world_picture,
    LANDSCAPE_OT_show_background_picture,
    LANDSCAPE_OT_find_world_frames,
    LANDSCAPE_OT_find_background_frames,
    LANDSCAPE_OT_load_world_frames,
    LANDSCAPE_OT_load_background_frames,
    LANDSCAPE_OT_show_world_result,
    LANDSCAPE_OT_show_background_result,
    LANDSCAPE_OT_remove_world_result,
    LANDSCAPE_OT_remove_background_result,
)
