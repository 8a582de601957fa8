"""Pictures from Blender to files and frames back on the plane, and a sentence for what can't be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PLANE = """
plane = image_exchange.make_plane(context, picture_on_disk(folder / "see.png"))
context.view_layer.update()
texture = textures(plane)[0]
"""
FRAMES = """
frames = [picture_on_disk(folder / "wogen 001" / f"{n:04d}.png") for n in range(1, 4)]
"""


def expected_pixels() -> np.ndarray:
    """What `blender_scenes.painted` paints, the top row first."""
    y, x = np.mgrid[17:-1:-1, 0:32]
    return np.stack([x, y, x + y], -1).astype("u1")


def test_a_new_plane_is_upright_at_the_cursor_and_shows_the_picture(in_blender):
    found = in_blender(
        """
context.scene.cursor.location = (1, 2, 3)
"""
        + PLANE
        + """
found["size"] = list(plane.dimensions)
found["place"] = list(plane.location)
found["normal"] = list(plane.matrix_world.to_3x3() @ plane.data.polygons[0].normal)
found["corner"] = list(at(plane, (0, 0)))  # the picture's upper left
found["active"] = context.view_layer.objects.active == plane and plane.select_get()
found["notes"] = image_exchange.check_plane(plane)
found["picture"] = image_exchange.picture_of(plane).filepath
found["problem"] = image_exchange.source_problem(plane)
shader = next(n for n in plane.active_material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
found["emits"] = shader.inputs["Emission Color"].links[0].from_node == texture
"""
    )
    width = 32 / 18
    assert found["size"] == pytest.approx([width, 1, 0], abs=1e-6)
    assert found["place"] == [1, 2, 3]
    assert found["normal"] == pytest.approx([0, -1, 0], abs=1e-6)
    assert found["corner"] == pytest.approx([1 - width / 2, 2, 3.5], abs=1e-5)
    assert found["active"] and found["emits"]
    assert found["notes"] == [] and found["problem"] is None
    assert found["picture"].endswith("see.png")


def test_each_kind_of_image_becomes_a_file_and_stays_as_it_is(in_blender):
    found = in_blender(
        """
def state(image):
    packed = image.packed_file.size if image.packed_file else None
    return [image.source, image.filepath, image.is_dirty, packed, image.file_format]

out = folder / "für die Engine"
path = picture_on_disk(folder / "see bild.png")
images = {kind: bpy.data.images.load(str(path)) for kind in ("file", "packed", "dirty")}
images["packed"].pack()
values = [1.0] * (32 * 18 * 4)
images["dirty"].pixels.foreach_set(values)
images["made"] = painted("Gemälde №1.png")
images["unpainted"] = bpy.data.images.new("unpainted", 8, 4)
for kind, image in images.items():
    before = state(image)
    written = image_exchange.picture_file(image, out)
    stamp = written.stat().st_mtime_ns
    again = image_exchange.picture_file(image, out)
    found[kind] = str(written)
    assert state(image) == before, (kind, before, state(image))
    assert again == written and again.stat().st_mtime_ns == stamp, kind
images["made"].pixels[0] = 1.0
found["changed"] = str(image_exchange.picture_file(images["made"], out))
found["path"] = str(path)
"""
    )
    read = {kind: np.asarray(Image.open(path)) for kind, path in found.items()}
    assert found["file"] == found["path"]
    assert Path(found["packed"]).read_bytes() == Path(found["path"]).read_bytes()
    np.testing.assert_array_equal(read["file"], expected_pixels())
    np.testing.assert_array_equal(read["made"], expected_pixels())
    assert (read["dirty"] == 255).all()
    assert read["unpainted"].shape[:2] == (4, 8)
    assert found["changed"] != found["made"]
    assert read["changed"][-1, 0, 0] == 255  # Blender's first pixel is below, at the left
    assert Path(found["made"]).name.isascii() and Path(found["made"]).name.startswith("Gemalde-")


def test_floating_point_images_keep_their_light(in_blender):
    openexr = pytest.importorskip("OpenEXR")
    found = in_blender(
        """
for kind, space in (("light", "Linear Rec.709"), ("data", "Non-Color")):
    image = bpy.data.images.new(kind, 2, 2, float_buffer=True, alpha=kind == "light")
    image.colorspace_settings.name = space
    image.pixels.foreach_set([3.5, 0.25, 0.5, 1, *([0.5] * 4), *([0.0] * 4), 1, 2, 3, 1])
    found[kind] = str(image_exchange.picture_file(image, folder))
    back = bpy.data.images.load(found[kind])
    found[kind + " in Blender"] = list(back.pixels)
"""
    )
    with openexr.File(found["light"], separate_channels=True) as file:
        red = file.channels()["R"].pixels
    np.testing.assert_allclose(red, [[0, 1], [3.5, 0.5]], atol=1e-3)
    assert found["light in Blender"][:4] == pytest.approx([3.5, 0.25, 0.5, 1])
    half = found["data in Blender"][4]
    assert half == pytest.approx(0.2140, abs=1e-3)  # what the engine encodes to 0.5 again


KINDS = ("opaque", "clear", "float")


def test_no_step_takes_more_than_a_strip_of_pixels(in_blender):
    """A window waits for one step at most, however large the image is."""
    openexr = pytest.importorskip("OpenEXR")
    found = in_blender(
        """
encoding, files = part("image_exchange.encoding"), part("image_exchange.files")
encoding.STEP_VALUES = 32 * 4 * 2  # two rows of 18
for kind, clear, is_float in (("opaque", 1, False), ("clear", 0, False), ("float", 1, True)):
    image = painted(kind, float_buffer=is_float)
    image.pixels[3] = clear
    strips = []
    def counted(pixels, whole=encoding.Pixels.strips):
        for strip in whole(pixels):
            strips.append(strip.size)
            yield strip
    encoding.Pixels.strips, whole = counted, encoding.Pixels.strips
    steps, count = files.file_in_steps(image, folder), 0
    while True:
        try:
            next(steps)
            count += 1
        except StopIteration as end:
            path = end.value
            break
    encoding.Pixels.strips = whole
    found[kind] = [str(path), count, max(strips)]
found["left"] = [path.name for path in folder.glob("*.part")]
""",
    )
    assert found["left"] == []
    assert all(count >= 18 and most <= 256 for _, count, most in map(found.get, KINDS))
    files = {kind: found[kind][0] for kind in KINDS}
    opaque, clear = (np.asarray(Image.open(files[kind])) for kind in KINDS[:2])
    np.testing.assert_array_equal(opaque, expected_pixels())
    np.testing.assert_array_equal(clear[..., :3][:-1], expected_pixels()[:-1])
    assert clear.shape[2] == 4 and (clear[..., 3] == 0).sum() == 1 and clear[-1, 0, 3] == 0
    with openexr.File(files["float"], separate_channels=True) as file:
        light = np.stack([file.channels()[name].pixels for name in "RGB"], axis=2)
    np.testing.assert_allclose(light * 255, expected_pixels(), atol=0.1)


def test_all_pixels_are_read_in_a_turn_of_their_own(in_blender):
    """Blender gives them in one call, which takes as long as all other steps of a turn."""
    found = in_blender(
        """
encoding, files = part("image_exchange.encoding"), part("image_exchange.files")
order = []
def noted(asked=encoding._to_rec709):
    order.append("read")
    return asked()
encoding._to_rec709 = noted  # asked right after the pixels of a floating-point image were read
steps = files.file_in_steps(painted("float", float_buffer=True), folder)
while True:
    try:
        part("image_exchange.steps").go_on(steps, 3600)
    except StopIteration:
        break
    order.append("turn")
found["order"] = order
""",
    )
    assert found["order"] == ["turn", "read"]


def test_transparent_pixels_keep_their_alpha(in_blender):
    found = in_blender(
        """
image = painted("clear", 2, 2)
image.pixels[3] = 0.0
found["file"] = str(image_exchange.picture_file(image, folder))
"""
    )
    seen = np.asarray(Image.open(found["file"]))
    assert seen[..., 3].tolist() == [[255, 255], [0, 255]]


def test_frames_are_read_as_the_picture_is(in_blender):
    found = in_blender(
        PLANE
        + FRAMES
        + """
picture = texture.image
picture.colorspace_settings.name, picture.alpha_mode = "Non-Color", "CHANNEL_PACKED"
image = image_exchange.show_sequence(plane, frames[0], 3)
found["as the picture"] = [image.colorspace_settings.name, image.alpha_mode]
image = image_exchange.show_sequence(plane, frames[0], 3, colorspace="sRGB")
found["as was asked"] = image.colorspace_settings.name
light = folder / "light" / "0001.exr"
light.parent.mkdir()
blank = bpy.data.images.new("light", 4, 4, float_buffer=True)
blank.file_format, blank.filepath_raw = "OPEN_EXR", str(light)
blank.save()
image = image_exchange.show_sequence(plane, light, 1)
found["of another kind"] = image.colorspace_settings.name
itself = bpy.data.images.load(str(light), check_existing=False)
found["by Blender"] = itself.colorspace_settings.name
"""
    )
    assert found["as the picture"] == ["Non-Color", "CHANNEL_PACKED"]
    assert found["as was asked"] == "sRGB"
    assert found["of another kind"] == found["by Blender"] != "Non-Color"


def test_frames_take_the_place_of_the_picture_and_give_it_back(in_blender):
    found = in_blender(
        PLANE
        + FRAMES
        + """
texture.interpolation = "Cubic"
picture = texture.image
other = plane.active_material.copy()
plane.data.materials.append(other)
image = image_exchange.show_sequence(plane, frames[0], 3, frame_start=5)
user = texture.image_user
found["user"] = [user.frame_start, user.frame_duration, user.frame_offset]
found["cyclic"] = user.use_cyclic and user.use_auto_refresh
found["everywhere"] = [node.image == image for node in textures(plane)]
found["kept"] = [texture.interpolation, len(texture.outputs["Color"].links)]
found["source"] = image.source
found["picture"] = image_exchange.picture_of(plane) == picture
found["absolute"] = image.filepath == str(frames[0])
found["reused"] = image_exchange.show_sequence(plane, frames[0], 2) == image
found["other"] = image_exchange.show_sequence(plane, frames[1], 2) != image
found["offset"] = texture.image_user.frame_offset
image_exchange.show_picture(plane)
found["back"] = [node.image == picture for node in textures(plane)]
found["shows"] = image_exchange.shows_frames(plane)
"""
    )
    assert found["user"] == [5, 3, 0] and found["cyclic"]
    assert found["everywhere"] == found["back"] == [True, True]
    assert found["kept"] == ["Cubic", 1]
    assert found["source"] == "SEQUENCE" and found["picture"] and found["absolute"]
    assert found["reused"] and found["other"] and found["offset"] == 1
    assert found["shows"] is False


def test_a_saved_file_remembers_picture_and_frames_and_is_moved_with_them(in_blender):
    found = in_blender(
        PLANE
        + """
import os, shutil
home, moved = folder / "zu hause", folder / "umgezogen"
frames = [picture_on_disk(home / "landscape" / "wogen-001" / f"{n:04d}.png") for n in range(1, 4)]
bpy.ops.wm.save_as_mainfile(filepath=str(home / "berg.blend"))
image = image_exchange.show_sequence(plane, frames[0], 3)
found["path"] = image.filepath
bpy.ops.wm.save_mainfile()

os.remove(frames[1])
found["missing"] = image_exchange.missing_frames(plane)
shutil.copy(frames[0], frames[1])
found["nothing missing"] = image_exchange.missing_frames(plane)

def reopened(path):
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return next(one for one in bpy.data.objects if one.type == "MESH")

shutil.move(home, moved)
plane = reopened(moved / "berg.blend")
found["moved along"] = image_exchange.missing_frames(plane)
found["picture"] = image_exchange.picture_of(plane).name

shutil.move(moved / "landscape" / "wogen-001", moved / "wogen-001")
found["gone"] = image_exchange.missing_frames(plane)
there = image_exchange.find_moved(image_exchange.shown_image(plane))
found["found"] = str(there.relative_to(moved))
found["wrong"] = refusal(image_exchange.relink, image_exchange.shown_image(plane), folder)
image_exchange.relink(image_exchange.shown_image(plane), there)
found["relinked"] = [image_exchange.missing_frames(plane), textures(plane)[0].image.filepath]
found["nowhere"] = image_exchange.find_moved(image_exchange.shown_image(plane))
"""
    )
    assert found["path"] == "//landscape/wogen-001/0001.png"
    assert found["missing"].startswith("1 of 3 frames, from '0002.png' on, aren't in")
    assert found["nothing missing"] is None and found["moved along"] is None
    assert found["picture"] == "see.png"
    assert found["gone"].startswith("3 of 3 frames")
    assert found["found"] == "wogen-001"
    assert "'0001.png' isn't in" in found["wrong"]
    assert found["relinked"] == [None, "//wogen-001/0001.png"]
    assert found["nowhere"] is None


def test_a_movie_is_shown_and_missed(in_blender, tmp_path):
    av = pytest.importorskip("av")
    movie = tmp_path / "loop.mp4"
    with av.open(str(movie), "w") as file:
        stream = file.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 18, "yuv420p"
        for level in (20, 120, 220):
            pixels = np.full((18, 32, 3), level, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode())
    found = in_blender(
        PLANE
        + """
import os
picture = texture.image
movie = image_exchange.show_sequence(plane, job["movie"], 3, movie=True)
found["source"], found["frames"] = movie.source, texture.image_user.frame_duration
found["there"] = image_exchange.missing_frames(plane)
found["picture"] = image_exchange.picture_of(plane) == picture
os.remove(job["movie"])
found["gone"] = image_exchange.missing_frames(plane)
image_exchange.show_picture(plane)
found["none"] = image_exchange.missing_frames(plane)
""",
        movie=str(movie),
    )
    assert found["source"] == "MOVIE" and found["frames"] == 3 and found["picture"]
    assert found["there"] is None and found["none"] is None
    assert found["gone"].startswith("the movie ") and "isn't there" in found["gone"]


def test_the_picture_is_what_feeds_the_color(in_blender):
    found = in_blender(
        """
bpy.ops.mesh.primitive_plane_add()
plane = context.object
material = bpy.data.materials.new("real")
if bpy.app.version < (5, 0, 0):
    material.use_nodes = True
plane.data.materials.append(material)
nodes, links = material.node_tree.nodes, material.node_tree.links
nodes.clear()
shader, output = nodes.new("ShaderNodeBsdfPrincipled"), nodes.new("ShaderNodeOutputMaterial")
links.new(shader.outputs[0], output.inputs["Surface"])

def texture(name, tree=None):
    node = (tree or material.node_tree).nodes.new("ShaderNodeTexImage")
    node.image = painted(name)
    return node

rough, stray = texture("rough"), texture("stray")
links.new(rough.outputs["Color"], shader.inputs["Roughness"])
found["only rough"] = image_exchange.picture_of(plane).name

group = bpy.data.node_groups.new("inner", "ShaderNodeTree")
group.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
end = group.nodes.new("NodeGroupOutput")
inner = texture("in the group", group)
group.links.new(inner.outputs["Color"], end.inputs[0])
node = nodes.new("ShaderNodeGroup")
node.node_tree = group
links.new(node.outputs[0], shader.inputs["Base Color"])
found["group"] = image_exchange.picture_of(plane).name

shine = texture("shine")
links.new(shine.outputs["Color"], shader.inputs["Emission Color"])
found["first"] = image_exchange.picture_of(plane).name
nodes.active = shine
found["active"] = image_exchange.picture_of(plane).name
nodes.active = stray
found["stray"] = image_exchange.picture_of(plane).name

plane.landscape.picture = painted("chosen")
found["chosen"] = image_exchange.picture_of(plane).name
frames = [picture_on_disk(folder / "frames" / f"{n:04d}.png") for n in (1, 2)]
sequence = image_exchange.show_sequence(plane, frames[0], 2)
found["shown in"] = [n.name for n in textures(plane) if n.image == sequence] + [
    inner.image == sequence]
found["still chosen"] = image_exchange.picture_of(plane).name
plane.landscape.picture = sequence
found["never a sequence"] = image_exchange.picture_of(plane).name
image_exchange.show_picture(plane)
found["put back"] = inner.image.name
"""
    )
    assert found["only rough"] == "rough"
    assert found["group"] == found["first"] == found["stray"] == "in the group"
    assert found["active"] == "shine"
    assert found["chosen"] == found["still chosen"] == "chosen"
    assert found["shown in"] == [True]
    assert found["never a sequence"] == found["put back"] == "in the group"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("plane = None", "no object is active"),
        ("plane = bpy.data.objects.new('Leer', None)", "'Leer' is no mesh"),
        ("plane.data.materials.clear()", "has no material"),
        ("texture.image = None", "no image feeds the surface"),
        ("picture.source = 'MOVIE'", "'see.png' is a movie"),
        ("picture.source = 'SEQUENCE'", "'see.png' is an image sequence"),
        ("picture.source = 'TILED'", "'see.png' has UDIM tiles"),
        ("(folder / 'see.png').unlink()", "the file of 'see.png', isn't there"),
        ("(folder / 'see.png').write_text('no'); picture.reload()", "has no pixels"),
        ("texture.image = None; plane.landscape.picture = picture", "nothing on 'see' can show"),
        ("plane.data.uv_layers.remove(plane.data.uv_layers[0]); plane.data.update()", "no UV map"),
        ("for uv in plane.data.uv_layers[0].uv: uv.vector = (0.5, 0.5)", "has no area; expected"),
        ("plane.scale = (0, 1, 1)", "'see' has no area at the scale 0×1×1"),
        ("plane.data.clear_geometry()", "'see' has no faces"),
    ],
)
def test_a_plane_that_will_not_do_is_refused_with_a_sentence(in_blender, lines, sentence):
    found = in_blender(
        PLANE
        + "picture = texture.image\n"
        + lines
        + """
context.view_layer.update()
before = image_exchange.source_problem(plane)
found["sentence"] = before or refusal(image_exchange.check_plane, plane)
"""
    )
    assert sentence in (found["sentence"] or "")


def test_what_may_surprise_is_noted(in_blender):
    found = in_blender(
        PLANE
        + """
texture.image.display_aspect = (2, 1)
plane.scale = (2, 1, 1)
plane.data.materials.append(bpy.data.materials.new("frame"))
other = bpy.data.objects.new("other", plane.data)
context.collection.objects.link(other)
found["notes"] = image_exchange.check_plane(plane)
bpy.ops.object.mode_set(mode="EDIT")
found["in edit mode"] = image_exchange.check_plane(plane)
"""
    )
    pixels, aspect, materials, shared = found["notes"]
    assert "aren't square (2:1)" in pixels
    assert "3.56 times as wide as high, but it is 1.78" in aspect
    assert "has 2 materials; the frames go to 'see'" in materials
    assert "shared with 1 other object, which stays as before; 'see' gets a copy" in shared
    assert found["in edit mode"] == found["notes"]


def test_what_is_linked_is_refused_and_an_override_gets_a_material_of_its_own(in_blender):
    found = in_blender(
        PLANE
        + FRAMES
        + """
library = folder / "lib rary.blend"
texture.image.filepath = "//see.png"
bpy.data.libraries.write(str(library), {plane})
empty()
with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
    wanted.objects = list(there.objects)
plane = wanted.objects[0]
bpy.context.scene.collection.objects.link(plane)
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "deep" / "work.blend")) if (
    (folder / "deep").mkdir() or True) else None
