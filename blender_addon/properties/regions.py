# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things move."""

from __future__ import annotations

import bpy
from bpy.types import PropertyGroup

from .codes import BESIDE_BLEND, FILE, POSITION, is_stroke_object, position_property
from .overridable import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from .shown import percent_of


class RegionItem(PropertyGroup):
    """A part of the picture that moves in a way of its own."""

    mask: PointerProperty(
        name="Mask", description="Mask of the region: white inside", type=bpy.types.Image
    )
    code_from: EnumProperty(
        name="Code",
        description="Where the latent code of this region's motion comes from",
        items=(("SAME", "As the Picture", "The code of the whole picture"), POSITION, FILE),
    )
    position: position_property("Position in the codebook of this region's motion")
    code_file: StringProperty(
        name="File",
        description="A file with this region's code",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    speed: FloatProperty(
        name="Speed",
        description="Factor on this region's speed; 0 keeps it still",
        default=1,
        min=-100,
        max=100,
        soft_min=-4,
        soft_max=4,
    )
    phase: FloatProperty(
        name="Phase",
        description="Share of the loop by which this region runs ahead",
        min=0,
        max=1,
        subtype="FACTOR",
    )
    ripple: FloatProperty(
        name="Ripple",
        description="Height of ripples, in thousandths of the picture's height",
        min=0,
        max=100,
        soft_max=10,
    )
    sway: FloatProperty(
        name="Sway",
        description="Width of swaying, as of plants, in thousandths of the picture's width",
        min=0,
        max=100,
        soft_max=10,
    )
    phase_percent: percent_of("phase", "Phase", "Share of the loop that this region runs ahead")
    ripple_percent: percent_of(
        "ripple", "Ripple", "Height of ripples, of the picture's height", 10, 0.1
    )
    sway_percent: percent_of(
        "sway", "Sway", "Width of swaying, as of plants, of the picture's width", 10, 0.1
    )
    moves: EnumProperty(
        name="Moves",
        description="What of this region moves",
        items=(
            ("AUTO", "Automatic", "Detail in sky and water, everything elsewhere"),
            ("detail", "Detail", "Clouds or waves, over a still base of smooth light"),
            ("all", "Everything", "The whole texture, as of falls"),
        ),
    )
    arrows_from: PointerProperty(
        name="Arrows",
        description="Grease pencil whose strokes are this region's arrows",
        type=bpy.types.Object,
        poll=is_stroke_object,
    )


class RegionProperties(PropertyGroup):
    """Where things move."""

    clean: BoolProperty(
        name="Find What Moves",
        description="Find sky and water and keep the rest still; off: move the whole "
        "picture by the raw predicted field",
        default=True,
    )
    still_image: PointerProperty(
        name="Still Mask",
        description="Mask of the still part: white, or grey where partly still",
        type=bpy.types.Image,
    )
    moving_image: PointerProperty(
        name="Moving Mask",
        description="Mask of the moving part: white; replaces the segmentation",
        type=bpy.types.Image,
    )
    use_horizon: BoolProperty(
        name="Set Horizon", description="Set the upper edge of the water, if it is detected wrongly"
    )
    horizon: FloatProperty(
        name="Horizon",
        description="Upper edge of the water, as a share of the height from the top",
        default=0.5,
        min=0.001,
        max=0.999,
        subtype="FACTOR",
    )
    horizon_percent: percent_of(
        "horizon", "Horizon", "Upper edge of the water, of the height from the top"
    )
    region_items: CollectionProperty(type=RegionItem)
    region_active: IntProperty(name="Region", description="The region that is shown")
