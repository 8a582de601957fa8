"""Strokes on a picture come back as arrows where they were drawn; what can't is named."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

ANNOTATIONS = Path(__file__).with_name("annotations.blend")
PLANE = """
plane = image_exchange.make_plane(context, picture_on_disk(folder / "see.png", 160, 90))
context.view_layer.update()

def arrows(**options):
    reading = annotations.arrows_on(plane, context, **options)
    found["arrows"], found["notes"] = reading.arrows, reading.notes

def upright(*places, off=0.0):
    return [at(plane, place, off=off) for place in places]
"""


def test_arrows_return_from_tilted_scaled_and_parented_planes(in_blender):
    found = in_blender(
        PLANE
        + """
import random
found["off"] = []
for seed in range(16):
    world = tilted(context, plane, seed)
    chance = random.Random(100 + seed)
    drawn = [[chance.uniform(0.05, 0.95) for _ in range(4)] for _ in range(2)]
    points = [[at(plane, d[:2]), at(plane, d[2:])] for d in drawn]
    one = pencil("Pencil", points)
    if seed % 3 == 0:  # the pencil has a place of its own in the world
        one.matrix_world = Matrix.Translation((3, 1, 2)) @ Euler((1, 2, 3)).to_matrix().to_4x4()
        inverse = one.matrix_world.inverted()
        bpy.data.objects.remove(one)
        one = pencil("Pencil", [[inverse @ p for p in line] for line in points])
        one.matrix_world = inverse.inverted()
    elif seed % 3 == 1:  # drawn in the plane's own coordinates
        bpy.data.objects.remove(one)
        one = pencil("Pencil", [[at(plane, d[:2], False), at(plane, d[2:], False)] for d in drawn])
        one.parent = plane
    reading = annotations.arrows_on(plane, context)
    assert len(reading.arrows) == 2 and not reading.notes, (seed, reading)
    pairs = zip(reading.arrows, drawn)
    found["off"].append(max(abs(a - b) for pair in pairs for a, b in zip(*pair)))
    bpy.data.objects.remove(one)
    plane.parent = None
"""
    )
    assert len(found["off"]) == 16
    assert max(found["off"]) < 1e-3


def test_y_goes_down_and_x_right(in_blender):
    found = in_blender(
        PLANE
        + """
pencil("Pencil", [[(-0.4, 0, 0.4), (0.4, 0, 0.2)]])  # seen from the front: z is up
arrows()
"""
    )
    (arrow,) = found["arrows"]
    assert arrow == pytest.approx([0.5 - 0.4 * 9 / 16, 0.1, 0.5 + 0.4 * 9 / 16, 0.3], abs=1e-5)


def test_a_map_of_a_part_of_the_picture_gives_places_in_that_part(in_blender):
    found = in_blender(
        PLANE
        + """
for uv in plane.data.uv_layers[0].uv:
    uv.vector = (0.5 + uv.vector.x / 2, uv.vector.y / 4)
pencil("Pencil", [upright((0.0, 0.5), (1.0, 0.5))])
arrows()
"""
    )
    assert found["arrows"] == [pytest.approx([0.5, 0.875, 1.0, 0.875], abs=1e-5)]


def test_a_subdivided_plane_moved_by_a_modifier_is_read_where_it_is_seen(in_blender):
    found = in_blender(
        PLANE
        + """
cut = plane.modifiers.new("Cut", "SUBSURF")
cut.subdivision_type, cut.levels = "SIMPLE", 3
moved = plane.modifiers.new("Moved", "DISPLACE")
moved.strength, moved.mid_level, moved.direction = 2.0, 0.0, "Z"
pencil("Pencil", [upright((0.25, 0.5), (0.75, 0.5), off=2)])
arrows()
"""
    )
    assert found["arrows"] == [pytest.approx([0.25, 0.5, 0.75, 0.5], abs=1e-3)]


def test_a_bent_stroke_bends_the_flow(in_blender):
    found = in_blender(
        PLANE
        + """
from math import cos, sin
arc = [(0.5 - 0.2 * cos(t / 20 * pi), 0.5 - 0.3 * sin(t / 20 * pi)) for t in range(21)]
pencil("Pencil", [upright(*arc), upright((0.1, 0.9), (0.5, 0.901), (0.9, 0.9))])
arrows()
"""
    )
    *bent, straight = found["arrows"]
    assert straight == pytest.approx([0.1, 0.9, 0.9, 0.9], abs=1e-4)
    assert len(bent) == 4
    assert all(one[2:] == pytest.approx(other[:2]) for one, other in pairwise(bent))
    assert bent[0][3] < bent[0][1] and bent[-1][3] > bent[-1][1]  # up, and down again


def test_only_what_is_seen_at_this_frame_is_read(in_blender):
    found = in_blender(
        PLANE
        + """
