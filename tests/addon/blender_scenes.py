"""What the scripts of the add-on's tests need inside Blender: its parts, pictures, planes, strokes.

The parts are loaded as a package whose __init__ isn't run: nothing is registered by importing them.
"""

from __future__ import annotations

import importlib
import random
import sys
import types
from collections.abc import Callable, Sequence
from math import pi
from pathlib import Path

import bpy
from mathutils import Euler, Matrix, Vector

ADDON = Path(__file__).resolve().parents[2] / "blender_addon"


def part(name: str) -> types.ModuleType:
    """A module of the add-on."""
    if "landscape_parts" not in sys.modules:
        package = types.ModuleType("landscape_parts")
        package.__path__ = [str(ADDON)]
        sys.modules["landscape_parts"] = package
    return importlib.import_module(f"landscape_parts.{name}")


image_exchange = part("image_exchange")
annotations = part("annotations")
AddonError = part("errors").AddonError


class Settings(bpy.types.PropertyGroup):
    """The one setting that these parts read."""

    picture: bpy.props.PointerProperty(type=bpy.types.Image)


def register() -> None:
    bpy.utils.register_class(Settings)
    bpy.types.Object.landscape = bpy.props.PointerProperty(type=Settings)


def unregister() -> None:
    """Undo it: Blender 4.2 does not end cleanly with a class still registered."""
    del bpy.types.Object.landscape
    bpy.utils.unregister_class(Settings)


def empty() -> bpy.types.Context:
    """A file with nothing in it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context


def refusal(function: Callable, *arguments: object, **named: object) -> str | None:
    """The sentence with which a call refuses."""
    try:
        function(*arguments, **named)
    except AddonError as error:
        return str(error)
    return None


def painted(name: str, width: int = 32, height: int = 18, **options: object) -> bpy.types.Image:
    """An image with other values in each pixel."""
    image = bpy.data.images.new(name, width, height, **options)
    values = [
        value
        for y in range(height)
        for x in range(width)
        for value in (x / 255, y / 255, (x + y) / 255, 1)
    ]
    image.pixels.foreach_set(values)
    return image


def picture_on_disk(path: Path, width: int = 32, height: int = 18) -> Path:
    """A PNG file of such an image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = painted("for the disk", width, height)
    written = image_exchange.picture_file(image, path.parent)
    bpy.data.images.remove(image)
    written.replace(path)
    return path


def textures(obj: bpy.types.Object) -> list[bpy.types.Node]:
    """The image texture nodes of an object's materials."""
    trees = [slot.material.node_tree for slot in obj.material_slots if slot.material]
    return [n for tree in trees for n in tree.nodes if n.bl_idname == "ShaderNodeTexImage"]


def pencil(
    name: str,
    strokes: Sequence[Sequence[Sequence[float]]],
    layer: str = "Arrows",
    frame: int = 1,
) -> bpy.types.Object:
    """A grease pencil object with strokes in its own coordinates."""
    if bpy.app.version < (4, 3, 0):
        data = bpy.data.grease_pencils.new(name)
        for points in strokes:
            _draw_old(layer_of(data, layer), points, frame)
    else:
        newer = getattr(bpy.data, "grease_pencils_v3", None)
        data = (bpy.data.grease_pencils if newer is None else newer).new(name)
        for points in strokes:
            _draw_new(layer_of(data, layer), points, frame)
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    return obj


def draw(pencil: bpy.types.Object, layer: str, points: Sequence, frame: int = 1) -> None:
    """One more stroke."""
    write = _draw_old if bpy.app.version < (4, 3, 0) else _draw_new
    write(layer_of(pencil.data, layer), points, frame)


def layer_of(data: bpy.types.ID, name: str):
    """A layer by its name, made if it isn't there."""
    known = {getattr(one, "info", getattr(one, "name", "")): one for one in data.layers}
    return known.get(name) or data.layers.new(name)


def _frame(layer, number: int):
    return next((f for f in layer.frames if f.frame_number == number), None) or layer.frames.new(
        number
    )


def _draw_old(layer, points: Sequence, number: int) -> None:
    stroke = _frame(layer, number).strokes.new()
    stroke.display_mode = "3DSPACE"
    stroke.points.add(len(points))
    for point, place in zip(stroke.points, points, strict=True):
        point.co = place


def _draw_new(layer, points: Sequence, number: int) -> None:
    drawing = _frame(layer, number).drawing
    drawing.add_strokes([len(points)])
    for point, place in zip(drawing.strokes[-1].points, points, strict=True):
        point.position = place


def tilted(context: bpy.types.Context, obj: bpy.types.Object, seed: int) -> Matrix:
    """Turn, scale and parent an object in a way that the seed chooses; its place in the world."""
    chance = random.Random(seed)
    parent = bpy.data.objects.new("parent", None)
    context.collection.objects.link(parent)
    for one in (obj, parent):
        one.location = [chance.uniform(-20, 20) for _ in range(3)]
        one.rotation_euler = Euler([chance.uniform(-pi, pi) for _ in range(3)])
        one.scale = [chance.choice((-1, 1)) * chance.uniform(0.2, 6) for _ in range(3)]
    if seed % 2:
        obj.parent = parent
    context.view_layer.update()
    return obj.matrix_world.copy()


def at(
    obj: bpy.types.Object, place: Sequence[float], world: bool = True, off: float = 0.0
) -> Vector:
    """The point of a plane of ours that shows a place of the picture, `off` above it."""
    low, high = obj.data.vertices[0].co, obj.data.vertices[2].co
    x = low.x + (high.x - low.x) * place[0]
    y = high.y + (low.y - high.y) * place[1]
    point = Vector((x, y, off))
    return obj.matrix_world @ point if world else point
