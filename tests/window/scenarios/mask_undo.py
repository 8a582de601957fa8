"""Paint a mask, leave it, paint on, and go back and forth in undo."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    drag,
    in_view,
    job,
    key,
    lone_plane,
    look_beside_the_sidebar,
    middle,
    open_tab,
    play,
    report,
    seen_at,
    straight,
)

STEPS = 8  # of undo, from the last stroke to before the mask
name = ""  # of the plane


def white() -> float | None:
    """The white share of the mask; None: there is none."""
    obj = bpy.data.objects.get(name)
    mask = obj and obj.landscape.regions.still_image
    return mask and round(sum(mask.pixels[:][::4]) / (mask.size[0] * mask.size[1]), 4)


def stroke(v: float):
    """One stroke from left to right, at a height of the picture."""
    plane = bpy.data.objects[name]
    yield from drag(straight(seen_at(plane, 0.25, v), seen_at(plane, 0.75, v)))
    yield 1.0


def operator(act, **arguments):
    """An operator with its step of undo, as a button has it."""
    with in_view():
        act(**arguments)
        bpy.ops.ed.undo_push(message=act.idname())
    yield 1.0


def steps():
    global name
    name = lone_plane("Maske.blend", frames=12).name
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
        bpy.ops.ed.undo_push(message="begun")
    look_beside_the_sidebar()
    yield 1.0
    report["saves"] = job["saves"]
    report["brush"] = False
    told = report["white"] = {}
    yield from operator(bpy.ops.landscape.paint_mask, kind="STILL")
    report["brush"] = bpy.context.scene.tool_settings.image_paint.brush is not None
    if not report["brush"]:
        return
    yield from stroke(0.85)
    told["one"] = white()
    with in_view():
        bpy.ops.ed.undo_push(message="a setting of the tab")
    if job["saves"]:
        bpy.ops.wm.save_mainfile()
    yield from stroke(0.4)
    told["two"] = white()
    yield from operator(bpy.ops.landscape.end_painting)
    yield lambda: not bpy.data.objects[name].landscape.regions.still_image.is_dirty
    told["done"] = white()
    told["kept"] = not bpy.data.objects[name].landscape.regions.still_image.is_dirty
    yield from operator(bpy.ops.landscape.paint_mask, kind="STILL")
    yield from stroke(0.6)
    told["three"] = white()
    for way, shift in (("back", False), ("forth", True)):
        told[way] = []
        for _ in range(STEPS):
            yield from key("Z", middle(), ctrl=True, shift=shift)
            yield 1.0
            told[way].append(white())


play(steps())
