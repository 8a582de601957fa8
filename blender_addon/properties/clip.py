# SPDX-License-Identifier: GPL-3.0-or-later
"""How many frames, how large, from which seed."""

from __future__ import annotations

from bpy.types import PropertyGroup

from .overridable import BoolProperty, EnumProperty, IntProperty


class ClipProperties(PropertyGroup):
    """How many frames, how large, from which seed."""

    frames: IntProperty(
        name="Frames",
        description="Frames in the clip; the light runs through its day in this time",
        default=250,  # Blender's own frame range
        min=1,
        soft_max=2000,
        max=1_000_000,
    )
    size_from: EnumProperty(
        name="Size",
        description="Size of the frames",
        items=(
            ("SIDE", "Longest Side", "The picture, made smaller if its longer side is longer"),
            ("PICTURE", "Picture", "The size of the picture"),
            ("EXACT", "Exact", "A width and a height; another aspect stretches the picture"),
        ),
    )
    side: IntProperty(
        name="Longest Side",
        description="Longest side of the frames",
        default=1920,
        min=2,
        max=16384,
        subtype="PIXEL",
    )
    width: IntProperty(
        name="Width",
        description="Width of the frames",
        default=1920,
        min=2,
        max=16384,
        subtype="PIXEL",
    )
    height: IntProperty(
        name="Height",
        description="Height of the frames",
        default=1080,
        min=2,
        max=16384,
        subtype="PIXEL",
    )
    wrap: BoolProperty(
        name="Wrap Around",
        description="The picture is equirectangular: its left and right borders are one, and the "
        "motion goes on over them, calm at the poles; without arrows, patches and masks",
        default=False,
    )
    seed: IntProperty(
        name="Seed", description="Seed of everything random; the same seed repeats", min=0
    )
