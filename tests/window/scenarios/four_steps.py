"""The README's four steps in the factory scene: plane, arrows, Animate, the animated texture."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    annotation_strokes,
    drag,
    has_color,
    in_view,
    job,
    middle,
    move,
    open_tab,
    play,
    region,
    report,
    screenshot,
    scroll,
    seen_at,
    straight,
    view,
)

ARROWS = [((0.3, 0.9), (0.55, 0.93)), ((0.75, 0.72), (0.5, 0.76))]  # (u, v), v upwards
FRAMES = 48
SIDE = 640
SHOWN = 16  # frames into the clip, when its light has changed
JOB_LIMIT_S = 500
DRAWN_S = 4  # a Material Preview, by software
LOOKS = 15  # screenshots until its shaders are compiled


def plane() -> bpy.types.Object:
    return bpy.context.object


def latest():
    return sys.modules[f"{job['addon']}.jobs"].latest(plane())


def shot(name: str):
    """A screenshot of the sidebar's top, with the mouse where it covers nothing."""
    yield from move(middle("UI"))
    yield from scroll("WHEELUPMOUSE", 96)
    at = region()
    yield from move((at.x + 40, at.y + 40))
    yield DRAWN_S
    yield from screenshot(name)


def steps():
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(job["folder"]) / "scene.blend"))
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"])
        bpy.ops.landscape.use_standard_view()
    report["scene"] = sorted(obj.name for obj in bpy.data.objects)
    report["shading"] = view().spaces.active.shading.type
    clip = plane().landscape.clip
    clip.frames, clip.side = FRAMES, SIDE
    for _ in range(LOOKS):
        yield from shot("step_1_picture")
        report["screenshots"] = list(dict.fromkeys(report["screenshots"]))
        if has_color(report["screenshots"][-1], seen_at(plane(), 0.5, 0.9)):
            break
    with in_view():
        bpy.ops.landscape.draw_arrows()
    yield 0.5
    for start, stop in ARROWS:
        yield from drag(straight(seen_at(plane(), *start), seen_at(plane(), *stop)))
        yield 1.0
    report["drawn"] = len(list(annotation_strokes(bpy.context.scene)))
    yield from shot("step_2_arrows")
    with in_view():
        bpy.ops.landscape.done_drawing()
        bpy.ops.landscape.animate("INVOKE_DEFAULT")
    asked = latest()
    yield (lambda: asked.state != "running" or asked.done >= FRAMES // 4), JOB_LIMIT_S
    report["meanwhile"] = [asked.state, asked.total]
    at = region()
    yield from move((at.x + 40, at.y + 40))
    yield from screenshot("step_3_animate")
    yield lambda: asked.state != "running", JOB_LIMIT_S
    report["animated"] = [asked.state, asked.message]
    bpy.context.scene.frame_set(bpy.context.scene.frame_start + SHOWN)
    yield from shot("step_4_texture")
    exchange = sys.modules[f"{job['addon']}.image_exchange"]
    report["shown"] = [exchange.shows_frames(plane()), exchange.shown_frames(plane())]


play(steps())