one = pencil("Pencil", [upright((0.1, 0.1), (0.3, 0.1))])
draw(one, "Arrows", upright((0.1, 0.5), (0.3, 0.5)), frame=10)
draw(one, "Hidden", upright((0.1, 0.9), (0.3, 0.9)))
layer_of(one.data, "Hidden").hide = True
hidden = pencil("Hidden Pencil", [upright((0.1, 0.8), (0.3, 0.8))])
hidden.hide_set(True)
context.scene.frame_set(9)
arrows()
found["first"] = found["arrows"]
context.scene.frame_set(10)
arrows()
found["named"] = annotations.arrows_on(plane, context, source=hidden).arrows
found["without"] = annotations.arrows_on(plane, context, without={"Pencil"}).arrows
"""
    )
    assert found["first"] == [pytest.approx([0.1, 0.1, 0.3, 0.1], abs=1e-4)]
    assert found["arrows"] == [pytest.approx([0.1, 0.5, 0.3, 0.5], abs=1e-4)]
    assert found["named"] == [pytest.approx([0.1, 0.8, 0.3, 0.8], abs=1e-4)]
    assert found["without"] == []


def test_strokes_off_the_plane_and_dots_are_named(in_blender):
    found = in_blender(
        PLANE
        + """
plane.name = "Lake"
one = pencil("GPencil", [upright((0.1, 0.1), (0.3, 0.1)), upright((0.1, 0.2), (0.3, 0.2), off=1.3)])
draw(one, "Arrows", upright((0.5, 0.5), (0.5001, 0.5)))
arrows()
other = pencil("Far", [upright((0.1, 0.2), (0.3, 0.2), off=2)] * 5)
found["unconcerned"] = annotations.arrows_on(plane, context, without={"GPencil"}).notes
found["all_off"] = refusal(annotations.arrows_on, plane, context, source=other)
found["no_pencil"] = refusal(annotations.arrows_on, plane, context, source=plane)
"""
    )
    assert found["arrows"] == [pytest.approx([0.1, 0.1, 0.3, 0.1], abs=1e-4)]
    assert found["notes"] == [
        "stroke 2 of layer 'Arrows' of 'GPencil' lies 1.3 m off 'Lake'; draw on the surface (Draw "
        "Arrows sets it).",
        "stroke 3 of layer 'Arrows' of 'GPencil' is a dot, which has no direction; drag it along.",
    ]
    (note,) = found["unconcerned"]
    assert note.startswith("no arrow was found: stroke 1 of layer 'Arrows' of 'Far' lies 2 m off")
    assert found["all_off"].count("lies 2 m off 'Lake'") == 3
    assert found["all_off"].endswith("2 more can't be arrows either.")
    assert "'Lake' is no grease pencil" in found["no_pencil"]


def test_annotations_are_read_and_cleared(in_blender):
    found = in_blender(
        PLANE
        + """
with bpy.data.libraries.load(job["annotations"]) as (there, wanted):
    wanted.scenes = ["annotated"]
source = wanted.scenes[0]
name = "annotation" if hasattr(source, "annotation") else "grease_pencil"
setattr(context.scene, name, getattr(source, name))
arrows()
layers = getattr(context.scene, name).layers
drawing = part("annotations.drawing")
for layer in layers:
    if layer.info == "Note":
        layer.info = drawing.LAYER + " 2"
found["notes_when_ours"] = annotations.arrows_on(plane, context).notes
for layer in layers:
    if layer.info == drawing.LAYER + " 2":
        layer.annotation_hide = True
found["drawn"] = annotations.count(context.scene, plane)
plane.location.x += 3
context.view_layer.update()
found["on another place"] = annotations.count(context.scene, plane)
plane.location.x -= 3
context.view_layer.update()
annotations.clear_arrows(plane, context)
found["left"] = [layer.info for layer in layers]
found["arrows_left"] = annotations.count(context.scene, plane)
found["made"] = drawing.prepared_layer(context.scene).info
found["again"] = drawing.prepared_layer(context.scene).info
found["layers"] = [layer.info for layer in layers]
found["active"] = layers[layers.active_index].info
""",
        annotations=str(ANNOTATIONS),
    )
    assert found["arrows"] == [
        pytest.approx([0.275, 0.2, 0.725, 0.2], abs=1e-4),
        pytest.approx([0.6125, 0.6, 0.3875, 0.9], abs=1e-4),
    ]
    assert found["notes"] == []  # a remark beside the picture is no arrow that failed
    (note,) = found["notes_when_ours"]
    assert note.startswith(
        "stroke 1 of layer 'Landscape arrows 2' of the annotations lies 69 m off"
    )
    # an empty layer stays, or the tool's next strokes would lie in a layer "Note"
    assert sorted(found["left"]) == ["Hidden", "Landscape arrows", "Landscape arrows 2"]
    assert found["arrows_left"] == 0 and found["drawn"] == 2
    assert found["on another place"] == 0
    assert found["made"] == found["again"] == found["active"] == "Landscape arrows"
    assert sorted(found["layers"]) == ["Hidden", "Landscape arrows", "Landscape arrows 2"]


def test_arrows_count_before_the_frame_they_were_drawn_at_and_it_is_said(in_blender):
    found = in_blender(
        PLANE
        + """
with bpy.data.libraries.load(job["annotations"]) as (there, wanted):
    wanted.scenes = ["annotated"]
