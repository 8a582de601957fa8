# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames whose files have gone: said, found beside the .blend, and linked again."""

from __future__ import annotations

import os
import re
from pathlib import Path

import bpy

from .. import disk
from ..errors import AddonError
from . import sequences, sources
from .clips import Clip

LEVELS = 3  # folders of the old path that are looked for beside the .blend
WHAT_TO_DO = "find them, or animate again."


def missing_frames(obj: bpy.types.Object | None, ask: disk.Ask = disk.now) -> str | None:
    """What of the shown frames is missing, in one sentence; None if all are there.

    Blender shows a missing file in magenta and says nothing. Panels ask for what is kept of the
    disk.
    """
    node = sequences.shown_node(obj)
    if node is None:
        return None
    movie = node.image.source == "MOVIE"
    clip = Clip(sources.path_of(node.image), node.image_user.frame_duration, movie)
    return missing_of(clip, ask)


def missing_of(clip: Clip, ask: disk.Ask = disk.now) -> str | None:
    """What of a clip's files is missing, in one sentence; None if all are there."""
    if clip.movie:
        there = ask(os.path.isfile, clip.first, unknown=True)
        return None if there else f"the movie '{clip.first}' isn't there; {WHAT_TO_DO}"
    return ask(_missing, clip.first, clip.frames)


def _missing(first: Path, frames: int) -> str | None:
    """What of a sequence is missing; reads its folder, and opens no file."""
    try:
        wanted = sequences.names_of(first, frames)
    except AddonError as error:
        return str(error)
    try:
        with os.scandir(first.parent) as entries:
            there = {entry.name for entry in entries}
    except OSError:
        there = set()
    missing = [name for name in wanted if name not in there]
    if not missing:
        return None
    return (
        f"{len(missing)} of {len(wanted)} frames, from '{missing[0]}' on, aren't in "
        f"'{first.parent}'; {WHAT_TO_DO}"
    )


def find_moved(frames: bpy.types.Image | None) -> Path | None:
    """The folder beside the .blend that has the files of an image now; None if there is none.

    The old path's last folders are looked for beside the .blend: of `/a/landscape/lake-001`,
    `lake-001`, `landscape/lake-001` and `a/landscape/lake-001`.
    """
    if frames is None or not bpy.data.filepath:
        return None
    old = sources.path_of(frames)
    beside = Path(bpy.data.filepath).parent
    parents = [part for part in re.split(r"[\\/]+", str(old.parent)) if part]
    for levels in range(0 if frames.source == "MOVIE" else 1, LEVELS + 1):
        folder = beside.joinpath(*parents[len(parents) - min(levels, len(parents)) :])
        if folder != old.parent and (folder / _name(old)).is_file():
            return folder
    return None


def relink(frames: bpy.types.Image | None, folder: str | Path) -> None:
    """Read the shown frames from another folder, with the names that they have.

    Raises:
        AddonError: no frames are shown, or the first one isn't in the folder.
    """
    if frames is None:
        raise AddonError("no frames are shown here; animate first.")
    path = Path(folder).absolute() / _name(sources.path_of(frames))
    if not path.is_file():
        raise AddonError(
            f"'{path.name}' isn't in '{path.parent}'; choose the folder with the frames in it."
        )
    sequences.point_to(frames, path)


def _name(path: Path) -> str:
    """A file's name, also of a path that another system wrote."""
    return re.split(r"[\\/]", str(path))[-1]
