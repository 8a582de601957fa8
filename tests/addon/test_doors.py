"""The ways to the add-on beside its tab: menus, dropped pictures, image empties."""

from __future__ import annotations

import shutil


def test_several_pictures_stand_side_by_side(run, picture):
    other = picture.with_name("another.jpg")
    shutil.copy(picture, other)
    found = run(
        """
        names = [{"name": "der See.jpg"}, {"name": "another.jpg"}]
        told["said"] = list(bpy.ops.landscape.make_plane(directory=given["pictures"], files=names))
        planes = [o for o in bpy.data.objects if o.type == "MESH" and o.select_get()]
        planes.sort(key=lambda o: o.location.x)
        told["names"] = [o.name for o in planes]
        told["x"] = [round(o.location.x, 3) for o in planes]
        told["active"] = bpy.context.object.name
        try:
            bpy.ops.landscape.make_plane(
                directory=given["pictures"], files=[{"name": "der See.jpg"}, {"name": "none.jpg"}]
            )
        except RuntimeError as error:
            told["refused"] = str(error)
        told["left"] = len([o for o in bpy.data.objects if o.type == "MESH"])
        """,
        pictures=str(picture.parent),
    )
    width = 96 / 54
    assert found["said"] == ["FINISHED"] and found["names"] == ["der See", "another"]
    assert found["x"] == [0, round(width + 0.1, 3)] and found["active"] == "der See"
    assert "none.jpg" in found["refused"], "and no plane of the others"
    assert found["left"] == len(found["names"])


def test_a_plane_takes_the_place_of_an_image_empty(run, picture):
    found = run(
        """
        image = bpy.data.images.load(given["picture"])
        empty = bpy.data.objects.new("reference", None)
        empty.empty_display_type, empty.data, empty.empty_display_size = "IMAGE", image, 3
        empty.empty_image_offset = (0, -0.5)
        parent = bpy.data.objects.new("parent", None)
        for obj in (empty, parent):
            bpy.context.collection.objects.link(obj)
        empty.parent = parent
        parent.location, empty.location, empty.rotation_euler = (1, 2, 3), (0, 0, 1), (1.2, 0, 0.3)
        bpy.context.view_layer.objects.active = empty
        bpy.context.view_layer.update()
        before = empty.matrix_world.copy()
        told["said"] = list(bpy.ops.landscape.plane_from_empty())
        bpy.context.view_layer.update()
        plane = bpy.context.object
        told["name"], told["type"] = plane.name, plane.type
        rows = zip(before, plane.matrix_world)
        told["off"] = max(abs(a - b) for row, own in rows for a, b in zip(row, own))
        told["corners"] = [[round(c, 3) for c in v.co] for v in plane.data.vertices]
        told["empties"] = [o.name for o in bpy.data.objects if o.type == "EMPTY"]
        told["again"] = bpy.ops.landscape.plane_from_empty.poll()
        """,
        picture=str(picture),
    )
    assert found["said"] == ["FINISHED"] and (found["name"], found["type"]) == ("reference", "MESH")
    assert found["off"] < 1e-6 and found["empties"] == ["parent"] and not found["again"]
    height = 3 * 54 / 96
    low, high = round(-height / 2, 3), round(height / 2, 3)
    assert found["corners"] == [[0, low, 0], [3, low, 0], [3, high, 0], [0, high, 0]]


def test_menus_and_dropped_files_lead_to_the_buttons(run, picture):
    found = run(
        """
        handler = bpy.types.LANDSCAPE_FH_picture
        told["endings"] = handler.bl_file_extensions
        told["operator"] = handler.bl_import_operator
        told["registered"] = hasattr(bpy.types, "LANDSCAPE_MT_object")
        told["hooks"] = [
            any(f.__module__.endswith("doors") for f in menu._dyn_ui_initialize())
            for menu in (bpy.types.VIEW3D_MT_image_add, bpy.types.VIEW3D_MT_object)
        ]
        """,
    )
    assert ".jpg" in found["endings"].split(";") and found["operator"] == "landscape.make_plane"
    assert found["registered"] and found["hooks"] == [True, True]


