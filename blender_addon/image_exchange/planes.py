# SPDX-License-Identifier: GPL-3.0-or-later
"""The plane that a picture sits on: whether it will do, and a new one from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from .. import viewport
from ..errors import AddonError, printable
from . import geometry_nodes, materials, plane_materials, sequences, single_users, sources
from .surface import surface_of

TOLERANCE = 0.02  # by which aspects may differ before it is said
HEIGHT_M = 1.0  # of a new plane
GAP_M = 0.1  # between several, for each metre of their height


def check_plane(obj: bpy.types.Object) -> list[str]:
    """Whether frames can be put on an object and arrows be read from it.

    Returns:
        Sentences on what will work but may surprise.

    Raises:
        AddonError: it can't: no picture, no UV map, no area, or data that is linked.
    """
    picture = sources.picture_of(obj)
    single_users.refuse_linked(obj)
    places = materials.places_for(obj, picture)
    geometry_nodes.refuse_other_materials(obj, [place.material for place in places])
    surface = surface_of(obj, bpy.context.evaluated_depsgraph_get())
    showing = list({place.material.name: place.material for place in places}.values())
    return [
        *_on_pixels(picture),
        *_on_aspect(obj, picture, surface.aspect),
        *_on_materials(obj, showing),
        *single_users.notes_on(obj, places),
    ]


def _on_pixels(picture: bpy.types.Image) -> list[str]:
    across, down = picture.display_aspect
    if abs(across / down - 1) <= TOLERANCE:
        return []
    return [
        f"the pixels of '{picture.name}' aren't square ({across:g}:{down:g}); they are animated "
        "as if they were."
    ]


def _on_aspect(obj: bpy.types.Object, picture: bpy.types.Image, aspect: float) -> list[str]:
    expected = picture.size[0] / picture.size[1]
    if abs(aspect / expected - 1) <= TOLERANCE:
        return []
    return [
        f"'{obj.name}' shows the picture {aspect:.2f} times as wide as high, but it is "
        f"{expected:.2f} times; it looks stretched, and so will its frames."
    ]


def _on_materials(obj: bpy.types.Object, showing: list[bpy.types.Material]) -> list[str]:
    notes = []
    used = {slot.material.name for slot in obj.material_slots if slot.material}
    if len(used) > 1:
        names = ", ".join(f"'{material.name}'" for material in showing)
        notes.append(f"'{obj.name}' has {len(used)} materials; the frames go to {names}.")
    return notes


@dataclass(frozen=True)
class PlaneOptions:
    """How new planes are made."""

    height_m: float = HEIGHT_M
    facing: str = "NEAREST"
    shader: str = "EMISSION"
    relative_path: bool = True  # to a .blend that was saved
    at_cursor: bool = False  # else where the 3D view shows them; without a window at the cursor


def make_plane(
    context: bpy.types.Context, filepath: str | Path, options: PlaneOptions = PlaneOptions()
) -> bpy.types.Object:
    """A plane that shows a picture, selected and active.

    Raises:
        AddonError: the file isn't there or holds no picture.
    """
    return make_planes(context, [filepath], options)[0]


def make_planes(
    context: bpy.types.Context,
    filepaths: Sequence[str | Path],
    options: PlaneOptions = PlaneOptions(),
) -> list[bpy.types.Object]:
    """Planes of one height, side by side, selected; the first is active.

    They stand where the 3D view shows them, and it frames them.

    Raises:
        AddonError: a file isn't there or holds no picture; then no plane is made.
    """
    paths = [Path(bpy.path.abspath(str(one))).absolute() for one in filepaths]
    images = [_opened(path, options.relative_path) for path in paths]
    if context.mode != "OBJECT" and context.object:
        bpy.ops.object.mode_set(mode="OBJECT")
    height = options.height_m
    widths = [height * image.size[0] / image.size[1] for image in images]
    steps = [width / 2 + GAP_M * height + after / 2 for width, after in pairwise(widths)]
    offsets = [*accumulate(steps, initial=0.0)]  # of the planes from the first
    area = viewport.area_of(context)
    turn = viewport.turned(options.facing, area)
    place = context.scene.cursor.location.copy()
    if area and not options.at_cursor:
        extent = (
            Vector((-widths[0] / 2, -height / 2, 0)),
            Vector((offsets[-1] + widths[-1] / 2, height / 2, 0)),
        )
        pictures = [obj for obj in context.visible_objects if _shows_picture(obj)]
        place = viewport.free_place(context, area, turn, extent, pictures)
    made = []
    for path, image, width, offset in zip(paths, images, widths, offsets, strict=True):
        obj = _plane(context.collection, printable(path.stem), image, width, height, options.shader)
        obj.matrix_world = Matrix.Translation(place + turn @ Vector((offset, 0, 0))) @ turn
        made.append(obj)
    _select(context, made)
    if area:
        context.view_layer.update()
        viewport.show_in_local_view(area, made)
        viewport.frame(area, [obj.matrix_world @ v.co for obj in made for v in obj.data.vertices])
    return made


def _shows_picture(obj: bpy.types.Object) -> bool:
    return obj.type == "MESH" and any(map(materials.image_nodes, materials.materials(obj)))


def is_image_empty(obj: bpy.types.Object | None) -> bool:
    """Whether an object is an empty that shows an image, or would."""
    return bool(obj) and obj.type == "EMPTY" and obj.empty_display_type == "IMAGE"


def plane_from_empty(context: bpy.types.Context, empty: bpy.types.Object) -> bpy.types.Object:
    """A plane in the place of an empty that shows an image; the empty goes.

    Its collections, its parent and its place are those of the empty, and the image lies as it
    showed it: its longer side has the empty's display size.

    Raises:
        AddonError: its image can't be used.
    """
    image = empty.data
    problem = sources.image_problem(image)
    if problem:
        raise AddonError(problem)
    width, height = image.size
    scale = empty.empty_display_size / max(width, height)
    name = empty.name
    empty.name += " (empty)"
    obj = _plane(None, name, image, width * scale, height * scale, offset=empty.empty_image_offset)
    for collection in empty.users_collection:
        collection.objects.link(obj)
    obj.parent, obj.parent_type = empty.parent, empty.parent_type
    obj.matrix_parent_inverse = empty.matrix_parent_inverse
    obj.matrix_basis = empty.matrix_basis
    for child in empty.children:
        child.parent = obj
    bpy.data.objects.remove(empty)
    context.view_layer.update()  # until then it lists the empty as None
    _select(context, [obj])
    return obj


def _plane(
    collection: bpy.types.Collection | None,
    name: str,
    image: bpy.types.Image,
    width: float,
    height: float,
    shader: str = "EMISSION",
    offset: Sequence[float] = (-0.5, -0.5),
) -> bpy.types.Object:
    """A plane that shows an image; `offset` is its lower left corner's, in widths and heights."""
    obj = bpy.data.objects.new(name, _mesh(name, width, height, offset))
    obj.data.materials.append(plane_materials.material_of(name, image, shader))
    if collection:
        collection.objects.link(obj)
    return obj


