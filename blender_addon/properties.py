# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sets for one object: `Object.landscape`, saved in the .blend.

A group stands for a settings class of the engine and its properties have the names of that class's
fields. What Blender says in its own way (an image in place of a file's name, a list in place of
text) has a name of its own; `job_documents` makes the engine's fields of it.
"""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

# From 4.5 on a path says that it may be beside the .blend; until then every path may.
BESIDE_BLEND = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
POSITION = ("POSITION", "Codebook", "A place in the codebook")
RANDOM = ("RANDOM", "Random", "Drawn with the seed")
FILE = ("FILE", "File", "A file with a code")


def position_property(description: str) -> FloatProperty:
    """A place in a codebook."""
    return FloatProperty(
        name="Position", description=description, default=0.3, min=0, max=1, subtype="FACTOR"
    )


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
    seed: IntProperty(
        name="Seed", description="Seed of everything random; the same seed repeats", min=0
    )


def _is_stroke_object(self: PropertyGroup, candidate: bpy.types.Object) -> bool:
    return candidate.type in {"GPENCIL", "GREASEPENCIL"}


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
            ("CLIP", "Time-Lapse", "A video, or a frame of a folder of them, that moves so"),
        ),
        default="RANDOM",
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
        description="Factor on the predicted speed; negative goes backwards",
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
    ripple: FloatProperty(
        name="Ripple",
        description="Height of ripples on the water, in thousandths of the picture's height",
        min=0,
        max=100,
        soft_max=10,
    )
    use_arrows: BoolProperty(
        name="Follow Arrows",
        description="Things move as the arrows that are drawn on the picture",
        default=True,
    )
    arrows_from: PointerProperty(
        name="Drawn In",
        description="Grease pencil whose strokes are the arrows; empty: all that lie on the "
        "picture, and annotations",
        type=bpy.types.Object,
        poll=_is_stroke_object,
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


class RegionItem(PropertyGroup):
    """A part of the picture that moves in a way of its own."""

    mask: PointerProperty(
        name="Mask", description="Image that is white where the region is", type=bpy.types.Image
    )
    code_from: EnumProperty(
        name="Code",
        description="Where the latent code of this region's motion comes from",
        items=(("SAME", "As the Picture", "The code of the whole picture"), POSITION, FILE),
    )
    position: position_property("Which motion of the codebook this region takes")
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
        description="Width of a to and fro, as of plants, in thousandths of the picture's width",
        min=0,
        max=100,
        soft_max=10,
    )
    arrows_from: PointerProperty(
        name="Arrows",
        description="Grease pencil whose strokes are this region's arrows",
        type=bpy.types.Object,
        poll=_is_stroke_object,
    )


class RegionProperties(PropertyGroup):
    """Where things move."""

    clean: BoolProperty(
        name="Find What Moves",
        description="Find sky and water and keep the rest still; off: the predicted field as it "
        "comes, for the whole picture",
        default=True,
    )
    still_image: PointerProperty(
        name="Still Mask",
        description="Image that is white where all stays still, grey where it partly does",
        type=bpy.types.Image,
    )
    moving_image: PointerProperty(
        name="Moving Mask",
        description="Image that is white where things move, in place of what is found",
        type=bpy.types.Image,
    )
    use_horizon: BoolProperty(
        name="Set Horizon", description="Say where the water begins, if it isn't found right"
    )
    horizon: FloatProperty(
        name="Horizon",
        description="Where the water begins, as a share of the height from the top",
        default=0.5,
        min=0.001,
        max=0.999,
        subtype="FACTOR",
    )
    region_items: CollectionProperty(type=RegionItem)
    region_active: IntProperty(name="Region", description="The region that is shown")


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
            ("contrast", "Contrast", "What is blended keeps its contrast"),
            ("plain", "Plain", "The average, which is softer"),
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


class PatchItem(PropertyGroup):
    """A color that a disc of the picture should take."""

    center: FloatVectorProperty(
        name="Center",
        description="Center of the disc, in shares of the picture, y down",
        size=2,
        default=(0.5, 0.25),
        min=0,
        max=1,
    )
    radius: FloatProperty(
        name="Radius",
        description="Radius of the disc, as a share of the picture's width",
        default=0.08,
        min=0.005,
        max=1,
    )
    color: FloatVectorProperty(
        name="Color",
        description="The color that the disc should take",
        size=3,
        default=(1.0, 0.55, 0.3),
        min=0,
        max=1,
        subtype="COLOR_GAMMA",
    )


class KeyItem(PropertyGroup):
    """The look at one frame."""

    frame: IntProperty(name="Frame", description="Frame of the clip, from 0", min=0)
    value_from: EnumProperty(
        name="Look",
        description="Where the look at this frame comes from",
        items=(
            POSITION,
            ("INPUT", "Picture's Own", "The look that the picture has"),
            ("REFERENCE", "Reference", "The look of another picture"),
            FILE,
        ),
    )
    position: position_property("Whose height of the day of the codebook is taken")
    reference: PointerProperty(
        name="Reference", description="A picture that looks so", type=bpy.types.Image
    )
    code_file: StringProperty(
        name="File",
        description="A file with a code, or with patches",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )


class AppearanceProperties(PropertyGroup):
    """How the light changes."""

    kind: EnumProperty(
        name="Light",
        description="How colors change",
        items=(
            ("keyed", "Keyed", "Color maps at key codes, interpolated: fast"),
            ("per-frame", "Per Frame", "The paper's: a color map for each frame"),
            ("off", "Off", "Colors stay"),
        ),
    )
    code_from: EnumProperty(
        name="Sequence",
        description="Where the sequence of looks comes from",
        items=(
            POSITION,
            RANDOM,
            FILE,
            ("REFERENCE", "Reference", "The look of another picture, held throughout"),
            ("PREDICT", "Predict", "A day that goes on from the picture's own look"),
            ("KEYS", "Keys and Patches", "The looks at key frames, and colors of patches"),
        ),
        default="RANDOM",
    )
    position: position_property("Which day of the codebook: its ends are the most unlike")
    code_file: StringProperty(
        name="File",
        description="A .json or .npy file with one code or a sequence",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    reference: PointerProperty(
        name="Reference", description="The picture whose look is taken", type=bpy.types.Image
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
        name="Key Codes",
        description="Key codes taken from the sequence, evenly; fewer are calmer; 0: all",
        min=0,
        soft_max=50,
        max=1_000_000,
    )
    key_items: CollectionProperty(type=KeyItem)
    key_active: IntProperty(name="Key", description="The key that is shown")
    patch_items: CollectionProperty(type=PatchItem)
    patch_active: IntProperty(name="Patch", description="The patch that is shown")
    patch_half_way: BoolProperty(
        name="Patches Half-Way",
        description="The colors of the patches are reached half-way through the clip",
        default=True,
    )
    patch_frame: IntProperty(
        name="Patches at Frame", description="Frame at which their colors are reached", min=0
    )


class OutputProperties(PropertyGroup):
    """How frames become files."""

    format: EnumProperty(
        name="Format",
        description="Format of the frames",
        items=(
            ("png", "PNG", "A sequence, 8 bits"),
            ("png16", "PNG, 16 Bits", "A sequence, 16 bits"),
            ("exr", "OpenEXR", "A sequence, half float, scene-linear"),
            ("mp4", "MP4", "A movie, H.264"),
            ("webm", "WebM", "A movie, VP9"),
            ("gif", "GIF", "A movie of 256 colors a frame"),
        ),
    )
    folder: StringProperty(
        name="Folder",
        description="Where the frames go; // is beside the .blend",
        default="//landscape/",
        subtype="DIR_PATH",
        options=BESIDE_BLEND,
    )
    colorspace: EnumProperty(
        name="Color Space",
        description="How Blender reads the frames",
        items=(
            ("AUTO", "Automatic", "sRGB, and scene-linear for OpenEXR"),
            ("sRGB", "sRGB", "As a display shows them"),
            ("Linear Rec.709", "Linear Rec.709", "Scene-linear"),
            ("Non-Color", "Non-Color", "Plain values"),
        ),
    )
    match_range: BoolProperty(
        name="Match Frame Range",
        description="The scene's frame range becomes that of the clip",
        default=True,
    )


class ResultItem(PropertyGroup):
    """Frames that were made of the picture."""

    file: StringProperty(
        name="First File",
        description="The first frame, or the movie",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    frames: IntProperty(name="Frames", description="Frames in the clip")
    movie: BoolProperty(name="Movie", description="One file with all frames")
    colorspace: StringProperty(name="Color Space", description="How Blender reads the frames")
    job: StringProperty(
        name="Job", description="The document that repeats it, for landscape-engine animate --job"
    )


class LandscapeProperties(PropertyGroup):
    """All of it, for one object."""

    picture: PointerProperty(
        name="Picture",
        description="The landscape picture; empty: the image of the object's material",
        type=bpy.types.Image,
    )
    clip: PointerProperty(type=ClipProperties)
    motion: PointerProperty(type=MotionProperties)
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


def register() -> None:
    """Give every object its settings."""
    bpy.types.Object.landscape = PointerProperty(name="Landscape", type=LandscapeProperties)


def unregister() -> None:
    """Take them away; what a .blend has saved stays in it."""
    del bpy.types.Object.landscape
