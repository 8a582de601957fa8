# SPDX-License-Identifier: GPL-3.0-or-later
"""How things move."""

from __future__ import annotations

import bpy
from bpy.types import PropertyGroup

from .codes import AUTO, BESIDE_BLEND, FILE, POSITION, RANDOM, is_stroke_object, position_property
from .overridable import BoolProperty, EnumProperty, FloatProperty, PointerProperty, StringProperty
from .shown import percent_of


class MotionProperties(PropertyGroup):
    """How things move."""

    kind: EnumProperty(
        name="Motion",
        description="How the motion is made from the picture",
        items=(
            ("steady", "Steady", "One predicted field warps the picture; land stays still"),
            ("recurrent", "Recurrent", "The paper's: each step is predicted from the one before"),
        ),
    )
    code_from: EnumProperty(
        name="Wind",
        description="Where the motion of sky and water comes from",
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
    position: position_property(
        "Position in the codebook of motions; similar motions are next to each other"
    )
    code_file: StringProperty(
        name="File",
        description="A .json or .npy file with a motion code, or a video whose motion is copied",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    speed: FloatProperty(
        name="Speed",
        description="Speed factor: on a calm pace with an automatic code, else on the predicted "
        "speed; negative reverses",
        default=1,
        min=-100,
        max=100,
        soft_min=-4,
        soft_max=4,
    )
    water: EnumProperty(
        name="Water",
        description="Motion of the detected water",
        items=(
            ("predicted", "Predicted", "The motion that the network predicts"),
            ("mirrored", "Mirrored", "The sky's motion, upside down: calm water"),
            ("still", "Still", "No motion"),
        ),
    )
    layers: BoolProperty(
        name="Keep Light",
        description="Move only clouds and waves; the clear sky behind clouds and the smooth "
        "reflections in water stay. Off: move whole regions, as in the paper",
        default=True,
    )
    ripple: FloatProperty(
        name="Ripple",
        description="Height of ripples on the water, in thousandths of the picture's height",
        min=0,
        max=100,
        soft_max=10,
    )
    ripple_percent: percent_of(
        "ripple", "Ripple", "Height of ripples on the water, of the picture's height", 10, 0.1
    )
    use_arrows: BoolProperty(
        name="Follow Arrows",
        description="Follow the arrows drawn on the picture",
        default=True,
    )
    arrows_from: PointerProperty(
        name="Drawn In",
        description="Grease pencil whose strokes are the arrows; empty: all strokes on the "
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
            ("both", "Both", "A code is fitted, and the field bent to correct the rest"),
        ),
        default="both",
    )
