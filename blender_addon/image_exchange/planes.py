# SPDX-License-Identifier: GPL-3.0-or-later
"""The plane that a picture sits on: whether it will do, and a new one from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..errors import AddonError
from . import geometry_nodes, materials, single_users, sources
from .surface import surface_of

TOLERANCE = 0.02  # by which aspects may differ before it is said
HEIGHT_M = 1.0  # of a new plane
GAP_M = 0.1  # between several


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


def make_plane(context: bpy.types.Context, filepath: str | Path) -> bpy.types.Object:
    """A plane that shows a picture, upright at the 3D cursor, selected and active.

    It is 1 m high and faces the front view; its material only emits the picture, so that no light
    changes the colors.

    Raises:
        AddonError: the file isn't there or holds no picture.
    """
    return make_planes(context, [filepath])[0]


def make_planes(
    context: bpy.types.Context, filepaths: Sequence[str | Path]
) -> list[bpy.types.Object]:
    """Planes as `make_plane` makes them, side by side from the 3D cursor on; the first is active.

    Raises:
        AddonError: a file isn't there or holds no picture; then no plane is made.
    """
    paths = [Path(bpy.path.abspath(str(one))).absolute() for one in filepaths]
    images = [_opened(path) for path in paths]
    if context.mode != "OBJECT" and context.object:
        bpy.ops.object.mode_set(mode="OBJECT")
    made: list[bpy.types.Object] = []
    beside = 0.0
    for path, image in zip(paths, images, strict=True):
        width = HEIGHT_M * image.size[0] / image.size[1]
        obj = _plane(context.collection, path.stem, image, width, HEIGHT_M)
        beside += width / 2 if made else 0.0
        obj.location = context.scene.cursor.location
        obj.location.x += beside
        obj.rotation_euler = (1.5707963267948966, 0, 0)
        beside += width / 2 + GAP_M
        made.append(obj)
    _select(context, made)
    return made


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
    obj = _plane(None, name, image, width * scale, height * scale, empty.empty_image_offset)
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
    offset: Sequence[float] = (-0.5, -0.5),
) -> bpy.types.Object:
    """A plane that shows an image; `offset` is its lower left corner's, in widths and heights."""
    obj = bpy.data.objects.new(name, _mesh(name, width, height, offset))
    obj.data.materials.append(_material(name, image))
    if collection:
        collection.objects.link(obj)
    return obj


def _select(context: bpy.types.Context, those: Sequence[bpy.types.Object]) -> None:
    for other in context.view_layer.objects:
        other.select_set(False)
    for obj in those:
        obj.select_set(True)
    context.view_layer.objects.active = those[0]


def _opened(path: Path) -> bpy.types.Image:
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


def _material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    """A material that emits the picture and lets through what its alpha lets through.

    Its shader is the one that Blender's exporters know; all but its emission is off.
    """
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    kinds = ("TexImage", "BsdfPrincipled", "OutputMaterial")
    texture, shader, output = (nodes.new(f"ShaderNode{kind}") for kind in kinds)
    texture.image, texture.extension = image, "EXTEND"
    texture.location, shader.location, output.location = (-300, 0), (0, 0), (400, 0)
    shader.inputs["Base Color"].default_value = (0, 0, 0, 1)
    shader.inputs["Roughness"].default_value = 1
    shader.inputs["Specular IOR Level"].default_value = 0
    shader.inputs["Emission Strength"].default_value = 1
    links.new(texture.outputs["Color"], shader.inputs["Emission Color"])
    if image.depth in {32, 64, 128}:  # with alpha
        links.new(texture.outputs["Alpha"], shader.inputs["Alpha"])
    links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return material
