# SPDX-License-Identifier: GPL-3.0-or-later
"""The 3D view that pictures are seen in: where a plane stands, how it is framed and shaded."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
from mathutils import Matrix, Vector

FACINGS = (
    ("NEAREST", "Nearest Side", "The plane faces that side of the scene that the view is nearest "
     "to; without a view the front"),
    ("FRONT", "Front", "The plane stands upright and is seen from the front (numpad 1)"),
    ("BACK", "Back", "The plane stands upright and is seen from the back"),
    ("RIGHT", "Right", "The plane stands upright and is seen from the right (numpad 3)"),
    ("LEFT", "Left", "The plane stands upright and is seen from the left"),
    ("TOP", "Top", "The plane lies on its back and is seen from the top (numpad 7)"),
    ("VIEW", "View", "The plane faces the 3D view as it is now"),
)  # fmt: skip
TURNS = {  # from a plane that lies on its back: about x, then about z, in quarters
    "FRONT": (1, 0), "BACK": (1, 2), "RIGHT": (1, 1), "LEFT": (1, -1), "TOP": (0, 0),
}  # fmt: skip
QUARTER = 1.5707963267948966
GAP_M = 0.1  # between a plane and what it stands in front of
FURTHEST_M = 20.0  # that a plane is moved to stand in front of something
IN_THE_WAY = {"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD"}
SHOWS_TEXTURES = {"MATERIAL", "RENDERED"}  # kinds of shading
FLAT = 0.01  # depth of a plane's box, of its longer side
MOST_COVERED = 0.75  # share of a view's width; where bars cover more, the toolbar is overlooked
STEEP = 0.9  # a view that looks down more than so is nearest to the top
FILLED = 0.85  # of the view's width or height, by planes that are framed

Corners = Sequence[Vector]


def area_of(context: bpy.types.Context) -> bpy.types.Area | None:
    """The 3D view that an operator acts in: its own, else the window's largest; None without."""
    if bpy.app.background:
        return None
    if context.area and context.area.type == "VIEW_3D":
        return context.area
    areas = context.window.screen.areas if context.window else ()
    views = [area for area in areas if area.type == "VIEW_3D"]
    return max(views, key=lambda area: area.width * area.height, default=None)


def turned(facing: str, area: bpy.types.Area | None) -> Matrix:
    """The rotation of a plane, 4 × 4, whose picture faces a side of the scene, or the view."""
    if area and facing in {"NEAREST", "VIEW"}:
        view = area.spaces.active.region_3d.view_matrix.inverted().to_3x3()
        if facing == "VIEW":
            return view.to_4x4()
        facing = nearest_side(view @ Vector((0, 0, 1)))
    about_x, about_z = TURNS.get(facing, TURNS["FRONT"])
    return Matrix.Rotation(about_z * QUARTER, 4, "Z") @ Matrix.Rotation(about_x * QUARTER, 4, "X")


def nearest_side(towards_viewer: Vector) -> str:
    """The side of the scene that is seen best from a direction."""
    x, y, z = towards_viewer.normalized()
    if z > STEEP:
        return "TOP"
    if abs(x) > abs(y):
        return "RIGHT" if x > 0 else "LEFT"
    return "BACK" if y > 0 else "FRONT"


def free_place(
    context: bpy.types.Context,
    area: bpy.types.Area,
    turn: Matrix,
    extent: tuple[Vector, Vector],
    pictures: Sequence[bpy.types.Object] = (),
) -> Vector:
    """Where new planes are seen: in front of what is selected, else at the view's middle.

    If other objects are there, the place is in front of these; beside planes with pictures, which
    are to be seen too.

    Args:
        context: for the objects that are seen.
        area: a 3D view.
        turn: the rotation of the planes, whose z axis is their front.
        extent: the lowest and the highest corner of all planes in their own axes, with the place
            as the origin.
        pictures: objects that show pictures; those that face the same side are never covered.
    """
    back = turn.to_3x3().transposed()
    seen = [obj for obj in context.visible_objects if obj.type in IN_THE_WAY]
    boxes = {obj: _box([back @ corner for corner in _corners(obj)]) for obj in seen}
    shown = [box for obj, box in boxes.items() if obj in pictures and _is_flat(box)]
    solid = [box for box in boxes.values() if box not in shown]
    selected = [box for obj, box in boxes.items() if obj.select_get()]
    if selected:
        low, high = _box([corner for box in selected for corner in box])
        ahead = 0.0 if all(box in shown for box in selected) else GAP_M
        place = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, high.z + ahead))
    else:
        place = back @ middle(area)
    furthest = place + Vector((FURTHEST_M, 0, FURTHEST_M))
    for _ in boxes:  # each time one of them at least is left behind, or to the left
        covered = [box[1].x for box in shown if _overlap(box, place, extent)]
        if covered and max(covered) <= furthest.x:
            place.x = max(covered) + GAP_M - extent[0].x
        ahead_of = [box[1].z for box in solid if _is_in(box, place, extent)]
        if ahead_of and max(ahead_of) + GAP_M <= furthest.z:
            place.z = max(ahead_of) + GAP_M
        elif not covered:
            break
    return turn.to_3x3() @ place


