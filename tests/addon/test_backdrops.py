"""Backdrops: the world's sky and the camera's background are animated where they are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

SMALL = """
def small(settings):
    settings.clip.frames, settings.clip.size_from = 6, "PICTURE"
    settings.output.folder = given["folder"] + "/made"

def shown(holder):
    user = holder.image_user
    return [holder.image.source, user.frame_start, user.frame_duration, user.use_cyclic,
            user.use_auto_refresh]

scene = bpy.context.scene
scene.frame_start = 7
"""


@pytest.fixture
def sky(picture, tmp_path):
    """A panorama: the example and its mirror image."""
    with Image.open(picture) as half:
        pixels = np.asarray(half.resize((48, 48)))
    Image.fromarray(np.concatenate([pixels, pixels[:, ::-1]], 1)).save(tmp_path / "sky.png")
    return tmp_path / "sky.png"


def test_the_world_is_animated_in_its_environment_texture(run, sky):
    told = run(
        SMALL
        + """
world = bpy.data.worlds.new("Sky")
scene.world = world
if bpy.app.version < (5, 0, 0):
    world.use_nodes = True
told["nothing"] = bpy.ops.landscape.animate_world.poll()
node = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
node.image = bpy.data.images.load(given["sky"])
small(world.landscape)
told["said"] = list(bpy.ops.landscape.animate_world())
told["shown"] = shown(node)
item = world.landscape.results[0]
told["job"] = json.loads(item.job)["clip"]
told["files"] = sorted(os.listdir(os.path.dirname(bpy.path.abspath(item.file))))
told["folder"] = os.path.dirname(bpy.path.abspath(item.file))
bpy.ops.landscape.animate_world()
told["again"] = [r.name for r in world.landscape.results]
bpy.ops.landscape.show_world_picture()
told["picture"] = node.image.name
told["restored"] = bpy.ops.landscape.show_world_picture.poll()
""",
        sky=str(sky),
    )
    assert told["nothing"] is False and told["said"] == ["FINISHED"]
    assert told["shown"] == ["SEQUENCE", 7, 6, True, True]
    assert told["job"]["wrap"] is True
    assert told["again"] == ["Sky-001", "Sky-002"]
    assert told["picture"] == "sky.png" and told["restored"] is False
    frames = [f for f in told["files"] if f.endswith(".png")]
    assert len(frames) == 6
    last = np.asarray(Image.open(f"{told['folder']}/{frames[-1]}").convert("RGB"), float)
    assert last.shape == (48, 96, 3)
    beside = np.abs(last - np.roll(last, 1, 1)).mean((0, 2))
    assert beside[0] <= 1.5 * np.median(beside) + 1, "no seam"


def test_the_background_of_the_camera_is_animated_flat(run, picture):
    told = run(
        SMALL
        + """
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("Shot"))
scene.collection.objects.link(camera)
told["nothing"] = bpy.ops.landscape.animate_background.poll()
scene.camera = camera
entry = camera.data.background_images.new()
entry.image = bpy.data.images.load(given["picture"])
small(camera.data.landscape)
told["said"] = list(bpy.ops.landscape.animate_background())
told["shown"] = shown(entry)
told["wrap"] = json.loads(camera.data.landscape.results[0].job)["clip"]["wrap"]
bpy.ops.landscape.show_background_picture()
told["picture"] = entry.image.name
""",
        picture=str(picture),
    )
    assert told["nothing"] is False and told["said"] == ["FINISHED"]
    assert told["shown"] == ["SEQUENCE", 7, 6, True, True]
    assert told["wrap"] is False and told["picture"] == "der See.jpg"


def test_a_world_that_is_no_panorama_is_refused_by_the_panels_name(run, picture):
    told = run(
        SMALL
        + """
world = bpy.data.worlds.new("Sky")
scene.world = world
if bpy.app.version < (5, 0, 0):
    world.use_nodes = True
node = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
node.image = bpy.data.images.load(given["picture"])
small(world.landscape)
told["refused"] = refusal(bpy.ops.landscape.animate_world)
""",
        picture=str(picture),
    )
    assert "expected an equirectangular one for Wrap Around" in told["refused"]
