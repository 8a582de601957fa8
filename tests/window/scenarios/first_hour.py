"""What a new artist tries first: the cube's tab, arrows, ESC, what moves, a second plane."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    annotation_strokes,
    drag,
    find_button,
    in_view,
    job,
    key,
    middle,
    move,
    open_tab,
    play,
    press,
    report,
    screenshot,
    seen_at,
    straight,
    view,
    window,
)

JOB_LIMIT_S = 150
DRAWN_S = 6  # a Material Preview, by software


def addon(part: str):
    return sys.modules[f"{job['addon']}.{part}"]


def layers() -> list[str]:
    scene = bpy.context.scene
    data = scene.annotation if hasattr(scene, "annotation") else scene.grease_pencil
    return [layer.info for layer in data.layers] if data else []


def draw_one(plane: bpy.types.Object):
    """An arrow over the sky, by hand."""
    yield from drag(straight(seen_at(plane, 0.3, 0.8), seen_at(plane, 0.6, 0.8)))
    yield 0.5


def arrows(plane: bpy.types.Object):
    """Draw, clear and draw again; then the tool is left."""
    shading = view().spaces.active.shading
    shading.type = "SOLID"
    bpy.context.scene.frame_set(30)
    yield from press("landscape.draw_arrows")
    yield DRAWN_S
    report["shading"] = shading.type
    yield from draw_one(plane)
    yield from press("landscape.clear_arrows")
    yield 1.0
    report["cleared"] = len(list(annotation_strokes(bpy.context.scene)))
    yield from draw_one(plane)
    yield 1.0
    yield from move(middle("UI"))
    yield 2.0
    yield from screenshot("hour_arrows")
    report["drawn"] = [len(list(annotation_strokes(bpy.context.scene))), layers()]
    yield from press("landscape.done_drawing")
    yield 1.0
    tools = bpy.context.workspace.tools
    report["tool"] = tools.from_space_view3d_mode("OBJECT", create=False).idname
    bpy.context.scene.frame_set(1)


def escape(plane: bpy.types.Object):
    """ESC over a preview that has run for a while asks, and cancels when that is confirmed."""
    jobs = addon("jobs")
    with in_view():
        bpy.ops.landscape.preview("INVOKE_DEFAULT")
    started = jobs.running()[0]
    report["notes"] += started.notes
    started.started_at -= 12  # as if for so long: a preview takes no time any more
    yield 0.5
    yield from key("ESC", middle("UI"))
    yield 0.5
    yield from screenshot("hour_escape")
    report["asked"] = started.state
    window().event_simulate(type="RET", value="PRESS", x=int(middle()[0]), y=int(middle()[1]))
    window().event_simulate(type="RET", value="RELEASE", x=int(middle()[0]), y=int(middle()[1]))
    yield lambda: started.state != "running", JOB_LIMIT_S
    report["confirmed"] = started.state


def what_moves(plane: bpy.types.Object):
    jobs = addon("jobs")
    yield from press("landscape.show_found")
    yield lambda: jobs.running(), 20
    asked = jobs.running()[0]
    yield lambda: asked.state != "running", JOB_LIMIT_S
    report["found"] = [asked.state, asked.message]
    yield from move(middle())
    yield DRAWN_S
    yield from screenshot("hour_what_moves")
    yield from press("landscape.show_found")
    yield 1.0
    report["hidden"] = not addon("masks").found.shown_on(plane)


def steps():
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(job["folder"]) / "hour.blend"))
    yield 0.5
    yield from open_tab("Landscape")
    yield from move(middle())
    yield 1.0
    yield from screenshot("hour_cube")
    found: dict = {}
    yield from find_button("landscape.make_plane", found)
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"])
    plane = bpy.context.object
    yield DRAWN_S
    yield from screenshot("hour_plane")
    yield from arrows(plane)
    yield from escape(plane)
    yield from what_moves(plane)
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"])
    yield DRAWN_S
    other = bpy.context.object
    across = [[(o.matrix_world @ v.co)[:] for v in o.data.vertices] for o in (plane, other)]
    report["planes"] = across
    yield from screenshot("hour_second_plane")
    properties = next(area for area in window().screen.areas if area.type == "PROPERTIES")
    properties.spaces.active.context = "WORLD"
    yield 2.0
    yield from screenshot("hour_world")


play(steps())
