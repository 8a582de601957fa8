"""The operators without a window: they wait for the engine, and refuse with a sentence."""

from __future__ import annotations

import numpy as np
from PIL import Image

SMALL = """
settings = bpy.context.object.landscape
settings.clip.frames, settings.clip.size_from = 4, "EXACT"
settings.clip.width, settings.clip.height = 64, 36
"""


def test_the_way_without_a_window(run, picture):
    told = run(
        """
folder = given["folder"] + "/Szene eins"
os.mkdir(folder)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/eins.blend")
bpy.ops.landscape.make_plane(filepath=given["picture"])
"""
        + SMALL
        + """
bpy.context.scene.frame_start = 11
told["animate"] = list(bpy.ops.landscape.animate())
settings.motion.speed = 2
settings.output.format = "mp4"
bpy.ops.landscape.animate()
kept = jobs.latest(bpy.context.object).message
told["kept"] = "The scene keeps its frame range, 11 to 250" in kept
told["results"] = [[r.name, r.file, r.frames, r.movie] for r in settings.results]
told["speed again"] = json.loads(settings.results[1].job)["motion"]["speed"]
told["range"] = [bpy.context.scene.frame_start, bpy.context.scene.frame_end]
node = bpy.context.object.active_material.node_tree.nodes["Image Texture"]
told["shown"] = [node.image.source, node.image.filepath]
bpy.ops.landscape.show_result(index=0)
told["shown again"] = [node.image.source, node.image.filepath, node.image_user.frame_start]
bpy.ops.landscape.preview()
told["preview"] = [node.image.source, node.image_user.frame_duration]
bpy.ops.landscape.place_patch(center=(0.5, 0.2), radius=0.2, color=(1, 0.5, 0.2))
bpy.ops.landscape.fit_patches()
told["fitted"] = [settings.appearance.code_from, settings.appearance.code_file]
bpy.ops.landscape.show_picture()
told["picture"] = node.image.name
worker = engine.client_if_any().about["pid"]
told["torch"] = "torch" in sys.modules
bpy.ops.landscape.stop_engine()
told["state"] = engine.client_if_any() is None
""",
        picture=str(picture),
    )
    assert told["animate"] == ["FINISHED"]
    assert told["results"] == [
        ["der See-001", "//landscape/der See-001/0001.png", 4, False],
        ["der See-002", "//landscape/der See-002.mp4", 4, True],
    ]
    assert told["speed again"] == 2
    assert told["range"] == [11, 250] and told["kept"]
    assert told["shown"] == ["MOVIE", "//landscape/der See-002.mp4"]
    assert told["shown again"] == ["SEQUENCE", "//landscape/der See-001/0001.png", 11]
    assert told["preview"] == ["SEQUENCE", 4]
    assert told["fitted"] == ["FILE", "//landscape/der See-appearance.json"]
    assert told["picture"] == "der See.jpg"
    assert told["torch"] is False and told["state"]


def test_the_frame_range_is_where_the_clips_of_several_planes_end_together(run, picture):
    told = run(
        """
import shutil
scene = bpy.context.scene
for name, frames in (("one", 4), ("two", 6)):
    bpy.ops.landscape.make_plane(filepath=given["picture"])
    settings = bpy.context.object.landscape
    os.makedirs(given["folder"] + "/" + name)
    item = settings.results.add()
    item.name, item.frames = name, frames
    item.file = given["folder"] + "/" + name + "/0001.jpg"
    shutil.copy(given["picture"], item.file)
    bpy.ops.landscape.show_result(index=0)
    told[name] = [scene.frame_start, scene.frame_end]
settings.output.match_range = False
item.frames = 7
bpy.ops.landscape.show_result(index=0)
told["off"] = [scene.frame_start, scene.frame_end]
""",
        picture=str(picture),
    )
    assert told == {"one": [1, 4], "two": [1, 12], "off": [1, 12]}


def test_a_photograph_is_animated_as_blender_shows_it(run, tmp_path):
    """Blender ignores the EXIF orientation, so that the frames have to ignore it as well."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30] = (255, 0, 0)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "phone.jpg", exif=turned, quality=95)
    told = run(
        """
bpy.ops.landscape.make_plane(filepath=given["folder"] + "/phone.jpg")
settings = bpy.context.object.landscape
settings.clip.frames, settings.regions.clean = 1, True
settings.appearance.kind = "off"
settings.output.folder = given["folder"] + "/frames"
bpy.ops.landscape.animate()
told["file"] = settings.results[0].file
"""
    )
    made = np.asarray(Image.open(told["file"]).convert("RGB")).astype(int)
    assert made.shape == pixels.shape
    assert np.abs(made - pixels).mean() < 6


def test_what_cannot_be_done_is_said_in_one_sentence(run, picture, tmp_path):
    (tmp_path / "no code.json").write_text("[1, 2")
    told = run(
        """
