"""Render the example landscape that ships in the package: clouds, ridges, a lake and a near shore.

Everything is procedural and seeded, so the picture is ours and can be made again:

    python examples/render_example.py --out landscape_engine/data/example.jpg

Units are metres, the camera looks along +y, z is up. The clouds are marched through a noise volume
in numpy and become the world's picture; hills, trees, rocks and grass are meshes; Cycles does the
light and the water. `width` sets the detail of everything, so that a tiny picture takes seconds.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import bpy
import numpy as np
from PIL import Image

SEED = 7
HORIZONTAL_VIEW_DEG = 60.0
PITCH_UP_DEG = 4.5
EYE_HEIGHT_M = 4.0
SUN_AZIMUTH_DEG = -112.0  # left, a little behind the camera
SUN_ELEVATION_DEG = 20.0
SKY_HALF_WIDTH_DEG = 46.0
SKY_TOP_DEG = 46.0
EARTH_RADIUS_M = 6.371e6
HAZE_M = 29_000.0


def direction(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """The unit vector of an azimuth (0 = +y, clockwise) and an elevation."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    flat = math.cos(elevation)
    return np.array(
        [math.sin(azimuth) * flat, math.cos(azimuth) * flat, math.sin(elevation)], np.float32
    )


SUN = direction(SUN_AZIMUTH_DEG, SUN_ELEVATION_DEG)
SUN_COLOR = np.array([1.0, 0.77, 0.51], np.float32)


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


# --- noise -------------------------------------------------------------------------------------


