"""Backdrops: the world's sky and the camera's background are animated where they are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import OpenEXR
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

def new_world():
    world = bpy.data.worlds.new("Sky")
    scene.world = world
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    return world

def sky_of(image, world=None):
    world = world or new_world()
    node = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    node.image = image
    small(world.landscape)
    return world, node

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
world = new_world()
told["nothing"] = bpy.ops.landscape.animate_world.poll()
world, node = sky_of(bpy.data.images.load(given["sky"]), world)
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
world, node = sky_of(bpy.data.images.load(given["picture"]))
told["refused"] = refusal(bpy.ops.landscape.animate_world)
""",
        picture=str(picture),
    )
    assert "expected an equirectangular one for Wrap Around" in told["refused"]


def test_a_preview_of_the_world_plays_there_and_is_not_saved(run, sky):
    told = run(
        SMALL
        + """
world, node = sky_of(bpy.data.images.load(given["sky"]))
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("Shot"))
scene.collection.objects.link(camera)
scene.camera = camera
entry = camera.data.background_images.new()
entry.image = bpy.data.images.load(given["sky"], check_existing=True)
small(camera.data.landscape)
world.landscape.clip.size_from = "EXACT"
world.landscape.clip.width, world.landscape.clip.height = 2000, 1000
world.landscape.output.folder = "//made/"
told["unsaved"] = [bpy.ops.landscape.animate_world.poll(), bpy.ops.landscape.preview_world.poll()]
told["said"] = list(bpy.ops.landscape.preview_world())
told["shown"] = shown(node)
from PIL import Image
told["size"] = list(Image.open(bpy.path.abspath(node.image.filepath)).size)
told["listed"] = len(world.landscape.results)
told["behind"] = list(bpy.ops.landscape.preview_background())
told["both"] = [node.image.source, entry.image.source]
file = given["folder"] + "/previewed.blend"
bpy.ops.wm.save_as_mainfile(filepath=file)
told["after saving"] = [node.image.source, entry.image.source]
bpy.ops.wm.open_mainfile(filepath=file)
tree, camera = bpy.data.worlds["Sky"].node_tree, bpy.data.cameras["Shot"]
node = next(n for n in tree.nodes if n.bl_idname == "ShaderNodeTexEnvironment")
told["saved"] = [node.image.name, camera.background_images[0].image.name]
told["frames"] = bpy.ops.landscape.show_world_picture.poll()
""",
        sky=str(sky),
    )
    assert told["said"] == told["behind"] == ["FINISHED"] and told["listed"] == 0
    assert told["shown"] == ["SEQUENCE", 7, 6, True, True]
    assert told["size"] == [768, 384] and told["unsaved"] == [False, True]
    assert told["both"] == told["after saving"] == ["SEQUENCE", "SEQUENCE"]
    assert told["saved"] == ["sky.png", "sky.png"] and not told["frames"]


def test_the_results_of_a_world_stay_in_a_saved_file(run, sky):
    told = run(
        SMALL
        + """
file = given["folder"] + "/one.blend"
bpy.ops.wm.save_as_mainfile(filepath=file)
world, node = sky_of(bpy.data.images.load(given["sky"]))
world.landscape.output.folder = "//made/"
bpy.ops.landscape.animate_world()
bpy.ops.wm.save_mainfile()
bpy.ops.wm.open_mainfile(filepath=file)
scene, world = bpy.context.scene, bpy.context.scene.world
node = next(n for n in world.node_tree.nodes if n.bl_idname == "ShaderNodeTexEnvironment")
told["shown"] = shown(node)
told["there"] = os.path.isfile(bpy.path.abspath(node.image.filepath))
told["beside"] = node.image.filepath
told["results"] = [[r.name, r.frames, r.image == node.image] for r in world.landscape.results]
told["added"] = list(bpy.ops.landscape.add_result(kind="COMPOSITOR", owner="WORLD"))
from blender_addon import disk, image_exchange
sys.path.insert(0, given["here"])
from panel_drawing import drawn
told["whole"] = image_exchange.missing_backdrop_frames(world)
os.rename(bpy.path.abspath("//made"), bpy.path.abspath("//moved"))
drawn(blender_addon, None)
disk.look_again()
told["words"] = " ".join(drawn(blender_addon, None))
bpy.ops.landscape.show_world_picture()
told["picture"] = node.image.name
""",
        sky=str(sky),
        here=str(Path(__file__).parent),
    )
    assert told["whole"] is None and "6 of 6 frames, from '0001.png' on" in told["words"]
    assert told["shown"] == ["SEQUENCE", 7, 6, True, True] and told["there"]
    assert told["beside"].startswith("//made") and told["beside"].endswith("0001.png")
    assert told["results"] == [["Sky-001", 6, True]]
    assert told["added"] == ["FINISHED"] and told["picture"] == "sky.png"