def middle(area: bpy.types.Area) -> Vector:
    """The point of the world in the middle of what the bars leave of a 3D view."""
    space = area.spaces.active
    view = space.region_3d
    if view.view_perspective == "CAMERA":
        depth = -(view.view_matrix @ bpy.context.scene.cursor.location).z
        return view.view_matrix.inverted() @ Vector((0, 0, -max(depth, 1.0)))
    return view.view_location - _aside(area, view.view_distance)


def frame(area: bpy.types.Area, corners: Corners) -> None:
    """Move a 3D view so that it shows points between its bars; a camera's view stays."""
    view = area.spaces.active.region_3d
    if view.view_perspective == "CAMERA":
        return
    turn = view.view_matrix.to_3x3()
    low, high = _box([turn @ corner for corner in corners])
    size = high - low
    free = FILLED * (1 - sum(_covered(area)))
    scale = view.window_matrix
    needed = max(size.x * scale[0][0] / free, size.y * scale[1][1] / FILLED) / 2
    distance = needed + size.z / 2 if view.is_perspective else view.view_distance * needed
    view.view_location = turn.transposed() @ ((low + high) / 2) + _aside(area, distance)
    view.view_distance = distance


def _aside(area: bpy.types.Area, distance: float) -> Vector:
    """How far the middle of a view, at a distance, lies from that of what its bars leave."""
    view = area.spaces.active.region_3d
    half_width = distance / view.window_matrix[0][0]
    if not view.is_perspective:  # where the scale is that of the distance as it is
        half_width /= view.view_distance
    across = view.view_matrix.inverted().to_3x3() @ Vector((1, 0, 0))
    left, right = _covered(area)
    return across * (half_width * (right - left))


def _covered(area: bpy.types.Area) -> tuple[float, float]:
    """The shares of a view's width that the toolbar at its left and the sidebar cover."""
    if not bpy.context.preferences.system.use_region_overlap:
        return 0.0, 0.0
    space = area.spaces.active
    widths = {region.type: region.width for region in area.regions}
    shown = {"TOOLS": space.show_region_toolbar, "UI": space.show_region_ui}
    whole = max(1, widths["WINDOW"])
    left, right = (
        min(0.6, max(0, widths.get(bar, 0) - 1) / whole) if shown[bar] else 0.0 for bar in shown
    )
    return (left, right) if left + right < MOST_COVERED else (0.0, right)


def show_textures(area: bpy.types.Area | None) -> str | None:
    """Let a 3D view show textures; says what was changed, if it has to be."""
    shading = area.spaces.active.shading if area else None
    if not shading or shading.type in SHOWS_TEXTURES:
        return None
    if shading.type == "SOLID" and shading.color_type == "TEXTURE":
        return None
    before = shading.type.title()
    shading.type = "MATERIAL"
    return f"the view's shading was {before}, which shows no pictures; it is Material Preview now."


def show_world(area: bpy.types.Area | None) -> str | None:
    """Let a 3D view show the scene's world; says what was changed, if it has to be."""
    shading = area.spaces.active.shading if area else None
    if not shading:
        return None
    if shading.type == "RENDERED":
        if shading.use_scene_world_render:
            return None
        shading.use_scene_world_render = True
        return "the view's shading showed a studio light's world; Scene World is on now."
    if shading.type == "MATERIAL" and shading.use_scene_world:
        return None
    before = shading.type.title() if shading.type != "MATERIAL" else "Material Preview"
    shading.type, shading.use_scene_world = "MATERIAL", True
    return (
        f"the view's shading was {before} without the scene's world; it is Material Preview with "
        "Scene World now."
    )


def show_in_local_view(area: bpy.types.Area | None, those: Sequence[bpy.types.Object]) -> None:
    """Put objects into what a view that shows some objects alone shows."""
    space = area.spaces.active if area else None
    for obj in those if space and space.local_view else ():
        obj.local_view_set(space, True)


def _corners(obj: bpy.types.Object) -> Corners:
    return [obj.matrix_world @ Vector(corner) for corner in obj.bound_box]


def _box(points: Corners) -> tuple[Vector, Vector]:
    """The lowest and the highest corner of a box around points."""
    axes = list(zip(*points, strict=True))
    return Vector([min(axis) for axis in axes]), Vector([max(axis) for axis in axes])


def _is_flat(box: tuple[Vector, Vector]) -> bool:
    """Whether a box has no depth to speak of: a plane's that faces the viewer."""
    size = box[1] - box[0]
    return size.z < FLAT * max(size.x, size.y)


def _overlap(box: tuple[Vector, Vector], place: Vector, extent: tuple[Vector, Vector]) -> bool:
    """Whether planes at a place would cover a box, or be covered by it."""
    low, high = (place + corner for corner in extent)
    (left, below, _), (right, above, _) = box
    return not (high.x <= left or low.x >= right or high.y <= below or low.y >= above)


def _is_in(box: tuple[Vector, Vector], place: Vector, extent: tuple[Vector, Vector]) -> bool:
    """Whether planes at a place would cut a box, or stand less than a gap in front of it."""
    behind, front = box[0].z, box[1].z
    return _overlap(box, place, extent) and behind < place.z < front + GAP_M * 0.99
