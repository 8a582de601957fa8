# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames on the plane in place of the picture, and the picture again."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..errors import AddonError, printable
from . import files, live_loops, materials, single_users, sources
from .materials import PICTURE, ImageNode, Place

if TYPE_CHECKING:
    import gpu

LINEAR = {".exr", ".hdr"}
_on_gpu: dict[str, int] = {}  # of our sequences: the file that was drawn last


def show_sequence(
    obj: bpy.types.Object,
    first_file: str | Path,
    frames: int,
    frame_start: int = 1,
    colorspace: str | None = None,
    movie: bool = False,
    image: bpy.types.Image | None = None,
) -> bpy.types.Image:
    """Show frames on an object, over and over, wherever its materials show the picture.

    All nodes that show the picture, or frames of ours, change together; links, mapping and
    interpolation stay. The picture stays in the file: the sequence remembers it. Where other
    objects share the material, or it is linked, the object gets a copy of its own.

    Args:
        obj: the object whose picture was animated.
        first_file: the first of the numbered frames, or the movie.
        frames: how many.
        frame_start: the scene's frame that shows the first one.
        colorspace: how Blender reads the files, a name of the color management; None: as it
            reads the picture, or such files by itself where one is scene-linear alone.
        movie: whether `first_file` holds all frames.
        image: what shows them; None: one that shows the same file, or a new one.

    Returns:
        The image that shows them.

    Raises:
        AddonError: nothing on the object can show them, the material can't be changed, or the
            file or the color space is not there.
    """
    path = Path(os.path.abspath(first_file))
    if not path.is_file():
        raise AddonError(f"'{path}', the first frame, isn't there; animate again.")
    if not movie:
        number_of(path)  # which says it if there is none, before anything changes
    live_loops.take_off(obj)
    picture = sources.picture_of(obj)
    single_users.make_single_user(obj, materials.places_for(obj, picture))
    places = materials.places_for(obj, picture)
    before = materials.picture_behind(places[0].node.image) or picture
    image = frames_in_place_of(before, path, movie, colorspace, image)
    for _, node in places:
        play(node, image, path, frames, frame_start, movie)
    return image


def frames_in_place_of(
    before: bpy.types.Image,
    path: Path,
    movie: bool,
    colorspace: str | None,
    image: bpy.types.Image | None,
) -> bpy.types.Image:
    """The image of a clip that remembers the picture, and is read as that is."""
    alike = not before.library and is_linear(before) == (path.suffix.lower() in LINEAR)
    taken = colorspace
    if alike and colorspace is None and not _is_rewritten(before):
        taken = before.colorspace_settings.name
    image = frames_image(path, movie, taken, image)
    if not image.library:
        image[PICTURE] = before
        if alike and image.alpha_mode != before.alpha_mode:
            image.alpha_mode = before.alpha_mode
    return image


def play(
    shows: Any, image: bpy.types.Image, path: Path, frames: int, frame_start: int, movie: bool
) -> None:
    """Let what shows an image (a node, a background of a camera) show a clip, over and over.

    Nodes of the compositor have no image user: they say themselves which frames.
    """
    offset = 0 if movie else number_of(path) - 1
    shows.image = image
    user = getattr(shows, "image_user", shows)
    user.frame_start, user.frame_duration, user.frame_offset = frame_start, frames, offset
    user.use_cyclic = user.use_auto_refresh = True


def show_picture(obj: bpy.types.Object) -> None:
    """Put the picture back where our frames, or a live loop, are shown on an object.

    Raises:
        AddonError: the picture is no longer in this file, or the material can't be changed.
    """
    live_loops.take_off(obj)
    single_users.make_single_user(obj, _shown(obj))
    shown = _shown(obj)
    pictures = [
        materials.picture_behind(place.node.image) or sources.picture_of(obj) for place in shown
    ]
    for (_, node), picture in zip(shown, pictures, strict=True):
        node.image = picture


def take_off(folder: Path) -> list[tuple[Any, bpy.types.Image]]:
    """Show the picture wherever objects show frames of ours that lie in a folder, for a moment.

    Returns:
        What `put_on` needs to show them again.
    """
    taken: list[tuple[Any, bpy.types.Image]] = []
    for obj in bpy.data.objects:
        for place in _shown(obj) if obj.type == "MESH" else ():
            frames = place.node.image
            picture = materials.picture_behind(frames)
            if picture and not place.library and folder in sources.path_of(frames).parents:
                place.node.image = picture
                taken.append((place.node, frames))
    return taken


def put_on(taken: list[tuple[Any, bpy.types.Image]]) -> None:
    """Show again what was taken off."""
    for shows, frames in taken:
        shows.image = frames


def shows_frames(obj: bpy.types.Object | None) -> bool:
    """Whether frames of ours, or a live loop, are on an object now."""
    return bool(obj and obj.type == "MESH" and (live_loops.shown(obj) or _shown(obj)))


def shown_node(obj: bpy.types.Object | None) -> ImageNode | None:
    """A node that shows frames of ours; None where there is none."""
    shown = _shown(obj) if obj and obj.type == "MESH" else []
    return shown[0].node if shown else None


def shown_file(obj: bpy.types.Object | None) -> Path | None:
    """The first frame, or the movie, that is on an object now; it may be missing."""
    node = shown_node(obj)
    return sources.path_of(node.image) if node else None


