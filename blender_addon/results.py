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

from . import color_management, exchange_folder, handlers, image_exchange
from .errors import AddonError, printable
from .image_exchange import Clip, is_movie

Owner = bpy.types.Object | image_exchange.Backdrop  # of results
SAVE_FIRST = "The frames go beside the .blend: save it first, or choose another folder."
_previews: list[Any] = []  # that are off their planes while a file is saved
MOVIES = {"mp4", "webm", "gif"}  # of the formats that the engine writes


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


def needs_saved_file(text: str) -> bool:
    """Whether a folder is beside a .blend that was never saved."""
    return text.startswith("//") and not bpy.data.filepath


def folder_if_any(obj: bpy.types.Object) -> Path | None:
    """The folder that an object's results go to, if it is there."""
    text = obj.landscape.output.folder
    if not text or needs_saved_file(text):
        return None
    folder = Path(os.path.abspath(bpy.path.abspath(text)))
    return folder if folder.is_dir() else None


def output_folder(text: str) -> Path:
    """The folder for results, made if it isn't there.

    Raises:
        AddonError: it is beside a .blend that was never saved, or can't be written to.
    """
    if not text:
        raise AddonError("no folder is named for the frames; name one, such as //landscape/.")
    if needs_saved_file(text):
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
    file = Path(report["paths"][0])
    item = _listed(obj, Clip(file, report["frames"], is_movie(file.name)))
    item.job = json.dumps(report["job"])
    note = show(obj, scene, item)
    done = f"{report['frames']} frames in {report['seconds']['total']:.0f} s: '{item.file}'."
    return printable(f"{done} {note}".strip())


def take_backdrop(
    backdrop: image_exchange.Backdrop, scene: bpy.types.Scene, report: dict[str, Any]
) -> str:
    """List what the engine made of a backdrop, and show it there; says what was done."""
    file = Path(report["paths"][0])
    item = _listed(backdrop, Clip(file, report["frames"], is_movie(file.name)))
    item.job = json.dumps(report["job"])
    note = show(backdrop, scene, item)
    done = f"{item.frames} frames are in '{backdrop.name}': '{item.file}'."
    return printable(f"{done} {note}".strip())


def go_live(
    obj: bpy.types.Object, scene: bpy.types.Scene, folder: Path, report: dict[str, Any]
) -> str:
    """Let an object play a kit that the engine made; says what was done.

    Args:
        obj: the object with the picture.
        scene: its first frame shows the loop's first.
        folder: the kit's, which is needed no more afterwards.
        report: the engine's.

    Raises:
        AddonError: the kit can't be read, or the object shows no picture that it can replace.
    """
    image_exchange.show_picture(obj)
    kit = image_exchange.read_live_kit(folder, f"{obj.name} live")
    image_exchange.put_live_loop_on(obj, kit, scene.frame_start, report["frames"])
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    done = (
        f"a live loop of {kit.document['period']} frames is on '{obj.name}'; its maps add "
        f"{max(1, round(size / 1e6))} MB to the .blend."
    )
    return f"{done} {_match_range(obj, scene)}".strip()


def load(owner: Owner, scene: bpy.types.Scene, path: str | Path) -> str:
    """List a clip that lies on the disk, and show it; says what was done.

    Args:
        owner: the object with the picture, or the backdrop.
        scene: its first frame shows the first of the clip.
        path: a movie, a folder of numbered frames, or one of them.

    Raises:
        AddonError: there is no clip, it can't be read, or the owner has no picture.
    """
    if isinstance(owner, bpy.types.Object):
        image_exchange.picture_of(owner)
    else:
        image_exchange.backdrop_picture(owner)
    item = _listed(owner, image_exchange.clip_at(path))
    try:
        note = show(owner, scene, item)
    except AddonError:
        settings = owner.landscape
        settings.results.remove(len(settings.results) - 1)
        settings.result_active = len(settings.results) - 1
        raise
    missing = image_exchange.missing_of(Clip(file_of(item), item.frames, item.movie))
    where = "on" if isinstance(owner, bpy.types.Object) else "in"
    done = missing or f"{item.frames} frames are {where} '{owner.name}': '{file_of(item)}'."
    return printable(f"{done} {note}".strip())


def _listed(owner: Owner, clip: Clip) -> Any:
    """A clip as the last of an owner's results, and the chosen one."""
    settings = owner.landscape
    item = settings.results.add()
    item.name = printable(clip.first.stem if clip.movie else clip.first.parent.name)
    item.file = image_exchange.portable(clip.first)
    item.frames, item.movie, item.colorspace = clip.frames, clip.movie, settings.output.colorspace
    settings.result_active = len(settings.results) - 1
    item.image = image_exchange.frames_image(clip.first, clip.movie)
    return item


