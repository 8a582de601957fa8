"""What planes share: materials, the scene's frame range, UV maps, geometry nodes."""

from __future__ import annotations

import pytest

PLANE = """
plane = image_exchange.make_plane(context, picture_on_disk(folder / "see.png"))
context.view_layer.update()
texture = textures(plane)[0]

def frames_of(name, count=3):
    return [picture_on_disk(folder / name / f"{n:04d}.png") for n in range(1, count + 1)][0]

def shown(obj):
    return textures(obj)[0].image.name
"""


@pytest.mark.parametrize("linked", [False, True], ids=["Shift-D", "Alt-D"])
def test_a_copy_is_animated_and_the_original_keeps_its_frames(in_blender, linked):
    found = in_blender(
        PLANE
        + """
image_exchange.show_sequence(plane, frames_of("one"), 3)
for other in context.view_layer.objects:
    other.select_set(other == plane)
bpy.ops.object.duplicate(linked=job["linked"])
copy = context.object
found["note"] = image_exchange.check_plane(copy)
image_exchange.show_sequence(copy, frames_of("two"), 3)
found["shown"] = [shown(plane), shown(copy)]
found["no note"] = image_exchange.check_plane(copy)
materials = len(bpy.data.materials)
image_exchange.show_sequence(copy, frames_of("three"), 3)
found["again"] = len(bpy.data.materials) - materials
image_exchange.show_picture(copy)
found["picture"] = [shown(plane), shown(copy)]
""",
        linked=linked,
    )
    assert found["shown"] == ["one frames", "two frames"]
    assert "shared with 1 other object, which stays as before" in found["note"][0]
    assert found["no note"] == [] and found["again"] == 0
    assert found["picture"] == ["one frames", "see.png"]


def test_node_groups_are_shared_no_more(in_blender):
    found = in_blender(
        PLANE
        + """
def grouped(obj, group):
    tree = obj.active_material.node_tree
    tree.nodes.clear()
    node, out = tree.nodes.new("ShaderNodeGroup"), tree.nodes.new("ShaderNodeOutputMaterial")
    node.node_tree = group
    tree.links.new(node.outputs[0], out.inputs["Surface"])
    return node

group = bpy.data.node_groups.new("inner", "ShaderNodeTree")
group.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
end, inner = group.nodes.new("NodeGroupOutput"), group.nodes.new("ShaderNodeTexImage")
inner.image = bpy.data.images["see.png"]
group.links.new(inner.outputs["Color"], end.inputs[0])
other = image_exchange.make_plane(context, folder / "see.png")
first, second = grouped(plane, group), grouped(other, group)
image_exchange.show_sequence(other, frames_of("one"), 3)
found["shown"] = [node.node_tree.nodes["Image Texture"].image.name for node in (first, second)]
"""
    )
    assert found["shown"] == ["see.png", "one frames"]


def test_the_frame_range_follows_until_it_is_chosen(in_blender):
    found = in_blender(
        """
scene, match = context.scene, image_exchange.match_frame_range

def matched(*loops):
    said = match(scene, loops)
    return [scene.frame_start, scene.frame_end, said]

found["new"] = matched(100)
found["ours"] = matched(120)
found["together"] = matched(60, 100)
found["too long"] = matched(97, 101, 103)
found["six times"] = matched(250, 60)
found["too many"] = matched(4000, 3)
found["one long clip"] = matched(5000)
scene.frame_end = 333
found["chosen"] = matched(100)
scene.frame_end = 100
found["as chosen"] = matched(100)
"""
    )
    assert found["new"] == [1, 100, ""] and found["ours"] == [1, 120, ""]
    assert found["together"][:2] == [1, 300] and "all 2 loops end together" in found["together"][2]
    assert found["too long"][:2] == [1, 103]
    assert "that of the longest of 3 loops" in found["too long"][2]
    assert found["six times"][:2] == [1, 250] and "only after 1500 frames" in found["six times"][2]
    assert found["too many"][:2] == [1, 4000]
    assert found["one long clip"] == [1, 5000, ""]
    assert found["chosen"][:2] == [1, 333] and "1 to 333, which was chosen" in found["chosen"][2]
    assert found["as chosen"] == [1, 100, ""]


MAPPED = """
nodes, links = plane.active_material.node_tree.nodes, plane.active_material.node_tree.links
coordinates, mapping = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
links.new(coordinates.outputs["UV"], mapping.inputs["Vector"])
links.new(mapping.outputs[0], texture.inputs["Vector"])
"""


