"""Two planes, two jobs: seen, cancelled and ended whatever object is active, renamed, undone."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    SLOWER,
    in_view,
    job,
    key,
    middle,
    open_tab,
    play,
    press,
    report,
    screenshot,
    view,
    window,
)

JOB_LIMIT_S = 240
SHORT = round(30 * SLOWER)  # frames: it goes on while another object is added and taken back
LONG = 20000  # frames: it is cancelled, however long the button is looked for
jobs = sys.modules[f"{job['addon']}.jobs"]


def plane(name: str, frames: int) -> None:
    """A plane with the picture, active."""
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"])
    bpy.context.object.name = name
    settings = bpy.data.objects[name].landscape
    settings.output.folder = job["folder"]
    settings.clip.frames, settings.clip.size_from = frames, "EXACT"
    settings.clip.width, settings.clip.height = 160, 90


def activate(name: str) -> None:
    """Make an object the active one, and the only one that is selected: Animate takes them all."""
    with in_view():
        for other in bpy.context.view_layer.objects:
            other.select_set(other.name == name)
        bpy.context.view_layer.objects.active = bpy.data.objects[name]


def push(message: str) -> None:
    """A step of undo, as Blender's own operators make it."""
    with in_view():
        bpy.ops.ed.undo_push(message=message)


def shown(name: str) -> list:
    """What an object shows, and how many results it has."""
    nodes = bpy.data.objects[name].active_material.node_tree.nodes
    image = next(node for node in nodes if node.type == "TEX_IMAGE").image
    return [image.source, len(bpy.data.objects[name].landscape.results)]


def both():
    """Animate two selected planes by one button."""
    sea, pond = bpy.data.objects["sea"], bpy.data.objects["pond"]
    sea.landscape.clip.frames, pond.landscape.clip.frames = 2, 3
    activate("pond")
    sea.select_set(True)
    yield 0.3
    yield from press("landscape.animate")
    started = jobs.running()
    report["both begun"] = sorted(job.title for job in started)
    yield 0.3
    yield from screenshot("two_selected")
    yield lambda: not jobs.running(), JOB_LIMIT_S
    report["both"] = [job.state for job in started]
    report["both shown"] = [shown("sea"), shown("pond")]
    report["both frames"] = [obj.landscape.results[-1].frames for obj in (sea, pond)]


def steps():
    for other in list(bpy.data.objects):
        bpy.data.objects.remove(other)
    plane("sea", LONG)
    plane("lake", SHORT)
    push("planes")
    shading = view().spaces.active.shading
    shading.type, shading.color_type = "SOLID", "TEXTURE"  # which Animate leaves as it is
    yield from open_tab("Landscape")
    yield from press("landscape.animate")
    first = jobs.latest(bpy.data.objects["lake"])
    activate("sea")
    push("select")
    yield from press("landscape.animate")
    second = jobs.latest(bpy.data.objects["sea"])
    bpy.data.objects["lake"].name = "pond"
    push("rename")
    with in_view():
        bpy.ops.object.empty_add()
    bpy.context.object.name = "lake"
    push("add")
    yield 0.3
    yield from screenshot("two_jobs")
    yield from key("Z", middle(), ctrl=True)  # of the empty alone
    yield 0.5
    report["undone"] = [obj.name for obj in bpy.data.objects]
    yield lambda: first.state != "running", JOB_LIMIT_S
    report["first"] = [first.state, first.message, shown("pond")]
    activate("pond")
    yield lambda: second.done > 1, JOB_LIMIT_S
    yield from screenshot("other_job")
    second.started_at += 1e6  # it is new
    yield from key("ESC", middle())
    yield 0.5
    report["escape"] = second.state
    report["modal"] = len(window().modal_operators)
    yield from press("landscape.cancel")
    yield lambda: second.state != "running"
    report["cancelled"] = [second.state, shown("sea")]
    report["its end"] = second.message
    yield 0.5
    yield from screenshot("ended_jobs")
    yield from both()
    bars = [f for f in bpy.types.STATUSBAR_HT_header.draw._draw_funcs]
    report["in the status bar"] = any(f.__module__.endswith("panels.progress") for f in bars)
    client = sys.modules[f"{job['addon']}.engine"].client_if_any()
    report["worker"] = client.about["pid"]


play(steps())
