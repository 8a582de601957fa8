"""The whole way of an artist: plane, tab, arrows, Animate, cancel, undo, save, open again."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    Ticks,
    annotation_strokes,
    drag,
    in_view,
    job,
    key,
    lone_plane,
    look_beside_the_sidebar,
    middle,
    open_tab,
    play,
    press,
    report,
    screenshot,
    seen_at,
    straight,
    window,
    world_to_uv,
)

ARROWS = [((0.2, 0.8), (0.45, 0.85)), ((0.75, 0.7), (0.5, 0.75))]  # (u, v), v upwards
FRAMES = 12
LONG = 4000  # frames of the jobs that are cancelled
JOB_LIMIT_S = 240
name = ""  # of the plane; objects move in memory, their names don't


def plane() -> bpy.types.Object:
    return bpy.data.objects[name]


def texture() -> bpy.types.ShaderNodeTexImage:
    nodes = plane().active_material.node_tree.nodes
    return next(node for node in nodes if node.type == "TEX_IMAGE")


def latest():
    """The last job that the add-on started for the plane."""
    return sys.modules[f"{job['addon']}.jobs"].latest(plane())


def shown() -> dict:
    """What the plane's texture is now."""
    image, user = texture().image, texture().image_user
    return {
        "source": image.source,
        "file": image.filepath,
        "there": Path(bpy.path.abspath(image.filepath)).is_file(),
        "frames": user.frame_duration,
        "cyclic": user.use_cyclic,
        "results": len(plane().landscape.results),
    }


def set_out():
    """An empty file with the picture's plane, seen from the front, and the tab open."""
    global name
    name = lone_plane("Bühne eins.blend", FRAMES, tilt=0.3).name
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_orbit(angle=0.35, type="ORBITRIGHT")
        bpy.ops.view3d.view_selected()
    look_beside_the_sidebar(nearer=0.9)
    yield 1.0
    yield from screenshot("tab")


def draw_arrows():
    yield from press("landscape.draw_arrows")
    yield 0.5
    for start, stop in ARROWS:
        yield from drag(straight(seen_at(plane(), *start), seen_at(plane(), *stop)))
        yield 0.3
    strokes = list(annotation_strokes(bpy.context.scene))
    report["arrows"] = ARROWS
    report["drawn"] = [[world_to_uv(plane(), point) for point in stroke] for stroke in strokes]
    yield from screenshot("arrows")
    with in_view():
        bpy.ops.wm.tool_set_by_id(name="builtin.select_box")
    yield 0.3


def animate():
    """Press the button, go on, and look at the frames that come."""
    before = shown()
    yield from press("landscape.animate")
    yield lambda: latest() is not None
    report["pressed"] = latest().state
    ticks = Ticks()
    yield lambda: latest().state != "running", JOB_LIMIT_S
    report["ticks"] = ticks.stop()
    report["animated"] = {"state": latest().state, "message": latest().message, **shown()}
    for frame in (1, 1 + FRAMES // 2, 1 + FRAMES):
        bpy.context.scene.frame_set(frame)
        yield 0.7
        yield from screenshot(f"frame_{frame}")
    yield from key("Z", middle(), ctrl=True)
    yield 0.5
    report["undone"] = {"before": before, "after": shown()}
    yield from key("Z", middle(), ctrl=True, shift=True)
    yield 0.5
    report["redone"] = shown()


def cancel():
    """Stop long jobs, by the key and by the button; what was made before stays."""
    plane().landscape.clip.frames = LONG
    for way in ("key", "button"):
        yield from press("landscape.animate")
        yield lambda: latest().state == "running"
        if way == "key":
            yield from key("ESC", middle())
        else:
            yield (lambda: latest().state != "running" or latest().done > 0), JOB_LIMIT_S
            yield from screenshot(f"progress_{way}")
            yield from escape()
            yield from press("landscape.cancel")
        made = latest().done
        yield lambda: latest().state != "running"
        report[f"cancelled_by_{way}"] = {
            "state": latest().state,
            "made_since": latest().done - made,
            **shown(),
        }
    plane().landscape.clip.frames = FRAMES


def escape():
    """Press ESC while it is meant for playback, and when it asks; the job goes on."""
    with in_view():
        bpy.ops.screen.animation_play()
    yield from key("ESC", middle())
    yield lambda: not window().screen.is_animation_playing
    report["escape_during_playback"] = latest().state
    yield 1.0  # just after a playback the key is still its own
    latest().started_at -= 60
    yield from key("ESC", middle())
    yield 1.0
    yield from screenshot("escape_asks")
    yield from key("ESC", middle())  # no
    yield 1.0
    report["escape_later"] = latest().state


def open_again():
    """Save, open, and find everything as it was."""
    bpy.ops.wm.save_mainfile()
    saved = bpy.data.filepath
    yield 0.3
    bpy.ops.wm.open_mainfile(filepath=saved)
    yield 2.0
    report["opened"] = {
        **shown(),
        "clip_frames": plane().landscape.clip.frames,
        "strokes": len(list(annotation_strokes(bpy.context.scene))),
    }
    yield from open_tab("Landscape")
    yield from screenshot("opened")


def steps():
    yield from set_out()
    yield from draw_arrows()
    yield from animate()
    yield from cancel()
    yield from open_again()
    client = sys.modules[f"{job['addon']}.engine"].client_if_any()
    report["worker"] = client.about["pid"]
    report["torch"] = "torch" in sys.modules


play(steps())
