"""Blender ends while the engine works: by quitting, or at once, as in a crash."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import end, in_view, job, open_tab, play, press, report, write_report


def steps():
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"])
    name = bpy.context.object.name
    settings = bpy.context.object.landscape
    settings.output.folder = job["folder"]
    settings.clip.frames = 1000
    yield from open_tab("Landscape")
    yield from press("landscape.animate")
    jobs, engine = (sys.modules[f"{job['addon']}.{part}"] for part in ("jobs", "engine"))
    yield (lambda: jobs.latest(bpy.data.objects[name]).done > 0), 240
    report["worker"] = engine.client_if_any().about["pid"]
    write_report()
    if job["way"] == "quit":
        bpy.ops.wm.quit_blender()
    end()


play(steps())