plane = next(one for one in bpy.data.objects if one.type == "MESH")
found["file"] = str(image_exchange.picture_file(image_exchange.picture_of(plane), folder))
found["linked"] = refusal(image_exchange.check_plane, plane)
found["show linked"] = refusal(image_exchange.show_sequence, plane, frames[0], 3)
own = plane.override_create(remap_local_usages=True)
found["notes"] = image_exchange.check_plane(own)
image_exchange.show_sequence(own, frames[0], 3)
found["shown"] = own.material_slots[0].material.library is None
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "deep" / "work.blend"))
bpy.ops.wm.open_mainfile(filepath=str(folder / "deep" / "work.blend"))
own = next(one for one in bpy.data.objects if one.type == "MESH" and one.override_library)
found["after opening"] = image_exchange.shows_frames(own)
found["original"] = bpy.data.materials["see", "//../lib rary.blend"].node_tree.nodes[
    "Image Texture"].image.source
image_exchange.show_picture(own)
found["picture"] = textures(own)[0].image.name
"""
    )
    assert found["file"].endswith("wölkchen über see/see.png") and Path(found["file"]).is_file()
    assert "'see' is linked from '//../lib rary.blend'" in found["linked"]
    assert found["show linked"] == found["linked"]
    assert "the material 'see' is linked from '//../lib rary.blend'" in found["notes"][0]
    assert found["shown"] and found["after opening"]
    assert found["original"] == "FILE" and found["picture"] == "see.png"


def test_files_that_will_not_do_are_refused_with_a_sentence(in_blender):
    found = in_blender(
        PLANE
        + """
