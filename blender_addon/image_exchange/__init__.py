# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures between Blender and the engine: which, as what file, and its frames on the plane.

What Blender alone knows of images (rows from the bottom up, packed and painted ones, paths beside
the .blend, image users) is known here and nowhere else.
"""

from .clips import Clip, clip_at, is_movie
from .exports import glTF2_post_export_callback, glTF2_pre_export_callback
from .files import Steps, at_once, by_their_names, picture_file
from .frame_ranges import match_frame_range
from .handover import ImageFile, SettingsFile, image_file, with_files
from .lost_frames import find_moved, missing_frames, relink
from .plane_materials import SHADERS
from .planes import (
    HEIGHT_M,
    PlaneOptions,
    check_plane,
    is_image_empty,
    make_plane,
    make_planes,
    plane_from_empty,
)
from .sequences import (
    frames_image,
    point_to,
    portable,
    put_on,
    seen_texture,
    show_picture,
    show_sequence,
    shown_file,
    shown_frames,
    shows_frames,
    take_off,
)
from .sources import image_problem, path_of, picture_of, source_problem

__all__ = [
    "HEIGHT_M",
    "SHADERS",
    "Clip",
    "ImageFile",
    "PlaneOptions",
    "SettingsFile",
    "Steps",
    "at_once",
    "by_their_names",
    "check_plane",
    "clip_at",
    "find_moved",
    "frames_image",
    "glTF2_post_export_callback",
    "glTF2_pre_export_callback",
    "image_file",
    "image_problem",
    "is_image_empty",
    "is_movie",
    "make_plane",
    "make_planes",
    "match_frame_range",
    "missing_frames",
    "path_of",
    "picture_file",
    "picture_of",
    "plane_from_empty",
    "point_to",
    "portable",
    "put_on",
    "relink",
    "seen_texture",
    "show_picture",
    "show_sequence",
    "shown_file",
    "shown_frames",
    "shows_frames",
    "source_problem",
    "take_off",
    "with_files",
]
