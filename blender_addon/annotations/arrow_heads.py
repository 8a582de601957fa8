# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads at the ends of arrows in the 3D view: a stroke alone doesn't show which way it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from mathutils import Vector

from . import strokes
from .drawing import COLOR, LAYER

LONGEST_PX, SHARE = 26.0, 0.35  # of a head: on the screen, and of its stroke
WIDTH = 0.34  # half of it, of its length
LAST = 0.15  # share of a stroke's length at its end that the head points along

Triangle = tuple[Vector, Vector, Vector]
_handle: Any = None


def register() -> None:
    """Begin to draw; without a window nothing is drawn."""
    global _handle
    if not bpy.app.background:
        _handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")


def unregister() -> None:
    """Draw no more."""
    global _handle
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        _handle = None


def head_of(points: list[Vector], eye: Vector, pixel: float) -> Triangle | None:
    """A stroke's head in the world, flat to the viewer; None for one that goes nowhere.

    Args:
        points: the stroke's.
        eye: the direction from its end to the viewer.
        pixel: how long a pixel is there.
    """
    steps = [(b - a).length for a, b in zip(points, points[1:], strict=False)]
    total = sum(steps)
    if not total:
        return None
    tip, passed, index = points[-1], 0.0, len(steps)
    while index > 0 and passed < LAST * total:
        index -= 1
        passed += steps[index]
    along = tip - points[index]
    side = along.cross(eye)
    if not along.length or not side.length:
        return None
    long = min(LONGEST_PX * pixel, SHARE * total)
    foot = tip - along.normalized() * long * 0.5
    ahead = tip + along.normalized() * long * 0.5
    across = side.normalized() * long * WIDTH
    return ahead, foot + across, foot - across


def _draw() -> None:
    context = bpy.context
    overlay = context.space_data.overlay
    if not overlay.show_overlays or not overlay.show_annotation:
        return
    corners = [corner for head in _heads(context) for corner in head]
    if not corners:
        return
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.uniform_float("color", (*COLOR, 1.0))
    batch_for_shader(shader, "TRIS", {"pos": corners}).draw(shader)


def _heads(context: bpy.types.Context) -> Iterator[Triangle]:
    view = context.region_data
    frame = context.scene.frame_current
    for stroke in strokes.annotated(context.scene, frame):
        if not stroke.layer.startswith(LAYER) or stroke.on_screen or len(stroke.points) < 2:
            continue
        if stroke.frame > frame:  # Blender doesn't show its line yet
            continue
        tip = stroke.points[-1]
        eye, pixel = _eye(view, tip), _pixel(context.region, view, tip)
        head = head_of(stroke.points, eye, pixel)
        if head:
            yield head


def _eye(view: bpy.types.RegionView3D, at: Vector) -> Vector:
    """The direction to the viewer."""
    inverted = view.view_matrix.inverted()
    if view.is_perspective:
        return inverted.translation - at
    return inverted.to_3x3() @ Vector((0, 0, 1))


def _pixel(region: bpy.types.Region, view: bpy.types.RegionView3D, at: Vector) -> float:
    """The length of a pixel at a place in the world."""
    matrix = view.perspective_matrix
    depth = abs((matrix @ at.to_4d()).w) if view.is_perspective else 1.0
    across = Vector(matrix[0][:3]).length  # of the screen's half, a unit across it
    return 2 * depth / (across * max(region.width, 1))