name = "annotation" if hasattr(context.scene, "annotation") else "grease_pencil"
setattr(context.scene, name, getattr(wanted.scenes[0], name))
for layer in getattr(context.scene, name).layers:
    for frame in layer.frames:
        frame.frame_number = 30
for number in (1, 30, 40):
    context.scene.frame_set(number)
    arrows()
    found[str(number)] = [len(found["arrows"]), found["notes"]]
bpy.data.scenes.remove(wanted.scenes[0])
data = getattr(context.scene, name)
for layer in list(data.layers):
    data.layers.remove(layer)
one = pencil("Pencil", [])
draw(one, "Arrows", upright((0.1, 0.5), (0.3, 0.5)), frame=20)
context.scene.frame_set(5)
arrows()
""",
        annotations=str(ANNOTATIONS),
    )
    assert found["30"] == found["40"] == [2, []]
    count, (note,) = found["1"]
    assert count == 2 and note.startswith("the arrows drawn at frame 30 are followed, though frame")
    assert found["arrows"] == [pytest.approx([0.1, 0.5, 0.3, 0.5], abs=1e-4)]
    assert "frame 20" in found["notes"][0] and "frame 5" in found["notes"][0]


def test_arrows_that_were_drawn_on_another_plane_are_left_to_it(in_blender):
    found = in_blender(
        PLANE
        + """
with bpy.data.libraries.load(job["annotations"]) as (there, wanted):
    wanted.scenes = ["annotated"]
name = "annotation" if hasattr(context.scene, "annotation") else "grease_pencil"
setattr(context.scene, name, getattr(wanted.scenes[0], name))
for layer in getattr(context.scene, name).layers:
    layer.annotation_hide = layer.info != "Landscape arrows"
other, plane.location = plane, (0, 0, 0)
plane = image_exchange.make_plane(context, folder / "see.png")
plane.location = (0, 3, 0)
context.view_layer.update()
arrows()
found["other"] = len(annotations.arrows_on(other, context).arrows)
other.hide_set(True)
context.view_layer.update()
found["hidden"] = refusal(annotations.arrows_on, plane, context)
""",
        annotations=str(ANNOTATIONS),
    )
    assert found["arrows"] == [] and found["notes"] == [] and found["other"] == 2
    assert "lies 3 m off 'see" in found["hidden"]


def test_clearing_leaves_other_layers_of_a_pencil(in_blender):
    found = in_blender(
        PLANE
        + """
one = pencil("Pencil", [upright((0.1, 0.1), (0.3, 0.1))], layer="Landscape arrows")
draw(one, "Mine", upright((0.1, 0.5), (0.3, 0.5)))
other = pencil("Other", [upright((0.1, 0.8), (0.3, 0.8))], layer="Landscape arrows")
one.parent, one.matrix_parent_inverse = plane, plane.matrix_world.inverted()
annotations.clear_arrows(plane, context)
arrows()
found["drawing"] = refusal(annotations.start_drawing, context, plane)
"""
    )
    assert found["arrows"] == [
        pytest.approx([0.1, 0.5, 0.3, 0.5], abs=1e-4),
        pytest.approx([0.1, 0.8, 0.3, 0.8], abs=1e-4),
    ]
    assert found["drawing"].startswith("arrows are drawn in a 3D view of a window")


def test_a_ray_finds_the_place_under_the_mouse(in_blender):
    found = in_blender(
        PLANE
        + """
found["places"] = []
for seed in range(4):
    tilted(context, plane, seed)
    target = at(plane, (0.2, 0.7))
    away = plane.matrix_world.to_3x3() @ Vector((0.3, 0.2, 1))
    found["places"].append(annotations.seen_at(plane, context, target + away, -away))
found["beside"] = annotations.seen_at(plane, context, target + away, away)
"""
    )
    assert found["places"] == [pytest.approx([0.2, 0.7], abs=1e-4)] * 4
    assert found["beside"] is None


def test_a_head_points_where_the_stroke_went_and_faces_the_viewer(in_blender):
    found = in_blender(
        PLANE
        + """
heads = annotations.arrow_heads
line = [Vector((x / 10, 0, 0)) for x in range(11)]
ahead, left, right = heads.head_of(line, Vector((0, 0, 5)), 0.01)
found["middle"] = list((left + right) / 2 - ahead)
found["across"] = list(left - right)
found["tip"] = list(ahead)
found["short"] = (heads.head_of(line[:2], Vector((0, 0, 5)), 1.0)[0] - line[1]).length
found["nothing"] = heads.head_of([line[0], line[0]], Vector((0, 0, 1)), 0.01)
"""
    )
    assert found["middle"][0] < 0 and found["middle"][1:] == pytest.approx([0, 0], abs=1e-6)
    assert abs(found["across"][1]) > 0.01 and found["across"][2] == pytest.approx(0, abs=1e-6)
    assert 1.0 < found["tip"][0] < 1.2
    assert found["short"] < 0.1, "no head is longer than a share of its stroke"
    assert found["nothing"] is None
