"""Materials: mountains, shore, rock, leaves, water."""

from __future__ import annotations

import bpy
from nodes import material


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
    green = n.mix(n.ramp(level, 480, 720), forest, meadow)
    bare = n.math("SUBTRACT", n.ramp(level, 650, 1150), n.math("MULTIPLY", upward, 1.05))
    bare = n.math("ADD", bare, n.math("MULTIPLY", fine, 0.5))
    color = n.mix(n.ramp(bare, -0.42, -0.26), green, stone)
    ledge = n.math("ADD", n.ramp(level, 600, 1650), n.math("MULTIPLY", upward, 1.1))
    snow = n.ramp(n.math("ADD", ledge, n.math("MULTIPLY", fine, 0.35)), 1.46, 1.60)
    color = n.mix(snow, color, (0.62, 0.66, 0.73, 1))
    bump = n.add("Bump", Strength=1.0, Distance=22.0, Height=n.noise(0.013, 12.0))
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


def paint(name: str, color: tuple, roughness: float) -> bpy.types.Material:
    """One plain color."""
    made, n = material(name)
    n.finish(n.add("BsdfPrincipled", Base_Color=(*color, 1), Roughness=roughness))
    return made


def water_material() -> bpy.types.Material:
    """A dark lake that mirrors the land: light ripples, and lanes that the wind does not reach."""
    made, n = material("water")
    distance = n.add("CameraData", "View Distance")
    lanes = n.ramp(n.noise(0.010, 4.0, (0.35, 1.0, 1.0)), 0.38, 0.66)
    wind = n.math("ADD", 0.16, n.math("MULTIPLY", lanes, 0.84))
    swell, ripple = n.noise(0.55, 3.0, (0.55, 1.0, 1.0)), n.noise(2.6, 3.0, (0.6, 1.0, 1.0))
    near = n.ramp(distance, 220.0, 20.0)  # finer than a pixel beyond: it would only be grain
    waves = n.math("ADD", swell, n.math("MULTIPLY", n.math("MULTIPLY", ripple, near), 0.22))
    height = n.math("MULTIPLY", waves, wind)
    bump = n.add("Bump", Strength=1.0, Distance=0.042, Height=height)
    rough = n.math("MULTIPLY", n.ramp(distance, 30.0, 900.0), n.math("MULTIPLY", wind, 0.07))
    mirror = n.add("BsdfGlossy", Color=(0.94, 0.96, 0.97, 1), Roughness=rough, Normal=bump)
    deep = n.add("BsdfDiffuse", Color=(0.010, 0.030, 0.036, 1))
    share = n.add("Fresnel", IOR=1.33, Normal=bump)
    share = n.math("MULTIPLY", share, 0.93)
    n.finish(n.through_air(n.add("MixShader", i0=share, i1=deep, i2=mirror)))
    return made
