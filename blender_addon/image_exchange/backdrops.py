# SPDX-License-Identifier: GPL-3.0-or-later
"""Backdrops: the environment of a world, or the background image of a camera, and frames there."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from .. import disk
from ..errors import AddonError
from . import lost_frames, materials, sequences, sources
from .clips import Clip

Backdrop = bpy.types.World | bpy.types.Camera
Holder = bpy.types.ShaderNodeTexEnvironment | bpy.types.CameraBackgroundImage


def holder(backdrop: Backdrop | None) -> Holder | None:
    """What shows the image: a node of the world, or an entry of the camera; None: nothing does."""
    if isinstance(backdrop, bpy.types.Camera):
        those = [entry for entry in backdrop.background_images if entry.source == "IMAGE"]
    elif backdrop and backdrop.node_tree:
        those = [n for n in backdrop.node_tree.nodes if n.bl_idname == "ShaderNodeTexEnvironment"]
    else:
        return None
    return next((one for one in those if one.image), None)


def picture(backdrop: Backdrop | None, ask: disk.Ask = disk.now) -> bpy.types.Image:
    """The picture that is animated; where our frames are shown, what they were made of.

    Raises:
        AddonError: there is none, it can't be animated, or it belongs to another .blend.
    """
    shown = holder(backdrop)
    if shown is None:
        name = f"'{backdrop.name}'" if backdrop else "the scene"
        raise AddonError(
            f"{name} shows no image; expected an Environment Texture in the world, or a background "
            "image of the camera: add one."
        )
    if backdrop.library:
        raise AddonError(f"'{backdrop.name}' is linked from another .blend; make it local.")
    found = materials.picture_behind(shown.image)
    if found is None:
        raise AddonError(
            f"the picture behind the frames of '{backdrop.name}' was removed from this file; "
            "choose it again."
        )
    problem = sources.image_problem(found, ask)
    if problem:
        raise AddonError(problem)
    return found


def show_frames(
    backdrop: Backdrop,
    first_file: Path,
    frames: int,
    frame_start: int,
    movie: bool,
    image: bpy.types.Image | None,
    colorspace: str | None = None,
) -> bpy.types.Image:
    """Show frames in a backdrop, over and over; else as `sequences.show_sequence`.

    Raises:
        AddonError: it shows no picture, or the color space is not there.
    """
    before = picture(backdrop)
    path = Path(os.path.abspath(first_file))
    shown = sequences.frames_in_place_of(before, path, movie, colorspace, image)
    sequences.play(holder(backdrop), shown, path, frames, frame_start, movie)
    return shown


def show_picture(backdrop: Backdrop) -> None:
    """Show the picture again.

    Raises:
        AddonError: the backdrop shows none, or it was removed.
    """
    found = picture(backdrop)
    holder(backdrop).image = found


def missing_frames(backdrop: Backdrop | None, ask: disk.Ask = disk.now) -> str | None:
    """What of the shown frames is missing, in one sentence; None if all are there."""
    if not shows_frames(backdrop):
        return None
    shown = holder(backdrop)
    first, movie = sources.path_of(shown.image), shown.image.source == "MOVIE"
    return lost_frames.missing_of(Clip(first, shown.image_user.frame_duration, movie), ask)


def take_off(folder: Path) -> list[tuple[Holder, bpy.types.Image]]:
    """As `sequences.take_off`, where worlds and cameras show frames."""
    taken: list[tuple[Holder, bpy.types.Image]] = []
    for backdrop in (*bpy.data.worlds, *bpy.data.cameras):
        if not backdrop.library and shows_frames(backdrop):
            shown = holder(backdrop)
            frames = shown.image
            before = materials.picture_behind(frames)
            if before and folder in sources.path_of(frames).parents:
                shown.image = before
                taken.append((shown, frames))
    return taken


def shown_image(owner: bpy.types.Object | Backdrop | None) -> bpy.types.Image | None:
    """The image of the frames of ours that a backdrop, or an object, shows now; None: none."""
    if owner is None or isinstance(owner, bpy.types.Object):
        node = sequences.shown_node(owner)
        return node.image if node else None
    return holder(owner).image if shows_frames(owner) else None


def shows_frames(backdrop: Backdrop | None) -> bool:
    """Whether frames of ours are in a backdrop now."""
    shown = holder(backdrop)
    return shown is not None and materials.is_ours(shown.image)