def _select(context: bpy.types.Context, those: Sequence[bpy.types.Object]) -> None:
    for other in context.view_layer.objects:
        other.select_set(False)
    for obj in those:
        obj.select_set(True)
    context.view_layer.objects.active = those[0]


def _opened(path: Path, relative: bool) -> bpy.types.Image:
    """The file's image; one that can't be used is not left behind."""
    if not path.is_file():
        raise AddonError(f"'{path}' is no file; choose a picture.")
    known = set(bpy.data.images)
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise AddonError(f"'{path}' can't be opened; choose another picture.") from error
    problem = sources.image_problem(image)
    if problem:
        if image not in known:
            bpy.data.images.remove(image)
        raise AddonError(problem)
    if relative and image not in known:
        image.filepath = sequences.portable(path)
    return image


def _mesh(name: str, width: float, height: float, offset: Sequence[float]) -> bpy.types.Mesh:
    """A rectangle in its own x and y, with the picture's corners on its own."""
    mesh = bpy.data.meshes.new(name)
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))
    vertices = [((u + offset[0]) * width, (v + offset[1]) * height, 0) for u, v in corners]
    mesh.from_pydata(vertices, [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name="UVMap")
    for loop, corner in enumerate(corners):
        layer.uv[loop].vector = corner
    mesh.update()
    return mesh
