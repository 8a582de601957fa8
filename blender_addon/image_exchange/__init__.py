# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures between Blender and the engine: which, as what file, and its frames on the plane.

What Blender alone knows of images (rows from the bottom up, packed and painted ones, paths beside
the .blend, image users) is known here and nowhere else.
"""

from .backdrops import Backdrop, Holder, shown_image
from .backdrops import holder as backdrop_holder
from .backdrops import missing_frames as missing_backdrop_frames
from .backdrops import picture as backdrop_picture
from .backdrops import show_frames as show_backdrop_frames
from .backdrops import show_picture as show_backdrop_picture
from .backdrops import shows_frames as backdrop_shows_frames
from .backdrops import take_off as take_off_backdrops
from .clips import Clip, clip_at, is_movie
from .compositor import add_image_node
from .exports import glTF2_post_export_callback, glTF2_pre_export_callback
from .files import by_their_names, picture_file, png, smaller_mask
from .frame_ranges import match_frame_range
from .gobos import add_gobo
from .handover import ImageFile, SettingsFile, image_file, with_files
from .live_kits import read as read_live_kit
from .live_loops import SETTINGS as LIVE_SETTINGS
from .live_loops import kept as has_live_loop
from .live_loops import put_on as put_live_loop_on
from .live_loops import show as show_live_loop
from .live_loops import shown as shown_live_loop
from .lost_frames import find_moved, missing_frames, missing_of, relink
from .materials import picture_behind
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
    LINEAR,
    frames_image,
    is_linear,
    point_to,
    portable,
    put_on,
    read_as,
    seen_texture,
    show_picture,
    show_sequence,
    shown_file,
    shown_frames,
    shows_frames,
    take_off,
)
from .sources import has_images, image_problem, path_of, picture_of, source_problem
from .steps import Steps, at_once, go_on
from .strips import add_strips, has_strips
from .strips import span as strip_span

__all__ = [
    "HEIGHT_M",
    "LINEAR",
    "LIVE_SETTINGS",
    "SHADERS",
    "Backdrop",
    "Clip",
    "Holder",
    "ImageFile",
    "PlaneOptions",
    "SettingsFile",
    "Steps",
    "add_gobo",
    "add_image_node",
    "add_strips",
    "at_once",
    "backdrop_holder",
    "backdrop_picture",
    "backdrop_shows_frames",
    "by_their_names",
    "check_plane",
    "clip_at",
    "find_moved",
    "frames_image",
    "glTF2_post_export_callback",
    "glTF2_pre_export_callback",
    "go_on",
    "has_images",
    "has_live_loop",
    "has_strips",
    "image_file",
    "image_problem",
    "is_image_empty",
    "is_linear",
    "is_movie",
    "make_plane",
    "make_planes",
    "match_frame_range",
    "missing_backdrop_frames",
    "missing_frames",
    "missing_of",
    "path_of",
    "picture_behind",
    "picture_file",
    "picture_of",
    "plane_from_empty",
    "png",
    "point_to",
    "portable",
    "put_live_loop_on",
    "put_on",
    "read_as",
    "read_live_kit",
    "relink",
    "seen_texture",
    "show_backdrop_frames",
    "show_backdrop_picture",
    "show_live_loop",
    "show_picture",
    "show_sequence",
    "shown_file",
    "shown_frames",
    "shown_image",
    "shown_live_loop",
    "shows_frames",
    "smaller_mask",
    "source_problem",
    "strip_span",
    "take_off",
    "take_off_backdrops",
    "with_files",
]
