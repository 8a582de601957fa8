# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures between Blender and the engine: which, as what file, and its frames on the plane.

What Blender alone knows of images (rows from the bottom up, packed and painted ones, paths beside
the .blend, image users) is known here and nowhere else.
"""

from .clips import Clip, clip_at, is_movie
from .files import picture_file
from .lost_frames import find_moved, missing_frames, relink
from .planes import check_plane, make_plane
from .sequences import (
    frames_image,
    match_frame_range,
    point_to,
    portable,
    show_picture,
    show_sequence,
    shown_file,
    shows_frames,
)
from .sources import path_of, picture_of, source_problem

__all__ = [
    "Clip",
    "check_plane",
    "clip_at",
    "find_moved",
    "frames_image",
    "is_movie",
    "make_plane",
    "match_frame_range",
    "missing_frames",
    "path_of",
    "picture_file",
    "picture_of",
    "point_to",
    "portable",
    "relink",
    "show_picture",
    "show_sequence",
    "shown_file",
    "shows_frames",
    "source_problem",
]
