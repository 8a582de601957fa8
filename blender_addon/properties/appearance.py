# SPDX-License-Identifier: GPL-3.0-or-later
"""How the light changes."""

from __future__ import annotations

import bpy
from bpy.types import PropertyGroup

from .codes import BESIDE_BLEND, FILE, POSITION, position_property
from .overridable import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from .shown import automatic_of, percent_of


def center_property() -> FloatVectorProperty:
    """Where a patch is."""
    return FloatVectorProperty(
        name="Center",
        description="Center of the disc, in shares of the picture, y down",
        size=2,
        default=(0.5, 0.25),
        min=0,
        max=1,
    )


def radius_property() -> FloatProperty:
    """How large a patch is."""
    return FloatProperty(
        name="Radius",
        description="Radius of the disc, as a share of the picture's width",
        default=0.08,
        min=0.005,
        max=0.5,
    )


def color_property() -> FloatVectorProperty:
    """What a patch should look like."""
    return FloatVectorProperty(
        name="Color",
        description="Target color of the disc",
        size=3,
        default=(1.0, 0.55, 0.3),
        min=0,
        max=1,
        subtype="COLOR_GAMMA",
    )


class PatchItem(PropertyGroup):
    """A color that a disc of the picture should take."""

    center: center_property()
    radius: radius_property()
    radius_percent: percent_of(
        "radius", "Radius", "Radius of the disc, of the picture's width", most=50
    )
    color: color_property()


class KeyItem(PropertyGroup):
    """The look at one frame."""

    frame: IntProperty(name="Frame", description="Frame of the clip, from 0", min=0)
    value_from: EnumProperty(
        name="Look",
        description="Where the look at this frame comes from",
        items=(
            POSITION,
            ("INPUT", "Picture's Own", "The picture's own look"),
            ("REFERENCE", "Reference", "The look of another picture"),
            FILE,
        ),
    )
    position: position_property("Codebook day whose midday look is used")
    reference: PointerProperty(
        name="Reference", description="The picture whose look is used", type=bpy.types.Image
    )
    code_file: StringProperty(
        name="File",
        description="A file with a code, or with patches",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )


def _changes(self: PropertyGroup) -> bool:
    return self.kind != "off"


def _set_changes(self: PropertyGroup, changes: bool) -> None:
    if changes != _changes(self):
        self.kind = "keyed" if changes else "off"


class AppearanceProperties(PropertyGroup):
    """How the light changes."""

    changes: BoolProperty(
        name="Change Light",
        description="Let the light change in the clip; off: colors stay as they are",
        get=_changes,
        set=_set_changes,
    )

    kind: EnumProperty(
        name="Light",
        description="How colors change",
        items=(
            ("keyed", "Keyed", "Color maps predicted at key codes and interpolated: fast"),
            ("per-frame", "Per Frame", "The paper's: a color map for each frame"),
            ("off", "Off", "Colors don't change"),
        ),
    )
    code_from: EnumProperty(
        name="Sequence",
        description="Where the sequence of looks comes from",
        items=(
            POSITION,
            ("RANDOM", "Random Day", "A day of the codebook, drawn with the seed"),
            FILE,
            ("REFERENCE", "Reference", "The look of another picture, held throughout"),
            ("PREDICT", "Predicted Day", "A predicted day that begins with the picture's own look"),
            ("KEYS", "Keys and Patches", "The looks at key frames, and colors of patches"),
        ),
        default="PREDICT",
    )
    position: position_property(
        "Position in the codebook of days; similar days are next to each other"
    )
    code_file: StringProperty(
        name="File",
        description="A .json or .npy file with one code or a sequence",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    reference: PointerProperty(
        name="Reference", description="The picture whose look is used", type=bpy.types.Image
    )
    cycles: IntProperty(
        name="Cycles",
        description="Times that the light runs through its sequence in the clip",
        default=1,
        min=1,
        soft_max=10,
        max=1_000_000,
    )
    codes: IntProperty(
        name="Looks",
        description="Evenly spaced looks of the sequence; fewer give calmer light; 0: automatic, "
        "all of them",
        min=0,
        soft_max=50,
        max=1_000_000,
    )
    codes_automatic: automatic_of("codes", "Use all looks of the sequence", else_value=8)
    stars: FloatProperty(
        name="Stars",
        description="How many stars come out where the clear sky gets dark",
        min=0,
        max=1,
        subtype="FACTOR",
    )
    stars_percent: percent_of(
        "stars", "Stars", "How many stars come out where the clear sky gets dark"
    )
    windows: FloatProperty(
        name="Lit Windows",
        description="How many windows of buildings are lit as it gets dark",
        min=0,
        max=1,
        subtype="FACTOR",
    )
    windows_percent: percent_of(
        "windows", "Lit Windows", "How many windows of buildings are lit as it gets dark"
    )
    relative: BoolProperty(
        name="Begin with Picture",
        description="Begin with the picture's own look and add the sequence's changes, limited to "
        "daylight; off: use the sequence's looks unchanged",
        default=True,
    )
    anchor: BoolProperty(
        name="Keep Own Look",
        description="Reproduce the picture's own look exactly; other looks keep its contrast",
        default=True,
    )
    correct: BoolProperty(
        name="Match Colors",
        description="Give patches their exact colors, and sky, land and water those of a "
        "reference, even where no codebook look has them",
        default=True,
    )
    key_items: CollectionProperty(type=KeyItem)
    key_active: IntProperty(name="Key", description="The key that is shown")
    patch_items: CollectionProperty(type=PatchItem)
    patch_active: IntProperty(name="Patch", description="The patch that is shown")
    patch_half_way: BoolProperty(
        name="Half-Way",
        description="The colors of the patches are reached half-way through the clip",
        default=True,
    )
    patch_frame: IntProperty(
        name="At Frame", description="Frame at which the patches' colors are reached", min=0
    )
