# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pictures or .blend files without a window: plane, frames, rendered clip, a report for each.

    python -m blender_addon.batch lake.jpg sea.jpg --out clips --set clip.frames=100 --format mp4
    blender -b scene.blend -P blender_addon/batch.py -- --out clips --engine cycles

What is there already isn't made again, so that a batch that was stopped goes on where it stopped.
An item that has changed since, or gets other settings, is made anew.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import importlib.util
import io
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

if __package__:
    from . import choices, finished, image_exchange, job_documents, register, results, unregister
    from .errors import AddonError
    from .scene_rendering import ENGINES, FULL_BYTES, RENDERED, on_full_disk, render

SAMPLES = 16  # for a plane that fills the view: they soften its pixels' edges alone
LEAST_BYTES = 0.25  # that a pixel of a frame takes on the disk, of a smooth picture
MADE_WITH = "landscape_made_with"  # on an object: what its last result was made of
RENDERED_WITH = "landscape_rendered_"  # on a scene, and a format: how frames of it were rendered


def main(arguments: Sequence[str] | None = None) -> int:
    """Do all items; gives the exit code: 0 if all went well, 1 if one or more failed."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # which names of files that aren't UTF-8 would end
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if options.python:
        os.environ[choices.INTERPRETER_VARIABLE] = options.python
    ours = not hasattr(bpy.types.Object, "landscape")  # else it is enabled as an extension
    if ours:
        register()
    try:
        return _do_all(options)
    except AddonError as error:  # nothing can be done at all
        print(error, file=sys.stderr)
        return 1
    finally:
        if ours:
            unregister()


def _do_all(options: argparse.Namespace) -> int:
    _find_engine()
    file = options.report or options.out / "report.json"
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        if not os.access(options.out, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise AddonError(
            f"the folder '{options.out}' can't be written to ({error.strerror}); choose another "
            "one with --out, or allow it."
        ) from error
    reports: list[dict[str, Any]] = []
    _write_report(file, reports)  # before the work, so that it isn't done in vain
    for item in options.items or [None]:  # None: the file that Blender has open
        reports.append(_report(item, options))
        _write_report(file, reports)  # after each: a batch may be stopped
    failed = [report for report in reports if report["error"]]
    print(f"{len(reports) - len(failed)} of {len(reports)} done; the report is '{file}'.")
    return 1 if failed else 0


def _write_report(file: Path, reports: list[dict[str, Any]]) -> None:
    text = json.dumps(reports, indent=1) + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AddonError(
            f"the report '{file}' can't be written ({error.strerror}); free some room, or choose "
            "another file with --report."
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m blender_addon.batch", description="Animate and render without a window."
    )
    parser.add_argument("items", nargs="*", type=Path, metavar="PICTURE|FILE.blend")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where all goes")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="GROUP.NAME=VALUE",
        help="a setting of the panel, such as clip.frames=100; repeatable",
    )
    parser.add_argument(
        "--format",
        choices=[*RENDERED, "none"],
        default="png",
        help="of what is rendered; none: the frames of the texture are enough (default: png)",
    )
    parser.add_argument("--engine", choices=ENGINES, default="cycles", help="default: cycles")
    parser.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help=f"of the engine (default: {SAMPLES} for pictures, else the scene's)",
    )
    parser.add_argument("--python", metavar="PATH", help="the interpreter that has the engine")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="(DIR/report.json)")
    parser.add_argument(
        "--verbose", action="store_true", help="print what the render engine prints as well"
    )
    return parser


def _find_engine() -> None:
    """Take the running interpreter for the engine if none is known and it has one."""
    if not choices.interpreter() and importlib.util.find_spec("landscape_engine"):
        os.environ[choices.INTERPRETER_VARIABLE] = sys.executable


def _report(item: Path | None, options: argparse.Namespace) -> dict[str, Any]:
    """Do one item; whatever goes wrong with it is said in its report, beside what was made."""
    started = time.perf_counter()
    report: dict[str, Any] = {"item": str(item or bpy.data.filepath), "error": None}
    print(f"{report['item']}:")
    try:
        _do(item, options, report)
    except (AddonError, RuntimeError, OSError, ValueError) as error:
        # what an operator reports comes as "Error: sentence"
        report["error"] = on_full_disk(options.out) or str(error).removeprefix("Error: ").strip()
        print(report["error"], file=sys.stderr)
    except Exception as error:
        report["error"] = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    report["seconds"] = round(time.perf_counter() - started, 2)
    return report


def _do(item: Path | None, options: argparse.Namespace, report: dict[str, Any]) -> None:
    if item is not None and not item.is_file():
        raise AddonError(f"'{item}' isn't there; expected a picture or a .blend.")
    source = item if item is not None else _file_on_disk()
    name = source.stem if source else "untitled"
    claim = finished.claim(source, name, options.out)
    kept = claim.kept
    claim.record.write(kept)  # at once: another item of the same name takes another place
    if source is None or source.suffix == ".blend":
        _open_blend(source, claim)
    else:
        _open_picture(source, claim)
    report["blend"] = str(kept)
    scene, objects = bpy.context.scene, _subjects()
    for obj in objects:
        for setting in options.set:
            _set(obj.landscape, setting)
    if source is not None and source.suffix != ".blend":
        _match_resolution(scene, objects[0])
    _check_before(scene, objects, options)
    report["results"] = made = []
    for obj in objects:
        made.append(_animate(obj, claim))
    if options.format != "none":
        _forget_stale(scene, objects, options, claim)
        try:
            render(scene, options, kept.with_suffix(""))
        finally:
            if target := _rendered(options, kept):
                report["rendered"] = str(target)


def _file_on_disk() -> Path | None:
    """The file that Blender has open; None if it was never saved."""
    return Path(bpy.data.filepath) if bpy.data.filepath else None


def _check_before(
    scene: bpy.types.Scene, objects: list[bpy.types.Object], options: argparse.Namespace
) -> None:
    """Refuse what is known to fail at the end, before the work.

    Raises:
        AddonError: no camera to render with, or less room than the frames take.
    """
    if options.format != "none" and not _has_view(scene):
        raise AddonError(
            f"the scene '{scene.name}' has no camera; expected one to render with: add one, or "
            "animate without rendering (--format none)."
        )
    needed = 0.0
    for obj in objects:
        settings = obj.landscape
        size = job_documents.frame_size(settings.clip, tuple(image_exchange.picture_of(obj).size))
        if settings.output.format not in results.MOVIES:
            needed += LEAST_BYTES * settings.clip.frames * size[0] * size[1]
    free = shutil.disk_usage(options.out).free
    if free < max(needed, FULL_BYTES):
        raise AddonError(
            f"the disk of '{options.out}' has {free / 1e6:,.0f} MB of room, and the frames take "
            f"{max(needed, FULL_BYTES) / 1e6:,.0f} MB or more; free some, or choose another disk."
        )


def _has_view(scene: bpy.types.Scene) -> bool:
    """Whether there is something to render: a camera, also one of a marker, or the sequencer's."""
    editor = scene.sequence_editor
    strips = getattr(editor, "strips", None) or getattr(editor, "sequences", None)  # before 4.4
    bound = any(marker.camera for marker in scene.timeline_markers)
    return bool(scene.camera or bound or strips)