animate = bpy.ops.landscape.animate
bpy.ops.mesh.primitive_plane_add()
told["no picture"] = refusal(animate)
bpy.ops.landscape.make_plane(filepath=given["picture"])
"""
        + SMALL
        + """
told["not saved"] = refusal(animate)
settings.output.folder = ""
told["no folder"] = refusal(animate)
settings.output.folder = given["picture"] + "/in"
told["in a file"] = refusal(animate)
settings.output.folder = given["folder"] + "/frames"
settings.motion.speed = 0
told["speed"] = refusal(animate)
settings.motion.speed = 1
settings.motion.code_from = "FILE"
told["no code"] = refusal(animate)
settings.motion.code_file = given["folder"] + "/gone.json"
told["code gone"] = refusal(animate)
settings.motion.code_from = "RANDOM"
settings.appearance.code_from = "KEYS"
told["no keys"] = refusal(animate)
settings.appearance.code_from = "FILE"
settings.appearance.code_file = given["folder"] + "/no code.json"
told["engine's own"] = refusal(animate)
settings.appearance.code_from = "RANDOM"
bpy.ops.landscape.add_item(list="REGIONS")
told["region"] = refusal(animate)
bpy.ops.landscape.remove_item(list="REGIONS")
bpy.context.scene.frame_set(77)
told["playhead"] = refusal(bpy.ops.landscape.add_item, list="KEYS")
told["no arrows"] = refusal(bpy.ops.landscape.fit_arrows)
told["no window"] = refusal(bpy.ops.landscape.draw_arrows)
bpy.context.object.scale = (0, 1, 1)
bpy.context.view_layer.update()
told["scale"] = refusal(animate)
bpy.context.object.scale = (1, 1, 1)
bpy.context.view_layer.update()
os.environ["LANDSCAPE_PYTHON"] = given["folder"] + "/no python"
told["no python"] = refusal(animate)
del os.environ["LANDSCAPE_PYTHON"]
told["no engine"] = refusal(animate)
told["left"] = os.listdir(given["folder"] + "/frames")
""",
        picture=str(picture),
    )
    expected = {
        "no picture": "has no material",
        "not saved": "save it first, or choose another folder",
        "no folder": "no folder is named",
        "in a file": "can't be written to",
        "speed": "the speed of the motion is 0",
        "no code": "but none is chosen",
        "code gone": "isn't there; choose another one",
        "no keys": "there are none",
        "engine's own": "no code.json",
        "region": "'Region 1' has no mask",
        "playhead": "the playhead is at frame",
        "no arrows": "no arrows lie on",
        "no window": "3D view",
        "scale": "scale",
        "no python": "no python",
        "no engine": "run install_addon.py",
    }
    for name, part in expected.items():
        assert told[name] and part in told[name], (name, told[name])
    assert told["left"] == []


def test_a_worker_that_is_killed_is_said_and_the_next_job_has_another(run, picture):
    told = run(
        """
import signal, time
bpy.ops.landscape.make_plane(filepath=given["picture"])
"""
        + SMALL
        + """
settings.output.folder = given["folder"] + "/frames"
bpy.ops.landscape.animate()
first = engine.client_if_any().about["pid"]
settings.clip.frames = 4000
from blender_addon import exchange_folder, job_documents
from pathlib import Path
asked = job_documents.order(bpy.context, bpy.context.object, exchange_folder.pictures())
task = {"task": "animate", "job": {**asked.document, "out": given["folder"] + "/long"}}
job = jobs.start(task, "Animate", bpy.context.object, lambda report: "")
while job.done < 2:
    jobs.follow()
    time.sleep(0.01)
os.kill(first, signal.SIGKILL)
while job.state == "running":
    jobs.follow()
    time.sleep(0.01)
told["state"], told["message"] = job.state, job.message
settings.clip.frames = 4
told["next"] = list(bpy.ops.landscape.animate())
told["another"] = engine.client_if_any().about["pid"] != first
""",
        picture=str(picture),
    )
    assert told["state"] == "failed" and "SIGKILL" in told["message"]
    assert "worker.log" in told["message"]
    assert told["next"] == ["FINISHED"] and told["another"]


def test_register_twice_and_start_nothing(run):
    told = run(
        """
blender_addon.unregister()
blender_addon.register()
told["started"] = engine.client_if_any() is not None or "torch" in sys.modules
told["there"] = hasattr(bpy.types, "LANDSCAPE_PT_picture")
blender_addon.unregister()
told["gone"] = not any(n.startswith("LANDSCAPE_") for n in dir(bpy.types))
told["settings gone"] = not hasattr(bpy.types.Object, "landscape")
blender_addon.register()
"""
    )
    assert told["there"] and told["gone"] and told["settings gone"] and not told["started"]


def test_a_preset_keeps_what_is_not_of_one_picture(run, picture):
    told = run(
        """
