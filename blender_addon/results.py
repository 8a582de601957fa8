# SPDX-License-Identifier: GPL-3.0-or-later
"""Results: where the next one goes, and frames that were made put on their plane and listed."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import exchange_folder, image_exchange
from .errors import AddonError

MOVIES = {"mp4", "webm", "gif"}


def next_target(obj: bpy.types.Object, promised: Sequence[str] = ()) -> Path:
    """Where the next result of an object goes: a folder of frames, or the file of a movie.

    Args:
        obj: the object.
        promised: where jobs that aren't done yet will write.

    Raises:
        AddonError: the folder is beside a .blend that was never saved, or can't be written to.
    """
    output = obj.landscape.output
    folder = output_folder(output.folder)
    name = file_name(obj)
    there = [entry.name for entry in folder.iterdir()]
    there += [path.name for path in map(Path, promised) if path.parent == folder]
    taken = [
        int(found.group(1))
        for entry in there
        if (found := re.fullmatch(re.escape(name) + r"-(\d+)(\.\w+)?", entry))
    ]
    number = f"{name}-{max(taken, default=0) + 1:03d}"
    movie = output.format in MOVIES
    return folder / (f"{number}.{output.format}" if movie else number)


def file_name(obj: bpy.types.Object) -> str:
    """An object's name as every file system takes it."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", obj.name).strip(". ") or "landscape"


def output_folder(text: str) -> Path:
    """The folder for results, made if it isn't there.

    Raises:
        AddonError: it is beside a .blend that was never saved, or can't be written to.
    """
    if not text:
        raise AddonError("no folder is named for the frames; name one, such as //landscape/.")
    if text.startswith("//") and not bpy.data.filepath:
        raise AddonError(
            f"the frames go to '{text}', beside the .blend, which was never saved; save it, or "
            "choose another folder."
        )
    folder = Path(os.path.abspath(bpy.path.abspath(text)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise AddonError(
            f"the folder '{folder}' can't be written to; choose another one, or allow it."
        )
    return folder


def take(obj: bpy.types.Object, scene: bpy.types.Scene, report: dict[str, Any]) -> str:
    """List what the engine made, and show it on the object; says what was done."""
    settings = obj.landscape
    file = report["paths"][0]
    item = settings.results.add()
    item.name = Path(file).stem if is_movie(file) else Path(file).parent.name
    item.file = image_exchange.portable(Path(file))
    item.frames = report["frames"]
    item.movie = is_movie(file)
    item.colorspace = settings.output.colorspace
    item.job = json.dumps(report["job"], ensure_ascii=False)
    settings.result_active = len(settings.results) - 1
    show(obj, scene, item)
    return f"{report['frames']} frames in {report['seconds']['total']:.0f} s: '{item.file}'."


def show(obj: bpy.types.Object, scene: bpy.types.Scene, item: Any) -> None:
    """Put a listed result on the object.

    Raises:
        AddonError: its files are gone.
    """
    first = file_of(item)
    if not first.is_file():
        raise AddonError(
            f"'{first}', the first frame of the result '{item.name}', isn't there; animate anew, "
            "or put the files back."
        )
    image_exchange.show_sequence(
        obj,
        first,
        item.frames,
        frame_start=scene.frame_start,
        colorspace=None if item.colorspace in {"", "AUTO"} else item.colorspace,
        movie=item.movie,
    )
    if obj.landscape.output.match_range:
        image_exchange.match_frame_range(scene, item.frames, scene.frame_start)


def relink(obj: bpy.types.Object) -> None:
    """Look for the results that are missing beside the one that is shown."""
    shown = image_exchange.shown_file(obj)
    if shown is None:
        return
    folder = shown.parent if is_movie(shown.name) else shown.parent.parent
    for item in obj.landscape.results:
        old = file_of(item)
        kept = Path(old.name) if item.movie else Path(old.parent.name, old.name)
        if not old.is_file() and (folder / kept).is_file():
            item.file = image_exchange.portable(folder / kept)


def file_of(item: Any) -> Path:
    """Where a listed result is."""
    return Path(os.path.abspath(bpy.path.abspath(item.file)))


def is_movie(file: str) -> bool:
    """Whether a file holds a whole clip."""
    return Path(file).suffix[1:].lower() in MOVIES


@persistent
def _put_pictures_back(*_: Any) -> None:
    """Previews don't outlive the Blender that made them: their planes show the picture again."""
    exchange = exchange_folder.root()
    for obj in bpy.data.objects:
        shown = image_exchange.shown_file(obj)
        if shown and exchange in shown.parents and not shown.is_file():
            with contextlib.suppress(AddonError):  # the picture has gone as well
                image_exchange.show_picture(obj)


def register() -> None:
    """Watch files being opened."""
    bpy.app.handlers.load_post.append(_put_pictures_back)


def unregister() -> None:
    """Stop watching."""
    bpy.app.handlers.load_post.remove(_put_pictures_back)