@pytest.mark.parametrize("kind", ["POINT", "TEXTURE", "VECTOR"])
def test_a_mapping_is_applied_to_arrows_and_patches(in_blender, kind):
    """Seen by Cycles: the place that a ray gives has the value that is rendered there."""
    found = in_blender(
        PLANE
        + MAPPED
        + """
import math
texture.interpolation = "Closest"
texture.extension = "REPEAT"
mapping.vector_type = job["kind"]
mapping.inputs["Rotation"].default_value = (0, 0, 0.4)
mapping.inputs["Scale"].default_value = (0.5, 0.7, 1)
if job["kind"] != "VECTOR":
    mapping.inputs["Location"].default_value = (0.3, 0.1, 0)
plane.rotation_euler = (0, 0, 0)
scene = context.scene
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.type, camera.data.ortho_scale, camera.location = "ORTHO", 16 / 9, (0, 0, 1)
scene.collection.objects.link(camera)
scene.camera = camera
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
scene.cycles.filter_width = 0.01
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.render.dither_intensity = 0
scene.view_settings.view_transform = "Standard"
scene.render.filepath = str(folder / "seen.png")
context.view_layer.update()
bpy.ops.render.render(write_still=True)
seen = bpy.data.images.load(str(folder / "seen.png"))
pixels = list(seen.pixels)
wrong = 0
from mathutils import Vector
for x in range(2, 64, 6):
    for y in range(2, 36, 5):
        point = ((x + 0.5) / 64 * 16 / 9 - 8 / 9, (y + 0.5) / 36 - 0.5, 1)
        place = annotations.seen_at(plane, context, point, (0, 0, -1))
        across, up = (place[0] % 1) * 32, (1 - place[1]) % 1 * 18
        if min(across % 1, 1 - across % 1, up % 1, 1 - up % 1) < 0.1:
            continue  # between two pixels of the picture
        red, green = (round(255 * v) for v in pixels[4 * (64 * y + x):][:2])
        wrong += (red, green) != (math.floor(across), math.floor(up))
found["wrong"] = wrong
arrow = annotations.arrows_on(plane, context, pencil("Pfeil", [[
    (-0.1, 0, 0), (0.1, 0, 0)]])).arrows
found["arrow"] = list(arrow[0])
ends = [(-0.1, 0, 1), (0.1, 0, 1)]
found["ends"] = [list(annotations.seen_at(plane, context, end, (0, 0, -1))) for end in ends]
""",
        kind=kind,
    )
    assert found["wrong"] == 0
    (x0, y0), (x1, y1) = found["ends"]
    ax0, ay0, ax1, ay1 = found["arrow"]
    assert (ax1 - ax0, ay1 - ay0) == pytest.approx((x1 - x0, y1 - y0), abs=1e-4)
    assert (ax0 % 1, ay0 % 1) == pytest.approx((x0 % 1, y0 % 1), abs=1e-4)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("links.new(coordinates.outputs['Generated'], texture.inputs['Vector'])",
         "'see' is placed by 'Texture Coordinate' (Generated); expected UV coordinates"),
        ("links.new(nodes.new('ShaderNodeTexNoise').outputs[0], mapping.inputs['Vector'])",
         "'see' is placed by 'Noise Texture'"),
        ("links.new(nodes.new('ShaderNodeValue').outputs[0], mapping.inputs['Scale'])",
         "'see' is placed by 'Mapping' (Vector, with a linked Scale)"),
        ("mapping.vector_type = 'NORMAL'", "'see' is placed by 'Mapping'"),
        ("links.remove(mapping.inputs['Vector'].links[0])", "'Mapping', which places the image on"),
        ("texture.projection = 'BOX'", "is projected as 'Box'; expected 'Flat'"),
    ],
)  # fmt: skip
def test_other_vector_inputs_are_refused_by_name(in_blender, lines, sentence):
    found = in_blender(
        PLANE
        + MAPPED
        + lines
        + """
found["sentence"] = refusal(image_exchange.check_plane, plane)
"""
    )
    assert sentence in (found["sentence"] or "")


def test_materials_of_geometry_nodes_are_refused_with_a_sentence(in_blender):
    found = in_blender(
        PLANE
        + """
picture = plane.active_material
other = bpy.data.materials.new("from nodes")
group = bpy.data.node_groups.new("Nodes", "GeometryNodeTree")
for way in ("INPUT", "OUTPUT"):
    group.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
start, end = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
setter = group.nodes.new("GeometryNodeSetMaterial")
setter.inputs["Material"].default_value = other
group.links.new(start.outputs[0], setter.inputs["Geometry"])
group.links.new(setter.outputs[0], end.inputs[0])
modifier = plane.modifiers.new("Dress", "NODES")
modifier.node_group = group
context.view_layer.update()
found["hidden"] = refusal(image_exchange.check_plane, plane)
setter.inputs["Material"].default_value = picture
context.view_layer.update()
found["the same"] = refusal(image_exchange.check_plane, plane)
plane.data.materials.clear()
context.view_layer.update()
found["nowhere else"] = image_exchange.source_problem(plane)
"""
    )
    assert "the geometry nodes of 'Dress' give 'see' other materials than 'see'" in found["hidden"]
    assert found["the same"] is None
    assert "has its material from the geometry nodes of 'Dress'" in found["nowhere else"]