def spectral_noise(shape: tuple[int, ...], falloff: float, rng: np.random.Generator) -> np.ndarray:
    """Tileable noise of mean 0 and deviation 1 whose amplitude falls as frequency**-falloff."""
    grids = np.meshgrid(*[np.fft.fftfreq(n) * n for n in shape], indexing="ij", sparse=True)
    frequency = np.sqrt(sum(g * g for g in grids))
    frequency.flat[0] = np.inf
    noise = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * frequency**-falloff).real
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def cell_noise(size: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Tileable 3-D noise of round lumps: 1 at scattered centres, 0 halfway between (Worley)."""
    offsets = rng.random((cells, cells, cells, 3)).astype(np.float32)
    axis = (np.arange(size, dtype=np.float32) + 0.5) * cells / size
    home = axis.astype(int)
    nearest = np.full((size,) * 3, 9.0, np.float32)
    for shift in np.ndindex(3, 3, 3):
        x, y, z = (np.ix_(home, home, home)[i] + shift[i] - 1 for i in range(3))
        centre = offsets[x % cells, y % cells, z % cells]
        squared = (
            (x + centre[..., 0] - axis[:, None, None]) ** 2
            + (y + centre[..., 1] - axis[None, :, None]) ** 2
            + (z + centre[..., 2] - axis[None, None, :]) ** 2
        )
        np.minimum(nearest, squared, out=nearest)
    return 1 - np.clip(np.sqrt(nearest), 0, 1)


def tiled(volume: np.ndarray, *coordinates: np.ndarray, linear: bool = True) -> np.ndarray:
    """The volume (2-D or 3-D, side a power of two) at voxel coordinates, wrapping."""
    mask = volume.shape[0] - 1
    if not linear:
        return volume[tuple(np.floor(c).astype(np.int32) & mask for c in coordinates)]
    total = np.float32(0)
    whole = [np.floor(c).astype(np.int32) for c in coordinates]
    part = [(c - w).astype(np.float32) for c, w in zip(coordinates, whole, strict=True)]
    for corner in np.ndindex(*(2,) * volume.ndim):
        index = tuple((w + c) & mask for w, c in zip(whole, corner, strict=True))
        weight = np.float32(1)
        for p, c in zip(part, corner, strict=True):
            weight = weight * (p if c else 1 - p)
        total = total + weight * volume[index]
    return total


# --- sky ---------------------------------------------------------------------------------------


class Clouds:
    """A layer of fair-weather cumulus: density anywhere, and the light that reaches it."""

    base_m, top_m = 1350.0, 2750.0
    extinction_per_m = 0.030
    cover_tile_m, billow_tile_m = 46_000.0, 2_600.0

    def __init__(self, voxels: int, rng: np.random.Generator) -> None:
        """Draw the noise; `voxels` is the side of the billow volume."""
        self.cover = spectral_noise((1024, 1024), 1.75, rng)
        lumps = [cell_noise(voxels, cells, rng) for cells in (4, 9, 18)]
        self.billow = 0.58 * lumps[0] + 0.28 * lumps[1] + 0.14 * lumps[2]
        self.billow -= self.billow.mean()
        self.billow += 0.035 * spectral_noise((voxels,) * 3, 1.9, rng)

    def density(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, fine: bool) -> np.ndarray:
        """The share of full extinction, 0..1, at points whose z lies between base and top."""
        rise = (z - self.base_m) / (self.top_m - self.base_m)
        scale = self.cover.shape[0] / self.cover_tile_m
        shape = 0.34 * tiled(self.cover, x * scale, y * scale, linear=fine) + 0.015
        shape = shape - 0.62 * np.maximum(rise, 0) ** 1.25  # broad feet, narrow heads
        inside = np.flatnonzero((shape > -0.36) & (rise > 0) & (rise < 1))
        out = np.zeros_like(x)
        if inside.size:
            x, y, z, shape, rise = (a[inside] for a in (x, y, z, shape, rise))
            scale = self.billow.shape[0] / self.billow_tile_m
            lumps = tiled(self.billow, x * scale, y * scale, z * scale, linear=fine)
            if fine:
                finer = scale * 4.3
                lumps = lumps + 0.42 * tiled(self.billow, x * finer, y * finer, z * finer)
            value = np.clip(2.8 * (shape + 1.15 * lumps), 0, 1)
            out[inside] = value * smoothstep(0, 0.07, rise)
        return out

    def depth_towards_sun(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Optical depth from points to the sun, from a few ever longer steps."""
        total, travelled = np.zeros_like(x), 0.0
        for length in (40.0, 70.0, 120.0, 220.0, 420.0):
            s = travelled + length / 2
            travelled += length
            total += length * self.density(x + SUN[0] * s, y + SUN[1] * s, z + SUN[2] * s, False)
        return total * self.extinction_per_m


def clear_sky(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Radiance [..., 3] of the cloudless sky: blue above, pale at the horizon, warm by the sun."""
    height = np.clip(np.sin(elevation), 0, 1)[..., None]
    zenith = np.array([0.060, 0.185, 0.55], np.float32)
    low = np.array([0.50, 0.66, 0.84], np.float32)
    color = zenith + (low - zenith) * np.exp(-height / 0.17)
    toward_sun = (
        np.cos(elevation) * math.cos(math.radians(SUN_ELEVATION_DEG))
        * np.cos(azimuth - math.radians(SUN_AZIMUTH_DEG))
        + np.sin(elevation) * SUN[2]
    )[..., None]  # fmt: skip
    glow = np.exp((toward_sun - 1) * 2.2)
    warm = np.array([1.0, 0.70, 0.38], np.float32)
    return color * (0.86 + 0.30 * glow) + warm * glow * (0.10 + 0.55 * np.exp(-height / 0.11))


def sky_picture(degrees_to_px: float, rng: np.random.Generator) -> np.ndarray:
    """The sky [rows, columns, 3], row 0 at the horizon, over the patch that the camera can see."""
    rows = round(SKY_TOP_DEG * degrees_to_px)
    columns = round(2 * SKY_HALF_WIDTH_DEG * degrees_to_px)
    clouds = Clouds(128 if degrees_to_px > 5 else 64, rng)
    veil = spectral_noise((1024, 1024), 1.55, rng)
    steps = int(np.clip(degrees_to_px * 10, 60, 200))
    azimuth = np.radians(np.linspace(-SKY_HALF_WIDTH_DEG, SKY_HALF_WIDTH_DEG, columns))
    sky = np.empty((rows, columns, 3), np.float32)
    for row in range(rows):
        elevation = math.radians(SKY_TOP_DEG * (row + 0.5) / rows)
        behind = clear_sky(azimuth, np.full_like(azimuth, elevation)).astype(np.float32)
        sky[row] = _cloudy_row(clouds, veil, behind, azimuth, elevation, steps, rng)
    return sky


def _cloudy_row(clouds, veil, behind, azimuth, elevation, steps, rng) -> np.ndarray:
    """March one row of the sky through the clouds, front to back, over the clear sky `behind`."""
    sine, cosine = math.sin(elevation), math.cos(elevation)

    def distance_to(height_m):  # on a round Earth, so that clouds sink towards the horizon
        bend = cosine**2 / EARTH_RADIUS_M
        return (math.sqrt(sine**2 + 2 * height_m * bend) - sine) / bend

    start, stop = distance_to(clouds.base_m), distance_to(clouds.top_m)
    x_per_m = (np.sin(azimuth) * cosine).astype(np.float32)
    y_per_m = (np.cos(azimuth) * cosine).astype(np.float32)

    far = distance_to(7800.0)  # a thin veil of ice, drawn out along the wind
    x, y = x_per_m * far, y_per_m * far
    streaks = tiled(veil, (x + 0.5 * y) / 160, (y - 0.5 * x) / 42)
    thin = np.clip(0.16 * streaks - 0.02, 0, 0.30) * math.exp(-far / 70_000)
    behind = behind + thin[:, None] * (np.array([1.0, 0.93, 0.85], np.float32) - behind)

    toward_sun = x_per_m * SUN[0] + y_per_m * SUN[1] + sine * SUN[2]
    # Henyey-Greenstein with g = 0.6, and an even part.
    phase = 0.62 + 0.38 * 0.72 / (1.36 - 1.2 * toward_sun) ** 1.5
    light = np.zeros_like(behind)
    clear = np.ones(len(azimuth), np.float32)
    step = (stop - start) / steps
    jitter = rng.random(len(azimuth)).astype(np.float32)
    for k in range(steps):
        seen = np.flatnonzero(clear > 0.01)
        t = start + (k + jitter[seen]) * step
        x, y = x_per_m[seen] * t, y_per_m[seen] * t
        z = sine * t + (cosine * t) ** 2 / (2 * EARTH_RADIUS_M)
        density = clouds.density(x, y, z, fine=True)
        hit = np.flatnonzero(density > 0)
        if not hit.size:
            continue
        x, y, z, seen = x[hit], y[hit], z[hit], seen[hit]
        opaque = 1 - np.exp(-density[hit] * clouds.extinction_per_m * step)
        depth = clouds.depth_towards_sun(x, y, z)
        # Light scattered many times goes deeper than e**-depth: three ever flatter terms.
        sunlit = 0.62 * np.exp(-depth) + 0.26 * np.exp(-0.25 * depth) + 0.12 * np.exp(-0.05 * depth)
        rise = np.clip((z - clouds.base_m) / (clouds.top_m - clouds.base_m), 0, 1)[:, None]
        around = np.array([0.17, 0.215, 0.29]) + rise * np.array([0.20, 0.25, 0.32])
        color = 2.8 * SUN_COLOR * (sunlit * phase[seen])[:, None] + around
        air = np.exp(-t[hit] / 38_000)[:, None]  # distance turns clouds into the horizon's color
        color = color * air + behind[seen] * (1 - air)
        light[seen] += (clear[seen] * opaque)[:, None] * color
        clear[seen] *= 1 - opaque
    return light + clear[:, None] * behind


# --- land --------------------------------------------------------------------------------------


def eroded_hills(x: np.ndarray, y: np.ndarray, octaves: int, table: np.ndarray) -> np.ndarray:
    """Noise whose finer octaves fade on slopes, as rain carves valleys and leaves ridges sharp."""
    total, slope_x, slope_y, share = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x), 1.0
    for _ in range(octaves):
        value, along_x, along_y = _noise_and_slope(x, y, table)
        slope_x, slope_y = slope_x + along_x, slope_y + along_y
        total += share * value / (1 + slope_x**2 + slope_y**2)
        share *= 0.5
        x, y = 1.6 * x - 1.2 * y + 3.1, 1.2 * x + 1.6 * y - 7.7
    return total


def _noise_and_slope(x, y, table):
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = x - column, y - row
    size = table.shape[0]
    a, b, c, d = (
        table[(row + j) % size, (column + i) % size] for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))
    )
    fade_u, fade_v = u**3 * (u * (u * 6 - 15) + 10), v**3 * (v * (v * 6 - 15) + 10)
    value = a + (b - a) * fade_u + (c - a) * fade_v + (a - b - c + d) * fade_u * fade_v
    along_x = 30 * u**2 * (u - 1) ** 2 * (b - a + (a - b - c + d) * fade_v)
    along_y = 30 * v**2 * (v - 1) ** 2 * (c - a + (a - b - c + d) * fade_u)
    return value, along_x, along_y


# Where the summits stand: x, y, height and radius.
SUMMITS_M = (
    (1750, 3900, 760, 1500), (3300, 4700, 900, 1500), (620, 5600, 560, 1300),
    (-3000, 4300, 620, 1400), (-1900, 5400, 420, 1300),
    (-900, 10500, 1550, 2600), (-4200, 10000, 1300, 2500), (2600, 11500, 1500, 2600),
    (6200, 10500, 1450, 2500),
)  # fmt: skip


def far_height_m(x: np.ndarray, y: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The height of the land across the lake; below 0 is under water."""
    rough = eroded_hills(x / 1050, y / 1050, 11, table)  # about 0..1
    broad = eroded_hills(x / 2300 + 3, y / 2300, 11, table)
    rough += (broad - rough) * smoothstep(6500, 8500, y)
    massif = np.zeros_like(x)
    for east, north, height, radius in SUMMITS_M:
        away = np.hypot(x - east, y - north) / radius
        massif = np.maximum(massif, height * np.exp(-(away**1.5)))
    shore = y - 1150 - 260 * eroded_hills(x / 700 + 9, y / 900, 4, table) + 0.10 * np.abs(x + 250)
    meadow = 46 * smoothstep(-60, 900, shore) - 8
    hills = massif * smoothstep(0, 1500, shore) * (0.36 + 0.92 * rough)
    crags = eroded_hills(x / 210 + 0.4 * broad, y / 210, 6, table) - 0.6
    return meadow + hills + 0.17 * crags * massif * smoothstep(150, 520, hills)


def near_height_m(x: np.ndarray, y: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The height of the shore under the camera, a low point that runs out to the right."""
    edge = 15.5 + 0.42 * x + 0.012 * x**2 * (x > 0) + 4.5 * eroded_hills(x / 9, y / 9, 4, table)
    bank = np.tanh((edge - y) / 9.0)
    rough = eroded_hills(x / 3.1 + 5, y / 3.1, 6, table) - 0.5
    return 1.5 * bank + 0.30 * smoothstep(0, 0.8, bank) + 0.30 * rough


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


def tuft(name: str, blades: int, rng: np.random.Generator) -> bpy.types.Object:
    """A tuft of bent grass blades, height about 1."""
    triangles = []
    for _ in range(blades):
        root = np.array([*rng.normal(0, 0.22, 2), 0])
        angle, height = rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1.1)
        lean = np.array([math.cos(angle), math.sin(angle), 0]) * rng.uniform(0.1, 0.6)
        width = np.array([-math.sin(angle), math.cos(angle), 0]) * 0.022
        knee = root + lean * 0.35 * height + [0, 0, 0.6 * height]
        tip = root + lean * height + [0, 0, height]
        triangles += [(root - width, root + width, knee + 0.7 * width)]
        triangles += [(root - width, knee + 0.7 * width, knee - 0.7 * width)]
        triangles += [(knee - 0.7 * width, knee + 0.7 * width, tip)]
    points = np.array(triangles).reshape(-1, 3)
    return add_mesh(name, points, np.arange(len(points)).reshape(-1, 3), smooth=False)


# --- materials ---------------------------------------------------------------------------------


class Nodes:
    """A node tree written as expressions: each call adds a node and returns its output."""

    def __init__(self, owner: bpy.types.Material | bpy.types.World) -> None:
        """Start over the tree of a material or a world."""
        owner.use_nodes = True
        self.kind = "OutputWorld" if isinstance(owner, bpy.types.World) else "OutputMaterial"
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, output: int | str = 0, settings: dict | None = None, **inputs):
        """Add `ShaderNode<kind>`; inputs by name (`_` for a space) or `i0`, `i1` by number."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in (settings or {}).items():
            setattr(node, name, value)
        for name, value in inputs.items():
            by_number = name[0] == "i" and name[1:].isdigit()
            socket = node.inputs[int(name[1:]) if by_number else name.replace("_", " ")]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node.outputs[output] if node.outputs else None

    def math(self, operation: str, *values):
        """One arithmetic node."""
        inputs = {f"i{i}": value for i, value in enumerate(values)}
        return self.add("Math", settings={"operation": operation}, **inputs)

    def ramp(self, value, low: float, high: float):
        """0 below `low`, 1 above `high`."""
        settings = {"interpolation_type": "SMOOTHSTEP"}
        return self.add("MapRange", settings=settings, Value=value, From_Min=low, From_Max=high)

    def mix(self, share, a, b):
        """The color `a` where share is 0, `b` where it is 1."""
        settings = {"data_type": "RGBA"}
        return self.add("Mix", 2, settings, i0=share, i6=a, i7=b)

    def noise(self, scale: float, detail: float = 6.0, stretch=(1, 1, 1)):
        """Noise over the position in space."""
        place = self.add("NewGeometry", "Position")
        place = self.add("VectorMath", settings={"operation": "MULTIPLY"}, i0=place, i1=stretch)
        return self.add("TexNoise", Vector=place, Scale=scale, Detail=detail)

    def through_air(self, surface):
        """The surface seen through haze: bluish away from the sun, warm towards it."""
        distance = self.add("LightPath", "Ray Length")
        clear = self.math("EXPONENT", self.math("DIVIDE", distance, -HAZE_M))
        x = self.add("SeparateXYZ", "X", i0=self.add("NewGeometry", "Incoming"))
        color = self.mix(self.ramp(x, -0.5, 0.6), (0.30, 0.44, 0.67, 1), (0.62, 0.58, 0.54, 1))
        air = self.add("Emission", Color=color)
        return self.add("MixShader", i0=clear, i1=air, i2=surface)

    def finish(self, shader) -> None:
        """Make the shader the surface."""
        self.add(self.kind, Surface=shader)


def material(name: str) -> tuple[bpy.types.Material, Nodes]:
    """A new material and its nodes."""
    new = bpy.data.materials.new(name)
    return new, Nodes(new)


def mountain_material() -> bpy.types.Material:
    """Forest and meadow low and on gentle slopes, rock where it is steep, snow on high ledges."""
    made, n = material("mountain")
    upward = n.add("SeparateXYZ", "Z", i0=n.add("NewGeometry", "Normal"))
    height = n.add("SeparateXYZ", "Z", i0=n.add("NewGeometry", "Position"))
    broad, fine = n.noise(0.0021), n.noise(0.035, 8.0)
    forest = n.mix(n.ramp(fine, 0.38, 0.62), (0.018, 0.036, 0.014, 1), (0.060, 0.092, 0.030, 1))
    meadow = n.mix(fine, (0.085, 0.125, 0.030, 1), (0.170, 0.165, 0.055, 1))
    layers = n.noise(0.006, 10.0, (1.0, 1.0, 1.7))
    stone = n.mix(n.ramp(layers, 0.3, 0.7), (0.060, 0.054, 0.051, 1), (0.215, 0.192, 0.166, 1))
    wander = n.math("MULTIPLY", n.math("SUBTRACT", broad, 0.5), 520.0)
    level = n.math("ADD", height, wander)
    green = n.mix(n.ramp(level, 330, 470), forest, meadow)
    bare = n.math("SUBTRACT", n.ramp(level, 420, 820), n.math("MULTIPLY", upward, 1.05))
    bare = n.math("ADD", bare, n.math("MULTIPLY", fine, 0.5))
    color = n.mix(n.ramp(bare, -0.42, -0.26), green, stone)
    ledge = n.math("ADD", n.ramp(level, 700, 1500), n.math("MULTIPLY", upward, 1.1))
    snow = n.ramp(n.math("ADD", ledge, n.math("MULTIPLY", fine, 0.35)), 1.46, 1.60)
    color = n.mix(snow, color, (0.62, 0.66, 0.73, 1))
    bump = n.add("Bump", Strength=1.0, Distance=45.0, Height=n.noise(0.013, 12.0))
    n.finish(n.through_air(n.add("BsdfDiffuse", Color=color, Normal=bump)))
    return made


def shore_material() -> bpy.types.Material:
    """Wet pebbles at the water, dry earth and turf above."""
    made, n = material("shore")
    height = n.add("SeparateXYZ", "Z", i0=n.add("NewGeometry", "Position"))
    grain = n.noise(9.0, 10.0)
    earth = n.mix(n.ramp(grain, 0.35, 0.65), (0.045, 0.036, 0.026, 1), (0.150, 0.125, 0.095, 1))
    turf = n.mix(n.ramp(grain, 0.3, 0.7), (0.030, 0.042, 0.012, 1), (0.085, 0.098, 0.030, 1))
    level = n.math("ADD", height, n.math("MULTIPLY", n.noise(0.7), 0.5))
    color = n.mix(n.ramp(level, 0.62, 0.90), earth, turf)
    wet = n.ramp(height, 0.16, 0.03)
    color = n.mix(n.math("MULTIPLY", wet, 0.65), color, (0.012, 0.010, 0.008, 1))
    rough = n.math("SUBTRACT", 0.9, n.math("MULTIPLY", wet, 0.55))
    bump = n.add("Bump", Strength=0.9, Distance=0.06, Height=grain)
    n.finish(n.add("BsdfPrincipled", Base_Color=color, Roughness=rough, Normal=bump))
    return made


def rock_material() -> bpy.types.Material:
    """Grey granite with lichen, dark and shining where the water reaches."""
    made, n = material("rock")
    height = n.add("SeparateXYZ", "Z", i0=n.add("NewGeometry", "Position"))
    grain = n.noise(5.0, 10.0)
    color = n.mix(n.ramp(grain, 0.32, 0.68), (0.065, 0.060, 0.056, 1), (0.250, 0.235, 0.215, 1))
    color = n.mix(n.ramp(n.noise(2.2, 8.0), 0.56, 0.66), color, (0.135, 0.130, 0.060, 1))
    wet = n.ramp(n.math("ADD", height, n.math("MULTIPLY", grain, 0.1)), 0.21, 0.12)
    color = n.mix(n.math("MULTIPLY", wet, 0.72), color, (0.012, 0.012, 0.011, 1))
    rough = n.math("SUBTRACT", 0.85, n.math("MULTIPLY", wet, 0.6))
    bump = n.add("Bump", Strength=0.8, Distance=0.05, Height=grain)
    n.finish(n.add("BsdfPrincipled", Base_Color=color, Roughness=rough, Normal=bump))
    return made


def leaf_material(name: str, dark: tuple, light: tuple, glow: float) -> bpy.types.Material:
    """Leaves: each copy of its own tint, some light shining through."""
    made, n = material(name)
    color = n.mix(n.add("ObjectInfo", "Random"), (*dark, 1), (*light, 1))
    through = n.add("BsdfTranslucent", Color=color)
    leaf = n.add("MixShader", i0=glow, i1=n.add("BsdfDiffuse", Color=color), i2=through)
    n.finish(n.through_air(leaf))
    return made


def water_material() -> bpy.types.Material:
    """A dark lake that mirrors the sky: ripples, and calm lanes that the wind does not reach."""
    made, n = material("water")
    distance = n.add("CameraData", "View Distance")
    lanes = n.ramp(n.noise(0.010, 4.0, (0.35, 1.0, 1.0)), 0.38, 0.66)
    wind = n.math("ADD", 0.22, n.math("MULTIPLY", lanes, 0.78))
    swell, ripple = n.noise(0.55, 3.0, (0.55, 1.0, 1.0)), n.noise(2.6, 3.0, (0.6, 1.0, 1.0))
    near = n.ramp(distance, 220.0, 20.0)  # finer than a pixel beyond: it would only be grain
    waves = n.math("ADD", swell, n.math("MULTIPLY", n.math("MULTIPLY", ripple, near), 0.22))
    height = n.math("MULTIPLY", waves, wind)
    bump = n.add("Bump", Strength=1.0, Distance=0.135, Height=height)
    rough = n.math("MULTIPLY", n.ramp(distance, 30.0, 900.0), n.math("MULTIPLY", wind, 0.16))
    mirror = n.add("BsdfGlossy", Color=(0.94, 0.96, 0.97, 1), Roughness=rough, Normal=bump)
    deep = n.add("BsdfDiffuse", Color=(0.010, 0.030, 0.036, 1))
    share = n.add("Fresnel", IOR=1.33, Normal=bump)
    share = n.math("MULTIPLY", share, 0.93)
    n.finish(n.through_air(n.add("MixShader", i0=share, i1=deep, i2=mirror)))
    return made


def light_the_world(sky: np.ndarray) -> None:
    """The marched sky all around (its border carried on), and a warm sun."""
    rows, columns = sky.shape[:2]
    image = bpy.data.images.new("sky", columns, rows, float_buffer=True)
    image.colorspace_settings.name = "Linear Rec.709"
    image.pixels.foreach_set(np.dstack([sky, np.ones_like(sky[..., :1])]).ravel())
    image.pack()
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    n = Nodes(world)
    toward = n.add("TexCoord", "Generated")
    x, y, z = (n.add("SeparateXYZ", axis, i0=toward) for axis in "XYZ")
    half, top = math.radians(SKY_HALF_WIDTH_DEG), math.radians(SKY_TOP_DEG)
    across = n.math("ADD", n.math("DIVIDE", n.math("ARCTAN2", x, y), 2 * half), 0.5)
    up = n.math("DIVIDE", n.math("ARCSINE", z), top)
    place = n.add("CombineXYZ", X=across, Y=n.math("MAXIMUM", up, 0.5 / rows))
    settings = {"image": image, "extension": "EXTEND", "interpolation": "Cubic"}
    n.finish(n.add("Background", Color=n.add("TexImage", settings=settings, Vector=place)))

    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.color, lamp.angle = 7.2, SUN_COLOR, math.radians(0.6)
    sun = bpy.data.objects.new("sun", lamp)
    sun.rotation_euler = (math.radians(90 - SUN_ELEVATION_DEG), 0, math.radians(-SUN_AZIMUTH_DEG))
    sun.rotation_euler.z += math.pi  # a lamp shines along its -z, away from where it stands
    bpy.context.scene.collection.objects.link(sun)


# --- scene -------------------------------------------------------------------------------------


def build_far_land(detail: float, rng: np.random.Generator) -> None:
    """Hills, ridges and the forest across the lake, as fine as the camera can tell."""
    table = rng.random((256, 256))
    azimuth = np.radians(np.linspace(-42, 42, int(1100 * detail)))
    distance = np.geomspace(650, 16_000, int(620 * detail))[:, None]
    x, y = distance * np.sin(azimuth), distance * np.cos(azimuth)
    land = grid_mesh("far land", x, y, far_height_m(x, y, table))
    land.data.materials.append(mountain_material())

    count = 42_000
    bearing, away = np.radians(rng.uniform(-38, 38, count)), 700 * 4.2 ** rng.random(count)
    x, y = away * np.sin(bearing), away * np.cos(bearing)
    z = far_height_m(x, y, table)
    grove = eroded_hills(x / 330, y / 330, 4, table)
    stands = (z > 1.2) & (z < 330) & (grove + 0.35 * rng.random(count) > 0.45)
    x, y, z = x[stands], y[stands], z[stands]
    needles = leaf_material("far needles", (0.022, 0.046, 0.016), (0.075, 0.098, 0.030), 0.2)
    sizes = rng.uniform(9, 22, len(x)) * (0.7 + 0.3 * smoothstep(1, 12, z))
    places = np.stack([x, y, z - 0.5], 1)
    for kind in range(3):
        tree = conifer(f"far spruce {kind}", 13, 2, rng)
        tree.data.materials.append(needles)
        mine = slice(kind, None, 3)
        scatter(f"far forest {kind}", tree, places[mine], sizes[mine], rng)


def build_near_shore(detail: float, rng: np.random.Generator) -> None:
    """The still foreground: a grassy point with boulders and a few spruces."""
    table = rng.random((256, 256))
    azimuth = np.radians(np.linspace(-48, 48, int(900 * detail)))
    distance = np.geomspace(4.0, 70.0, int(700 * detail))[:, None]
    x, y = distance * np.sin(azimuth), distance * np.cos(azimuth)
    shore = grid_mesh("near shore", x, y, near_height_m(x, y, table))
    shore.data.materials.append(shore_material())

    def on_ground(x, y, sink=0.0):
        return np.stack([x, y, near_height_m(x, y, table) - sink], 1)

    x, y = rng.uniform(-14, 32, 420), rng.uniform(8, 46, 420)
    z = near_height_m(x, y, table)
    beached = (z > -0.45) & (z < 0.42)
    places = on_ground(x[beached], y[beached])
    sizes = 0.10 + 0.62 * rng.random(len(places)) ** 3.5
    stone = rock_material()
    for kind in range(4):
        boulder = rock(f"boulder {kind}", 5 if detail > 0.5 else 3, rng)
        boulder.data.materials.append(stone)
        mine = slice(kind, None, 4)
        scatter(f"boulders {kind}", boulder, places[mine], sizes[mine], rng)
    big = np.array([[-5.6, 19.6, 0.0], [-3.5, 20.6, -0.05], [5.9, 22.5, 0.1], [-8.3, 18.3, 0.05]])
    landmark = rock("landmark", 6 if detail > 0.5 else 4, rng)
    landmark.data.materials.append(stone)
    scatter("landmarks", landmark, big, np.array([0.85, 0.42, 1.15, 0.5]), rng)

    x, y = rng.uniform(-12, 34, 26_000), rng.uniform(7, 44, 26_000)
    z = near_height_m(x, y, table)
    meadow = eroded_hills(x / 2.2, y / 2.2, 4, table)
    grows = (z > 0.34) & (z + meadow + 0.5 * rng.random(len(x)) > 1.25)
    places = on_ground(x[grows], y[grows], 0.02)
    sizes = rng.uniform(0.16, 0.46, len(places))
    blades = leaf_material("grass", (0.060, 0.078, 0.018), (0.215, 0.190, 0.065), 0.45)
    for kind in range(4):
        grass = tuft(f"grass {kind}", 22, rng)
        grass.data.materials.append(blades)
        mine = slice(kind, None, 4)
        scatter(f"meadow {kind}", grass, places[mine], sizes[mine], rng)

    needles = leaf_material("needles", (0.026, 0.052, 0.018), (0.066, 0.092, 0.028), 0.3)
    east = np.array([12.6, 15.4, 13.6, 18.5, 19.5, 14.2])
    north = np.array([25.0, 29.0, 30.5, 26.0, 34.0, 22.0])
    heights = np.array([10.4, 12.6, 7.2, 13.5, 11.0, 3.2])
    places = on_ground(east, north, 0.1)
    for kind in range(3):
        tree = conifer(f"spruce {kind}", int(26 + 26 * detail), int(4 + 8 * detail), rng)
        tree.data.materials.append(needles)
        mine = slice(kind, None, 3)
        scatter(f"spruces {kind}", tree, places[mine], heights[mine], rng)


def build_scene(width: int, height: int, samples: int) -> bpy.types.Scene:
    """The whole landscape with its camera, ready to render."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    detail = float(np.clip(width / 1280, 0.1, 1.0))
    light_the_world(sky_picture(16 * min(width / 1280, 1.5), np.random.default_rng(SEED)))
    build_far_land(detail, np.random.default_rng(SEED + 1))
    build_near_shore(detail, np.random.default_rng(SEED + 2))
    far, near = 30_000.0, 0.0
    corners = np.array([[-far, near, 0], [far, near, 0], [far, far, 0], [-far, far, 0]])
    add_mesh("lake", corners, np.array([[0, 1, 2, 3]])).data.materials.append(water_material())

    lens = bpy.data.cameras.new("camera")
    lens.angle, lens.clip_end = math.radians(HORIZONTAL_VIEW_DEG), 50_000.0
    camera = bpy.data.objects.new("camera", lens)
    camera.location = (0, 0, EYE_HEIGHT_M)
    camera.rotation_euler = (math.radians(90 + PITCH_UP_DEG), 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera

    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.cycles.samples, scene.cycles.seed = samples, SEED
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces, scene.cycles.sample_clamp_indirect = 5, 4.0
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Punchy"
    scene.view_settings.exposure = 1.5
    return scene


def main() -> None:
    """Render, and save with Pillow, which writes nothing but the pixels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the picture to write")
    parser.add_argument("--width", type=int, default=1280, help="pixels")
    parser.add_argument("--height", type=int, default=720, help="pixels")
    parser.add_argument("--samples", type=int, default=32, help="light paths per pixel")
    options = parser.parse_args()
    scene = build_scene(options.width, options.height, options.samples)
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "render.png")
        bpy.ops.render.render(write_still=True)
        picture = Image.open(scene.render.filepath).convert("RGB")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(options.out, quality=90)


if __name__ == "__main__":
    main()
