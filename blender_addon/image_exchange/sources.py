# SPDX-License-Identifier: GPL-3.0-or-later
"""The landscape picture of an object, or why it has none."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from .. import disk
from ..errors import AddonError
from . import geometry_nodes, materials

NEED = "expected one still picture"


def picture_of(obj: bpy.types.Object | None, ask: disk.Ask = disk.now) -> bpy.types.Image:
    """The picture that is animated: the one chosen in the panel, else the one in the material.

    The material's is that of the image texture node that feeds the color of the surface; where
    our frames are shown, the picture that they were made of. Panels ask for what is kept of the
    disk.

    Raises:
        AddonError: there is none, or it can't be animated.
    """
    image = _picture(obj)
    problem = image_problem(image, ask)
    if problem:
        raise AddonError(problem)
    return image


def source_problem(obj: bpy.types.Object | None, ask: disk.Ask = disk.now) -> str | None:
    """What `picture_of` would refuse, without raising."""
    try:
        picture_of(obj, ask)
    except AddonError as error:
        return str(error)
    return None


def has_images(obj: bpy.types.Object) -> bool:
    """Whether an object has images of any kind, so that it may have been meant as a picture."""
    if materials.has_images(obj):
        return True
    try:
        geometry_nodes.refuse_materials(obj)
    except AddonError:
        return True
    return False


def _picture(obj: bpy.types.Object | None) -> bpy.types.Image:
    """The object's picture, whatever it is like."""
    if obj is None:
        raise AddonError("no object is active; select the plane that shows the picture.")
    if obj.type != "MESH":
        raise AddonError(
            f"'{obj.name}' is no mesh; expected a plane with a picture: select or make one."
        )
    chosen = getattr(getattr(obj, "landscape", None), "picture", None)
    if chosen:
        return materials.picture_behind(chosen) or chosen
    for material in materials.materials(obj):
        for node in materials.image_nodes(material):
            picture = materials.picture_behind(node.image)
            if picture:
                return picture
            raise AddonError(
                f"the picture behind the frames on '{obj.name}' was removed from this file; "
                "choose it again as the picture."
            )
    geometry_nodes.refuse_materials(obj)
    if not any(slot.material for slot in obj.material_slots):
        raise AddonError(
            f"'{obj.name}' has no material; expected one with an image: add it, or make a plane "
            "from a picture."
        )
    raise AddonError(
        f"no image feeds the surface of '{obj.name}'; expected an Image Texture node that is "
        "linked to the material's output: add one, or choose a picture."
    )


def image_problem(image: bpy.types.Image, ask: disk.Ask = disk.now) -> str | None:
    """Why an image can't be a picture for the engine, in one sentence; None if it can."""
    name = image.name
    if image.source == "MOVIE":
        return f"'{name}' is a movie; {NEED}: use one of its frames."
    if image.source == "SEQUENCE":
        return f"'{name}' is an image sequence; {NEED}: use one of its frames."
    if image.source == "TILED":
        return f"'{name}' has UDIM tiles; {NEED}: bake or export them to one image."
    if image.source == "VIEWER" or image.type in {"RENDER_RESULT", "COMPOSITING"}:
        return f"'{name}' is what Blender renders; {NEED}: save it as a file and open that."
    if image.type == "MULTILAYER":
        return f"'{name}' has layers; {NEED}: save the combined layer as a file and open that."
    if image.source == "FILE" and not image.packed_file and not image.is_dirty:
        if not image.filepath:
            return f"'{name}' has no file and no pixels; {NEED}: open one."
        path = path_of(image)
        if not ask(os.path.isfile, path, unknown=True):
            return f"'{path}', the file of '{name}', isn't there; put it back or open another one."
    if min(image.size) == 0:
        return f"'{name}' has no pixels or can't be read; {NEED}: open or export it again."
    return None


def path_of(image: bpy.types.Image) -> Path:
    """Where an image's file is, also that of an image in a library."""
    return Path(os.path.abspath(bpy.path.abspath(image.filepath, library=image.library)))