@pytest.mark.parametrize("kind", ["packed", "hdr", "packed hdr", "exr"])
def test_a_sky_is_animated_whatever_it_is_kept_as(run, sky, tmp_path, kind):
    suffix = ".png" if kind == "packed" else f".{kind.split()[-1]}"
    file = tmp_path / f"sky{suffix}"
    if suffix != ".png":
        _as_light(sky, file)
    told = run(
        SMALL
        + """
image = bpy.data.images.load(given["file"])
if "packed" in given["kind"]:
    image.pack()
    os.unlink(given["file"])
world, node = sky_of(image)
world.landscape.output.format = "exr" if image.is_float else "png"
world.landscape.appearance.kind = "off"
told["said"] = list(bpy.ops.landscape.animate_world())
told["shown"] = shown(node)
def values(one):
    return one.pixels[:]
held = list(values(image))
told["most"] = max(held)
node.image.source = "FILE"
seen = list(values(node.image))
told["first"] = [max(seen), sum(abs(a - b) for a, b in zip(held, seen)) / len(held)]
""",
        file=str(file),
        kind=kind,
    )
    assert told["said"] == ["FINISHED"] and told["shown"] == ["SEQUENCE", 7, 6, True, True]
    assert told["first"][1] < 0.02 * max(1, told["most"] / 4)
    if kind != "packed":
        assert told["most"] == pytest.approx(4, rel=0.02), "light above white"
        assert told["first"][0] > 3, "which the frames keep"


def _as_light(picture, file) -> None:
    """A picture as scene-linear light, four times as bright as white at most."""
    with Image.open(picture) as opened:
        levels = np.asarray(opened.convert("RGB"), np.float32) / 255
    light = levels**2.2 * 4 / levels.max() ** 2.2
    if file.suffix == ".hdr":
        assert cv2.imwrite(str(file), light[..., ::-1])
        return
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": light}).write(str(file))


def test_patches_that_a_key_of_the_world_names_are_refused(run, sky, tmp_path):
    patches = tmp_path / "evening.json"
    patches.write_text('[{"center": [0.5, 0.5], "radius": 0.1, "color": "#ff9050"}]')
    told = run(
        SMALL
        + """
world, node = sky_of(bpy.data.images.load(given["sky"]))
light = world.landscape.appearance
light.code_from = "KEYS"
key = light.key_items.add()
key.frame, key.value_from, key.code_file = 3, "FILE", given["patches"]
told["refused"] = refusal(bpy.ops.landscape.animate_world)
told["left"] = os.listdir(given["folder"] + "/made")
""",
        sky=str(sky),
        patches=str(patches),
    )
    assert "evening.json" in told["refused"] and "lie on a flat picture" in told["refused"]
    assert "Wrap Around" in told["refused"] and told["left"] == []