def _rendered(options: argparse.Namespace, kept: Path) -> Path | None:
    """What was rendered of an item so far: a folder or a movie; None if nothing was."""
    ending = RENDERED[options.format][1]
    target = kept.with_suffix(ending if options.format == "mp4" else "")
    if options.format == "mp4":
        return target if target.is_file() else None
    frames = (file for file in target.glob(f"*{ending}") if file.stem.isdecimal())
    return target if next(frames, None) else None


def _save(claim: finished.Claim) -> None:
    """Save the open file as the kept .blend, and note that nobody else did."""
    bpy.ops.wm.save_as_mainfile(filepath=str(claim.kept.resolve()))
    claim.record.saved = finished.hash_of(claim.kept)
    claim.record.write(claim.kept)


def _forget_stale(
    scene: bpy.types.Scene,
    objects: list[bpy.types.Object],
    options: argparse.Namespace,
    claim: finished.Claim,
) -> None:
    """Remove what was rendered from other frames, or in another way, than is asked for now."""
    kept = claim.kept
    settings = [settings_text(obj.landscape) for obj in objects]
    made = [obj.get(MADE_WITH) for obj in objects]
    wanted = json.dumps([options.engine, options.samples, claim.record.edition, settings, made])
    name = f"{RENDERED_WITH}{options.format}"
    if scene.get(name) == wanted:
        return
    ending = RENDERED[options.format][1]
    if name not in scene:  # nothing was rendered yet: what lies there is somebody else's
        pass
    elif options.format == "mp4":
        kept.with_suffix(ending).unlink(missing_ok=True)
    else:
        for file in kept.with_suffix("").glob(f"*{ending}"):
            if file.stem.isdecimal():
                file.unlink()
    scene[name] = wanted
    _save(claim)


