# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface that a picture lies on: from places in the world to places in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
from mathutils import Matrix, Vector
from mathutils.bvhtree import BVHTree
from mathutils.geometry import barycentric_transform

from ..errors import AddonError
from . import mappings

SMALLEST = 1e-12  # share of the largest triangle's area below which one has no area

Place = tuple[float, float]  # in the picture: shares of its width and height, y down


@dataclass(frozen=True)
class Surface:
    """An object's triangles as they are seen, modifiers, scale and parents included.

    Attributes:
        tree: the triangles, in the world.
        triangles: their corners in the world, and in the picture (x, y, 0).
        size_m: diagonal of all of them, in units of the world.
        aspect: how many times as wide as high the surface shows the picture.
    """

    tree: BVHTree
    triangles: list[tuple[tuple[Vector, Vector, Vector], tuple[Vector, Vector, Vector]]]
    size_m: float
    aspect: float

    def nearest(self, point: Vector) -> tuple[Place, float]:
        """The picture's place nearest to a point of the world, and how far it is from there."""
        location, _, index, distance = self.tree.find_nearest(point)
        return self._place(location, index), distance

    def seen(self, origin: Vector, direction: Vector) -> Place | None:
        """The picture's place that a ray meets first."""
        location, _, index, _ = self.tree.ray_cast(origin, direction)
        return None if location is None else self._place(location, index)

    def _place(self, location: Vector, index: int) -> Place:
        corners, places = self.triangles[index]
        place = barycentric_transform(location, *corners, *places)
        return place.x, place.y


def seen_at(
    obj: bpy.types.Object, context: bpy.types.Context, origin: Vector, direction: Vector
) -> Place | None:
    """The place of the object's picture that a ray of the world meets first; None: it misses.

    Raises:
        AddonError: the object has no surface with a picture on it.
    """
    surface = surface_of(obj, context.evaluated_depsgraph_get())
    return surface.seen(Vector(origin), Vector(direction))


def surface_of(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Surface:
    """The surface of an object, with the UV map that its picture is shown by.

    Raises:
        AddonError: no faces, no UV map, or no area on the object or in the picture.
    """
    evaluated = obj.evaluated_get(depsgraph)
    try:
        mesh = evaluated.to_mesh()
        corners, places = _corners(obj, mesh, evaluated.matrix_world)
    finally:
        evaluated.to_mesh_clear()
    areas = [_area(*triangle) for triangle in corners]
    if max(areas) < 1e-18:
        scale = "×".join(f"{value:.3g}" for value in evaluated.matrix_world.to_scale())
        raise AddonError(
            f"'{obj.name}' has no area at the scale {scale}; expected a plane that can be seen: "
            "give it a scale other than 0."
        )
    kept = [
        (triangle, place)
        for triangle, place, area in zip(corners, places, areas, strict=True)
        if area > SMALLEST * max(areas) and _area(*place) > SMALLEST
    ]
    if not kept:
        raise AddonError(
            f"the UV map of '{obj.name}' has no area; expected the picture's corners on the "
            "plane's: unwrap it, with U > Reset for a plane."
        )
    points = [point for triangle, _ in kept for point in triangle]
    low, high = (Vector(map(pick, zip(*points, strict=True))) for pick in (min, max))
    tree = BVHTree.FromPolygons(points, [(i, i + 1, i + 2) for i in range(0, len(points), 3)])
    return Surface(tree, kept, (high - low).length, _aspect(kept))


def _corners(obj: bpy.types.Object, mesh: bpy.types.Mesh, to_world: Matrix) -> tuple[list, list]:
    """The triangles' corners in the world and in the picture."""
    if not mesh.polygons:
        raise AddonError(f"'{obj.name}' has no faces; expected a plane: select or make one.")
    layer = _uv_layer(obj, mesh)
    if layer is None:
        raise AddonError(
            f"'{obj.name}' has no UV map; expected one that puts the picture on it: unwrap it, "
            "with U > Reset for a plane."
        )
    to_picture = mappings.to_picture(obj)
    mesh.calc_loop_triangles()
    points = [to_world @ vertex.co for vertex in mesh.vertices]
    mapped = [to_picture @ Vector((*uv.vector, 0)) for uv in layer.uv]
    places = [Vector((place.x, 1 - place.y, 0)) for place in mapped]
    triangles = mesh.loop_triangles
    return (
        [tuple(points[vertex] for vertex in triangle.vertices) for triangle in triangles],
        [tuple(places[loop] for loop in triangle.loops) for triangle in triangles],
    )


def _uv_layer(obj: bpy.types.Object, mesh: bpy.types.Mesh) -> bpy.types.MeshUVLoopLayer | None:
    """The UV map that a UV Map node gives to the picture's texture, else the one that renders."""
    named = mappings.uv_map(obj)
    if named:
        return mesh.uv_layers.get(named)
    return next((layer for layer in mesh.uv_layers if layer.active_render), None)


def _area(a: Vector, b: Vector, c: Vector) -> float:
    return (b - a).cross(c - a).length / 2


def _aspect(triangles: list) -> float:
    """Width of the surface over its height, were it to show the whole picture; the mean."""
    total = weighed = 0.0
    for (a, b, c), (u, v, w) in triangles:
        (x1, y1, _), (x2, y2, _) = v - u, w - u
        turned = x1 * y2 - x2 * y1
        across = ((b - a) * y2 - (c - a) * y1) / turned  # what a step of one width is in the world
        down = ((c - a) * x1 - (b - a) * x2) / turned
        area = _area(a, b, c)
        weighed += area * across.length / max(down.length, 1e-30)
        total += area
    return weighed / total
