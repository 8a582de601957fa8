"""The first picture of a new artist: dropped onto the factory scene, with its cube selected."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    click,
    in_view,
    job,
    key,
    middle,
    move,
    open_tab,
    play,
    region,
    report,
    screenshot,
    seen_at,
    view,
)

picture = Path(job["picture"])
FILES = {"directory": str(picture.parent), "files": [{"name": picture.name}]}


def planes() -> list[bpy.types.Object]:
    return [obj for obj in bpy.data.objects if obj.type == "MESH" and obj.name != "Cube"]


def told() -> dict:
    """The plane, the cube, what of the plane is seen, and the view's shading."""
    bpy.context.view_layer.update()
    plane, cube = planes()[0], bpy.data.objects.get("Cube")
    at, sidebar = region(), region("UI")
    corners = [seen_at(plane, u, v) for u in (0, 1) for v in (0, 1)]
    return {
        "corners": [list(plane.matrix_world @ vertex.co) for vertex in plane.data.vertices],
        "cube": [list(cube.matrix_world @ Vector(c)) for c in cube.bound_box] if cube else [],
        "seen": [[x - at.x, y - at.y] for x, y in corners],
        "free": [at.width - sidebar.width * view().spaces.active.show_region_ui, at.height],
        "shading": view().spaces.active.shading.type,
    }


def remove_planes() -> None:
    for plane in planes():
        bpy.data.objects.remove(plane)


def redo():
    """Open the redo panel, and make the plane anew with another height, as the panel does."""
    remove_planes()
    with in_view():
        bpy.ops.ed.undo_push(message="Remove")
        bpy.ops.landscape.make_plane("INVOKE_DEFAULT", True, **FILES)
    yield 1.0
    hud = region("HUD")
    yield from click((hud.x + 60, hud.y + hud.height - 20))
    yield 1.0
    yield from screenshot("redo_panel")
    before = planes()[0].location.copy()
    done = bpy.context.window_manager.operators[-1]
    report["redo of"] = done.bl_idname
    done.properties.height = 2.0
    with in_view():
        bpy.ops.ed.undo_redo()
    yield 1.0
    redone = planes()
    report["redone"] = [len(redone), redone[0].dimensions.y, (redone[0].location - before).length]
    yield from screenshot("redone")


def steps():
    cube = bpy.data.objects["Cube"]
    yield from open_tab("Landscape")
    yield from move(middle())
    yield from screenshot("factory_scene")
    with in_view():
        bpy.ops.wm.drop_import_file("INVOKE_DEFAULT", **FILES)
    yield 1.0
    yield from screenshot("drop_menu")
    report["after drop"] = len(planes())
    if not planes():  # a menu asks which of those that take pictures
        yield from key("P", middle())
        yield 1.0
    report["after menu"] = len(planes())
    yield from screenshot("dropped")
    remove_planes()
    view().spaces.active.shading.type = "SOLID"
    for name, selected in (("selected", True), ("deselected", False)):
        remove_planes()
        view().spaces.active.show_region_ui = selected
        with in_view():
            cube.select_set(True)
            bpy.ops.view3d.view_selected()
        cube.select_set(selected)
        yield 0.5
        with in_view():
            bpy.ops.landscape.make_plane("INVOKE_DEFAULT", True, **FILES)
        yield 3.0
        report[name] = told()
        yield from screenshot(f"first_plane_{name}")
    view().spaces.active.shading.type = "SOLID"
    remove_planes()
    view().spaces.active.show_region_ui = True
    view().spaces.active.region_3d.view_perspective = "ORTHO"
    yield 0.5
    with in_view():
        bpy.ops.landscape.make_plane(filepath=job["picture"], facing="VIEW", height=3)
    yield 3.0
    report["facing the view"] = told()
    yield from screenshot("first_plane_facing_view")
    yield from redo()


play(steps())