images = len(bpy.data.images)
found["no file"] = refusal(image_exchange.make_plane, context, folder / "no.png")
(folder / "text.png").write_text("no picture")
found["no picture"] = refusal(image_exchange.make_plane, context, folder / "text.png")
found["left behind"] = len(bpy.data.images) - images
found["no frame"] = refusal(image_exchange.show_sequence, plane, folder / "0001.png", 3)
found["no number"] = refusal(image_exchange.show_sequence, plane, folder / "see.png", 3)
found["no space"] = refusal(
    image_exchange.show_sequence, plane, picture_on_disk(folder / "7.png"), 3, colorspace="Nowhere")
found["still"] = texture.image.name
(folder / "a file").write_text("")
found["no folder"] = refusal(image_exchange.picture_file, painted("x"), folder / "a file" / "in")
found["no frames"] = refusal(image_exchange.relink, image_exchange.shown_image(plane), folder)
"""
    )
    assert "is no file; choose a picture" in found["no file"]
    assert "'text.png' has no pixels" in found["no picture"]
    assert found["left behind"] == 0
    assert "the first frame, isn't there" in found["no frame"]
    assert "'see.png' has no number" in found["no number"]
    assert "has no 'Nowhere'" in found["no space"]
    assert found["still"] == "see.png"
    assert "can't be written into" in found["no folder"]
    assert "no frames are shown" in found["no frames"]


def test_a_new_plane_renders_each_frame_and_wraps(in_blender):
    found = in_blender(
        """
