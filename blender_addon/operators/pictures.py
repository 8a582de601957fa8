# SPDX-License-Identifier: GPL-3.0-or-later
"""A plane from a picture, and what is shown on it."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    StringProperty,
)
from bpy_extras.io_utils import ImportHelper

from .. import color_management, image_exchange, results, viewport
from ..errors import AddonError
from . import subject
from .subject import OnSubject, reporting

ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".exr")


class LANDSCAPE_OT_make_plane(ImportHelper, bpy.types.Operator):
    """Make a plane that shows a picture; several pictures stand side by side"""

    bl_idname = "landscape.make_plane"
    bl_label = "Plane from Picture"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(
        default=";".join(f"*{ending}" for ending in ENDINGS), options={"HIDDEN"}
    )
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )

    height: FloatProperty(
        name="Height", description="Height of the plane", unit="LENGTH",
        default=image_exchange.HEIGHT_M, min=0.001, soft_max=100,
    )  # fmt: skip
    facing: EnumProperty(
        name="Facing", description="From which side the picture is seen", items=viewport.FACINGS
    )
    shader: EnumProperty(
        name="Shader", description="What light does to the picture", items=image_exchange.SHADERS
    )
    at_cursor: BoolProperty(
        name="At 3D Cursor",
        description="Stand at the 3D cursor; if off, in front of what is selected, or in the "
        "middle of the view",
    )
    relative_path: BoolProperty(
        name="Relative Path",
        description="Keep the picture's path relative to the .blend, if that was saved",
        default=True,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Show what can be chosen beside the files, there and after the planes were made."""
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in ("height", "facing", "shader", "at_cursor", "relative_path"):
            layout.prop(self, name)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take files that were dropped; else ask for some."""
        if self.directory and any(file.name for file in self.files):
            return self.execute(context)
        return super().invoke(context, event)

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make one for each file."""
        names = [file.name for file in self.files if file.name]
        paths = [Path(self.directory, name) for name in names] if self.directory else []
        options = image_exchange.PlaneOptions(
            self.height, self.facing, self.shader, self.relative_path, self.at_cursor
        )
        image_exchange.make_planes(context, paths or [self.filepath], options)
        subject.show_textures(self, context)
        return {"FINISHED"}


class LANDSCAPE_OT_plane_from_empty(bpy.types.Operator):
    """Put a plane with the picture in the place of this image empty"""

    bl_idname = "landscape.plane_from_empty"
    bl_label = "Plane from Image Empty"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out without an image empty, and say why."""
        if image_exchange.is_image_empty(context.object) and context.object.data:
            return True
        cls.poll_message_set("Select an empty that shows an image")
        return False

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Replace it."""
        plane = image_exchange.plane_from_empty(context, context.object)
        viewport.show_in_local_view(viewport.area_of(context), [plane])
        subject.show_textures(self, context)
        return {"FINISHED"}


class LANDSCAPE_OT_show_picture(OnSubject, bpy.types.Operator):
    """Show the original picture on the plane again"""

    bl_idname = "landscape.show_picture"
    bl_label = "Show Picture"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show it."""
        image_exchange.show_picture(subject.of(context))
        return {"FINISHED"}


class ShowsResult:
    """Shows a result of the list.

    A class says with `owner` whose list it is.
    """

    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Result", description="Its place in the list", default=-1)

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show it."""
        owner = self.owner(context)
        settings = owner.landscape
        index = settings.result_active if self.index < 0 else self.index
        if not 0 <= index < len(settings.results):
            raise AddonError("there is no such result; animate first.")
        note = results.show(owner, context.scene, settings.results[index])
        if note:
            self.report({"INFO"}, note)
        settings.result_active = index
        return {"FINISHED"}


class LANDSCAPE_OT_show_result(ShowsResult, OnSubject, bpy.types.Operator):
    """Show this result on the plane"""

    bl_idname = "landscape.show_result"
    bl_label = "Show Result"

    def owner(self, context: bpy.types.Context) -> bpy.types.Object:
        """The active object."""
        return subject.of(context)


