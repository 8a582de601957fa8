# SPDX-License-Identifier: GPL-3.0-or-later
"""How the motion closes into a loop."""

from __future__ import annotations

from bpy.types import PropertyGroup

from .overridable import EnumProperty, FloatProperty, IntProperty
from .shown import automatic_of, percent_of


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
        description="Frames in one loop of the motion; 0: automatic, the divisor of "
        "the clip's frames nearest to 100",
        min=0,
        max=1_000_000,
        soft_max=1000,
    )
    frames_automatic: automatic_of(
        "frames", "Use the divisor of the clip's frames that is nearest to 100", else_value=100
    )
    blend: EnumProperty(
        name="Blend",
        description="How the two copies are blended",
        items=(
            (
                "condense",
                "Condense",
                "Clouds switch from copy to copy one after another",
            ),
            ("contrast", "Contrast", "Both copies are blended, and their contrast restored"),
            ("plain", "Plain", "The average, which is softer"),
        ),
    )
    sampling: EnumProperty(
        name="Sampling",
        description="Sampling of the warped picture",
        items=(
            ("bicubic", "Bicubic", "As sharp as the picture"),
            ("bilinear", "Bilinear", "Softer, and a little faster; the paper's"),
        ),
    )
    phase_noise: FloatProperty(
        name="Phase Noise",
        description="Spatial variation of the phase of what fades: falls, surf, all with another "
        "blend than Condense; 0: their first frame is the picture, and the seam is slightly "
        "visible",
        default=0.4,
        min=0,
        max=1,
        subtype="FACTOR",
    )
    phase_noise_percent: percent_of(
        "phase_noise",
        "Phase Noise",
        "Spatial variation of the phase of what fades: falls, surf, all with another blend than "
        "Condense; 0: their first frame is the picture, and the seam is slightly visible",
    )
    start: EnumProperty(
        name="Start",
        description="First frame of the cross-fade",
        items=(
            ("picture", "Picture", "The picture, which moves on and back from there"),
            ("blend", "Blend", "The paper's order: every frame near the picture is blended"),
        ),
    )
