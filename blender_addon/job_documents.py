# SPDX-License-Identifier: GPL-3.0-or-later
"""An object's settings as the engine's document (`settings.documents`): plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from . import annotations, image_exchange
from .errors import AddonError

DOCUMENT_VERSION = 1
REGION_VERSION = 1
USUAL_LOOP_FRAMES = 100


@dataclass
class Order:
    """What is asked of the engine, and what the artist should know of it."""

    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def order(context: bpy.types.Context, obj: bpy.types.Object, folder: Path) -> Order:
    """As `collected`, with the files written into a folder at once."""
    asked = collected(context, obj)
    steps = image_exchange.with_files(asked.document, folder, asked.notes)
    asked.document = image_exchange.at_once(steps)
    return asked


def collected(context: bpy.types.Context, obj: bpy.types.Object) -> Order:
    """All settings of an object as one document, without `out`; its files are yet to be written.

    Args:
        context: for the scene and the strokes.
        obj: the object with the picture.

    Raises:
        AddonError: the picture, a mask, an arrow or a file can't be used.
    """
    notes = list(image_exchange.check_plane(obj))
    picture = image_exchange.picture_of(obj)
    settings = obj.landscape
    document = {
        "version": DOCUMENT_VERSION,
        "picture": image_exchange.image_file(picture),
        "clip": clip(settings.clip, picture),
        "motion": motion(settings.motion),
        "regions": regions(context, obj, notes),
        "loop": loop(settings.loop),
        "appearance": appearance(settings.appearance),
        "output": output(settings.output, context.scene),
    }
    if settings.motion.use_arrows:
        document["motion"]["arrows"] = arrows(context, obj, notes)
    return Order(_as_typed(document), notes)


def of_backdrop(backdrop: image_exchange.Backdrop, scene: bpy.types.Scene) -> Order:
    """The same of a world, whose picture wraps around, or of a camera's background image.

    Raises:
        AddonError: the picture or a file can't be used.
    """
    picture, settings = image_exchange.backdrop_picture(backdrop), backdrop.landscape
    document = {
        "version": DOCUMENT_VERSION,
        "picture": image_exchange.image_file(picture),
        "clip": clip(settings.clip, picture),
        "motion": motion(settings.motion),
        "regions": {"clean": settings.regions.clean},
        "loop": loop(settings.loop),
        "appearance": appearance(settings.appearance),
        "output": output(settings.output, scene),
    }
    document["clip"]["wrap"] = isinstance(backdrop, bpy.types.World)
    notes = []
    if picture.is_float and settings.output.format != "exr":
        notes.append(
            f"'{picture.name}' may hold light above white, which the frames lose; choose OpenEXR "
            "as their format to keep it."
        )
    return Order(_as_typed(document), notes)


def _as_typed(value: Any) -> Any:
    """Numbers as they were typed: Blender keeps 0.4 as 0.4000000059604645."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _as_typed(held) for key, held in value.items()}
    return value


def clip(settings: Any, picture: bpy.types.Image) -> dict[str, Any]:
    """The group `clip`."""
    # Blender shows pictures as they are stored, whatever their EXIF orientation and color profile
    made: dict[str, Any] = {"frames": settings.frames, "seed": settings.seed}
    made |= {"upright": False, "profile": False}
    if settings.wrap:
        made["wrap"] = True
    size = frame_size(settings, tuple(picture.size))
    if size != tuple(picture.size):
        made["size"] = f"{size[0]}x{size[1]}"
    return made


