# SPDX-License-Identifier: GPL-3.0-or-later
"""How frames become files, and which were made."""

from __future__ import annotations

import bpy
from bpy.types import PropertyGroup

from .codes import BESIDE_BLEND
from .overridable import BoolProperty, EnumProperty, IntProperty, PointerProperty, StringProperty


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
    ten_bits: BoolProperty(
        name="10 Bits",
        description="Write 10 bits per color: smoother skies in a smaller file, which Blender and "
        "most players support and many browsers don't",
        default=False,
    )
    folder: StringProperty(
        name="Folder",
        description="Folder for the frames; // is the folder of the .blend",
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
        description="Set the scene's frame range to that of the clip, or to where the clips of "
        "several planes end together; a range that you have chosen stays",
        default=True,
    )


class ResultItem(PropertyGroup):
    """Frames that were made of the picture."""

    image: PointerProperty(
        name="Frames",
        description="The image sequence, or the movie",
        type=bpy.types.Image,
    )
    file: StringProperty(  # older files have it alone, and newer ones for older add-ons
        name="First File",
        description="Where the first frame, or the movie, was when the result was listed",
        subtype="FILE_PATH",
        options=BESIDE_BLEND,
    )
    frames: IntProperty(name="Frames", description="Frames in the clip")
    movie: BoolProperty(name="Movie", description="One file with all frames")
    colorspace: StringProperty(name="Color Space", description="How Blender reads the frames")
    job: StringProperty(
        name="Job",
        description="Document that repeats this result, for landscape-engine animate --job",
    )
