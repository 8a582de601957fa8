# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sets for one object: `Object.landscape`, saved in the .blend.

A group stands for a settings class of the engine and its properties have the names of that class's
fields. What Blender says in its own way (an image in place of a file's name, a list in place of
text) has a name of its own; `job_documents` makes the engine's fields of it.
"""

from __future__ import annotations

import bpy
from bpy.types import PropertyGroup

from .. import previews
from . import overrides
from .appearance import AppearanceProperties, KeyItem, PatchItem
from .clip import ClipProperties
from .loop import LoopProperties
from .motion import MotionProperties
from .output import OutputProperties, ResultItem
from .overridable import CollectionProperty, IntProperty, PointerProperty
from .regions import RegionItem, RegionProperties


class LandscapeProperties(PropertyGroup):
    """All of it, for one object."""

    picture: PointerProperty(
        name="Picture",
        description="The landscape picture; empty: the image of the object's material",
        type=bpy.types.Image,
    )
    clip: PointerProperty(type=ClipProperties)
    motion: PointerProperty(type=MotionProperties)
    motion_choice: previews.motion_choice()
    regions: PointerProperty(type=RegionProperties)
    loop: PointerProperty(type=LoopProperties)
    appearance: PointerProperty(type=AppearanceProperties)
    output: PointerProperty(type=OutputProperties)
    results: CollectionProperty(type=ResultItem)
    result_active: IntProperty(name="Result", description="The result that is chosen")


classes = (
    ClipProperties,
    MotionProperties,
    RegionItem,
    RegionProperties,
    LoopProperties,
    PatchItem,
    KeyItem,
    AppearanceProperties,
    OutputProperties,
    ResultItem,
    LandscapeProperties,
)


OWNERS = (bpy.types.Object, bpy.types.World, bpy.types.Camera)


def register() -> None:
    """Give every object its settings, and every world and camera."""
    for owner in OWNERS:
        owner.landscape = PointerProperty(name="Landscape", type=LandscapeProperties)
    overrides.register()


def unregister() -> None:
    """Take them away; what a .blend has saved stays in it."""
    overrides.unregister()
    for owner in OWNERS:
        del owner.landscape
