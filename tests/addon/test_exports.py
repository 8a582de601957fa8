"""Animated planes in files of other programs, and renders that no light changes."""

from __future__ import annotations

import json
import re
import struct
import textwrap
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).parent

SCENE = """
import json, os, sys
from pathlib import Path
sys.path[:0] = [{here!r}, {repository!r}]
import bpy, addon_utils, blender_addon
from blender_addon import image_exchange
from blender_scenes import picture_on_disk, textures
folder = Path({folder!r})
told = {{}}
blender_addon.register()
bpy.context.preferences.addons.new().module = "blender_addon"  # where exporters look for add-ons
addon_utils.enable("io_scene_gltf2")
try:
    bpy.ops.wm.read_homefile(use_empty=True)
    picture_on_disk(folder / "see.png")
    frames = [picture_on_disk(folder / "wogen" / f"{{n:04d}}.png", 16 * n, 9) for n in (1, 2, 3)]
    plane = image_exchange.make_plane(bpy.context, folder / "see.png")
    node = textures(plane)[0]
    image = image_exchange.show_sequence(plane, frames[0], 3, frame_start=7)
{lines}
finally:
    blender_addon.unregister()
(folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
sys.stdout.flush()
os._exit(0)  # 4.2's own shutdown crashes after an export to glTF
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "Ausfuhr ü"
    folder.mkdir()
    return folder


@pytest.fixture
def run(run_blender, folder):
    def call(lines: str) -> dict:
        script = folder.parent / "script.py"
        text = SCENE.format(
            here=str(HERE),
            repository=str(HERE.parents[1]),
            folder=str(folder),
            lines=textwrap.indent(lines, "    "),
        )
        script.write_text(text, encoding="utf-8")
        run_blender(script)
        return json.loads((folder / "told.json").read_text(encoding="utf-8"))

    return call


def size_of(content: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(content)).size


def test_gltf_carries_the_first_frame_and_the_plane_keeps_its_frames(run, folder):
    told = run(
        """
for kind, name in (("GLB", "one"), ("GLTF_SEPARATE", "two")):
    (folder / "out").mkdir(exist_ok=True)
    bpy.ops.export_scene.gltf(filepath=str(folder / "out" / name), export_format=kind)
told["kept"] = [node.image == image, image.source, node.image_user.frame_start]
told["images"] = sorted(one.name for one in bpy.data.images)
"""
    )
    content = (folder / "out" / "one.glb").read_bytes()
    length = struct.unpack("<I", content[12:16])[0]
    document = json.loads(content[20 : 20 + length])
    assert "emissiveTexture" in document["materials"][0]
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    start = 20 + length + 8 + view.get("byteOffset", 0)
    assert size_of(content[start : start + view["byteLength"]]) == (16, 9)
    separate = json.loads((folder / "out" / "two.gltf").read_text(encoding="utf-8"))
    file = folder / "out" / separate["images"][0]["uri"]
    assert file.read_bytes() == (folder / "wogen" / "0001.png").read_bytes()
    assert told["kept"] == [True, "SEQUENCE", 7]
    assert told["images"] == ["see.png", "wogen frames"]


def test_an_export_that_fails_leaves_the_frames_on_the_plane(run):
    told = run(
        """
image_exchange.glTF2_pre_export_callback({})
told["while"] = node.image.source
(folder / "wogen" / "0001.png").rename(folder / "elsewhere.png")
image_exchange.glTF2_pre_export_callback({})  # the next export, after one that failed
told["frames gone"] = node.image.name
image_exchange.glTF2_post_export_callback({})
told["after"] = [node.image.name, node.image.source, len(bpy.data.images)]
"""
    )
    assert told == {
        "while": "FILE",
        "frames gone": "see.png",
        "after": ["wogen frames", "SEQUENCE", 2],
    }


def test_usd_carries_the_first_frame(run, folder):
    run(
        """
bpy.ops.wm.usd_export(filepath=str(folder / "out" / "scene.usda"))
"""
    )
    text = (folder / "out" / "scene.usda").read_text(encoding="utf-8")
    assert "emissiveColor.connect" in text
    [file] = set(re.findall(r"inputs:file = @([^@]+)@", text))
    assert (folder / "out" / file).read_bytes() == (folder / "wogen" / "0001.png").read_bytes()


def test_no_light_changes_the_colors_and_alpha_lets_through(run, folder):
    pixels = np.zeros((9, 16, 4), np.uint8)
    pixels[..., :3] = np.linspace(0, 255, 9 * 16 * 3).reshape(9, 16, 3)
    pixels[:, 8:, 3], pixels[:, :8, 3] = 255, 0
    Image.fromarray(pixels).save(folder / "cut.png")
    run(
        """
from blender_addon import batch
bpy.data.objects.remove(plane)
plane = image_exchange.make_plane(bpy.context, folder / "cut.png")
textures(plane)[0].interpolation = "Closest"
scene = bpy.context.scene
batch._look_at(scene, plane)
scene.world = bpy.data.worlds.new("bright")
if bpy.app.version < (5, 0, 0):
    scene.world.use_nodes = True
scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0, 1, 0, 1)
sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
sun.data.energy, sun.rotation_euler = 50, (0.9, 0.3, 0)
scene.collection.objects.link(sun)
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4, False
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.render.dither_intensity = 0
scene.view_settings.view_transform = "Standard"
scene.render.filepath = str(folder / "seen.png")
bpy.ops.render.render(write_still=True)
"""
    )
    seen = np.asarray(Image.open(folder / "seen.png").convert("RGB"))[2::4, 2::4].astype(int)
    assert np.abs(seen[:, 8:] - pixels[:, 8:, :3]).max() <= 1
    assert (seen[:, :8] == (0, 255, 0)).all()
