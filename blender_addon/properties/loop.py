# SPDX-License-Identifier: GPL-3.0-or-later
"""How the motion closes into a loop."""

from __future__ import annotations

from bpy.props import EnumProperty, FloatProperty, IntProperty
from bpy.types import PropertyGroup


class LoopProperties(PropertyGroup):
    """How the motion closes into a loop."""

    kind: EnumProperty(
        name="Loop",
        description="How the motion closes into a loop",
        items=(
            ("two-phase", "Two-Phase", "Two copies half a period apart, blended"),
            ("crossfade", "Cross-Fade", "The paper's: the end is blended into the start"),
            ("none", "None", "An open end"),
        ),
    )
    frames: IntProperty(
        name="Period",
        description="Frames in one loop of the motion; 0: the divisor of the frames nearest to 100",
        min=0,
        max=1_000_000,
        soft_max=1000,
    )
    blend: EnumProperty(
        name="Blend",
        description="How the two copies are blended",
        items=(
            (
                "condense",
                "Condense",
                "Forms of the sky go over from copy to copy one after another",
            ),
            ("contrast", "Contrast", "Both copies are blended and keep their contrast"),
            ("plain", "Plain", "The average, which is softer"),
        ),
    )
    sampling: EnumProperty(
        name="Sampling",
        description="How the moved picture is sampled",
        items=(
            ("bicubic", "Bicubic", "As sharp as the picture"),
            ("bilinear", "Bilinear", "Softer, and a little quicker; the paper's"),
        ),
    )
    phase_noise: FloatProperty(
        name="Phase Noise",
        description="How far the phase differs from place to place; 0: the first frame is the "
        "picture, and the seam shows a little",
        default=0.4,
        min=0,
        max=1,
        subtype="FACTOR",
    )
