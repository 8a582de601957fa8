"""A redraw reads nothing of the disk, and the panels still know what lies there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

SCENE = """
import json, os, sys
from pathlib import Path
sys.path[:0] = [{here!r}, {repository!r}]
import bpy, blender_addon
from blender_addon import choices, image_exchange, jobs, previews
from panel_drawing import disk_calls, drawn
from blender_scenes import picture_on_disk
folder = {folder!r}
os.environ.pop("LANDSCAPE_PYTHON", None)
(choices.user_folder() / "engine.json").unlink(missing_ok=True)
told = {{}}
blender_addon.register()
try:
    bpy.ops.wm.read_homefile(use_empty=True)
    picture = picture_on_disk(Path(folder, "lake.png"))
    for number in (1, 2, 3):
        picture_on_disk(Path(folder, "frames", f"{{number:04d}}.png"))
    bpy.ops.landscape.make_plane(filepath=str(picture))
    plane = bpy.context.object
    settings = plane.landscape
    bpy.ops.landscape.add_item(list="REGIONS")
    bpy.ops.landscape.add_item(list="PATCHES")
    bpy.ops.landscape.add_item(list="KEYS")
    settings.results.add().file = folder + "/frames/0001.png"
    image_exchange.show_sequence(plane, folder + "/frames/0001.png", 3)
{lines}
finally:
    blender_addon.unregister()
print("TOLD", json.dumps(told))
"""


@pytest.fixture
def told(told_in):
    return lambda lines: told_in(SCENE, lines)


def test_no_panel_and_no_poll_reads_the_disk(told):
    found = told(
        f"""
choices.record_interpreter({sys.executable!r})
bpy.ops.landscape.check_engine()
previews._drawn[plane.session_uid, "motion"] = [previews.Thumbnail(0.5, [0], "→ Slow")]
drawn(blender_addon, plane)  # Blender loads what it draws the first time
told["counts"] = bool(disk_calls(choices.recorded_interpreter))
told["plane"] = disk_calls(lambda: drawn(blender_addon, plane))
told["nothing"] = disk_calls(lambda: drawn(blender_addon, None))
plane.landscape.motion.code_from = "POSITION"
plane.landscape.motion.position = 0.5
told["words"] = drawn(blender_addon, plane)
"""
    )
    assert found["counts"], "the counter sees what it counts"
    assert found["plane"] == [] and found["nothing"] == []
    for part in (
        "lake.png, 32 × 18 pixels",
        "Engine ",
        "Frames of 32 × 18 pixels",
        "→ Slow",
        "About ",
    ):
        assert any(part in word for word in found["words"]), (part, found["words"])


def test_the_panel_says_where_the_view_changes_the_colors_and_a_click_sets_standard(told):
    found = told(
        """
import numpy as np
from blender_addon import batch
scene, view = bpy.context.scene, bpy.context.scene.view_settings
def said():
    words = drawn(blender_addon, plane)
    return next((word for word in words if "color management" in word), "")
def seen():
    bpy.ops.render.render(write_still=True)
    return np.array(bpy.data.images.load(scene.render.filepath).pixels).reshape(18, 32, 4)
image_exchange.show_picture(plane)
blank = bpy.data.images.new("blank", 32, 18)
blank.pixels.foreach_set([1.0] * (32 * 18 * 4))
batch._look_at(scene, plane)
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
scene.render.resolution_x, scene.render.resolution_y = 32, 18
scene.render.dither_intensity = 0
plane.active_material.node_tree.nodes["Image Texture"].image = blank
scene.render.filepath = folder + "/agx.png"
told["new"], told["white"] = said(), float(seen().mean())
view.look, view.exposure, view.gamma = "AgX - Punchy", 0.5, 1.1
told["more"] = said()
told["done"] = list(bpy.ops.landscape.use_standard_view())
scene.render.filepath = folder + "/standard.png"
told["after"], told["white after"] = said(), float(seen().mean())
told["view"] = [view.view_transform, view.look, view.exposure, view.gamma]
view.view_transform = "Raw"
told["raw"] = said()
view.view_transform, view.exposure = "Standard", 1
told["exposure"] = said()
told["disk"] = disk_calls(lambda: drawn(blender_addon, plane))
"""
    )
    assert "(AgX) shows the picture in other colors" in found["new"]
    assert "(AgX, the look 'AgX - Punchy', exposure 0.5, gamma 1.1)" in found["more"]
    assert found["white"] < 0.9 and found["white after"] == 1.0
    assert found["done"] == ["FINISHED"] and found["view"] == ["Standard", "None", 0.0, 1.0]
    assert found["after"] == "" and found["raw"] == ""
    assert "(exposure 1)" in found["exposure"] and found["disk"] == []


def test_the_panels_learn_what_is_on_the_disk(told):
    found = told(
        f"""
from blender_addon import disk
def seen():
    drawn(blender_addon, plane)
    changed = disk.look_again()
    words = " ".join(drawn(blender_addon, plane))
    return [changed] + [part in words for part in (
        "1 of 3 frames", "isn't there; put it back",
        "isn't set up", "The engine starts when needed",
    )]
told["first"] = seen()
told["again"] = seen()
os.remove(folder + "/frames/0002.png")
told["before the timer"] = "1 of 3 frames" in " ".join(drawn(blender_addon, plane))
told["a frame is gone"] = seen()
os.rename(picture, folder + "/aside.png")
told["the picture is gone"] = seen()
os.rename(folder + "/aside.png", picture)
choices.record_interpreter({sys.executable!r})
told["back"] = seen()
"""
    )
    assert found["first"] == [True, False, False, True, False]
    assert found["again"] == [False, False, False, True, False]
    assert not found["before the timer"]
    assert found["a frame is gone"] == [True, True, False, True, False]
    assert found["the picture is gone"] == [True, True, True, True, False]
    assert found["back"] == [True, True, False, False, True]


def test_the_timer_looks_at_once_at_what_is_new_or_in_doubt_and_ends_when_nothing_is_drawn(told):
    found = told(
        """
from blender_addon import disk, window
waits = []
window.start_timer = lambda timer, after_s: waits.append(after_s)
def wait():
    waits.clear()
    drawn(blender_addon, plane)
    return min(waits)
told["new"] = wait()
told["goes on"] = disk._look()
told["known"] = wait()
jobs._end(jobs.Job("Animate", plane.name, 0, lambda result: ""), {"event": "cancelled"})
told["a job has ended"] = wait()
told["looked"] = disk._look()
told["nothing drawn"] = disk._look()
bpy.ops.wm.save_as_mainfile(filepath=folder + "/one.blend")
wait(), disk._look()
bpy.ops.wm.open_mainfile(filepath=folder + "/one.blend")
plane = bpy.data.objects["lake"]
told["opened"] = wait()
"""
    )
    assert found["new"] == found["a job has ended"] == found["opened"] == 0
    assert found["known"] >= 2 and found["goes on"] >= 2 and found["looked"] >= 2
    assert found["nothing drawn"] is None
