# SPDX-License-Identifier: GPL-3.0-or-later
"""How things move."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

from .codes import AUTO, BESIDE_BLEND, FILE, POSITION, RANDOM, is_stroke_object, position_property


class MotionProperties(PropertyGroup):
    """How things move."""

    kind: EnumProperty(
        name="Motion",
        description="How the motion is made from the picture",
        items=(
            ("steady", "Steady", "One predicted field carries everything; land stays still"),
            ("recurrent", "Recurrent", "The paper's: each step is predicted from the one before"),
        ),
    )
    code_from: EnumProperty(
        name="Code",
        description="Where the latent code of the motion comes from",
        items=(
            POSITION,
            RANDOM,
            FILE,
            (
                "CLIP",
                "Time-Lapse",
                "Copy the motion of a video, or of an image sequence",
            ),
            AUTO,  # last: a .blend keeps places in this list
        ),
        default="AUTO",
    )
    position: position_property("Which motion of the codebook: its ends are the most unlike")
    code_file: StringProperty(
        name="File",
        description="A .json or .npy file with a motion code, or a video that moves so",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    speed: FloatProperty(
        name="Speed",
        description="Factor on the speed: on a calm pace with an automatic code, else on what is "
        "predicted; negative goes backwards",
        default=1,
        min=-100,
        max=100,
        soft_min=-4,
        soft_max=4,
    )
    water: EnumProperty(
        name="Water",
        description="How the water that was found moves",
        items=(
            ("predicted", "Predicted", "As the engine foresees it"),
            ("mirrored", "Mirrored", "As the sky above it, upside down: calm water"),
            ("still", "Still", "Not at all"),
        ),
    )
    layers: BoolProperty(
        name="Keep Light",
        description="Only what differs from the light moves: behind clouds the clear sky stays, "
        "and in water its smooth reflections. Off: all of a region moves, as the paper has it",
        default=True,
    )
    ripple: FloatProperty(
        name="Ripple",
        description="Height of ripples on the water, in thousandths of the picture's height",
        min=0,
        max=100,
        soft_max=10,
    )
    use_arrows: BoolProperty(
        name="Follow Arrows",
        description="Follow the arrows drawn on the picture",
        default=True,
    )
    arrows_from: PointerProperty(
        name="Drawn In",
        description="Grease pencil whose strokes are the arrows; empty: all that lie on the "
        "picture, and annotations",
        type=bpy.types.Object,
        poll=is_stroke_object,
    )
    arrows_as: EnumProperty(
        name="Arrows As",
        description="How the motion follows the arrows",
        items=(
            ("code", "Code", "One latent code is fitted to all of them"),
            ("field", "Field", "The predicted field is bent to each"),
            ("both", "Both", "A code is fitted and the field bent to what is left"),
        ),
        default="both",
    )