def frame_size(settings: Any, picture_wh: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the frames, pixels."""
    if settings.size_from == "EXACT":
        return settings.width, settings.height
    if settings.size_from == "PICTURE":
        return picture_wh
    shrink = min(1.0, settings.side / max(picture_wh))
    return max(2, round(picture_wh[0] * shrink)), max(2, round(picture_wh[1] * shrink))


def usual_period(frames: int) -> int:
    """The frames of a loop where they are automatic, as the engine has it."""
    fitting = [count for count in range(50, 201) if frames % count == 0]
    if fitting:
        return min(fitting, key=lambda count: (abs(count - USUAL_LOOP_FRAMES), count))
    return max(2, min(frames, USUAL_LOOP_FRAMES))


def motion(settings: Any) -> dict[str, Any]:
    """The group `motion`, without its arrows."""
    if settings.speed == 0:
        raise AddonError(
            "the speed of the motion is 0, so nothing moves; expected another number: to keep "
            "things still, paint a still mask, or set the frames to 1."
        )
    code = code_of(settings, "motion")
    return {
        "kind": settings.kind,
        "speed": settings.speed,
        "water": settings.water,
        "layers": settings.layers,
        "ripple": settings.ripple,
        "arrows_as": settings.arrows_as,
        **({} if code is None else {"code": code}),
    }


def arrows(context: bpy.types.Context, obj: bpy.types.Object, notes: list[str]) -> list[str]:
    """The arrows for the whole picture; what can't be followed is said in `notes`."""
    settings = obj.landscape
    kept = {r.arrows_from.name for r in settings.regions.region_items if r.arrows_from}
    reading = annotations.arrows_on(obj, context, settings.motion.arrows_from, without=kept)
    notes.extend(reading.notes)
    return _as_text(reading)


def _as_text(reading: annotations.Reading) -> list[str]:
    return [",".join(f"{value:.5f}" for value in arrow) for arrow in reading.arrows]


def regions(context: bpy.types.Context, obj: bpy.types.Object, notes: list[str]) -> dict[str, Any]:
    """The group `regions`; what has a mask that is black all over will be left out."""
    settings = obj.landscape.regions
    made: dict[str, Any] = {"clean": settings.clean}
    for name in ("still", "moving"):
        image = getattr(settings, f"{name}_image")
        if image:
            made[f"{name}_mask"] = image_exchange.image_file(image, is_mask=True)
    if settings.use_horizon:
        made["horizon"] = settings.horizon
    made["region"] = [
        _region(context, obj, number, item, notes)
        for number, item in enumerate(settings.region_items, 1)
    ]
    return made


def _region(
    context: bpy.types.Context, obj: bpy.types.Object, number: int, item: Any, notes: list[str]
) -> image_exchange.SettingsFile:
    if not item.mask:
        raise AddonError(
            f"the region '{item.name}' has no mask; expected an image, white inside the region: "
            "choose or paint one."
        )
    fields: dict[str, Any] = {
        "version": REGION_VERSION,
        "name": item.name or f"region {number}",
        "mask": image_exchange.image_file(item.mask, is_mask=True),
        "speed": item.speed,
        "phase": item.phase,
        "ripple": item.ripple,
        "sway": item.sway,
    }
    if item.moves != "AUTO":
        fields["moves"] = item.moves
    code = code_of(item, f"region '{item.name}'")
    if code is not None:
        fields["code"] = code
    if item.arrows_from:
        reading = annotations.arrows_on(obj, context, item.arrows_from)
        notes.extend(reading.notes)
        fields["arrows"] = _as_text(reading)
    return image_exchange.SettingsFile(f"region-{number:02d}", fields)


def loop(settings: Any) -> dict[str, Any]:
    """The group `loop`."""
    return {
        "kind": settings.kind,
        "frames": settings.frames or None,
        "blend": settings.blend,
        "sampling": settings.sampling,
        "phase_noise": settings.phase_noise,
        "start": settings.start,
    }


def appearance(settings: Any) -> dict[str, Any]:
    """The group `appearance`."""
    made: dict[str, Any] = {
        "kind": settings.kind,
        "cycles": settings.cycles,
        "codes": settings.codes or None,
        "stars": settings.stars,
        "windows": settings.windows,
        "relative": settings.relative,
        "anchor": settings.anchor,
        "correct": settings.correct,
    }
    if settings.kind == "off":
        return made
    if settings.code_from == "REFERENCE":
        made["code"] = _reference(settings.reference, "the light")
    elif settings.code_from == "KEYS":
        made.update(_keys_and_patches(settings))
    elif settings.code_from != "PREDICT":  # the engine's own default, so that any weights will do
        made["code"] = code_of(settings, "light")
    return made


def _keys_and_patches(settings: Any) -> dict[str, Any]:
    if not settings.key_items and not settings.patch_items:
        raise AddonError(
            "the light follows keys and patches, but there are none; expected one or more: add a "
            "key at the playhead, place a patch, or choose another sequence."
        )
    ordered = sorted(settings.key_items, key=lambda key: key.frame)
    made: dict[str, Any] = {
        "keys": [_key(key) for key in ordered],
        "patches": [patch(item) for item in settings.patch_items],
    }
    if settings.patch_items and not settings.patch_half_way:
        made["patch_frame"] = settings.patch_frame
    return made


def patch(item: Any) -> str:
    """A patch as the engine writes it: X,Y,R,#RRGGBB."""
    color = "".join(f"{round(255 * channel):02x}" for channel in item.color)
    return f"{item.center[0]:.5f},{item.center[1]:.5f},{item.radius:.5f},#{color}"


def _key(key: Any) -> str | image_exchange.ImageFile:
    """A key as the engine writes it: FRAME=VALUE."""
    before = f"{key.frame}="
    if key.value_from == "INPUT":
        return before + "input"
    if key.value_from == "REFERENCE":
        return _reference(key.reference, f"the key at frame {key.frame}", before)
    return f"{before}{code_of(key, f'key at frame {key.frame}', 'value_from')}"


def _reference(
    image: bpy.types.Image | None, of: str, before: str = ""
) -> image_exchange.ImageFile:
    if not image:
        raise AddonError(f"{of} uses a reference, but none is chosen; choose a picture for it.")
    return image_exchange.image_file(image, before=before)


def code_of(settings: Any, of: str, by: str = "code_from") -> str | None:
    """A code as the engine names it: a position, 'auto', 'random', a file; None for the usual."""
    chosen = getattr(settings, by)
    if chosen in {"AUTO", "RANDOM"}:
        return chosen.lower()
    if chosen == "POSITION":
        return f"{settings.position:.6g}"
    if chosen not in {"FILE", "CLIP"}:
        return None
    if not settings.code_file:
        raise AddonError(f"the code of the {of} comes from a file, but none is chosen; choose one.")
    path = Path(bpy.path.abspath(settings.code_file))
    if not path.exists():
        raise AddonError(
            f"'{path}', the file with the code of the {of}, isn't there; choose another one."
        )
    return str(path.resolve())


def output(settings: Any, scene: bpy.types.Scene) -> dict[str, Any]:
    """The group `output`; a movie has the scene's frame rate."""
    return {
        "format": settings.format,
        "fps": scene.render.fps / scene.render.fps_base,
        "ten_bits": settings.ten_bits,
    }
