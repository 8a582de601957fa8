"""Colors: a picture keeps its own under AgX, and in a .blend with other primaries than Rec.709."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from landscape_engine.jobs.animate import animate
from landscape_engine.settings import documents
from tests.engine.picture_files import write_png
from tests.engine.test_images import make_wide_profile

VIEW = """
scene = bpy.context.scene
bpy.ops.landscape.make_plane(filepath=given["picture"], facing="TOP", height=1)
plane = bpy.context.object
plane.location = (0, 0, 0)
node = plane.active_material.node_tree.nodes["Image Texture"]
node.interpolation = "Closest"
picture = node.image
render = scene.render
render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
scene.cycles.filter_width, render.dither_intensity = 0.01, 0
render.resolution_x, render.resolution_y = 96, 54
render.image_settings.file_format = "PNG"
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
scene.collection.objects.link(camera)
scene.camera, camera.location = camera, (0, 0, 1)
camera.data.type, camera.data.ortho_scale = "ORTHO", 96 / 54

def seen(name):
    render.filepath = os.path.join(given["folder"], name + ".png")
    bpy.ops.render.render(write_still=True)
    return render.filepath

def problem():
    from blender_addon import color_management
    return color_management.view_problem(scene, picture)
"""


def levels(file) -> np.ndarray:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"), int)


@pytest.fixture
def still(picture):
    """The picture without what JPEG leaves to its decoders."""
    file = picture.with_suffix(".png")
    Image.fromarray(levels(picture).astype(np.uint8)).save(file)
    return file


@pytest.mark.parametrize("view", ["AgX", "Filmic"])
def test_the_view_transform_stays_and_the_picture_keeps_its_colors(run, still, view):
    told = run(
        VIEW
        + """
scene.view_settings.view_transform = given["view"]
told["before"], told["problem"] = seen("before"), problem()
told["said"] = list(bpy.ops.landscape.keep_view())
told["after"], told["none"] = seen("after"), problem()
told["view"] = scene.view_settings.view_transform
plane.landscape.clip.frames, plane.landscape.clip.size_from = 2, "PICTURE"
plane.landscape.appearance.kind, plane.landscape.output.folder = "off", given["folder"]
bpy.ops.landscape.animate()
told["read as"] = [picture.colorspace_settings.name, node.image.colorspace_settings.name]
scene.frame_set(node.image_user.frame_start)
told["frame"], told["file"] = seen("frame"), bpy.path.abspath(node.image.filepath)
scene.view_settings.view_transform = "Standard"
told["standard"] = problem()
bpy.ops.landscape.use_standard_view()
told["plain"], told["in standard"] = problem(), seen("standard")
told["read again as"] = [picture.colorspace_settings.name, node.image.colorspace_settings.name]
""",
        picture=str(still),
        view=view,
    )
    own = levels(still)
    assert f"({view})" in told["problem"] and np.abs(levels(told["before"]) - own).mean() > 5
    assert told["said"] == ["FINISHED"] and told["none"] is None and told["view"] == view
    assert np.percentile(np.abs(levels(told["after"]) - own), 99) <= 2, "but saturated colors"
    assert len(set(told["read as"])) == 1 and view in told["read as"][0]
    made = levels(told["file"])
    assert np.percentile(np.abs(levels(told["frame"]) - made), 99) <= 2, "frames are read alike"
    assert "while the picture is read as" in told["standard"] and told["plain"] is None
    assert told["read again as"] == ["sRGB", "sRGB"]
    assert np.abs(levels(told["in standard"]) - made).max() <= 1


def test_what_has_no_inverse_is_refused_and_paint_is_not_lost(run, still):
    told = run(
        VIEW
        + """
scene.view_settings.view_transform = "AgX"
scene.view_settings.exposure = 1
told["exposure"] = refusal(bpy.ops.landscape.keep_view)
scene.view_settings.exposure = 0
picture.pixels[:4] = (0.0, 1.0, 0.0, 1.0)
told["painted"] = refusal(bpy.ops.landscape.keep_view)
told["kept"] = list(picture.pixels[:4])
picture.pack()
told["packed"] = list(bpy.ops.landscape.keep_view())
""",
        picture=str(still),
    )
    assert "can't be read through the inverse" in told["exposure"]
    assert "changes that aren't saved" in told["painted"] and told["kept"] == [0, 1, 0, 1]
    assert told["packed"] == ["FINISHED"]


WORKING = """
space = given["space"]
if bpy.app.version >= (5, 0, 0):
    bpy.ops.wm.set_working_color_space(working_space=space, convert_colors=True)
