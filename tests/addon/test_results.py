"""Results hold their images, which go where the .blend goes; frames from elsewhere are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent

SCENE = """
import json, os, shutil, sys
from pathlib import Path
sys.path[:0] = [{here!r}, {repository!r}]
import bpy, blender_addon
from blender_addon import results
from blender_scenes import picture_on_disk
folder = {folder!r}
told = {{}}
blender_addon.register()

def frames(name, count=3, first=1, digits=4, prefix=""):
    "Numbered frames in a folder."
    for number in range(first, first + count):
        shutil.copy(picture, os.path.join(made(name), f"{{prefix}}{{number:0{{digits}}d}}.png"))
    return made(name)

def made(name):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    return os.path.join(folder, name)

def listed(obj):
    return [[item.name, str(results.file_of(item)), item.frames, item.movie]
            for item in obj.landscape.results]

def node_of(obj):
    return obj.active_material.node_tree.nodes["Image Texture"]

def user_of(obj):
    user = node_of(obj).image_user
    return [user.frame_duration, user.frame_offset, user.use_cyclic]

def load(path):
    "What is said, or refused."
    try:
        bpy.ops.landscape.load_frames(filepath=str(path))
    except RuntimeError as error:
        return str(error)
    return None

try:
    bpy.ops.wm.read_homefile(use_empty=True)
    picture = picture_on_disk(Path(folder, "lake.png"))
    bpy.ops.landscape.make_plane(filepath=str(picture))
    plane = bpy.context.object
{lines}
finally:
    blender_addon.unregister()
