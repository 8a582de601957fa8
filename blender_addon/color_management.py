# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene's color management makes of the picture's colors, and two ways to their own.

Either the scene shows colors as they are (Standard), or the picture and its frames are read through
the inverse of the scene's view transform, which undoes that.
"""

from __future__ import annotations

import bpy

from . import image_exchange
from .errors import AddonError

UNCHANGED = {"Standard", "Raw"}  # view transforms that a picture's colors are left alone by
PLAIN = {"exposure": 0.0, "gamma": 1.0, "use_curve_mapping": False, "use_white_balance": False}
WORDS = {"use_curve_mapping": "curves", "use_white_balance": "white balance"}
INVERSES = {  # of view transforms: the color space through which they leave a picture as it is
    "AgX": "AgX Base sRGB",
    "Filmic": "Filmic sRGB",
    "Khronos PBR Neutral": "Khronos PBR Neutral sRGB",
    "ACES 1.3": "ACES 1.3 sRGB",
    "ACES 2.0": "ACES 2.0 sRGB",
}
PNG_INSTEAD = "make them as PNG with 16 bits"
FRAMES_INSTEAD = "animate it, with PNG frames"
DISPLAY = "sRGB"  # that they are inverses for; also the color space of pictures


def view_problem(scene: bpy.types.Scene, picture: bpy.types.Image) -> str | None:
    """What of the scene's view changes the picture's colors, in one sentence; None: nothing."""
    view = scene.view_settings
    read_as = _inverse_in_use(picture)
    changes = _besides_the_transform(view)
    if view.view_transform not in UNCHANGED and INVERSES.get(view.view_transform) != read_as:
        changes.insert(0, view.view_transform)
    elif read_as and view.view_transform in UNCHANGED:
        changes.insert(0, f"{view.view_transform}, while the picture is read as '{read_as}'")
    if not changes:
        return None
    return (
        f"The scene's color management ({', '.join(changes)}) shows the picture in other colors "
        "than its own."
    )


def _besides_the_transform(view: bpy.types.ColorManagedViewSettings) -> list[str]:
    changes = [] if view.look == "None" else [f"the look '{view.look}'"]
    for name, plain in PLAIN.items():
        value = getattr(view, name, plain)  # some Blenders have no white balance
        if value != plain:
            changes.append(WORDS.get(name) or f"{name} {value:.3g}")
    return changes


def _inverse_in_use(picture: bpy.types.Image) -> str | None:
    name = picture.colorspace_settings.name
    return name if name in INVERSES.values() else None


def inverse_of_view(scene: bpy.types.Scene, picture: bpy.types.Image) -> str | None:
    """The color space that undoes the scene's view transform for a picture; None: there is none.

    There is none for scene-linear pictures, beside looks, exposure and curves, for displays other
    than sRGB, and in color managements that don't know it.
    """
    view = scene.view_settings
    name = INVERSES.get(view.view_transform)
    if name is None or _besides_the_transform(view) or picture.library:
        return None
    if scene.display_settings.display_device != DISPLAY or image_exchange.is_linear(picture):
        return None
    if picture.colorspace_settings.is_data:
        return None
    known = picture.colorspace_settings.bl_rna.properties["name"].enum_items
    return name if name in known else None


def use_inverse_of_view(scene: bpy.types.Scene, picture: bpy.types.Image) -> None:
    """Leave the scene's view transform on, and read the picture and its frames through its inverse.

    Raises:
        AddonError: there is no inverse, the picture has changes that reading it anew would lose, or
            it is shown as what can't be read so: frames in OpenEXR, or a live loop.
    """
    name = inverse_of_view(scene, picture)
    if name is None:
        raise AddonError(
            f"'{picture.name}' can't be read through the inverse of the scene's view "
            f"'{scene.view_settings.view_transform}'; expected a display-referred picture, an sRGB "
            "display, and a view transform such as AgX without look, exposure and curves: use Show "
            "Own Colors."
        )
    for obj in scene.objects:
        frames = image_exchange.shown_image(obj) if obj.type == "MESH" else None
        ours = picture in (frames and image_exchange.picture_behind(frames), _own_picture(obj))
        if ours and frames and image_exchange.is_linear(frames):
            raise AddonError(_unread(f"the OpenEXR frames on '{obj.name}'", name, PNG_INSTEAD))
        if ours and image_exchange.shown_live_loop(obj):
            raise AddonError(_unread(f"the live loop on '{obj.name}'", name, FRAMES_INSTEAD))
    image_exchange.read_as(picture, name)


def refuse_linear(picture: bpy.types.Image, what: str, instead: str) -> None:
    """Refuse what Blender has in scene-linear light, where the picture is read through an inverse.

    Scene-linear values can't be read so: a color space is for the values in a file, and there is
    none for linear light before a view transform. The view would change their colors.

    Args:
        picture: what it is made of.
        what: that is refused, as a subject.
        instead: what to do.

    Raises:
        AddonError: the picture is read through the inverse of a view transform.
    """
    name = _inverse_in_use(picture)
    if name:
        raise AddonError(_unread(what, name, instead))


def _unread(what: str, colorspace: str, instead: str) -> str:
    return (
        f"{what} can't be read through the inverse of the view ('{colorspace}'), as the picture "
        f"is, and would have other colors; {instead}, or use Show Own Colors."
    )


def _own_picture(obj: bpy.types.Object) -> bpy.types.Image | None:
    if image_exchange.source_problem(obj):
        return None
    return image_exchange.picture_of(obj)


def use_standard_view(scene: bpy.types.Scene, picture: bpy.types.Image | None = None) -> None:
    """Let the scene show the picture in its own colors.

    Args:
        scene: whose view is set.
        picture: read as sRGB again, if it was read through the inverse of another view.

    Raises:
        AddonError: this Blender's color management has no view transform of that name.
    """
    view = scene.view_settings
    try:
        view.view_transform = "Standard"
        view.look = "None"
    except TypeError as error:
        raise AddonError(
            "this Blender's color management has no view transform 'Standard'; choose one that "
            "leaves colors alone in Render Properties > Color Management."
        ) from error
    for name, plain in PLAIN.items():
        if hasattr(view, name):
            setattr(view, name, plain)
    if picture and _inverse_in_use(picture):
        image_exchange.read_as(picture, DISPLAY)
