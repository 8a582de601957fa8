"""Add Result as: a strip, an Image node of the compositor, the picture that a light throws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FRAMES = 3
BLUES = [0, 128, 255]  # of the frames, one after the other

BEGIN = """
scene = bpy.context.scene
scene.frame_start, scene.view_settings.view_transform = 11, "Standard"
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
plane.landscape.output.match_range = False
bpy.ops.landscape.load_frames(filepath=given["frames"])
image = plane.landscape.results[0].image

def strips():
    editor = scene.sequence_editor
    held = editor.strips if hasattr(editor, "strips") else editor.sequences
    return sorted(held, key=lambda strip: (place(strip)[2], strip.channel))

def place(strip):
    from blender_addon.image_exchange import strip_span
    return [strip.type, strip.channel, *strip_span(strip)]

def rendered(name, frame):
    scene.frame_set(frame)
    scene.render.filepath = os.path.join(given["folder"], name + ".png")
    scene.render.image_settings.file_format = "PNG"
    bpy.ops.render.render(write_still=True)
    return scene.render.filepath

def small_render(side):
    render = scene.render
    render.engine, scene.cycles.samples = "CYCLES", 4
    render.resolution_x, render.resolution_y, render.dither_intensity = *side, 0
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera

add = bpy.ops.landscape.add_result
"""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Frames in four colors: red left, green above, and a blue that is another in each frame."""
    folder = tmp_path / "der See-001"
    folder.mkdir()
    for number, blue in enumerate(BLUES, 1):
        pixels = np.zeros((16, 32, 3), np.uint8)
        pixels[:, :16, 0], pixels[:8, :, 1], pixels[..., 2] = 255, 255, blue
        Image.fromarray(pixels).save(folder / f"{number:04d}.png")
    return folder


@pytest.fixture
def told(run, picture, clip):
    """Run lines where a plane has the frames as its result."""
    return lambda lines, **given: run(
        BEGIN + lines, picture=str(picture), frames=str(clip), **given
    )


def levels(file: str) -> np.ndarray:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"), int)


def corners(pixels: np.ndarray, off: int) -> np.ndarray:
    """Four places around the middle: above left and right, below left and right."""
    y, x = pixels.shape[0] // 2, pixels.shape[1] // 2
    return np.array([pixels[y + b, x + a] for b in (-off, off) for a in (-off, off)])


def of_frame(index: int) -> np.ndarray:
    """What is seen there in a frame."""
    red, green = [255, 0, 255, 0], [255, 255, 0, 0]
    return np.stack([red, green, [BLUES[index]] * 4], axis=1)


def test_a_strip_plays_the_frames_above_what_is_there(told):
    found = told(
        """
small_render((32, 16))  # into which strips are fitted
told["said"] = list(add(kind="STRIP"))
told["one"] = [place(strip) for strip in strips()]
told["files"] = [element.filename for element in strips()[0].elements]
told["there"] = os.path.isdir(bpy.path.abspath(strips()[0].directory))
add(kind="STRIP", times=2)
told["three"] = [place(strip) for strip in strips()]
told["chosen"] = [strip.select for strip in strips()]
told["color"] = strips()[0].colorspace_settings.name
told["seen"] = [rendered(f"strip {frame}", frame) for frame in (11, 12, 13)]
"""
    )
    assert found["said"] == ["FINISHED"] and found["color"] == "sRGB" and found["there"]
    assert found["files"] == ["0001.png", "0002.png", "0003.png"]
    assert found["one"] == [["IMAGE", 1, 11, 13]]
    assert found["three"] == [["IMAGE", 1, 11, 13], ["IMAGE", 2, 11, 13], ["IMAGE", 2, 14, 16]]
    assert found["chosen"] == [False, True, True]
    for index, file in enumerate(found["seen"]):
        assert np.abs(corners(levels(file), 4) - of_frame(index)).max() <= 2


def test_the_compositor_gets_an_image_node_that_plays_in_a_cycle(told):
    found = told(
        """
def tree_of(scene):
    return scene.compositing_node_group if hasattr(scene, "compositing_node_group") else scene.node_tree
add(kind="COMPOSITOR")
tree = tree_of(scene)
node = tree.nodes.active
told["node"] = [node.label, node.image == image, node.frame_start, node.frame_duration,
                node.frame_offset, node.use_cyclic, node.use_auto_refresh]
told["links"] = [[link.from_node.bl_idname, link.to_node.bl_idname] for link in tree.links]
told["leftmost"] = all(node.location.x < other.location.x for other in tree.nodes if other != node)
end = next(n for n in tree.nodes if n.bl_idname in ("NodeGroupOutput", "CompositorNodeComposite"))
tree.links.new(node.outputs["Image"], end.inputs[0])
small_render((32, 16))
told["seen"] = [rendered(f"composed {frame}", frame) for frame in (11, 12, 16)]
add(kind="COMPOSITOR")
told["kept"] = tree_of(scene) == tree
told["images"] = len([n for n in tree.nodes if n.bl_idname == "CompositorNodeImage"])
"""  # noqa: E501
    )
    assert found["node"] == ["der See-001", True, 11, FRAMES, 0, True, True]
    linked = {link[0] for link in found["links"]} - {"NodeReroute"}  # 4.5 makes some of these
    assert linked == {"CompositorNodeRLayers"}, "still the render"
    assert found["leftmost"] and found["kept"] and found["images"] == 2
    for index, file in zip((0, 1, 2), found["seen"], strict=True):
        assert np.abs(corners(levels(file), 4) - of_frame(index)).max() <= 2


