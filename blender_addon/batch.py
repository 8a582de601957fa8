# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pictures or .blend files without a window: plane, frames, rendered clip, a report for each.

    python -m blender_addon.batch lake.jpg sea.jpg --out clips --set clip.frames=100 --format mp4
    blender -b scene.blend -P blender_addon/batch.py -- --out clips --engine cycles

What is there already isn't made again, so that a batch that was stopped goes on where it stopped.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

if __package__:
    from . import choices, image_exchange, job_documents, register, results, unregister
    from .errors import AddonError

ENGINES = {"cycles": ("CYCLES",), "eevee": ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE")}
SAMPLES = 16  # for a plane that fills the view: they soften its pixels' edges alone
RENDERED = {"png": ("PNG", ".png"), "exr": ("OPEN_EXR", ".exr"), "mp4": ("FFMPEG", ".mp4")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do all items; gives the exit code: 0 if all went well, 1 if one or more failed."""
    options = _parser().parse_args(arguments)
    if options.python:
        os.environ[choices.INTERPRETER_VARIABLE] = options.python
    ours = not hasattr(bpy.types.Object, "landscape")  # else it is enabled as an extension
    if ours:
        register()
    try:
        _find_engine()
        options.out.mkdir(parents=True, exist_ok=True)
        items = options.items or [None]  # None: the file that Blender has open
        file = options.report or options.out / "report.json"
        reports: list[dict[str, Any]] = []
        for item in items:
            reports.append(_report(item, options))
            text = json.dumps(reports, indent=1, ensure_ascii=False) + "\n"
            file.write_text(text, encoding="utf-8")  # after each: a batch may be stopped
    finally:
        if ours:
            unregister()
    failed = [report for report in reports if report["error"]]
    print(f"{len(reports) - len(failed)} of {len(reports)} done; the report is '{file}'.")
    return 1 if failed else 0


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
    return parser


def _find_engine() -> None:
    """Take the running interpreter for the engine if none is known and it has one."""
    if not choices.interpreter() and importlib.util.find_spec("landscape_engine"):
        os.environ[choices.INTERPRETER_VARIABLE] = sys.executable


def _report(item: Path | None, options: argparse.Namespace) -> dict[str, Any]:
    """Do one item; whatever goes wrong with it is said in its report."""
    started = time.perf_counter()
    report: dict[str, Any] = {"item": str(item or bpy.data.filepath), "error": None}
    print(f"{report['item']}:")
    try:
        report.update(_do(item, options))
    except (AddonError, RuntimeError, OSError, ValueError) as error:
        # what an operator reports comes as "Error: sentence"
        report["error"] = str(error).removeprefix("Error: ").strip()
        print(report["error"], file=sys.stderr)
    except Exception as error:
        report["error"] = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    report["seconds"] = round(time.perf_counter() - started, 2)
    return report


def _do(item: Path | None, options: argparse.Namespace) -> dict[str, Any]:
    if item is not None and not item.is_file():
        raise AddonError(f"'{item}' isn't there; expected a picture or a .blend.")
    if item is None or item.suffix == ".blend":
        kept = options.out / Path(item or bpy.data.filepath or "untitled.blend").name
        _open_blend(item, kept)
    else:
        kept = options.out / f"{item.stem}.blend"
        _open_picture(item, kept)
    objects = _subjects()
    for obj in objects:
        for setting in options.set:
            _set(obj.landscape, setting)
    if item is not None and item.suffix != ".blend":
        _match_resolution(bpy.context.scene, objects[0])
    made = [_animate(obj, kept) for obj in objects]
    done = {"blend": str(kept), "results": made}
    if options.format != "none":
        _forget_stale(bpy.context.scene, objects, options, kept)
        done["rendered"] = _render(bpy.context.scene, options, kept.with_suffix(""))
    return done


def _forget_stale(
    scene: bpy.types.Scene,
    objects: list[bpy.types.Object],
    options: argparse.Namespace,
    kept: Path,
) -> None:
    """Remove what was rendered from other frames, or in another way, than is asked for now."""
    how = [options.engine, options.samples, *(settings_text(obj.landscape) for obj in objects)]
    wanted = json.dumps(how)
    name = f"landscape_rendered_{options.format}"
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
    bpy.ops.wm.save_as_mainfile(filepath=str(kept.resolve()))


def _open_blend(item: Path | None, kept: Path) -> None:
    """Open a .blend, or the copy of it that an earlier run has left."""
    if kept.is_file() and (item is None or kept.resolve() != item.resolve()):
        bpy.ops.wm.open_mainfile(filepath=str(kept.resolve()), load_ui=False)
    elif item is not None:
        bpy.ops.wm.open_mainfile(filepath=str(item.resolve()), load_ui=False)
    bpy.ops.wm.save_as_mainfile(filepath=str(kept.resolve()))


def _open_picture(item: Path, kept: Path) -> None:
    """A scene with the picture on a plane that fills the camera's view."""
    if kept.is_file():
        bpy.ops.wm.open_mainfile(filepath=str(kept.resolve()), load_ui=False)
        return
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
    bpy.ops.wm.save_as_mainfile(filepath=str(kept.resolve()))


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


def _animate(obj: bpy.types.Object, kept: Path) -> dict[str, Any]:
    """Animate an object, unless its last result is there and was made with these settings."""
    settings = obj.landscape
    wanted = settings_text(settings)
    last = settings.results[-1] if settings.results else None
    if last and obj.get("landscape_made_with") == wanted:
        file = results.file_of(last)
        if file.is_file():
            print(f"{obj.name}: '{file}' is there already.")
            return {"object": obj.name, "file": str(file), "frames": last.frames}
    with bpy.context.temp_override(object=obj, active_object=obj):
        bpy.ops.landscape.animate()
    obj["landscape_made_with"] = wanted
    bpy.ops.wm.save_as_mainfile(filepath=str(kept.resolve()))
    last = settings.results[-1]
    file = results.file_of(last)
    return {"object": obj.name, "file": str(file), "frames": last.frames}


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


def _render(scene: bpy.types.Scene, options: argparse.Namespace, target: Path) -> str:
    """Render the scene's frame range; frames that are there stay."""
    file_format, ending = RENDERED[options.format]
    render = scene.render
    _choose_engine(scene, options)
    movie = options.format == "mp4"
    final = target.with_suffix(ending) if movie else target
    if movie and final.is_file():
        print(f"'{final}' is there already.")
        return str(final)
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # from Blender 5.0 on
        settings.media_type = "VIDEO" if movie else "IMAGE"
    settings.file_format = file_format
    render.use_overwrite, render.use_placeholder = False, False
    render.use_file_extension = True
    if movie:
        unfinished = target.with_name(f".{target.name}{ending}")
        unfinished.unlink(missing_ok=True)
        render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
        render.ffmpeg.constant_rate_factor = "HIGH"
        render.use_file_extension = False
        render.resolution_x -= render.resolution_x % 2  # yuv420p needs even sides
        render.resolution_y -= render.resolution_y % 2
        render.filepath = str(unfinished.resolve())
    else:
        render.filepath = os.path.join(final.resolve(), "")  # names are 0001 and on
    bpy.ops.render.render(animation=True)
    if movie:
        unfinished.replace(final)
    return str(final)


def _choose_engine(scene: bpy.types.Scene, options: argparse.Namespace) -> None:
    names = [item.identifier for item in scene.render.bl_rna.properties["engine"].enum_items]
    wanted = [name for name in ENGINES[options.engine] if name in names]
    # Cycles registers itself and isn't among the items until it does
    scene.render.engine = wanted[0] if wanted else ENGINES[options.engine][-1]
    if options.samples and options.engine == "cycles":
        scene.cycles.samples = options.samples
    elif options.samples:
        scene.eevee.taa_render_samples = options.samples


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