def test_a_planes_height_facing_and_path_are_chosen(run, picture):
    told = run(
        """
from mathutils import Vector
folder = os.path.dirname(given["picture"])
bpy.ops.wm.save_as_mainfile(filepath=folder + "/eins.blend")
for facing in ("FRONT", "BACK", "RIGHT", "LEFT", "TOP", "NEAREST", "VIEW"):
    bpy.ops.landscape.make_plane(filepath=given["picture"], facing=facing, height=2)
    plane = bpy.context.object
    turn = plane.matrix_world.to_3x3()
    told[facing] = [[round(c) for c in turn @ Vector(axis)] for axis in ((0, 0, 1), (0, 1, 0))]
told["size"] = [round(c, 3) for c in plane.dimensions]
node = plane.active_material.node_tree.nodes["Image Texture"]
told["path"] = node.image.filepath
bpy.data.images.remove(node.image)
bpy.ops.landscape.make_plane(filepath=given["picture"], relative_path=False)
node = bpy.context.object.active_material.node_tree.nodes["Image Texture"]
told["whole"] = node.image.filepath == given["picture"]
""",
        picture=str(picture),
    )
    upright = [0, 0, 1]
    assert told["FRONT"] == told["NEAREST"] == told["VIEW"] == [[0, -1, 0], upright]
    assert told["BACK"] == [[0, 1, 0], upright]
    assert told["RIGHT"] == [[1, 0, 0], upright] and told["LEFT"] == [[-1, 0, 0], upright]
    assert told["TOP"] == [[0, 0, 1], [0, 1, 0]]
    assert told["size"] == [round(2 * 96 / 54, 3), 2, 0]
    assert told["path"] == "//der See.jpg" and told["whole"]


def test_each_shader_shows_the_picture_and_can_be_animated(run, picture):
    told = run(
        """
from blender_addon import image_exchange
for shader in ("EMISSION", "PRINCIPLED", "SHADELESS"):
    bpy.ops.landscape.make_plane(filepath=given["picture"], shader=shader)
    plane = bpy.context.object
    nodes = plane.active_material.node_tree.nodes
    surface = nodes["Principled BSDF"].inputs
    told[shader] = {
        "lit": surface["Base Color"].is_linked,
        "emits": surface["Emission Color"].is_linked,
        "lights": not any(node.bl_idname == "ShaderNodeLightPath" for node in nodes),
        "notes": image_exchange.check_plane(plane),
        "picture": image_exchange.picture_of(plane).name,
    }
""",
        picture=str(picture),
    )
    whole = {"notes": [], "picture": "der See.jpg"}
    assert told["EMISSION"] == {"lit": False, "emits": True, "lights": True, **whole}
    assert told["PRINCIPLED"] == {"lit": True, "emits": False, "lights": True, **whole}
    assert told["SHADELESS"] == {"lit": False, "emits": True, "lights": False, **whole}


def test_the_nearest_side_of_the_scene(run):
    told = run(
        """
from mathutils import Vector
from blender_addon import viewport
ways = [(0, -1, 0), (0.7, -0.3, 0.4), (-1, 0, -0.2), (0.1, 0.9, 0.3), (0.1, -0.1, 1)]
told["sides"] = [viewport.nearest_side(Vector(way)) for way in ways]
"""
    )
    assert told["sides"] == ["FRONT", "RIGHT", "LEFT", "BACK", "TOP"]


def test_a_view_that_shows_no_pictures_changes_and_it_is_said(run):
    told = run(
        """
import types
from blender_addon import viewport
def said(kind, color):
    shading = types.SimpleNamespace(type=kind, color_type=color)
    space = types.SimpleNamespace(shading=shading)
    area = types.SimpleNamespace(spaces=types.SimpleNamespace(active=space))
    return [viewport.show_textures(area), shading.type]
told["solid"] = said("SOLID", "MATERIAL")
told["kept"] = [said("SOLID", "TEXTURE"), said("MATERIAL", ""), said("RENDERED", "")]
told["no view"] = viewport.show_textures(None)
"""
    )
    said, shading = told["solid"]
    assert "was Solid" in said and "Material Preview" in said and shading == "MATERIAL"
    assert [after for _, after in told["kept"]] == ["SOLID", "MATERIAL", "RENDERED"]
    assert [said for said, _ in told["kept"]] == [None] * 3 and told["no view"] is None


def test_a_view_shows_the_worlds_preview_and_says_what_it_changed(run):
    told = run(
        """
import types
from blender_addon import viewport
def said(kind, material=False, rendered=True):
    shading = types.SimpleNamespace(
        type=kind, use_scene_world=material, use_scene_world_render=rendered)
    space = types.SimpleNamespace(shading=shading)
    area = types.SimpleNamespace(spaces=types.SimpleNamespace(active=space))
    return [viewport.show_world(area), shading.type, shading.use_scene_world]
told["solid"] = said("SOLID")
told["studio light"] = said("MATERIAL")
told["kept"] = [said("MATERIAL", True), said("RENDERED")]
told["rendered by a studio light"] = said("RENDERED", rendered=False)
told["no view"] = viewport.show_world(None)
"""
    )
    assert "was Solid" in told["solid"][0] and told["solid"][1:] == ["MATERIAL", True]
    assert "was Material Preview without" in told["studio light"][0]
    assert told["studio light"][1:] == ["MATERIAL", True]
    assert [said for said, *_ in told["kept"]] == [None] * 2 and told["no view"] is None
    assert "Scene World is on" in told["rendered by a studio light"][0]