def test_a_light_throws_the_frames_upright(told):
    found = told(
        """
scene.cursor.location = (5, 0, 0)
told["said"] = list(add(kind="GOBO"))
light = bpy.context.object
told["light"] = [light.type, light.data.type, [round(c, 3) for c in light.location]]
told["selected"] = [obj.name for obj in bpy.context.selected_objects] == [light.name]
light.data.energy = 4000  # what it lights is white
bpy.ops.mesh.primitive_plane_add(size=6, location=(5, 0, 0))
camera = small_render((64, 64))
camera.location, camera.data.type, camera.data.ortho_scale = (5, 0, 2), "ORTHO", 3
told["seen"] = [rendered(f"thrown {frame}", frame) for frame in (11, 13, 14)]
"""
    )
    assert found["said"] == ["FINISHED"] and found["selected"]
    assert found["light"] == ["LIGHT", "SPOT", [5, 0, 3]]
    for index, file in zip((0, 2, 0), found["seen"], strict=True):
        seen = levels(file)
        assert np.abs(corners(seen, 6) - of_frame(index)).max() <= 2, "as the light looks at it"
    lit = seen.max(axis=2) > 20
    rows, columns = np.where(lit)
    wide, high = np.ptp(columns) + 1, np.ptp(rows[columns < 32]) + 1
    assert wide / high == pytest.approx(2, abs=0.15), "the whole picture, in its form"


def test_a_result_without_its_frames_is_refused_and_nothing_is_added(told):
    found = told(
        """
os.rename(os.path.join(given["frames"], "0002.png"), os.path.join(given["folder"], "kept.png"))
told["some"] = [refusal(add, kind=kind) for kind in ("STRIP", "COMPOSITOR", "GOBO")]
import shutil
shutil.rmtree(given["frames"])
told["all"] = refusal(add, kind="STRIP")
told["left"] = [scene.sequence_editor is None or len(strips()) == 0, len(bpy.data.lights),
                getattr(scene, "compositing_node_group", None) is None]
plane.landscape.results.clear()
told["none"] = add.poll()
"""
    )
    for sentence in found["some"]:
        assert "1 of 3 frames, from '0002.png' on, aren't in" in sentence
        assert "the result 'der See-001'" in sentence and "animate again" in sentence
    assert "3 of 3 frames, from '0001.png' on" in found["all"]
    assert found["left"] == [True, 0, True] and found["none"] is False


def test_frames_that_begin_elsewhere_and_movies_are_added_too(run, picture, clip, tmp_path):
    later = tmp_path / "later"
    later.mkdir()
    for number in range(1, FRAMES + 1):
        (clip / f"{number:04d}.png").rename(later / f"{number + 47:04d}.png")
    found = run(
        BEGIN
        + """
add(kind="COMPOSITOR"), add(kind="GOBO")
light = bpy.context.object
told["gobo"] = next(
    [n.image_user.frame_offset, n.image_user.frame_duration]
    for n in light.data.node_tree.nodes if n.bl_idname == "ShaderNodeTexImage"
)
bpy.context.view_layer.objects.active = plane
add(kind="STRIP")
told["files"] = [element.filename for element in strips()[0].elements]
bpy.ops.landscape.load_frames(filepath=given["film"])
add(kind="STRIP"), add(kind="COMPOSITOR"), add(kind="GOBO")
told["strips"] = [place(strip) for strip in strips()]
""",
        picture=str(picture),
        frames=str(later),
        film=str(_film(tmp_path / "film.mp4")),
    )
    assert found["files"] == ["0048.png", "0049.png", "0050.png"] and found["gobo"] == [47, 3]
    assert found["strips"] == [["IMAGE", 1, 11, 13], ["MOVIE", 2, 11, 14]]


def _film(path: Path) -> Path:
    """Four frames."""
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for grey in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((16, 32, 3), 60 * grey, np.uint8), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path
