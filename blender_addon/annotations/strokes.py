# SPDX-License-Identifier: GPL-3.0-or-later
"""Strokes as they are seen now, in the world, whichever way this Blender keeps them.

| | 4.2 | 4.3 to 4.5 | from 5.0 |
|---|---|---|---|
| object | GPENCIL, frame.strokes | GREASEPENCIL, frame.drawing | as before |
| annotations | scene.grease_pencil | scene.grease_pencil | scene.annotation |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Matrix, Vector

NEVER = -(1 << 30)
KINDS = {"GPENCIL", "GREASEPENCIL"}  # of objects: until 4.2, from 4.3 on


@dataclass(frozen=True)
class Stroke:
    """A line that was drawn.

    Attributes:
        points: in the world.
        number: its place in its layer, from 1.
        layer: the layer's name.
        owner: the grease pencil's name; empty: it is an annotation.
        on_screen: drawn on the screen, not in the world.
        frame: the frame that it was drawn at.
    """

    points: list[Vector]
    number: int
    layer: str
    owner: str = ""
    on_screen: bool = False
    frame: int = 0

    def __str__(self) -> str:
        """How messages name it."""
        owner = f"'{self.owner}'" if self.owner else "the annotations"
        return f"stroke {self.number} of layer '{self.layer}' of {owner}"


def drawn_in(
    pencil: bpy.types.Object, depsgraph: bpy.types.Depsgraph, frame: int
) -> Iterator[Stroke]:
    """The strokes of a grease pencil object's visible layers at a frame, or at the first drawn one.

    The first one counts before it, too: an artist who draws at frame 30 and rewinds still wants
    the arrows.
    """
    to_world = pencil.evaluated_get(depsgraph).matrix_world
    read = _read_old if pencil.type == "GPENCIL" else _read_new
    visible = [layer for layer in pencil.data.layers if not _is_hidden(layer)]
    yield from read(pencil, to_world, max(frame, _first_drawn(visible)))


def annotated(scene: bpy.types.Scene, frame: int) -> Iterator[Stroke]:
    """The strokes of a scene's annotations at a frame, or at the first drawn one of their layer."""
    data = annotations_of(scene)
    for layer in data.layers if data else ():
        if layer.annotation_hide:
            continue
        shown = shown_frame(layer.frames, max(frame, _first_drawn([layer])))
        for number, stroke in enumerate(shown.strokes if shown else (), 1):
            on_screen = getattr(stroke, "display_mode", "3DSPACE") == "SCREEN"
            points = [point.co.copy() for point in stroke.points]
            yield Stroke(points, number, layer.info, "", on_screen, shown.frame_number)


def annotations_of(scene: bpy.types.Scene) -> Any | None:
    """The scene's annotations, if it has any."""
    name = "annotation" if hasattr(scene, "annotation") else "grease_pencil"
    return getattr(scene, name)


def shown_frame(frames: Iterable[Any], frame: int) -> Any | None:
    """The latest of a layer's frames; a layer's own `active_frame` is None without a window."""
    past = (f for f in frames if f.frame_number <= frame)
    return max(past, key=lambda f: f.frame_number, default=None)


def _first_drawn(layers: Iterable[Any]) -> int:
    """The first frame that has strokes in any of some layers; less than all frames: none has."""
    drawn = (f.frame_number for layer in layers for f in layer.frames if _strokes_of(f))
    return min(drawn, default=NEVER)


def _strokes_of(frame: Any) -> Any:
    """The strokes of a layer's frame, whichever way this Blender keeps them."""
    drawing = getattr(frame, "drawing", frame)
    return drawing.strokes if drawing and len(drawing.strokes) else ()


def _read_old(pencil: bpy.types.Object, to_world: Matrix, frame: int) -> Iterator[Stroke]:
    for layer in pencil.data.layers:
        shown = shown_frame(layer.frames, frame)
        if layer.hide or shown is None:
            continue
        placed = to_world @ layer.matrix_layer
        if layer.parent:
            placed = _parent_matrix(layer.parent, layer.parent_bone) @ layer.matrix_inverse
            placed.translation += to_world.translation
            placed = placed @ layer.matrix_layer
        for number, stroke in enumerate(shown.strokes, 1):
            on_screen = stroke.display_mode == "SCREEN"
            points = [placed @ point.co for point in stroke.points]
            drawn_at = shown.frame_number
            yield Stroke(points, number, layer.info, pencil.name, on_screen, drawn_at)


def _read_new(pencil: bpy.types.Object, to_world: Matrix, frame: int) -> Iterator[Stroke]:
    for layer in pencil.data.layers:
        shown = shown_frame(layer.frames, frame)
        drawing = getattr(shown, "drawing", None)
        if _is_hidden(layer) or drawing is None or not len(drawing.strokes):
            continue
        placed = to_world @ layer.matrix_local
        if layer.parent:
            parent = _parent_matrix(layer.parent, layer.parent_bone)
            placed = parent @ layer.matrix_parent_inverse @ layer.matrix_local
        positions = drawing.attributes["position"].data
        flat = [0.0] * (3 * len(positions))
        positions.foreach_get("vector", flat)
        starts = [offset.value for offset in drawing.curve_offsets]
        for number, (start, end) in enumerate(zip(starts, starts[1:], strict=False), 1):
            points = [placed @ Vector(flat[3 * i : 3 * i + 3]) for i in range(start, end)]
            yield Stroke(points, number, layer.name, pencil.name, frame=shown.frame_number)


def _is_hidden(layer: Any) -> bool:
    """Whether a layer or a group that it is in is hidden."""
    while layer:
        if layer.hide:
            return True
        layer = getattr(layer, "parent_group", None)  # which 4.2 hasn't
    return False


def _parent_matrix(parent: bpy.types.Object, bone: str) -> Matrix:
    """Where a layer's parent is."""
    pose = getattr(parent, "pose", None)
    if bone and pose and bone in pose.bones:
        return parent.matrix_world @ pose.bones[bone].matrix
    return parent.matrix_world.copy()