def _open_blend(item: Path | None, claim: finished.Claim) -> None:
    """Open a .blend, or the copy of it that an earlier run has left."""
    if not claim.is_fresh:
        bpy.ops.wm.open_mainfile(filepath=str(claim.kept.resolve()), load_ui=False)
        return
    before = _rendered_before(claim.kept) if item is not None else {}
    if item is not None:
        bpy.ops.wm.open_mainfile(filepath=str(item.resolve()), load_ui=False)
    _begin(claim, before)


def _open_picture(item: Path, claim: finished.Claim) -> None:
    """A scene with the picture on a plane that fills the camera's view."""
    if not claim.is_fresh:
        bpy.ops.wm.open_mainfile(filepath=str(claim.kept.resolve()), load_ui=False)
        return
    before = _rendered_before(claim.kept)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    plane = image_exchange.make_plane(bpy.context, str(item.resolve()))
    scene = bpy.context.scene
    scene.view_settings.view_transform = "Standard"
    scene.render.dither_intensity = 0
    if hasattr(scene, "cycles"):
        scene.cycles.use_denoising = False  # light that is emitted has no noise
        scene.cycles.samples = SAMPLES
    scene.eevee.taa_render_samples = SAMPLES
    _look_at(scene, plane)
    _begin(claim, before)


def _rendered_before(kept: Path) -> dict[str, str]:
    """What an earlier run rendered of an item that has changed since: it is ours, and goes."""
    if not kept.is_file():
        return {}
    bpy.ops.wm.open_mainfile(filepath=str(kept.resolve()), load_ui=False)
    scene = bpy.context.scene
    return {name: scene[name] for name in scene.keys() if name.startswith(RENDERED_WITH)}


def _begin(claim: finished.Claim, before: dict[str, str]) -> None:
    """Keep a scene that was just made or opened, with what is known of its earlier renders."""
    scene = bpy.context.scene
    for name in [name for name in scene.keys() if name.startswith(RENDERED_WITH)]:
        del scene[name]
    for name, how in before.items():
        scene[name] = how
    _save(claim)


def _look_at(scene: bpy.types.Scene, plane: bpy.types.Object) -> None:
    """A camera that sees the plane and nothing else, a pixel for each of the frame's."""
    bpy.context.view_layer.update()
    width, height = plane.dimensions.x, plane.dimensions.y
    data = bpy.data.cameras.new("Camera")
    data.type, data.sensor_fit, data.ortho_scale = "ORTHO", "HORIZONTAL", width
    camera = bpy.data.objects.new("Camera", data)
    scene.collection.objects.link(camera)
    camera.matrix_world = plane.matrix_world @ Matrix.Translation((0, 0, max(width, height)))
    scene.camera = camera


def _match_resolution(scene: bpy.types.Scene, obj: bpy.types.Object) -> None:
    """Render as many pixels as the frames have."""
    size = job_documents.frame_size(obj.landscape.clip, tuple(image_exchange.picture_of(obj).size))
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100