bpy.ops.landscape.make_plane(filepath=given["picture"])
settings = bpy.context.object.landscape
settings.motion.speed, settings.clip.frames, settings.output.folder = -1.5, 60, "/tmp/mine"
bpy.ops.landscape.add_preset(name="calm")
settings.motion.speed, settings.clip.frames, settings.output.folder = 1, 9, "/tmp/other"
from blender_addon import presets
[folder] = [f for f in bpy.utils.preset_paths(presets.FOLDER) if "shipped" not in f][-1:]
bpy.ops.script.execute_preset(
    filepath=folder + "/calm.py", menu_idname="LANDSCAPE_MT_presets"
)
told["speed"], told["frames"] = settings.motion.speed, settings.clip.frames
told["folder"] = settings.output.folder
""",
        picture=str(picture),
    )
    assert told == {"speed": -1.5, "frames": 60, "folder": "/tmp/other"}


def test_frames_that_moved_with_their_blend_are_found(run, picture):
    told = run(
        """
import shutil
folder = given["folder"] + "/hier"
os.mkdir(folder)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/eins.blend")
bpy.ops.landscape.make_plane(filepath=given["picture"], relative_path=False)
"""
        + SMALL
        + """
settings.output.folder = given["folder"] + "/frames"
bpy.ops.landscape.animate()
bpy.ops.wm.save_mainfile()
os.mkdir(given["folder"] + "/dort")
shutil.move(folder, given["folder"] + "/dort/mit Datei")
shutil.move(given["folder"] + "/frames", given["folder"] + "/dort/mit Datei/frames")
bpy.ops.wm.open_mainfile(filepath=given["folder"] + "/dort/mit Datei/eins.blend")
from blender_addon import image_exchange
plane = next(o for o in bpy.data.objects if o.type == "MESH")
told["missing"] = image_exchange.missing_frames(plane)
bpy.context.view_layer.objects.active = plane
bpy.ops.landscape.find_frames()
told["after"] = image_exchange.missing_frames(plane)
told["result"] = plane.landscape.results[0].image.filepath
bpy.ops.landscape.show_picture()
bpy.ops.landscape.show_result(index=0)
""",
        picture=str(picture),
    )
    assert "4 of 4 frames" in told["missing"] and told["after"] is None
    assert told["result"] == "//frames/der See-001/0001.png"


PREVIEW = (
    """
import shutil
bpy.ops.landscape.make_plane(filepath=given["picture"])
"""
    + SMALL
    + """
bpy.ops.landscape.preview()
from blender_addon import image_exchange, results
told["preview"] = str(image_exchange.shown_file(bpy.context.object))
def open_again():
    bpy.ops.wm.open_mainfile(filepath=given["folder"] + "/eins.blend")
    shown = image_exchange.shown_file(bpy.data.objects["der See"])
    return shown and str(shown)
"""
)


def test_a_saved_file_has_the_picture_and_the_session_goes_on_with_the_preview(run, picture):
    told = run(
        PREVIEW
        + """
user = image_exchange.sequences.shown_node(bpy.context.object).image_user
before = [user.frame_start, user.frame_duration]
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
told["while open"] = str(image_exchange.shown_file(bpy.context.object))
told["as before"] = [user.frame_start, user.frame_duration] == before
told["fails"] = refusal(bpy.ops.wm.save_as_mainfile, filepath=given["folder"] + "/no/eins.blend")
told["after it failed"] = str(image_exchange.shown_file(bpy.context.object))
told["opened"] = open_again()
nodes = bpy.data.objects["der See"].active_material.node_tree.nodes
told["shows"] = nodes["Image Texture"].image.name
told["images"] = [image.name for image in bpy.data.images if image.users]
""",
        picture=str(picture),
    )
    assert told["while open"] == told["after it failed"] == told["preview"] and told["as before"]
    assert told["fails"] and told["opened"] is None
    assert told["shows"] == "der See.jpg" and told["images"] == ["der See.jpg"]


def test_a_preview_that_is_gone_gives_way_to_the_picture(run, picture):
    """Files of older add-ons were saved with the preview on the plane."""
    told = run(
        PREVIEW
        + """
bpy.app.handlers.save_pre.remove(results._save_pictures)
bpy.ops.wm.save_as_mainfile(filepath=given["folder"] + "/eins.blend")
bpy.app.handlers.save_pre.append(results._save_pictures)
told["while there"] = open_again()
shutil.rmtree(os.path.dirname(told["preview"]))
told["gone"] = open_again()
""",
        picture=str(picture),
    )
    assert told["while there"] == told["preview"] and told["gone"] is None


def test_the_largest_patch_of_the_panel_is_one_that_the_engine_takes(run):
    from landscape_engine.fitting.annotations import Patch

    told = run(
        """
from blender_addon.properties import appearance
told["radius"] = appearance.PatchItem.bl_rna.properties["radius"].hard_max
"""
    )
    Patch((0.5, 0.5), told["radius"], (1.0, 1.0, 1.0))
