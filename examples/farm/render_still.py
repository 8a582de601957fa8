"""Render one still of a scene that shows an animation's frames, in Blender without a window.

    blender -b -P render_still.py -- --texture FRAMES --frame 7 --out STILLS [--scene FILE.blend]

Without a scene the frames fill the view of a camera of their own size, in their own colors. The
still appears as STILLS/0007.png once it is whole. Python 3.11 with the wheel bpy runs it as
`python -b -P render_still.py -- …`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from pathlib import Path

import bpy

ENDINGS = (".png", ".exr")


def main(words: list[str]) -> int:
    """Render one still; gives the exit code."""
    options = parse(words)
    frames = frames_in(options.texture)
    print("openjd_status: rendering", flush=True)
    if options.scene:
        bpy.ops.wm.open_mainfile(filepath=str(options.scene.resolve()), load_ui=False)
        show_in_place_of(options.image, frames)
    else:
        fill_the_view(frames, options.samples)
    render(bpy.context.scene, options.frame, options.out.resolve())
    print("openjd_progress: 100", flush=True)
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    """The flags after the two dashes."""
    parser = argparse.ArgumentParser(prog="render_still.py")
    parser.add_argument("--texture", type=Path, required=True, help="folder of the frames")
    parser.add_argument("--frame", type=int, required=True, help="number of the still, from 1")
    parser.add_argument("--out", type=Path, required=True, help="folder of the stills")
    parser.add_argument("--scene", type=lambda text: Path(text) if text else None)
    parser.add_argument("--image", default="Landscape", help="whose place the frames take")
    parser.add_argument("--samples", type=int, default=16, help="of Cycles, without a scene")
    return parser.parse_args(words)


def frames_in(folder: Path) -> list[Path]:
    """The frames of an animation, in their order."""
    found = sorted(p for p in folder.glob("*") if p.stem.isdecimal() and p.suffix in ENDINGS)
    if not found:
        sys.exit(f"'{folder}' holds no frames; expected 0001.png or 0001.exr and on.")
    return found


def play(image: bpy.types.Image, frames: list[Path]) -> None:
    """Let an image be the frames, wherever it is shown, over and over."""
    image.filepath = str(frames[0].resolve())
    image.source = "SEQUENCE"
    trees = [material.node_tree for material in bpy.data.materials if material.node_tree]
    for node in [node for tree in trees for node in tree.nodes]:
        if node.bl_idname == "ShaderNodeTexImage" and node.image == image:
            user = node.image_user
            user.frame_start, user.frame_offset = 1, int(frames[0].stem) - 1
            user.frame_duration = len(frames)
            user.use_cyclic = user.use_auto_refresh = True


def show_in_place_of(name: str, frames: list[Path]) -> None:
    """Give the place of a scene's image to the frames."""
    image = bpy.data.images.get(name)
    if image is None:
        known = ", ".join(sorted(image.name for image in bpy.data.images)) or "none"
        sys.exit(f"the scene has no image '{name}' (it has: {known}); name one by --image.")
    play(image, frames)


def fill_the_view(frames: list[Path], samples: int) -> None:
    """A scene in which the frames fill the camera's view, unlit and unchanged."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.load(str(frames[0].resolve()))
    width, height = image.size
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_plane_add(size=1)
    plane = bpy.context.object
    plane.scale = (width / height, 1, 1)
    material = bpy.data.materials.new("Landscape")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    texture = nodes.new("ShaderNodeTexImage")
    texture.image, texture.extension, texture.interpolation = image, "EXTEND", "Closest"
    light = nodes.new("ShaderNodeEmission")
    output = nodes.new("ShaderNodeOutputMaterial")
    links.new(texture.outputs["Color"], light.inputs["Color"])
    links.new(light.outputs["Emission"], output.inputs["Surface"])
    plane.data.materials.append(material)
    play(image, frames)
    data = bpy.data.cameras.new("Camera")
    data.type, data.sensor_fit, data.ortho_scale = "ORTHO", "HORIZONTAL", width / height
    camera = bpy.data.objects.new("Camera", data)
    camera.location = (0, 0, 1)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = samples, False
    scene.cycles.pixel_filter_type = "BOX"  # each pixel of the still is one of the frame
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.render.dither_intensity = 0


def render(scene: bpy.types.Scene, frame: int, out: Path) -> None:
    """Render a still under a hidden name; it takes its place once it is whole."""
    out.mkdir(parents=True, exist_ok=True)
    scene.frame_set(frame)
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):  # from Blender 5.0 on
        settings.media_type = "IMAGE"
    settings.file_format = "PNG"
    hidden = out / f".{frame:04d}.{os.getpid()}.png"
    scene.render.filepath = str(hidden)
    try:
        bpy.ops.render.render(write_still=True)
        os.replace(hidden, out / f"{frame:04d}.png")
    finally:
        hidden.unlink(missing_ok=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and nothing stays under a hidden name
    given = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    try:
        code = main(given)
    except Exception:  # Blender would go on, and end as if all were well
        traceback.print_exc()
        code = 1
    sys.exit(code)
