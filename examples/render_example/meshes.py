"""Meshes: surfaces, scattered copies, trees, rocks and grass."""

from __future__ import annotations

import math

import bpy
import numpy as np
from noise import eroded_hills


def grid_mesh(name: str, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> bpy.types.Object:
    """A smooth surface over a grid of points [rows, columns]."""
    rows, columns = x.shape
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.stack([corner, corner + 1, corner + columns + 1, corner + columns], 1)
    return add_mesh(name, np.stack([x, y, z], -1).reshape(-1, 3), faces)


def add_mesh(
    name: str,
    points: np.ndarray,  # [N, 3]
    faces: np.ndarray,  # [F, 3 or 4]
    smooth: bool = True,
) -> bpy.types.Object:
    """A mesh object of the scene, filled in bulk: a million faces one by one would take minutes."""
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(points, np.float32).ravel())
    sides = faces.shape[1]
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(faces, np.int32).ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, sides, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.full(len(faces), smooth))
    mesh.update(calc_edges=True)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def scatter(
    name: str,
    model: bpy.types.Object,
    places: np.ndarray,  # [N, 3]
    sizes: np.ndarray,  # [N]
    rng: np.random.Generator,
) -> None:
    """Copies of `model`, turned at random about z: Blender puts one on each little square."""
    turn = rng.uniform(0, 2 * math.pi, len(places))
    corners = turn[:, None] + np.arange(4) * math.pi / 2
    ring = np.stack([np.cos(corners), np.sin(corners), np.zeros_like(corners)], -1)
    points = places[:, None] + ring * (sizes / math.sqrt(2))[:, None, None]
    squares = np.arange(4 * len(places)).reshape(-1, 4)
    holder = add_mesh(name, points.reshape(-1, 3), squares, smooth=False)
    holder.instance_type = "FACES"
    holder.use_instance_faces_scale = True
    holder.show_instancer_for_render = False
    model.parent = holder


def conifer(name: str, whorls: int, sprays: int, rng: np.random.Generator) -> bpy.types.Object:
    """A spruce of height 1: whorls of drooping branches, each a fan of narrow needle sprays."""
    triangles = []
    for level in np.linspace(0.05, 0.985, whorls):
        reach = 0.19 * (1 - level) ** 0.85 + 0.012
        for angle in rng.uniform(0, 2 * math.pi) + np.arange(8) * 2 * math.pi / 8:
            angle += rng.normal(0, 0.25)
            length = reach * rng.uniform(0.65, 1.12)
            lift = level + rng.normal(0, 0.35) / whorls
            along = np.array([math.cos(angle), math.sin(angle), -0.42 + 0.75 * level])
            across = np.array([-math.sin(angle), math.cos(angle), 0.0])
            root = np.array([0, 0, lift])
            for part in (np.arange(sprays) + 0.5) / sprays:
                middle = root + along * length * part + [0, 0, 0.10 * length * part**2]
                for side in (-1, 1):
                    tip = along * 0.75 + side * across * 0.8 + [0, 0, rng.normal(-0.25, 0.25)]
                    tip = middle + tip * length * (0.50 - 0.34 * part)
                    width = along * length * 0.62 / sprays
                    triangles.append((middle - width, middle + width, tip))
            droop = np.array([0, 0, 0.05 * length])
            triangles.append((root + droop, root - droop, root + along * length * 1.05))
    trunk = np.array([[math.cos(a), math.sin(a), 0] for a in np.arange(6) * math.pi / 3]) * 0.013
    for i in range(6):
        triangles.append((trunk[i], trunk[(i + 1) % 6], np.array([0, 0, 0.97])))
    points = np.array(triangles).reshape(-1, 3)
    return add_mesh(name, points, np.arange(len(points)).reshape(-1, 3), smooth=False)


def rock(name: str, subdivisions: int, rng: np.random.Generator) -> bpy.types.Object:
    """A boulder of radius about 1, its corners cut flat by a few random planes."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=subdivisions)
    thing = bpy.context.object
    thing.name = name
    points = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    table = rng.random((64, 64))
    bumps = eroded_hills(points[:, 0] * 1.3 + points[:, 2], points[:, 1] * 1.3 + 9, 6, table)
    points *= (0.92 + 0.22 * bumps)[:, None]
    for _ in range(14):
        normal = rng.normal(size=3)
        normal /= np.linalg.norm(normal)
        over = np.clip(points @ normal - rng.uniform(0.55, 0.85), 0, None)
        points -= 0.92 * over[:, None] * normal
    points *= [1.15, 0.9, 0.62]
    thing.data.vertices.foreach_set("co", points.ravel())
    return thing


def tuft(
    name: str, blades: int, rng: np.random.Generator, bend: float = 0.6, breadth: float = 0.022
) -> bpy.types.Object:
    """A tuft of bent blades, height about 1: grass, or reeds where they hardly bend."""
    triangles = []
    for _ in range(blades):
        root = np.array([*rng.normal(0, 0.22, 2), 0])
        angle, height = rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1.1)
        lean = np.array([math.cos(angle), math.sin(angle), 0]) * rng.uniform(0.1, 1.0) * bend
        width = np.array([-math.sin(angle), math.cos(angle), 0]) * breadth
        knee = root + lean * 0.35 * height + [0, 0, 0.6 * height]
        tip = root + lean * height + [0, 0, height]
        triangles += [(root - width, root + width, knee + 0.7 * width)]
        triangles += [(root - width, knee + 0.7 * width, knee - 0.7 * width)]
        triangles += [(knee - 0.7 * width, knee + 0.7 * width, tip)]
    points = np.array(triangles).reshape(-1, 3)
    return add_mesh(name, points, np.arange(len(points)).reshape(-1, 3), smooth=False)
