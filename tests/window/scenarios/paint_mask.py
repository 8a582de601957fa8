"""Paint masks with the mouse on the picture, preview, save and open meanwhile, and leave."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    drag,
    has_color,
    in_view,
    job,
    key,
    lone_plane,
    look_beside_the_sidebar,
    middle,
    move,
    open_tab,
    play,
    report,
    screenshot,
    seen_at,
    straight,
    view,
    window,
)

HEIGHTS = {"still": 0.85, "moving": 0.4}  # of the strokes (v, upwards)
BARE = 0.1  # height of what stays bare
JOB_LIMIT_S = 120
SHADERS_LIMIT_S = 120
name = ""  # of the plane


def plane() -> bpy.types.Object:
    return bpy.data.objects[name]


def tools():
    return bpy.context.scene.tool_settings.image_paint


def settings() -> dict:
    """What the brush may change."""
    shading = view().spaces.active.shading
    paint = tools()
    colors = getattr(paint, "unified_paint_settings", None)
    colors = colors or bpy.context.scene.tool_settings.unified_paint_settings
    material = plane().active_material
    return {
        "shading": [shading.type, shading.light, shading.color_type],
        "mode": plane().mode,
        "source": paint.mode,
        "canvas": paint.canvas and paint.canvas.name,
        "bleed": paint.seam_bleed,
        "color": [round(value, 3) for value in colors.color],
        "nodes": sorted(node.name for node in material.node_tree.nodes),
        "properties": sorted(bpy.context.scene.keys()),
    }


def white(kind: str) -> float:
    """The white share of a mask."""
    mask = getattr(plane().landscape.regions, f"{kind}_image")
    return sum(list(mask.pixels)[::4]) / (mask.size[0] * mask.size[1])


def lowest_row(kind: str) -> float:
    """The white share of the lowest row of a mask."""
    mask = getattr(plane().landscape.regions, f"{kind}_image")
    return sum(mask.pixels[: 4 * mask.size[0]][::4]) / mask.size[0]


def set_out():
    """A saved file with the picture's plane, seen from the front."""
    global name
    name = lone_plane("Maske.blend", frames=12).name
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    look_beside_the_sidebar()
    yield 1.0
    for place, v in {**HEIGHTS, "bare": BARE}.items():
        report[place] = [seen_at(plane(), u, v) for u in (0.4, 0.5, 0.6)]


def paint(kind: str, shot: str):
    """Start the brush and draw one stroke from left to right."""
    with in_view():
        bpy.ops.landscape.paint_mask(kind=kind.upper())
    yield 1.0
    report["brush"] = tools().brush is not None
    if not report["brush"]:
        with in_view("UI"):
            bpy.ops.wm.call_panel(name="LANDSCAPE_PT_regions", keep_open=True)
        yield 0.7
        yield from screenshot("no_brush")
        yield from move((60, 60))
    v = HEIGHTS[kind]
    yield from drag(straight(seen_at(plane(), 0.25, v), seen_at(plane(), 0.75, v)))
    yield 2.0
    yield from screenshot(shot)
    report.setdefault("white", {}).setdefault(kind, white(kind))


def preview():
    """Ask for a preview while painting, and look at two of its frames."""
    jobs = sys.modules[f"{job['addon']}.jobs"]
    with in_view():
        bpy.ops.landscape.preview("INVOKE_DEFAULT")
    yield lambda: jobs.latest(plane()).state != "running", JOB_LIMIT_S
    report["preview"] = [jobs.latest(plane()).state, jobs.latest(plane()).message]
    yield 1.0
    if window().screen.is_animation_playing:
        with in_view():
            bpy.ops.screen.animation_cancel(restore_frame=False)
    for frame in (1, 7, 13):
        bpy.context.scene.frame_set(frame)
        yield 1.0
        yield from screenshot(f"solid_frame_{frame}")
    with in_view():
        bpy.ops.landscape.show_picture()
    yield 1.0


def material_preview():
    """Change the shading, and wait for its shaders; they are compiled while nothing is shown."""
    view().spaces.active.shading.type = "MATERIAL"
    report["material before"] = settings()
    end = time.monotonic() + SHADERS_LIMIT_S
    while time.monotonic() < end and not report.get("material"):
        yield 3.0
        yield from screenshot("material_plain")
        report["screenshots"] = list(dict.fromkeys(report["screenshots"]))
        report["material"] = has_color(report["screenshots"][-1], report["bare"][0])


def save_and_open():
    """Press Ctrl-S while painting, and open the file."""
    yield from key("S", middle(), ctrl=True)
    yield 1.0
    yield from screenshot("solid_saved")
    yield from key("RET", middle())  # some Blenders ask first whether painted images are meant, too
    yield lambda: not bpy.data.is_dirty
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    yield 2.0
    report["opened"] = {kind: white(kind) for kind in HEIGHTS}
    yield from screenshot("solid_opened")


def steps():
    yield from set_out()
    report["before"] = settings()
    yield from screenshot("solid_plain")
    yield from paint("still", "solid_still")
    report["painting"] = settings()
    report["lowest row"] = lowest_row("still")
    yield from paint("moving", "solid_moving")
    yield from preview()
    yield from save_and_open()
    with in_view():
        bpy.ops.landscape.end_painting()
    yield 1.0
    report["done"] = settings()
    yield from screenshot("solid_done")
    yield from material_preview()
    yield from paint("still", "material_still")
    yield from key("TAB", middle())
    yield 1.0
    report["left"] = settings()
    with in_view():
        bpy.ops.object.mode_set(mode="OBJECT")


play(steps())
