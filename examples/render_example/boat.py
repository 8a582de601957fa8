"""A sailing boat at its mooring: hull, deck, cabin, spars, rigging."""

from __future__ import annotations

import bpy
import numpy as np
from materials import paint
from meshes import add_mesh, grid_mesh

MAST_TOP_M = 10.2


def sailing_boat(east: float, north: float, heading: float) -> None:
    """A sloop of eight metres, its sail furled; the bow points to `heading` (radians from +x)."""
    place = bpy.data.objects.new("boat", None)
    place.location, place.rotation_euler = (east, north, 0), (0.01, 0, heading)
    bpy.context.scene.collection.objects.link(place)
    hull, wood = paint("hull", (0.105, 0.040, 0.018), 0.4), paint("deck", (0.22, 0.12, 0.06), 0.6)
    metal, cloth = paint("spar", (0.42, 0.36, 0.28), 0.35), paint("cover", (0.03, 0.06, 0.16), 0.8)

    along = np.concatenate([[-1.0], np.linspace(-1, 1, 40)])[:, None]
    beam = 1.2 * np.where(along < 0, 1 - 0.35 * along**2, 1 - np.abs(along) ** 1.9)
    beam[0] = 0  # closes the stern
    sheer = 0.78 + 0.22 * along**2 + 0.10 * along
    round_the_keel = np.linspace(0, np.pi, 25)[None, :]
    across = np.sign(np.cos(round_the_keel)) * np.abs(np.cos(round_the_keel)) ** 0.6
    deep = sheer - (sheer + 0.35) * np.sin(round_the_keel)
    x = 4.0 * along + 0 * deep
    parts = [(grid_mesh("hull", x + 0.35 * deep * (along > 0.7), beam * across, deep), hull)]

    side = np.linspace(-1, 1, 9)[None, :]
    camber = sheer - 0.04 + 0.06 * (1 - side**2)
    parts.append((grid_mesh("deck", 4.0 * along + 0 * side, beam * side, camber), wood))
    u, v = np.meshgrid(np.linspace(-1, 1, 24), np.linspace(-1, 1, 24))
    roof = 0.70 + 0.62 * (1 - u**8) * (1 - v**8)
    parts.append((grid_mesh("cabin", 0.55 + 1.35 * u, (0.68 - 0.14 * u) * v, roof), wood))

    head, step = (0.7, 0, MAST_TOP_M), (0.7, 0, 0.8)
    parts.append((tube("mast", step, head, 0.055), metal))
    parts.append((tube("boom", (0.7, 0, 1.95), (-2.9, 0, 1.85), 0.05), metal))
    parts.append((tube("furled sail", (0.5, 0, 2.12), (-2.7, 0, 1.97), 0.15), cloth))
    parts.append((tube("spreaders", (0.7, -0.7, 5.6), (0.7, 0.7, 5.6), 0.02), metal))
    wires = [(head, (4.1, 0, 1.15)), (head, (-3.9, 0, 0.9))]
    for hand in (-1, 1):
        knee = (0.7, 0.7 * hand, 5.6)
        wires += [(head, knee), (knee, (0.65, 1.1 * hand, 0.8))]
    for k, (start, end) in enumerate(wires):
        parts.append((tube(f"wire {k}", start, end, 0.013), metal))
    for part, cover in parts:
        part.data.materials.append(cover)
        part.parent = place


def tube(name: str, start: tuple, end: tuple, radius: float) -> bpy.types.Object:
    """A bar of eight sides between two points."""
    start, end = np.array(start, float), np.array(end, float)
    ahead = (end - start) / np.linalg.norm(end - start)
    side = np.cross(ahead, [0.3, 0.9, 0.1])
    side /= np.linalg.norm(side)
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)[:, None]
    ring = radius * (np.cos(turn) * side + np.sin(turn) * np.cross(ahead, side))
    k = np.arange(8)
    faces = np.stack([k, (k + 1) % 8, (k + 1) % 8 + 8, k + 8], 1)
    return add_mesh(name, np.concatenate([start + ring, end + ring]), faces)
