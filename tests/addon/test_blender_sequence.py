"""What Blender shows of a written sequence: each frame is its file, and the loop comes round."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
FRAMES = 3
SIZE_PX = 16  # each pixel is rendered as a square of SCALE pixels, whose middle no filter touches
SCALE = 4

# An orthographic camera looks straight at the plane: it renders the file's own values.
RENDER_PLANE = """
import json, sys
import bpy

job = json.loads(sys.argv[1])
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
bpy.ops.mesh.primitive_plane_add(size=2)
plane = bpy.context.object
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.type, camera.data.ortho_scale, camera.location = "ORTHO", 2, (0, 0, 1)
scene.collection.objects.link(camera)
scene.camera = camera

material = bpy.data.materials.new("picture")
material.use_nodes = True
nodes, links = material.node_tree.nodes, material.node_tree.links
nodes.clear()
texture = nodes.new("ShaderNodeTexImage")
texture.interpolation = "Closest"
texture.image = bpy.data.images.load(job["first_file"])
texture.image.source = "SEQUENCE"
user = texture.image_user
user.frame_start, user.frame_duration = 1, job["frames"]
user.use_cyclic, user.use_auto_refresh = True, True
emission, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
links.new(texture.outputs["Color"], emission.inputs["Color"])
links.new(emission.outputs["Emission"], output.inputs["Surface"])
plane.data.materials.append(material)

scene.render.engine = "CYCLES"
scene.cycles.samples = 4
scene.cycles.use_denoising = False
scene.render.resolution_x = scene.render.resolution_y = job["size"]
scene.render.dither_intensity = 0
scene.view_settings.view_transform = "Standard"
settings = scene.render.image_settings
settings.file_format = job["format"]
settings.color_depth = "32" if job["format"] == "OPEN_EXR" else "8"
for frame, file in job["renders"]:
    scene.frame_set(frame)
    scene.render.filepath = file
    bpy.ops.render.render(write_still=True)
print("colorspace:", texture.image.colorspace_settings.name)
"""


def picture(frame: int) -> np.ndarray:
    """A picture [16, 16, 3] uint8 that no other frame, mirror image or turn of it equals."""
    rows, columns = np.mgrid[0:SIZE_PX, 0:SIZE_PX]
    level = 40 + 50 * frame
    return np.stack([columns * 12 + 20, rows * 9 + 30, np.full_like(rows, level)], -1).astype("u1")


def seen_in_blender(
    run_blender: Callable[..., str], first_file: Path, frames: int, file_format: str, folder: Path
) -> tuple[dict[int, Path], str]:
    """Render the plane that shows the sequence; give the file of each rendered frame."""
    suffix = {"PNG": "png", "OPEN_EXR": "exr"}[file_format]
    renders = {frame: folder / f"seen_{frame}.{suffix}" for frame in (1, frames, frames + 1)}
    job = {
        "first_file": str(first_file),
        "frames": frames,
        "size": SIZE_PX * SCALE,
        "format": file_format,
        "renders": [(frame, str(file)) for frame, file in renders.items()],
    }
    script = folder / "render_plane.py"
    script.write_text(RENDER_PLANE)
    return renders, run_blender(script, json.dumps(job))


def middles(rendered: np.ndarray) -> np.ndarray:
    """One rendered pixel inside each of the picture's pixels."""
    return rendered[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE, :3]


def file_of(frame: int, frames: int) -> int:
    """The number of the file that a cyclic sequence from frame 1 shows."""
    return (frame - 1) % frames + 1


def assert_png_sequence_is_shown(run_blender, folder: Path, frames: int, out: Path) -> None:
    """Rendered PNG pixels equal those of the numbered files, at the wrap too."""
    renders, _ = seen_in_blender(run_blender, folder / "0001.png", frames, "PNG", out)
    for frame, file in renders.items():
        seen = middles(np.asarray(Image.open(file).convert("RGB"))).astype(int)
        number = file_of(frame, frames)
        expected = np.asarray(Image.open(folder / f"{number:04d}.png").convert("RGB")).astype(int)
        assert np.abs(seen - expected).max() <= 1, f"frame {frame} does not show {number:04d}.png"


def test_png_sequence_shows_each_file_and_wraps(run_blender, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(1, FRAMES + 1):
        Image.fromarray(picture(number)).save(frames / f"{number:04d}.png")
    assert_png_sequence_is_shown(run_blender, frames, FRAMES, tmp_path)


def test_exr_sequence_shows_scene_linear_values(run_blender, tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    frames = tmp_path / "frames"
    frames.mkdir()
    written = {}
    for number in range(1, FRAMES + 1):
        # Beyond 1, so that a clamp or a curve on the way would show.
        written[number] = (picture(number) / 90.0).astype(np.float16)
        header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
        with openexr.File(header, {"RGB": written[number]}) as file:
            file.write(str(frames / f"{number:04d}.exr"))

    renders, printed = seen_in_blender(
        run_blender, frames / "0001.exr", FRAMES, "OPEN_EXR", tmp_path
    )

    assert "colorspace: Linear Rec.709" in printed
    for frame, file in renders.items():
        with openexr.File(str(file)) as rendered:
            channels = rendered.channels()
            name = next(name for name in ("RGBA", "RGB") if name in channels)
            seen = middles(channels[name].pixels)
        expected = written[file_of(frame, FRAMES)].astype(np.float32)
        np.testing.assert_allclose(seen, expected, rtol=2e-3, atol=1e-4)


def test_the_engine_names_its_frames_as_blender_counts_them(run_blender, tmp_path):
    sequence = pytest.importorskip("landscape_engine.sequence")
    torch = pytest.importorskip("torch")
    pixels = np.stack([picture(number) for number in range(1, FRAMES + 1)])
    frames = [torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1 for p in pixels]
    folder = tmp_path / "frames"

    sequence.write_sequence(iter(frames), folder)

    names = sorted(file.name for file in folder.iterdir())
    assert names == [f"{number:04d}.png" for number in range(1, FRAMES + 1)]
    assert_png_sequence_is_shown(run_blender, folder, FRAMES, tmp_path)


def test_the_example_script_renders_sky_above_land(run_blender, tmp_path):
    out = tmp_path / "tiny.png"
    options = ("--width", 64, "--height", 36, "--samples", 1, "--masks", tmp_path / "masks")

    run_blender(REPOSITORY / "examples" / "render_example", "--out", out, *options)

    rendered = np.asarray(Image.open(out).convert("RGB")).astype(float)
    assert rendered.shape == (36, 64, 3)
    sky, forest = rendered[:8].mean((0, 1)), rendered[18:22].mean((0, 1))
    assert sky.mean() > 1.3 * forest.mean()
    assert sky[2] - sky[0] > forest[2] - forest[0]
    mask = np.asarray(Image.open(tmp_path / "masks" / "tiny.png"))
    assert set(np.unique(mask)) == {0, 64, 128, 255}
    assert (mask[0, : mask.shape[1] // 2] == 255).all() and (mask[-1] != 255).all()
    thin = np.asarray(Image.open(tmp_path / "masks" / "thin" / "tiny.png"))
    assert 0 < (thin == 255).mean() < 0.2
