"""The scene: land, shore, lake, world and camera, put together."""

from __future__ import annotations

import math

import bpy
import numpy as np
from boat import sailing_boat, tube
from light import SUN_AZIMUTH_DEG, SUN_COLOR, SUN_ELEVATION_DEG
from materials import (
    leaf_material,
    mountain_material,
    paint,
    rock_material,
    shore_material,
    water_material,
)
from meshes import add_mesh, conifer, grid_mesh, rock, scatter, tuft
from nodes import Nodes
from noise import eroded_hills, smoothstep
from sky import SKY_HALF_WIDTH_DEG, SKY_TOP_DEG, sky_picture
from terrain import FarLand, near_height_m

SEED = 7
HORIZONTAL_VIEW_DEG = 60.0
PITCH_UP_DEG = 4.5
EYE_HEIGHT_M = 3.0


def build_scene(width: int, height: int, samples: int) -> bpy.types.Scene:
    """The whole landscape with its camera, ready to render."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    detail = float(np.clip(width / 1280, 0.1, 1.0))
    light_the_world(sky_picture(10 * min(width / 1280, 1.5), np.random.default_rng(SEED)))
    build_far_land(detail, np.random.default_rng(SEED + 1))
    build_near_shore(detail, np.random.default_rng(SEED + 2))
    build_reeds(np.random.default_rng(SEED + 3))
    sailing_boat(4.3, 42.0, math.radians(152))
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
    scene.cycles.max_bounces, scene.cycles.sample_clamp_indirect = 4, 4.0
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Punchy"
    scene.view_settings.exposure = 1.65
    return scene


def light_the_world(sky: np.ndarray) -> None:
    """The marched sky all around (its border carried on), and a warm sun."""
    rows, columns = sky.shape[:2]
    image = bpy.data.images.new("sky", columns, rows, float_buffer=True)
    image.colorspace_settings.name = "Linear Rec.709"
    image.pixels.foreach_set(np.dstack([sky, np.ones_like(sky[..., :1])]).ravel())
    image.pack()
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 256
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


def build_far_land(detail: float, rng: np.random.Generator) -> None:
    """Hills, ridges and the forest across the lake, as fine as the camera can tell."""
    land = FarLand(rng, coarser=1 if detail > 0.2 else 4)
    azimuth = np.radians(np.linspace(-42, 42, int(1100 * detail)))
    distance = np.geomspace(650, 16_000, int(620 * detail))[:, None]
    x, y = distance * np.sin(azimuth), distance * np.cos(azimuth)
    surface = grid_mesh("far land", x, y, land.height_m(x, y))
    surface.data.materials.append(mountain_material())

    count = 42_000
    bearing, away = np.radians(rng.uniform(-38, 38, count)), 1000 * 4.5 ** rng.random(count)
    x, y = away * np.sin(bearing), away * np.cos(bearing)
    z = land.height_m(x, y)
    grove = eroded_hills(x / 330, y / 330, 4, land.table)
    stands = (z > 1.2) & (z < 620) & (grove + 0.35 * rng.random(count) > 0.45)
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
    big = np.array([[-1.9, 16.2, 0.0], [-0.6, 17.4, -0.05], [5.6, 19.0, 0.1]])
    landmark = rock("landmark", 6 if detail > 0.5 else 4, rng)
    landmark.data.materials.append(stone)
    scatter("landmarks", landmark, big, np.array([0.62, 0.30, 0.95]), rng)

    x, y = rng.uniform(-12, 34, 32_000), rng.uniform(4.2, 44, 32_000)
    z = near_height_m(x, y, table)
    meadow = eroded_hills(x / 2.2, y / 2.2, 4, table)
    grows = (z > 0.16) & (z + meadow + 0.5 * rng.random(len(x)) > 0.92)
    places = on_ground(x[grows], y[grows], 0.02)
    sizes = rng.uniform(0.16, 0.46, len(places))
    blades = leaf_material("grass", (0.060, 0.078, 0.018), (0.215, 0.190, 0.065), 0.45)
    for kind in range(4):
        grass = tuft(f"grass {kind}", 22, rng)
        grass.data.materials.append(blades)
        mine = slice(kind, None, 4)
        scatter(f"meadow {kind}", grass, places[mine], sizes[mine], rng)

    needles = leaf_material("needles", (0.026, 0.052, 0.018), (0.066, 0.092, 0.028), 0.3)
    east = np.array([10.8, 13.6, 12.2, 16.5, 18.0, 11.9])
    north = np.array([20.5, 24.5, 22.6, 23.0, 30.0, 18.0])
    heights = np.array([9.2, 11.2, 6.4, 12.0, 10.0, 2.6])
    places = on_ground(east, north, 0.1)
    for kind in range(3):
        tree = conifer(f"spruce {kind}", int(26 + 26 * detail), int(4 + 8 * detail), rng)
        tree.data.materials.append(needles)
        mine = slice(kind, None, 3)
        scatter(f"spruces {kind}", tree, places[mine], heights[mine], rng)


def build_reeds(rng: np.random.Generator) -> None:
    """Reeds in the shallow water on the left, some with brown heads."""
    x, y = rng.uniform(-10.5, -2.2, 900), rng.uniform(11.0, 17.0, 900)
    patch = eroded_hills(x / 1.7, y / 1.7, 3, rng.random((64, 64)))
    grows = patch + 0.25 * rng.random(len(x)) > 0.45 + 0.075 * (x + 9.5) + 0.03 * (y - 11)
    places = np.stack([x, y, np.full_like(x, -0.1)], 1)[grows]
    sizes = rng.uniform(1.1, 2.1, len(places))
    blades = leaf_material("reeds", (0.075, 0.085, 0.022), (0.240, 0.195, 0.075), 0.4)
    for kind in range(4):
        reeds = tuft(f"reeds {kind}", 9, rng, bend=0.22, breadth=0.0055)
        reeds.data.materials.append(blades)
        mine = slice(kind, None, 4)
        scatter(f"reed bed {kind}", reeds, places[mine], sizes[mine], rng)
    cattail = tube("cattail", (0, 0, 0), (0.03, 0, 0.99), 0.0035)
    head = tube("head", (0.027, 0, 0.86), (0.0295, 0, 0.97), 0.011)
    for part, color in ((cattail, (0.16, 0.15, 0.06)), (head, (0.075, 0.036, 0.016))):
        part.data.materials.append(paint(part.name, color, 0.8))
        scatter(f"{part.name}s", part, places[::5], sizes[::5] * 1.12, np.random.default_rng(SEED))
