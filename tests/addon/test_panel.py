"""The tab: what it shows at once, what is behind Advanced, and in which words."""

from __future__ import annotations

import pytest

from landscape_engine.settings.loop import usual_period


def test_one_panel_and_one_advanced_one_closed_at_first(run):
    told = run(
        """
panels = [c for c in blender_addon.CLASSES if issubclass(c, bpy.types.Panel)]
tab = [c for c in panels if c.bl_region_type == "UI"]
told["top"] = [c.bl_label for c in tab if not hasattr(c, "bl_parent_id")]
told["children"] = [c.bl_label for c in tab if getattr(c, "bl_parent_id", "") == "LANDSCAPE_PT_picture"]
told["open"] = [c.bl_label for c in tab if "DEFAULT_CLOSED" not in getattr(c, "bl_options", ())]
told["labels"] = [c.bl_label for c in tab]
"""  # noqa: E501
    )
    assert told["top"] == told["open"] == ["Landscape"]
    assert told["children"] == ["Advanced"]
    assert len(set(told["labels"])) == len(told["labels"])


def test_shares_are_percentages_and_zero_is_automatic(run, picture):
    told = run(
        """
bpy.ops.landscape.make_plane(filepath=given["picture"])
settings = bpy.context.object.landscape
light, loop, regions = settings.appearance, settings.loop, settings.regions
light.stars_percent, loop.phase_noise_percent, regions.horizon_percent = 60, 25, 40
settings.motion.ripple_percent = 0.2
told["shares"] = [light.stars, loop.phase_noise, regions.horizon, settings.motion.ripple]
light.stars = 0.3
told["percent"] = light.stars_percent
told["automatic"] = [loop.frames_automatic, light.codes_automatic]
loop.frames_automatic = False
told["not"] = [loop.frames, loop.frames_automatic]
loop.frames_automatic = True
told["again"] = loop.frames
light.changes = False
told["off"] = light.kind
light.kind = "per-frame"
light.changes = True
told["stays"] = light.kind
from blender_addon import job_documents
told["periods"] = [job_documents.usual_period(n) for n in range(1, 700)]
""",
        picture=str(picture),
    )
    assert told["shares"] == pytest.approx([0.6, 0.25, 0.4, 2])
    assert told["percent"] == pytest.approx(30)
    assert told["automatic"] == [True, True]
    assert told["not"][0] > 0 and told["not"][1] is False and told["again"] == 0
    assert told["off"] == "off" and told["stays"] == "per-frame"
    assert told["periods"] == [usual_period(n) for n in range(1, 700)]


def test_what_a_clip_takes_is_said_before_it_starts_and_learned_from_clips(run, picture):
    told = run(
        """
from blender_addon import disk, estimates
bpy.ops.landscape.make_plane(filepath=given["picture"])
settings = bpy.context.object.landscape
settings.clip.size_from, settings.clip.width, settings.clip.height = "EXACT", 1000, 1000
settings.clip.frames = 100
def said():
    estimates.sentence(settings, (96, 54), "cpu")
    disk.look_again()
    return estimates.sentence(settings, (96, 54), "cpu")
told["before"] = said()
file = given["folder"] + "/frame.png"
Path = __import__("pathlib").Path
Path(file).write_bytes(bytes(4_000_000))
report = {"frames": 1, "width": 1000, "height": 1000, "paths": [file],
          "seconds": {"total": 9, "render": 6.0}, "job": {"output": {"format": "png"}}}
estimates.learn(report, "cpu")
told["after"] = said()
settings.clip.frames, settings.output.format = 3000, "exr"
told["long"] = said()
estimates.learn({"frames": 0}, "cpu")
estimates.learn({**report, "width": 32, "height": 18}, "cpu")  # too small to tell
told["unharmed"] = said()
""",
        picture=str(picture),
    )
    assert told["before"] == "About 80 s, 130 MB"
    assert told["after"] == "About 10 min, 400 MB"
    assert told["long"] == told["unharmed"] == "About 5 h, 15 GB"