def show(owner: Owner, scene: bpy.types.Scene, item: Any) -> str:
    """Put a result on its object, or in its backdrop; gives a sentence on the frame range, or none.

    Raises:
        AddonError: its files are gone, or are in OpenEXR while the picture is read through the
            inverse of a view transform.
    """
    first = file_of(item)
    if not first.is_file():
        raise AddonError(
            f"'{first}', the first frame of the result '{item.name}', isn't there; animate anew, "
            "or put the files back."
        )
    is_object = isinstance(owner, bpy.types.Object)
    if first.suffix.lower() in image_exchange.LINEAR:
        picture_of = image_exchange.picture_of if is_object else image_exchange.backdrop_picture
        what = f"the OpenEXR frames of '{item.name}'"
        color_management.refuse_linear(picture_of(owner), what, color_management.PNG_INSTEAD)
    show_there = image_exchange.show_sequence if is_object else image_exchange.show_backdrop_frames
    image = show_there(
        owner,
        first,
        item.frames,
        frame_start=scene.frame_start,
        colorspace=None if item.colorspace in {"", "AUTO"} else item.colorspace,
        movie=item.movie,
        image=item.image,
    )
    if item.image != image:
        item.image = image
    return _match_range(owner, scene, item.frames)


def _match_range(owner: Owner, scene: bpy.types.Scene, frames: int = 0) -> str:
    """Fit the scene's frame range to what an owner shows; a sentence on it, or none.

    Args:
        owner: an object, whose planes beside it count too, or a backdrop.
        scene: whose range it is.
        frames: of what a backdrop shows.
    """
    if not owner.landscape.output.match_range:
        return ""
    is_object = isinstance(owner, bpy.types.Object)
    return image_exchange.match_frame_range(scene, _loops(owner, scene) if is_object else [frames])


def _loops(obj: bpy.types.Object, scene: bpy.types.Scene) -> list[int]:
    """How many frames the object and other planes of the scene show; previews don't count."""
    exchange = exchange_folder.root()
    loops = [image_exchange.shown_frames(obj)]
    for other in scene.objects:
        if other == obj:
            continue
        shown = image_exchange.shown_file(other)
        live = image_exchange.shown_live_loop(other)
        if live or (shown and exchange not in shown.parents):
            loops.append(image_exchange.shown_frames(other))
    return loops


def relink(owner: Owner) -> None:
    """Look for the results that are missing beside the one that is shown."""
    image = image_exchange.shown_image(owner)
    if image is None:
        return
    shown = image_exchange.path_of(image)
    folder = shown.parent if is_movie(shown.name) else shown.parent.parent
    for item in owner.landscape.results:
        old = file_of(item)
        kept = Path(old.name) if item.movie else Path(old.parent.name, old.name)
        if not old.is_file() and (folder / kept).is_file():
            item.file = image_exchange.portable(folder / kept)
            if item.image and not item.image.library:
                image_exchange.point_to(item.image, folder / kept)


def clip_of(item: Any) -> Clip:
    """The files of a listed result.

    Raises:
        AddonError: some aren't there.
    """
    clip = Clip(file_of(item), item.frames, item.movie)
    missing = image_exchange.missing_of(clip)
    if missing:
        raise AddonError(f"of the result '{item.name}', {missing}")
    return clip


def image_of(item: Any) -> bpy.types.Image:
    """What shows a listed result; made where none does any more."""
    if item.image is None:
        item.image = image_exchange.frames_image(file_of(item), item.movie)
    return item.image


def file_of(item: Any) -> Path:
    """Where a listed result is: its image knows, whose path Blender keeps right."""
    if item.image:
        return image_exchange.path_of(item.image)
    return Path(os.path.abspath(bpy.path.abspath(item.file)))


@persistent
def _save_pictures(*_: Any) -> None:
    """Previews don't outlive the Blender that made them: what is saved shows the picture."""
    exchange = exchange_folder.root()
    _previews.extend(image_exchange.take_off(exchange))
    _previews.extend(image_exchange.take_off_backdrops(exchange))


@persistent
def _show_previews_again(*_: Any) -> None:
    """The file is saved, or couldn't be: the session goes on as it was."""
    image_exchange.put_on(_previews)
    _previews.clear()


@persistent
def _put_pictures_back(*_: Any) -> None:
    """Files saved with previews, by older add-ons or by Auto Save, show the pictures again."""
    exchange = exchange_folder.root()
    for obj in bpy.data.objects:
        shown = image_exchange.shown_file(obj)
        if shown and exchange in shown.parents and not shown.is_file():
            with contextlib.suppress(AddonError):  # the picture has gone as well
                image_exchange.show_picture(obj)
    image_exchange.take_off_backdrops(exchange)


@persistent
def _migrate(*_: Any) -> None:
    """Results of older add-ons have a path alone: they get the image."""
    for obj in bpy.data.objects:
        if obj.library or not obj.is_property_set("landscape"):
            continue
        for item in obj.landscape.results:
            if item.file and not item.image:
                first = Path(os.path.abspath(bpy.path.abspath(item.file)))
                item.image = image_exchange.frames_image(first, item.movie)


HANDLERS = (
    ("load_post", _migrate),
    ("load_post", _put_pictures_back),
    ("save_pre", _save_pictures),
    ("save_post", _show_previews_again),
    ("save_post_fail", _show_previews_again),
)


def register() -> None:
    """Watch files being opened and saved."""
    handlers.watch(HANDLERS)


def unregister() -> None:
    """Stop watching."""
    handlers.unwatch(HANDLERS)
