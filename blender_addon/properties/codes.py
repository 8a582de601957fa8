# SPDX-License-Identifier: GPL-3.0-or-later
"""What latent codes are chosen by, in all groups alike."""

from __future__ import annotations

import bpy
from bpy.types import PropertyGroup

from .overridable import FloatProperty

# From 4.5 on a path says that it may be beside the .blend; until then every path may.
BESIDE_BLEND = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
POSITION = ("POSITION", "Codebook", "A position in the codebook")
AUTO = ("AUTO", "Automatic", "Codes that suit this picture; the seed draws among the best")
RANDOM = ("RANDOM", "Random", "Drawn with the seed")
FILE = ("FILE", "File", "A file with a code")


def position_property(description: str) -> FloatProperty:
    """A place in a codebook."""
    return FloatProperty(
        name="Position", description=description, default=0.3, min=0, max=1, subtype="FACTOR"
    )


def is_stroke_object(self: PropertyGroup, candidate: bpy.types.Object) -> bool:
    """Whether an object is a grease pencil."""
    return candidate.type in {"GPENCIL", "GREASEPENCIL"}