class LoadsFrames(ImportHelper):
    """Lists frames that were made before or elsewhere, and shows them.

    A class says with `owner` what will show them.
    """

    bl_options = {"REGISTER", "UNDO"}

    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_movie: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask, beginning where the frames of this object go, if that is there."""
        folder = results.folder_if_any(subject.of(context))
        if folder is not None and not self.filepath:
            self.filepath = os.path.join(folder, "")
        return super().invoke(context, event)

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Load them."""
        done = results.load(self.owner(context), context.scene, bpy.path.abspath(self.filepath))
        self.report({"INFO"}, done)
        return {"FINISHED"}


class LANDSCAPE_OT_load_frames(LoadsFrames, OnSubject, bpy.types.Operator):
    """List frames that were made before or elsewhere, and show them"""

    bl_idname = "landscape.load_frames"
    bl_description = (
        "List frames that were made before or elsewhere, and show them on the plane; choose their "
        "folder, one of them, or a movie"
    )
    bl_label = "Load Frames…"

    def owner(self, context: bpy.types.Context) -> bpy.types.Object:
        """The active object."""
        return subject.of(context)


class FindsFrames:
    """Searches for the shown frames beside the .blend, or asks for their folder.

    A class says with `owner` what shows them.
    """

    bl_options = {"REGISTER", "UNDO"}

    directory: StringProperty(subtype="DIR_PATH")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take what lies beside the .blend, else ask."""
        if image_exchange.find_moved(image_exchange.shown_image(self.owner(context))):
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read them from there."""
        owner = self.owner(context)
        image = image_exchange.shown_image(owner)
        folder = Path(self.directory) if self.directory else image_exchange.find_moved(image)
        if folder is None:
            raise AddonError(
                "the frames aren't beside the .blend; choose the folder that they are in."
            )
        image_exchange.relink(image, folder)
        results.relink(owner)
        return {"FINISHED"}


class LANDSCAPE_OT_find_frames(FindsFrames, OnSubject, bpy.types.Operator):
    """Search for the frames beside the .blend, or choose their folder"""

    bl_idname = "landscape.find_frames"
    bl_label = "Find Frames"

    def owner(self, context: bpy.types.Context) -> bpy.types.Object:
        """The active object."""
        return subject.of(context)


class LANDSCAPE_OT_use_standard_view(bpy.types.Operator):
    """Set the view transform of this scene to Standard, without look, exposure, gamma and curves"""

    bl_idname = "landscape.use_standard_view"
    bl_label = "Show Own Colors"
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        color_management.use_standard_view(context.scene, _picture(context))
        return {"FINISHED"}


class LANDSCAPE_OT_keep_view(OnSubject, bpy.types.Operator):
    """Keep the scene's view transform, and read the picture and its frames through its inverse"""

    bl_idname = "landscape.keep_view"
    bl_label = "Keep View Transform"
    bl_description = (
        "Keep the scene's view transform, and read the picture and its frames through its inverse, "
        "so that they look like their files; on an emission shader bright parts light more, and "
        "Solid views show them too bright"
    )
    bl_options = {"REGISTER", "UNDO"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read it so."""
        picture = image_exchange.picture_of(subject.of(context))
        color_management.use_inverse_of_view(context.scene, picture)
        return {"FINISHED"}


def _picture(context: bpy.types.Context) -> bpy.types.Image | None:
    """The picture of the active object, if it has one."""
    if image_exchange.source_problem(context.object):
        return None
    return image_exchange.picture_of(context.object)


classes = (
    LANDSCAPE_OT_make_plane,
    LANDSCAPE_OT_plane_from_empty,
    LANDSCAPE_OT_show_picture,
    LANDSCAPE_OT_show_result,
    LANDSCAPE_OT_load_frames,
    LANDSCAPE_OT_find_frames,
    LANDSCAPE_OT_use_standard_view,
    LANDSCAPE_OT_keep_view,
)