print("TOLD", json.dumps(told))
"""


@pytest.fixture
def told(told_in, pictures_folder):
    return lambda lines: {"folder": str(pictures_folder), **told_in(SCENE, lines)}


def test_load_frames_begins_where_the_results_are(told):
    found = told(
        """
        told["unsaved"] = results.folder_if_any(plane)
        bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, "one.blend"))
        told["none yet"] = results.folder_if_any(plane)
        made("landscape")
        told["there"] = str(results.folder_if_any(plane))
        """
    )
    assert found["unsaved"] is None and found["none yet"] is None
    assert Path(found["there"]) == Path(found["folder"]) / "landscape"


def test_a_folder_a_frame_and_a_movie_become_results(told):
    found = told(
        """
        told["refused"] = [
            load(frames("from the farm")),
            load(frames("later", first=48, prefix="shot_") + "/shot_0049.png"),
            load(frames("by number", count=11, digits=1) + "/11.png"),
        ]
        told["listed"], told["user"] = listed(plane), user_of(plane)
        told["range"] = bpy.context.scene.frame_end
        told["shown"] = node_of(plane).image == plane.landscape.results[2].image
        movie = Path(folder, "clip.mp4")
        render = bpy.context.scene.render
        render.resolution_x, render.resolution_y = 64, 36
        bpy.context.scene.frame_end = 5
        settings = render.image_settings
        if hasattr(settings, "media_type"):
            settings.media_type = "VIDEO"
        settings.file_format = "FFMPEG"
        render.ffmpeg.format, render.filepath, render.use_file_extension = (
            "MPEG4", str(movie), False)
        strip = bpy.context.scene.sequence_editor_create()
        strips = strip.strips if hasattr(strip, "strips") else strip.sequences
        color = strips.new_effect
        try:
            color(name="color", type="COLOR", channel=1, frame_start=1, frame_end=6)
        except TypeError:
            color(name="color", type="COLOR", channel=1, frame_start=1, length=5)
        bpy.ops.render.render(animation=True)
        told["movie refused"] = load(movie)
        told["movie"] = listed(plane)[-1]
        told["source"] = node_of(plane).image.source
        """
    )
    folder = found["folder"]
    assert found["refused"] == [None] * 3
    assert found["listed"] == [
        ["from the farm", f"{folder}/from the farm/0001.png", 3, False],
        ["later", f"{folder}/later/shot_0048.png", 3, False],
        ["by number", f"{folder}/by number/1.png", 11, False],
    ]
    assert found["user"] == [11, 0, True] and found["range"] == 11 and found["shown"]
    assert found["movie refused"] is None
    assert found["movie"] == ["clip", f"{folder}/clip.mp4", 5, True]
    assert found["source"] == "MOVIE"


def test_what_is_no_clip_is_refused_and_not_listed(told):
    found = told(
        """
        Path(made("empty"), "notes.txt").write_text("no frames")
        frames("two", prefix="a_"), frames("two", prefix="b_")
        shutil.copy(picture, Path(made("one picture"), "lake.png"))
        Path(made("broken"), "0001.png").write_text("not a picture")
        told["refused"] = [load(path) for path in (
            folder + "/nowhere", folder + "/empty", folder + "/empty/notes.txt",
            folder + "/two", folder + "/one picture/lake.png", folder + "/broken")]
        told["listed"], told["shown"] = listed(plane), node_of(plane).image.source
        os.remove(frames("gaps", count=5) + "/0003.png")
        told["gaps"] = [load(folder + "/gaps"), listed(plane)[0][2]]
        bpy.ops.mesh.primitive_plane_add()
        told["bare"] = load(folder + "/gaps")
        """
    )
    parts = ("isn't there", "holds no clip", "no picture and no movie", "holds 2 clips")
    parts += ("has no number", "can't be read")
    for refusal, part in zip(found["refused"], parts, strict=True):
        assert refusal and part in refusal, (part, refusal)
    assert found["listed"] == [] and found["shown"] == "FILE"
    assert found["gaps"] == [None, 5]
    assert "has no material" in found["bare"]


def test_results_follow_save_as_append_and_link(told):
    found = told(
        """
        bpy.ops.wm.save_as_mainfile(filepath=made("one") + "/one.blend")
        plane.name = "lake"
        load(frames("one/frames"))
        load(frames("one/other frames"))
        told["relative"] = [item.image.filepath for item in plane.landscape.results]
        bpy.ops.wm.save_as_mainfile(filepath=made("two/deep") + "/two.blend")
        told["save as"] = [item[1] for item in listed(plane)]
        bpy.ops.wm.open_mainfile(filepath=folder + "/two/deep/two.blend")
        told["opened"] = [item[1] for item in listed(bpy.data.objects["lake"])]
        for link in (False, True):
            bpy.ops.wm.read_homefile(use_empty=True)
            bpy.ops.wm.save_as_mainfile(filepath=made("three") + "/three.blend")
            saved = folder + "/two/deep/two.blend"
            with bpy.data.libraries.load(saved, link=link) as (kept, wanted):
                wanted.objects = ["lake"]
            told["link" if link else "append"] = [item[1] for item in listed(wanted.objects[0])]
        """
    )
    folder = found["folder"]
    files = [f"{folder}/one/{name}/0001.png" for name in ("frames", "other frames")]
    assert found["relative"] == ["//frames/0001.png", "//other frames/0001.png"]
    assert found["save as"] == found["opened"] == found["append"] == found["link"] == files


def test_a_result_that_is_not_shown_is_saved_and_shown_again(told):
    found = told(
        """
        load(frames("frames")), load(frames("other"))
        bpy.ops.landscape.show_picture()
        bpy.ops.wm.save_as_mainfile(filepath=folder + "/one.blend")
        bpy.ops.wm.open_mainfile(filepath=folder + "/one.blend")
        plane = bpy.data.objects["lake"]
        bpy.context.view_layer.objects.active = plane
        images = [item.image for item in plane.landscape.results]
        bpy.ops.landscape.show_result(index=0)
        told["shown"] = [node_of(plane).image == images[0], len(bpy.data.images)]
        bpy.ops.landscape.remove_item(list="RESULTS")
        told["left"] = [len(plane.landscape.results), os.path.isfile(folder + "/frames/0001.png")]
        """
    )
    assert found["shown"] == [True, 3]
    assert found["left"] == [1, True]


def test_older_files_get_the_images_of_their_results(told):
    found = told(
        """
        frames("frames"), frames("gone")
        bpy.ops.wm.save_as_mainfile(filepath=folder + "/one.blend")
        for name in ("frames", "gone"):
            item = plane.landscape.results.add()
            item.name, item.file, item.frames = name, f"//{name}/0001.png", 3
        bpy.ops.wm.save_mainfile()
        shutil.move(folder + "/gone", folder + "/gone elsewhere")
        bpy.ops.wm.open_mainfile(filepath=folder + "/one.blend")
        plane = bpy.data.objects["lake"]
        bpy.context.view_layer.objects.active = plane
        items = plane.landscape.results
        told["sources"] = [item.image.source for item in items]
        told["paths"] = [item.image.filepath for item in items]
        shutil.move(folder + "/gone elsewhere", folder + "/gone")
        for index in (0, 1):
            bpy.ops.landscape.show_result(index=index)
            told[index] = user_of(plane)
        told["images"] = len(bpy.data.images)
        """
    )
    assert found["sources"] == ["SEQUENCE", "SEQUENCE"]
    assert found["paths"] == ["//frames/0001.png", "//gone/0001.png"]
    assert found["0"] == found["1"] == [3, 0, True]
    assert found["images"] == 3