from mathutils import Color
from pathlib import Path
from blender_addon import image_exchange, job_documents
"""


@pytest.mark.parametrize("space", ["ACEScg", "Linear Rec.2020"])
def test_floating_point_colors_reach_the_engine_in_rec_709(run, tmp_path, space):
    told = run(
        WORKING
        + """
image = bpy.data.images.new("light", 64, 32, float_buffer=True)
image.pixels.foreach_set([0.5, 0.25, 0.125, 1.0] * (64 * 32))
told["file"] = str(image_exchange.picture_file(image, Path(given["folder"])))
told["meant"] = list(Color((0.5, 0.25, 0.125)).from_scene_linear_to_rec709_linear())
data = bpy.data.images.new("heights", 64, 32, float_buffer=True, is_data=True)
data.pixels.foreach_set([0.5, 0.25, 0.125, 1.0] * (64 * 32))
told["data"] = str(image_exchange.picture_file(data, Path(given["folder"])))
byte = bpy.data.images.new("bytes", 64, 32)
byte.pixels.foreach_set([0.4, 0.2, 0.6, 1.0] * (64 * 32))
told["bytes"] = str(image_exchange.picture_file(byte, Path(given["folder"])))
told["5"] = bpy.app.version >= (5, 0, 0)
""",
        space=space,
    )
    found = [OpenEXR.File(told[name]).channels()["RGB"].pixels[0, 0] for name in ("file", "data")]
    assert found[0] == pytest.approx(told["meant"], abs=2e-3)
    moved = np.abs(found[0] - (0.5, 0.25, 0.125)).max() > 0.02
    assert moved == told["5"]
    plain = np.array([0.5, 0.25, 0.125])
    assert found[1] == pytest.approx(((plain + 0.055) / 1.055) ** 2.4, abs=1e-3)
    assert levels(told["bytes"])[0, 0].tolist() == [102, 51, 153]


def test_frames_look_like_the_picture_in_other_primaries(run, picture, tmp_path):
    file = tmp_path / "light.hdr"
    light = (levels(picture)[..., ::-1] / 255.0) ** 2.2 * 2
    assert cv2.imwrite(str(file), light.astype(np.float32))
    told = run(
        WORKING
        + """
image = bpy.data.images.load(given["file"])
image.colorspace_settings.name = "Linear Rec.2020"  # the artist says so
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
node = plane.active_material.node_tree.nodes["Image Texture"]
node.image = image
settings = plane.landscape
settings.clip.frames, settings.clip.size_from = 2, "PICTURE"
settings.appearance.kind, settings.output.folder = "off", given["folder"]
settings.output.format = "exr"
item = settings.appearance.patch_items.add()
item.color = (1.0, 0.5, 0.2)
told["patch"] = job_documents.patch(item)
before = list(image.pixels)
bpy.ops.landscape.animate()
node.image.source = "FILE"
after = list(node.image.pixels)
off = [abs(a - b) for a, b in zip(before, after)]
told["off"] = [sum(off) / len(off), max(off)]
told["most"] = max(before)
""",
        picture=str(picture),
        file=str(file),
        space="ACEScg",
    )
    assert told["patch"].endswith("#ff8033")
    assert told["most"] > 1.5 and told["off"][0] < 0.005


def test_16_bit_frames_are_read_through_the_inverse_too(run, still):
    told = run(
        VIEW
        + """
scene.view_settings.view_transform = "AgX"
bpy.ops.landscape.keep_view()
plane.landscape.clip.frames, plane.landscape.clip.size_from = 2, "PICTURE"
plane.landscape.appearance.kind, plane.landscape.output.folder = "off", given["folder"]
plane.landscape.output.format = "png16"
bpy.ops.landscape.animate()
told["read as"] = [picture.colorspace_settings.name, node.image.colorspace_settings.name]
scene.frame_set(node.image_user.frame_start)
told["frame"], told["file"] = seen("frame"), bpy.path.abspath(node.image.filepath)
""",
        picture=str(still),
    )
    assert told["read as"] == ["AgX Base sRGB"] * 2
    made = cv2.imread(told["file"], cv2.IMREAD_UNCHANGED)[..., 2::-1] / 257
    assert np.percentile(np.abs(levels(told["frame"]) - made), 99) <= 2.5


LINEAR = """
from blender_addon import image_exchange, jobs
settings = plane.landscape
settings.clip.frames, settings.clip.size_from = 2, "PICTURE"
settings.appearance.kind, settings.output.folder = "off", given["folder"] + "/made"
settings.loop.frames = 2
scene.view_settings.view_transform = "AgX"