BOTH = """
world, node = sky_of(bpy.data.images.load(given["sky"]))
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("Shot"))
scene.collection.objects.link(camera)
scene.camera = camera
entry = camera.data.background_images.new()
entry.image = bpy.data.images.load(given["sky"], check_existing=True)
small(camera.data.landscape)

def of(name):
    owner = scene.world if name == "world" else scene.camera.data
    holder = image_exchange.backdrop_holder(owner)
    return owner, holder, owner.landscape

def call(text, **arguments):
    return getattr(bpy.ops.landscape, text)(**arguments)

from blender_addon import image_exchange
"""


@pytest.mark.parametrize("name", ["world", "background"])
@pytest.mark.parametrize("movie", [False, True])
def test_moved_frames_are_found_beside_the_blend_and_in_a_folder(run, sky, name, movie):
    told = run(
        SMALL
        + """
import shutil
home = given["folder"] + "/home"
os.makedirs(home)
bpy.ops.wm.save_as_mainfile(filepath=home + "/one.blend")
"""
        + BOTH
        + """
name = given["name"]
owner, holder, settings = of(name)
settings.output.folder = "//made/"
settings.output.format = "mp4" if given["movie"] else "png"
for _ in range(2):
    call(f"animate_{name}")
bpy.ops.wm.save_mainfile()
told["whole"] = image_exchange.missing_backdrop_frames(owner)

def there(settings):
    return [os.path.isfile(bpy.path.abspath(r.image.filepath)) for r in settings.results]

# another machine: the paths are another's, the folder has come along beside the .blend
for result in settings.results:
    result.image.filepath = "/nobody/made/" + "/".join(result.image.filepath.split("/")[3:])
told["lost"] = [image_exchange.missing_backdrop_frames(owner), there(settings)]
told["found"] = list(call(f"find_{name}_frames"))
told["again"] = [image_exchange.missing_backdrop_frames(owner), there(settings)]
told["path"] = holder.image.filepath
# moved to where nobody looks
bpy.ops.wm.save_mainfile()
shutil.move(home + "/made", given["folder"] + "/elsewhere")
told["gone"] = image_exchange.missing_backdrop_frames(owner)
told["refused"] = refusal(getattr(bpy.ops.landscape, f"find_{name}_frames"))
folder = given["folder"] + "/elsewhere/" + ("" if given["movie"] else settings.results[1].name)
told["chosen"] = list(call(f"find_{name}_frames", directory=folder))
told["last"] = [image_exchange.missing_backdrop_frames(owner), there(settings)]
call(f"show_{name}_picture")
told["polls"] = getattr(bpy.ops.landscape, f"find_{name}_frames").poll()
""",
        sky=str(sky),
        name=name,
        movie=movie,
    )
    assert told["whole"] is None
    assert told["lost"][0] and told["lost"][1] == [False, False]
    assert told["found"] == told["chosen"] == ["FINISHED"]
    assert told["again"] == told["last"] == [None, [True, True]]
    assert told["path"].startswith("//made/")
    assert told["gone"] and "aren't beside the .blend" in told["refused"]
    assert told["polls"] is False