plane = image_exchange.make_plane(context, picture_on_disk(folder / "see.png", 16, 9))
textures(plane)[0].interpolation = "Closest"
plane.rotation_euler = (0, 0, 0)
frames = []
for level in (1, 2, 3):
    image = bpy.data.images.new("level", 16, 9)
    image.pixels.foreach_set([v for i in range(16 * 9) for v in (i / 255, level / 4, 0.5, 1)])
    frames.append(folder / "frames" / f"{level:04d}.png")
    image_exchange.picture_file(image, frames[-1].parent).replace(frames[-1])
image_exchange.show_sequence(plane, frames[0], 3)

scene = context.scene
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.type, camera.data.ortho_scale, camera.location = "ORTHO", 16 / 9, (0, 0, 1)
scene.collection.objects.link(camera)
scene.camera = camera
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4, False
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.render.dither_intensity = 0
scene.view_settings.view_transform = "Standard"
scene.render.image_settings.file_format = "PNG"
for frame in (1, 3, 4):
    scene.frame_set(frame)
    scene.render.filepath = found[str(frame)] = str(folder / f"seen {frame}.png")
    bpy.ops.render.render(write_still=True)
found["files"] = [str(path) for path in frames]
"""
    )
    for frame, file in (("1", 0), ("3", 2), ("4", 0)):
        seen = np.asarray(Image.open(found[frame]).convert("RGB"))[2::4, 2::4].astype(int)
        wanted = np.asarray(Image.open(found["files"][file])).astype(int)
        assert np.abs(seen - wanted).max() <= 1, f"frame {frame}"


def test_a_picture_that_was_removed_is_missed(in_blender):
    found = in_blender(
        PLANE
        + FRAMES
        + """
image_exchange.show_sequence(plane, frames[0], 3)
bpy.data.images.remove(bpy.data.images["see.png"])
found["removed"] = image_exchange.source_problem(plane)
found["back"] = refusal(image_exchange.show_picture, plane)
found["missing"] = image_exchange.missing_frames(plane)
plane.landscape.picture = painted("new")
found["chosen"] = refusal(image_exchange.show_picture, plane) or textures(plane)[0].image.name
"""
    )
    assert found["removed"].startswith("the picture behind the frames on 'see' was removed")
    assert found["back"] == found["removed"]
    assert found["missing"] is None
    assert found["chosen"] == "new"