def _subjects() -> list[bpy.types.Object]:
    """The objects that are to be animated: those with settings, else all with a picture."""
    fit = [
        obj
        for obj in bpy.context.scene.objects
        if obj.type == "MESH" and not image_exchange.source_problem(obj)
    ]
    chosen = [obj for obj in fit if obj.is_property_set("landscape")] or fit
    if not chosen:
        raise AddonError("no object shows a picture; expected a plane with an image on it.")
    return chosen


def _set(settings: Any, text: str) -> None:
    """Set one setting from GROUP.NAME=VALUE."""
    name, equals, value = text.partition("=")
    group, _, field = name.partition(".")
    groups = [p.identifier for p in settings.bl_rna.properties if p.type == "POINTER"]
    groups = sorted({*groups} - {"rna_type", "picture"})
    if not equals or not field:
        raise AddonError(f"--set is '{text}'; expected GROUP.NAME=VALUE, as in clip.frames=100.")
    if group not in groups:
        raise AddonError(f"--set is '{text}'; expected one of the groups {', '.join(groups)}.")
    holder = getattr(settings, group)
    names = sorted({p.identifier for p in holder.bl_rna.properties} - {"rna_type", "name"})
    if field not in names:
        raise AddonError(
            f"--set is '{text}', and {group} has no '{field}'; expected one of {', '.join(names)}."
        )
    kinds: dict[str, Callable[[str], Any]] = {
        "INT": int,
        "FLOAT": float,
        "BOOLEAN": lambda word: word.lower() in {"1", "true", "yes"},
    }
    try:
        setattr(holder, field, kinds.get(holder.bl_rna.properties[field].type, str)(value))
    except (TypeError, ValueError) as error:
        raise AddonError(f"--set is '{text}', which can't be set ({error}).") from error


def _animate(obj: bpy.types.Object, claim: finished.Claim) -> dict[str, Any]:
    """Animate an object, unless its last result is there and was made of the same."""
    settings = obj.landscape
    wanted = json.dumps([settings_text(settings), claim.record.edition, _picture_hash(obj)])
    last = settings.results[-1] if settings.results else None
    if last and obj.get(MADE_WITH) == wanted:
        file = results.file_of(last)
        if file.is_file():
            print(f"{obj.name}: '{file}' is there already.")
            return {"object": obj.name, "file": str(file), "frames": last.frames}
    with bpy.context.temp_override(object=obj, active_object=obj):
        bpy.ops.landscape.animate()
    obj[MADE_WITH] = wanted
    _save(claim)
    last = settings.results[-1]
    file = results.file_of(last)
    return {"object": obj.name, "file": str(file), "frames": last.frames}


def _picture_hash(obj: bpy.types.Object) -> str:
    """A hash of the picture's file; empty where the .blend holds the picture itself."""
    picture = image_exchange.picture_of(obj)
    if picture.packed_file or picture.source != "FILE":
        return ""
    return finished.hash_of(Path(bpy.path.abspath(picture.filepath, library=picture.library)))


def settings_text(settings: Any) -> str:
    """All settings as text, but for the results, to tell whether they have changed."""

    def plain(group: Any) -> Any:
        fields = {}
        for name in set(group.bl_rna.properties.keys()) - {"rna_type", "results", "result_active"}:
            value = getattr(group, name)
            kind = group.bl_rna.properties[name].type
            if kind == "POINTER":
                by_name = isinstance(value, bpy.types.ID) or value is None
                fields[name] = (value and value.name) if by_name else plain(value)
            elif kind == "COLLECTION":
                fields[name] = [plain(entry) for entry in value]
            else:
                fields[name] = (
                    list(value) if hasattr(value, "__len__") and kind == "FLOAT" else value
                )
        return fields

    return json.dumps(plain(settings), sort_keys=True, default=str)


def _as_package() -> Any:
    """This module inside its package, where Blender was given the file itself (`-P batch.py`)."""
    enabled = [key for key in bpy.context.preferences.addons.keys() if key.endswith(".landscape")]
    if enabled:
        return importlib.import_module(f"{enabled[0]}.batch")
    folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(folder.parent))
    return importlib.import_module(f"{folder.name}.batch")


if __name__ == "__main__":
    given = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    sys.exit((main if __package__ else _as_package().main)(given))