@pytest.mark.parametrize("name", ["world", "background"])
def test_results_of_a_backdrop_are_listed_shown_loaded_and_removed(run, sky, name):
    told = run(
        SMALL
        + BOTH
        + """
import shutil
sys.path.insert(0, given["here"])
from panel_drawing import Layout, context_of
name = given["name"]
owner, holder, settings = of(name)
told["nothing"] = [getattr(bpy.ops.landscape, f"{act}_{name}_{what}").poll()
                   for act, what in (("show", "result"), ("remove", "result"), ("load", "frames"))]
for _ in range(2):
    call(f"animate_{name}")

def shows():
    return [r.image == holder.image for r in settings.results]

told["after"] = [shows(), settings.result_active]
settings.result_active = 0
call(f"show_{name}_picture")
told["chosen"] = [list(call(f"show_{name}_result")), shows()]
told["second"] = [list(call(f"show_{name}_result", index=1)), settings.result_active, shows()]
far = given["folder"] + "/a colleague's"
shutil.copytree(os.path.dirname(bpy.path.abspath(settings.results[0].file)), far)
told["loaded"] = [list(call(f"load_{name}_frames", filepath=far)), shown(holder), shows()]
told["names"] = [[r.name, r.frames, r.movie] for r in settings.results]
told["refused"] = refusal(getattr(bpy.ops.landscape, f"load_{name}_frames"), filepath=given["sky"])
told["listed"] = len(settings.results)
settings.result_active = 1
told["removed"] = [list(call(f"remove_{name}_result")), [r.name for r in settings.results]]
shutil.rmtree(os.path.dirname(bpy.path.abspath(settings.results[0].file)))
told["gone"] = refusal(getattr(bpy.ops.landscape, f"show_{name}_result"), index=0)
words, buttons = [], []
from blender_addon.panels.backdrops import backdrops
backdrops(Layout(words, buttons), context_of(None))
told["buttons"] = [button for button, _ in buttons if name in button]
""",
        sky=str(sky),
        name=name,
        here=str(Path(__file__).parent),
    )
    assert told["nothing"] == [False, False, True]
    assert told["after"] == [[False, True], 1]
    assert told["chosen"] == [["FINISHED"], [True, False]]
    assert told["second"] == [["FINISHED"], 1, [False, True]]
    assert told["loaded"][0] == ["FINISHED"] and told["loaded"][2] == [False, False, True]
    assert told["loaded"][1] == ["SEQUENCE", 7, 6, True, True]
    assert told["names"][2] == ["a colleague's", 6, False]
    assert "has no number" in told["refused"] and told["listed"] == 3
    assert told["removed"][0] == ["FINISHED"] and len(told["removed"][1]) == 2
    assert "isn't there" in told["gone"]
    assert [button.removeprefix("landscape.") for button in told["buttons"]] == [
        f"preview_{name}",
        f"animate_{name}",
        f"show_{name}_picture",
        f"remove_{name}_result",
        f"show_{name}_result",
        f"load_{name}_frames",
    ]


def test_the_panel_of_the_worlds_properties_leads_to_it_whatever_is_active(run, sky, picture):
    told = run(
        """
import types
sys.path.insert(0, given["here"])
from panel_drawing import Layout, context_of
bpy.ops.landscape.make_plane(filepath=given["picture"])
panel = blender_addon.panels.backdrops.LANDSCAPE_PT_world
def seen():
    context, layout = context_of(bpy.context.object), Layout([])
    if not panel.poll(context):
        return None
    panel.draw(types.SimpleNamespace(layout=layout), context)
    return [[name for name, _ in layout.buttons], " ".join(layout.words)]
told["where"] = [panel.bl_space_type, panel.bl_context]
bpy.context.scene.world = None
told["no world"] = seen()
world = bpy.context.scene.world = bpy.data.worlds.new("Sky")
if bpy.app.version < (5, 0, 0):
    world.use_nodes = True
told["grey"] = seen()
nodes, links = world.node_tree.nodes, world.node_tree.links
node = nodes.new("ShaderNodeTexEnvironment")
node.image = bpy.data.images.load(given["sky"])
links.new(node.outputs[0], nodes["Background"].inputs["Color"])
told["sky"] = seen()
camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
bpy.context.scene.camera = camera
bpy.context.collection.objects.link(camera)
bpy.context.view_layer.objects.active = camera
panel = blender_addon.panels.backdrops.LANDSCAPE_PT_background
told["camera"] = seen()
""",
        sky=str(sky),
        picture=str(picture),
        here=str(Path(__file__).parent),
    )
    assert told["where"] == ["PROPERTIES", "world"] and told["no world"] is None
    assert told["grey"] == [[], "Add an Environment Texture to the world, linked to its surface."]
    assert {"landscape.preview_world", "landscape.animate_world"} <= set(told["sky"][0])
    assert told["camera"] == [[], "Add a background image to the scene's camera."]