def shown():
    return [node.image.name, bool(image_exchange.shown_live_loop(plane))]
"""


def test_openexr_frames_and_the_inverse_of_the_view_refuse_each_other(run, still):
    told = run(
        VIEW
        + LINEAR
        + """
settings.output.format = "exr"
bpy.ops.landscape.animate()
told["shown"] = shown()
told["kept"] = refusal(bpy.ops.landscape.keep_view)
told["read as"] = picture.colorspace_settings.name
bpy.ops.landscape.show_picture()
told["picture"] = list(bpy.ops.landscape.keep_view())
told["made"] = refusal(bpy.ops.landscape.animate)
told["result"] = refusal(bpy.ops.landscape.show_result, index=0)
first = bpy.path.abspath(settings.results[0].file)
told["loaded"] = refusal(bpy.ops.landscape.load_frames, filepath=first)
told["files"], told["listed"] = sorted(os.listdir(given["folder"] + "/made")), len(settings.results)
told["still"] = shown()
bpy.ops.landscape.use_standard_view()
told["standard"] = list(bpy.ops.landscape.show_result(index=0))
""",
        picture=str(still),
    )
    assert "the OpenEXR frames on" in told["kept"] and told["read as"] == "sRGB"
    assert told["picture"] == ["FINISHED"]
    for refused in (told["kept"], told["made"], told["result"], told["loaded"]):
        assert "can't be read through the inverse of the view ('AgX Base sRGB')" in refused
        assert "PNG with 16 bits, or use Show Own Colors" in refused
    assert len(told["files"]) == told["listed"] == 1 and told["still"] == ["der See.png", False]
    assert told["standard"] == ["FINISHED"]


def test_a_live_loop_and_the_inverse_of_the_view_refuse_each_other(run, still):
    told = run(
        VIEW
        + LINEAR
        + """
bpy.ops.landscape.live()
told["shown"] = shown()
told["kept"] = refusal(bpy.ops.landscape.keep_view)
bpy.ops.landscape.show_picture()
told["picture"] = list(bpy.ops.landscape.keep_view())
told["made"] = refusal(bpy.ops.landscape.live)
told["again"] = refusal(bpy.ops.landscape.show_live)
told["still"] = shown()
bpy.ops.landscape.use_standard_view()
told["standard"] = [list(bpy.ops.landscape.show_live()), *shown()]
""",
        picture=str(still),
    )
    assert told["shown"][1] and "the live loop on" in told["kept"]
    assert told["picture"] == ["FINISHED"]
    for refused in (told["kept"], told["made"], told["again"]):
        assert "can't be read through the inverse of the view ('AgX Base sRGB')" in refused
        assert "PNG frames, or use Show Own Colors" in refused
    assert told["still"] == ["der See.png", False]
    assert told["standard"] == [["FINISHED"], "der See.png", True]


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "16 bits"])
def test_a_still_pixel_of_a_picture_with_a_profile_stays_what_it_was(
    run, tmp_path, bundle_folder, kind
):
    """Blender shows such a picture without its profile, and so have its frames to be made."""
    y, x = np.mgrid[:54, :96]
    pixels = np.stack([x * 2 + 30, 200 - y * 3, x + y + 40], 2).astype(np.uint8)
    file = tmp_path / f"wide.{'png' if kind == '16 bits' else kind}"
    if kind == "16 bits":
        content = b"wide\0\0" + zlib.compress(make_wide_profile())
        head = struct.pack(">I", len(content)) + b"iCCP" + content
        extra = head + struct.pack(">I", zlib.crc32(b"iCCP" + content))
        write_png(file, pixels.astype(np.uint16) * 257, extra)
    else:
        Image.fromarray(pixels).save(file, quality=98, icc_profile=make_wide_profile())
    with Image.open(file) as picture:
        assert picture.info["icc_profile"]
        stored = np.asarray(picture.convert("RGB"), int) if kind != "16 bits" else pixels
    told = run(
        """
from blender_addon import job_documents
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
plane.landscape.clip.frames = 1
plane.landscape.appearance.kind = "off"
asked = job_documents.order(bpy.context, plane, given["folder"])
told["document"] = asked.document
""",
        picture=str(file),
    )
    job = documents.parse({**told["document"], "out": str(tmp_path / "out")})
    report = animate(job, bundle=bundle_folder, device="cpu")
    assert np.abs(levels(report["paths"][0]) - stored).max() <= 1