def test_a_new_plane_covers_no_picture_but_stands_before_other_things(run, picture):
    told = run(
        """
import types
from mathutils import Matrix, Vector
from blender_addon import viewport
bpy.ops.mesh.primitive_cube_add(size=2)
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
cube = bpy.data.objects["Cube"]
plane.location = (0, -1.1, 0)
bpy.context.view_layer.update()
turn = viewport.turned("FRONT", None)
half = plane.dimensions.x / 2
extent = (Vector((-half, -0.5, 0)), Vector((half, 0.5, 0)))
viewport.middle = lambda area: Vector((0, 0, 0))
def place(*selected):
    for obj in (cube, plane):
        obj.select_set(obj in selected)
    found = viewport.free_place(bpy.context, None, turn, extent, [plane])
    return [round(value, 3) for value in found]
told["half"] = half
told["beside"], told["nothing selected"] = place(plane), place()
plane.hide_set(True)
bpy.context.view_layer.update()
told["before the cube"] = place(cube)
""",
        picture=str(picture),
    )
    apart = round(2 * told["half"] + 0.1, 3)
    assert told["beside"] == [apart, -1.1, 0]
    assert told["nothing selected"][0] == apart
    assert told["before the cube"] == [0, -1.1, 0]


def test_the_second_plane_and_the_world_are_found_in_menus(run, picture):
    told = run(
        """
import sys
sys.path.insert(0, given["here"])
from panel_drawing import Layout, context_of
doors = blender_addon.panels.doors
def offered(draw, obj):
    layout = Layout([])
    holder = __import__("types").SimpleNamespace(layout=layout)
    draw(holder, context_of(obj))
    return [name for name, _ in layout.buttons], layout.words
told["no object"] = offered(doors.LANDSCAPE_MT_object.draw, None)[0]
told["add"] = offered(doors._add, None)
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
told["plane"] = offered(doors.LANDSCAPE_MT_object.draw, plane)[0]
told["tab"] = offered(blender_addon.panels.picture.LANDSCAPE_PT_picture.draw, plane)[0]
""",
        picture=str(picture),
        here=str(__import__("pathlib").Path(__file__).parent),
    )
    world = {"landscape.animate_world", "landscape.preview_world", "landscape.make_plane"}
    assert world <= set(told["no object"]) and world <= set(told["plane"])
    assert "landscape.animate" in told["plane"] and "landscape.animate" not in told["no object"]
    assert told["add"][1] == ["Landscape: Plane from Picture…"]
    assert "landscape.make_plane" in told["tab"]


def test_every_button_is_found_in_menus(run, picture):
    """But for those of one item that is chosen in a list beside them."""
    told = run(
        """
import sys, types
sys.path.insert(0, given["here"])
from panel_drawing import Layout, context_of
doors = blender_addon.panels.doors
bpy.ops.landscape.make_plane(filepath=given["picture"])
layout = Layout([])
for menu in doors.classes:
    if menu.__name__.startswith("LANDSCAPE_MT"):
        holder = types.SimpleNamespace(layout=layout, owner=getattr(menu, "owner", None))
        menu.draw(holder, context_of(bpy.context.object))
told["found"] = [name for name, _ in layout.buttons]
told["all"] = [cls.bl_idname for cls in blender_addon.CLASSES
               if issubclass(cls, bpy.types.Operator)]
told["unknown"] = [
    name for name, _, choice in doors.MORE_BUTTONS for setting in choice
    if setting not in getattr(bpy.ops.landscape, name.partition(".")[2]).get_rna_type().properties
]
""",
        picture=str(picture),
        here=str(__import__("pathlib").Path(__file__).parent),
    )
    of_an_item = {
        "landscape.add_preset",
        "landscape.dismiss",
        "landscape.escape",
        "landscape.remove_item",
        "landscape.use_position",
    }
    of_an_item |= {
        f"landscape.{does}_{what}_result"
        for does in ("show", "remove")
        for what in ("world", "background")
    }
    of_an_item |= {"landscape.plane_from_empty"}  # of an empty alone
    assert set(told["all"]) - set(told["found"]) == of_an_item
    assert told["unknown"] == []