def shown_frames(obj: bpy.types.Object | None) -> int:
    """How many frames of ours, or of a live loop, an object shows, over and over; 0: none."""
    live = live_loops.shown(obj)
    if live:
        return live_loops.frames_of(live)
    node = shown_node(obj)
    return node.image_user.frame_duration if node else 0


def number_of(path: Path) -> int:
    """The number at the end of a frame's name."""
    found = re.search(r"(\d+)$", path.stem)
    if not found:
        raise AddonError(f"'{path.name}' has no number; expected numbered frames, as 0001.png.")
    return int(found.group(1))


def names_of(first: Path, frames: int) -> list[str]:
    """The names of a sequence's files.

    Raises:
        AddonError: the first one has no number.
    """
    number = number_of(first)
    digits = re.search(r"\d+$", first.stem).group()
    prefix = first.stem[: -len(digits)]
    return [f"{prefix}{n:0{len(digits)}d}{first.suffix}" for n in range(number, number + frames)]


def portable(path: Path) -> str:
    """A path as images keep it: beside the .blend where it can be, so that both can be moved."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # on another drive
        return str(path)


def seen_texture(obj: bpy.types.Object, frame: int) -> gpu.types.GPUTexture | None:
    """The picture on an object, or the frame of ours that is seen in its place, for drawing.

    Args:
        obj: a mesh.
        frame: the scene's.
    """
    shown = (node for m in materials.materials(obj) for node in materials.image_nodes(m))
    node = next(shown, None)
    image = node.image if node else obj.landscape.picture
    if image is None:
        return None
    import gpu

    if node and image.source in {"SEQUENCE", "MOVIE"}:
        number = _file_number(node.image_user, frame)
        if _on_gpu.get(image.name) != number:
            image.gl_free()
            _on_gpu[image.name] = number
        image.gl_load(frame=number)  # the texture knows no frames of its own
    return gpu.texture.from_image(image) if min(image.size) else None


def _file_number(user: bpy.types.ImageUser, frame: int) -> int:
    """The number of the file that a node shows at a frame of the scene."""
    passed = frame - user.frame_start
    if user.use_cyclic:
        passed %= max(user.frame_duration, 1)
    return min(max(passed, 0), max(user.frame_duration, 1) - 1) + 1 + user.frame_offset


def _shown(obj: bpy.types.Object) -> list[Place]:
    return materials.places_with(obj, None)


def read_as(picture: bpy.types.Image, colorspace: str) -> None:
    """Read a picture, and the frames that were made of it, as files of a color space.

    Frames that are scene-linear, or belong to another .blend, stay as they are.

    Raises:
        AddonError: the picture has changes that reading it anew would lose.
    """
    if picture.is_dirty:
        raise AddonError(
            f"'{picture.name}' has changes that aren't saved, which reading it in another color "
            "space would lose; save or pack it first."
        )
    frames = [i for i in bpy.data.images if materials.is_ours(i) and i.get(PICTURE) == picture]
    for image in (picture, *frames):
        if not image.library and not is_linear(image):
            image.colorspace_settings.name = colorspace


def _is_rewritten(image: bpy.types.Image) -> bool:
    """Whether the engine gets scene-linear pixels in other primaries than an image's file has."""
    data = image.colorspace_settings.is_data
    return image.is_float and not data and is_linear(image) and not files.own_ending(image)


def is_linear(image: bpy.types.Image) -> bool:
    """Whether an image's values are scene-linear, by its file, or its pixels where it has none."""
    suffix = Path(image.filepath).suffix.lower()
    return suffix in LINEAR if suffix else image.is_float


def frames_image(
    first_file: str | Path,
    movie: bool = False,
    colorspace: str | None = None,
    image: bpy.types.Image | None = None,
) -> bpy.types.Image:
    """The image that shows a clip: the given one, one of ours for the same file, or a new one.

    It is read anew. A file that isn't there gets an image all the same, which can be pointed to
    another place later.

    Raises:
        AddonError: this Blender has no such color space.
    """
    path = Path(os.path.abspath(first_file))
    if image and image.library:  # read as the other .blend says
        return image
    ours = (i for i in bpy.data.images if materials.is_ours(i) and not i.library)
    known = image or next((image for image in ours if sources.path_of(image) == path), None)
    image = known or _new_image(path)
    try:
        if colorspace:
            image.colorspace_settings.name = colorspace
    except TypeError as error:
        if not known:
            bpy.data.images.remove(image)
        raise AddonError(
            f"this Blender's color management has no '{colorspace}'; choose another color space."
        ) from error
    if not known:
        image.name = printable(path.stem if movie else f"{path.parent.name} frames")
        image.source = "MOVIE" if movie else "SEQUENCE"
    point_to(image, path)
    return image


def _new_image(path: Path) -> bpy.types.Image:
    """An image of a file; Blender chooses the color space by what is in it."""
    with suppress(RuntimeError):  # it isn't there
        return bpy.data.images.load(str(path))
    image = bpy.data.images.new(printable(path.name), 1, 1)
    if path.suffix.lower() in LINEAR:
        with suppress(TypeError):  # another color management, without that name
            image.colorspace_settings.name = "Linear Rec.709"
    return image


def point_to(image: bpy.types.Image, path: Path) -> None:
    """Read an image from a file, anew if it is the same one."""
    image.filepath = portable(path)
    image.reload()