def test_animate_is_grey_in_an_unsaved_file_with_its_reason_and_a_button_that_saves(run, picture):
    told = run(
        """
import sys
sys.path.insert(0, given["here"])
from panel_drawing import Layout, context_of
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
def seen():
    layout = Layout([])
    blender_addon.panels.picture._buttons(layout, context_of(plane))
    offered = [name for name, _ in layout.buttons]
    return [bpy.ops.landscape.animate.poll(), "wm.save_mainfile" in offered, " ".join(layout.words)]
told["unsaved"] = seen()
told["preview"] = bpy.ops.landscape.preview.poll()
plane.landscape.output.folder = given["folder"]
told["elsewhere"] = seen()
plane.landscape.output.folder = "//landscape/"
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/one.blend")
told["saved"] = seen()
""",
        picture=str(picture),
        here=str(__import__("pathlib").Path(__file__).parent),
    )
    assert told["unsaved"][:2] == [False, True] and "save it first" in told["unsaved"][2]
    assert told["preview"]
    assert told["elsewhere"][:2] == told["saved"][:2] == [True, False]


def test_thumbnails_are_sorted_by_what_they_do_and_a_click_takes_one(run, picture):
    told = run(
        """
from blender_addon import previews
bpy.ops.landscape.make_plane(filepath=given["picture"])
settings = bpy.context.object.landscape
uid = bpy.context.object.session_uid
def made(direction, speed):
    return {"frames": [given["picture"]], "direction_deg": direction, "speed": speed}
rows = [made(180, 3e-3), made(5, 2e-3), made(-3, 1e-3), made(90, 1e-4)]
previews.take(uid, "motion", [0.1, 0.2, 0.3], {"thumbnails": [rows[1], rows[1], rows[2]]})
told["alike"] = [t.name for t in previews.drawn(bpy.context.object, "motion")]
previews.take(uid, "motion", [0.1, 0.2, 0.3, 0.4], {"thumbnails": rows})
told["names"] = [t.name for t in previews.drawn(bpy.context.object, "motion")]
told["offered"] = [name for _, name, *_ in previews.offered(settings, bpy.context)]
told["first"] = settings.motion_choice
settings.motion_choice = "0.1000"
told["taken"] = [settings.motion.code_from, round(settings.motion.position, 4)]
told["shown"] = settings.motion_choice
settings.motion.code_from = "RANDOM"
told["other"] = settings.motion_choice
settings.motion_choice = "AUTO"
told["automatic"] = settings.motion.code_from
def day(lightness, warmth):
    return {"frames": [given["picture"]] * 6, "lightness": lightness, "warmth": warmth}
days = [day([0.5, 0.2], [0, 0]), day([0.5, 0.5], [0, 0.2]), day([0.5, 0.4], [0, -0.2])]
previews.take(uid, "appearance", [0.1, 0.2, 0.3], {"thumbnails": days})
shown = previews.drawn(bpy.context.object, "appearance")
told["days"] = [t.name for t in shown]
told["looks"] = len(shown[0].frames)
""",
        picture=str(picture),
    )
    assert told["alike"] == ["→ Slow", "→ Medium", "→ Medium 2"]
    assert told["names"] == ["Still", "→ Slow", "→ Medium", "← Fast"]
    assert told["offered"] == ["Automatic", *told["names"]]
    assert told["first"] == "AUTO" and told["shown"] == "0.1000"
    assert told["taken"] == ["POSITION", 0.1]
    assert told["other"] == "OTHER" and told["automatic"] == "AUTO"
    assert told["days"] == ["Bright, Warm", "To Dusk, Cold", "To Night"] and told["looks"] == 6


