# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's frame range made as long as the loops of its planes, unless somebody chose it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy

BLENDERS = (1, 250)  # the range of a new scene
SET = "landscape_frame_range"  # on a scene: the range that was set here
# For loops to end together; else the longest counts alone
MOST_TIMES, MOST_FRAMES = 4, 2000  # the longest, and frames


def match_frame_range(scene: bpy.types.Scene, loops: Sequence[int]) -> str:
    """Make the scene as long as it takes for all loops to end together, if that isn't long.

    A range that is neither Blender's own nor what was set here is the artist's, and stays.

    Args:
        scene: the scene with the planes.
        loops: how many frames each of them shows.

    Returns:
        What the artist should know of it, in one sentence; empty: it is as expected.
    """
    found = (scene.frame_start, scene.frame_end)
    start = scene.frame_start
    together, longest = math.lcm(*loops), max(loops)
    sensible = together <= min(MOST_TIMES * longest, max(MOST_FRAMES, longest))
    frames = together if sensible else longest
    wanted = (start, start + frames - 1)
    if found not in {BLENDERS, tuple(scene.get(SET, ()))}:
        if found == wanted:
            return ""
        return (
            f"The scene keeps its frame range, {found[0]} to {found[1]}, which was chosen; "
            f"{wanted[0]} to {wanted[1]} would be the clip's."
        )
    scene.frame_start, scene.frame_end = wanted
    scene[SET] = wanted
    if frames < together:
        return (
            f"The frame range is that of the longest of {len(loops)} loops, since all of them end "
            f"together only after {together} frames; give them lengths that divide each other to "
            "close the scene sooner."
        )
    if frames > longest:
        return (
            f"The frame range is {wanted[0]} to {wanted[1]}, at whose end all {len(loops)} loops "
            "end together."
        )
    return ""
