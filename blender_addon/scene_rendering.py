# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's frames or movie rendered without a window: whole files alone."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .errors import AddonError

ENGINES = {"cycles": ("CYCLES",), "eevee": ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE")}
RENDERED = {"png": ("PNG", ".png"), "exr": ("OPEN_EXR", ".exr"), "mp4": ("FFMPEG", ".mp4")}
FULL_BYTES = 1 << 20  # a disk with less room is full


def on_full_disk(folder: Path) -> str | None:
    """That a disk is full, which comes before whatever else went wrong; None if it isn't."""
    return _full(folder) if shutil.disk_usage(folder).free < FULL_BYTES else None


def _full(folder: Path) -> str:
    return f"the disk of '{folder}' is full; free some room, and start the batch again: it goes on."


def render(scene: bpy.types.Scene, options: argparse.Namespace, target: Path) -> None:
    """Render the scene's frame range; frames that are there stay.

    Args:
        scene: what is rendered.
        options: `format`, `engine`, `samples` and `verbose`, as the batch's flags.
        target: the folder of the frames, or the movie's name without its ending.

    Raises:
        AddonError: the disk was full.
    """
    file_format, ending = RENDERED[options.format]
    how = scene.render
    _choose_engine(scene, options)
    movie = options.format == "mp4"
    final = target.with_suffix(ending) if movie else target
    if movie and final.is_file():
        print(f"'{final}' is there already.")
        return
    settings = how.image_settings
    if hasattr(settings, "media_type"):  # from Blender 5.0 on
        settings.media_type = "VIDEO" if movie else "IMAGE"
    settings.file_format = file_format
    how.use_overwrite, how.use_placeholder = False, False
    how.use_file_extension = True
    if movie:
        unfinished = target.with_name(f".{target.name}{ending}")
        unfinished.unlink(missing_ok=True)
        how.ffmpeg.format, how.ffmpeg.codec = "MPEG4", "H264"
        how.ffmpeg.constant_rate_factor = "HIGH"
        how.use_file_extension = False
        how.resolution_x -= how.resolution_x % 2  # yuv420p needs even sides
        how.resolution_y -= how.resolution_y % 2
        how.filepath = str(unfinished.resolve())
    else:
        how.filepath = os.path.join(final.resolve(), "")  # names are 0001 and on
    with (
        contextlib.nullcontext() if options.verbose else _frames_alone(scene),
        _whole_files(Path(how.filepath) if movie else None),
    ):
        bpy.ops.render.render(animation=True)
    if movie:
        unfinished.replace(final)


@contextlib.contextmanager
def _whole_files(movie: Path | None) -> Iterator[None]:
    """Keep no file that was written to a full disk: Blender leaves what has found room of it.

    Raises:
        AddonError: the disk was full.
    """
    full: list[Path] = []

    def check(rendered: bpy.types.Scene, *_: Any) -> None:
        file = movie or Path(rendered.render.frame_path(frame=rendered.frame_current))
        if shutil.disk_usage(file.parent).free < FULL_BYTES:
            full.append(file)
            if not movie:
                file.unlink(missing_ok=True)

    bpy.app.handlers.render_write.append(check)
    try:
        yield
    finally:
        bpy.app.handlers.render_write.remove(check)
        if full and movie:
            movie.unlink(missing_ok=True)
    if full:
        raise AddonError(_full(full[0].parent))


@contextlib.contextmanager
def _frames_alone(scene: bpy.types.Scene) -> Iterator[None]:
    """Print a line for each frame that is rendered, in place of all that the render engine prints.

    The engine prints with C's own functions, past Python: the process's output is turned away.
    """
    sys.stdout.flush()
    stdout = os.dup(1)
    total = len(range(scene.frame_start, scene.frame_end + 1, scene.frame_step))

    def note(rendered: bpy.types.Scene, *_: Any) -> None:
        done = (rendered.frame_current - scene.frame_start) // scene.frame_step + 1
        os.write(stdout, f"Render: {done}/{total}\n".encode())

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    bpy.app.handlers.render_write.append(note)
    try:
        yield
    finally:
        bpy.app.handlers.render_write.remove(note)
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(nowhere)
        os.close(stdout)


def _choose_engine(scene: bpy.types.Scene, options: argparse.Namespace) -> None:
    names = [item.identifier for item in scene.render.bl_rna.properties["engine"].enum_items]
    wanted = [name for name in ENGINES[options.engine] if name in names]
    # Cycles registers itself and isn't among the items until it does
    scene.render.engine = wanted[0] if wanted else ENGINES[options.engine][-1]
    if options.samples and options.engine == "cycles":
        scene.cycles.samples = options.samples
    elif options.samples:
        scene.eevee.taa_render_samples = options.samples
