"""A loop that the material plays: made, played, sped up meanwhile, and rendered by EEVEE."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import bpy
from mathutils import Matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    in_view,
    job,
    key,
    lone_plane,
    look_beside_the_sidebar,
    middle,
    open_tab,
    play,
    report,
    screenshot,
    view,
    window,
)

FRAMES = 48
SIZE = 128, 72
FINER = 2  # pixels rendered for one of the picture's: no smaller copy of a texture is taken
JOB_LIMIT_S = 240
PLAYED_S = 60  # in which software has drawn several frames
TIMES = (0, 13, 31)
name = ""


def plane() -> bpy.types.Object:
    return bpy.data.objects[name]


def addon(part: str):
    return sys.modules[f"{job['addon']}.{part}"]


def node() -> bpy.types.Node | None:
    return addon("image_exchange").shown_live_loop(plane())


def keep_kits() -> None:
    """Copy the kit that the add-on removes when it is packed."""
    remove = shutil.rmtree

    def keep(path, *arguments, **options):
        if os.path.basename(path).startswith("live-"):
            shutil.copytree(path, Path(job["folder"]) / "kit", dirs_exist_ok=True)
        remove(path, *arguments, **options)

    shutil.rmtree = keep


def make():
    """Ask for the loop as the button does, and wait."""
    jobs = addon("jobs")
    with in_view():
        bpy.ops.landscape.live("INVOKE_DEFAULT")
    yield lambda: jobs.latest(plane()).state != "running", JOB_LIMIT_S
    report["made"] = [jobs.latest(plane()).state, jobs.latest(plane()).message]
    report["playing"] = window().screen.is_animation_playing
    report["frames_on_disk"] = len(list(Path(job["folder"]).glob("**/0001.*")))


def watch():
    """Let it play, and change its speed meanwhile."""
    view().spaces.active.shading.type = "MATERIAL"
    seen: set[int] = set()

    def several() -> bool:
        seen.add(bpy.context.scene.frame_current)
        return len(seen) > 4

    yield several, PLAYED_S
    node().inputs["Speed"].default_value = -2.0
    seen.clear()
    yield several, PLAYED_S
    report["played on"] = window().screen.is_animation_playing
    node().inputs["Speed"].default_value = 1.0
    yield from key("ESC", middle())
    yield lambda: not window().screen.is_animation_playing
    yield from screenshot("live_played")
    with in_view("UI"):
        bpy.ops.wm.call_panel(name="LANDSCAPE_PT_live", keep_open=True)
    yield 0.7
    yield from screenshot("live_panel")


def render():
    """Frames by EEVEE, from right before the plane."""
    scene = bpy.context.scene
    view().spaces.active.shading.type = "SOLID"
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.matrix_world = plane().matrix_world @ Matrix.Translation((0, 0, 1))
    camera.data.type, camera.data.ortho_scale = "ORTHO", max(plane().dimensions)
    engines = [one.identifier for one in scene.render.bl_rna.properties["engine"].enum_items]
    scene.render.engine = next(one for one in engines if "EEVEE" in one)
    report["engine"] = scene.render.engine
    scene.eevee.taa_render_samples, scene.render.filter_size = 1, 0.01
    scene.render.resolution_x, scene.render.resolution_y = (FINER * side for side in SIZE)
    scene.render.dither_intensity = 0
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_depth = "16"
    report["rendered"] = {}
    for t in TIMES:
        scene.frame_set(scene.frame_start + t)
        scene.render.filepath = str(Path(job["folder"]) / f"eevee {t}.png")
        bpy.ops.render.render(write_still=True)
        report["rendered"][str(t)] = scene.render.filepath
        yield 0.1


def steps():
    global name
    keep_kits()
    name = lone_plane("lebt.blend", FRAMES).name
    settings = plane().landscape
    settings.clip.width, settings.clip.height = SIZE
    settings.loop.frames, settings.appearance.kind, settings.motion.speed = FRAMES, "off", 3
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    look_beside_the_sidebar()
    yield 0.5
    yield from make()
    yield from watch()
    yield from render()


play(steps())