def test_a_mesh_without_a_picture_is_offered_a_plane_and_told_of_no_error(run, picture):
    told = run(
        """
import sys
sys.path.insert(0, given["here"])
from panel_drawing import Layout, context_of
def seen(obj):
    layout = Layout([])
    holder = __import__("types").SimpleNamespace(layout=layout)
    blender_addon.panels.picture.LANDSCAPE_PT_picture.draw(holder, context_of(obj))
    return [[name for name, _ in layout.buttons], layout.words]
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
told["cube"] = seen(cube)
material = bpy.data.materials.new("Grey")
material.use_nodes = True
cube.data.materials.append(material)
told["grey cube"] = seen(cube)
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = bpy.data.images.load(given["picture"])
told["unlinked"] = seen(cube)
bpy.ops.mesh.primitive_cube_add()
bpy.context.object.landscape.picture = node.image
told["chosen for a cube"] = seen(bpy.context.object)
""",
        picture=str(picture),
        here=str(__import__("pathlib").Path(__file__).parent),
    )
    for which in ("cube", "grey cube"):
        buttons, words = told[which]
        assert buttons[0] == "landscape.make_plane"
        assert words[0] == "Make a plane from your picture, or select one."
        assert not any("surface" in word or "material" in word for word in words)
    assert any(word.startswith("No image feeds") for word in told["unlinked"][1])
    buttons, words = told["chosen for a cube"]
    assert "shows no image" in words[0] and "landscape.preview" not in buttons


def test_jobs_of_other_planes_fill_the_panel_only_if_they_went_wrong(run, picture):
    told = run(
        """
import sys
sys.path.insert(0, given["here"])
from panel_drawing import context_of
from blender_addon.panels import progress
planes = []
for _ in range(2):
    bpy.ops.landscape.make_plane(filepath=given["picture"])
    planes.append(bpy.context.object)
def ended(obj, name, state):
    job = jobs.Job(name, obj.name, 0, lambda result: "", uid=obj.session_uid)
    job.id = name
    jobs._running.append(job)
    jobs._end(job, {"event": state, "message": "so it was", "result": {}})
ended(planes[0], "Preview", "done")
ended(planes[0], "Animate", "failed")
ended(planes[1], "Preview", "cancelled")
def said(obj):
    return sorted(one.name for alike in progress._as_said(context_of(obj)) for one in alike)
told["first"], told["second"] = said(planes[0]), said(planes[1])
""",
        picture=str(picture),
        here=str(__import__("pathlib").Path(__file__).parent),
    )
    assert told["first"] == ["Animate", "Preview"]
    assert told["second"] == ["Animate", "Preview"]  # what went wrong there, and its own


def test_paths_break_after_their_slashes(run):
    told = run(
        """
from blender_addon.panels import words
told["lines"] = words._Wrapper(20).wrap("in '//landscape/waterfall-of-001/'.")
"""
    )
    assert told["lines"] == ["in '//landscape/", "waterfall-of-001/'."]


def test_what_moves_is_shown_with_its_shares(run, picture):
    told = run(
        """
from blender_addon import masks
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
images = len(bpy.data.images)
bpy.ops.landscape.show_found()
told["said"] = jobs.latest(plane).message
told["shown"] = masks.found.shown_on(plane)
told["images"] = len(bpy.data.images) - images
masks.found.hide(plane)
told["hidden"] = masks.found.shown_on(plane)
told["words"] = masks.found.told([{"name": "sky", "share": 0.412}], 0.588)
told["mask"] = masks.found.told([{"name": "moving", "share": 0.2}], 0.8)
told["nothing"] = masks.found.told([], 1.0)
""",
        picture=str(picture),
    )
    assert told["shown"] and not told["hidden"] and told["images"] == 0
    assert "stays still" in told["said"] or "nothing that moves" in told["said"]
    assert told["words"] == "sky 41%, water none; 59% stays still."
    assert told["mask"] == "moving 20%; 80% stays still."
    assert told["nothing"].startswith("nothing that moves was found")
