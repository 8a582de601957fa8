"""Draw two arrows with the mouse on a plane that is tilted, scaled and parented."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    annotation_strokes,
    drag,
    in_view,
    play,
    report,
    screenshot,
    seen_at,
    straight,
    view,
    world_to_uv,
)

ARROWS = [((0.2, 0.75), (0.7, 0.8)), ((0.8, 0.2), (0.3, 0.35))]  # (u, v), v upwards


def make_plane() -> bpy.types.Object:
    """A plane as an artist may have placed it, alone in the scene."""
    for other in list(bpy.data.objects):
        bpy.data.objects.remove(other)
    bpy.ops.object.empty_add(location=(0.3, 0.2, 0.1), rotation=(0.2, -0.1, 0.4))
    parent = bpy.context.object
    parent.scale = (1.2, 0.9, 1.1)
    bpy.ops.mesh.primitive_plane_add(size=2)
    plane = bpy.context.object
    plane.parent = parent
    plane.rotation_euler, plane.scale = (math.radians(25), math.radians(15), 0.3), (1.6, 0.9, 1)
    bpy.context.view_layer.update()
    return plane


def steps():
    plane = make_plane()
    yield 0.3
    with in_view():
        bpy.ops.view3d.view_selected()
    yield 0.5
    settings = bpy.context.scene.tool_settings
    settings.annotation_stroke_placement_view3d = "SURFACE"
    with in_view():
        bpy.ops.wm.tool_set_by_id(name="builtin.annotate")
    yield 0.3
    for start, stop in ARROWS:
        yield from drag(straight(seen_at(plane, *start), seen_at(plane, *stop)))
        yield 0.3
    view().tag_redraw()
    yield 0.3
    yield from screenshot(f"arrows_{bpy.app.version[0]}_{bpy.app.version[1]}")
    strokes = list(annotation_strokes(bpy.context.scene))
    report["arrows"] = ARROWS
    report["drawn"] = [[world_to_uv(plane, point) for point in stroke] for stroke in strokes]


play(steps())
