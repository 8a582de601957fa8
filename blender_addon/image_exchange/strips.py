# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip as strips of the video sequencer."""

from __future__ import annotations

from typing import Any

import bpy

from ..errors import AddonError
from . import sequences
from .clips import Clip

CHANNELS = 128  # that a sequencer has
ALPHA_MODES = {"STRAIGHT", "PREMUL"}  # that strips know


def add_strips(
    scene: bpy.types.Scene, name: str, image: bpy.types.Image, clip: Clip, times: int = 1
) -> list[Any]:
    """Add a clip to a scene's sequencer, above what is there, from the scene's first frame on.

    Strips know no loops: each time that the clip plays is a strip of its own.

    Args:
        scene: whose sequencer; it gets one if it has none.
        name: of the strips.
        image: what shows the clip elsewhere, which tells how its files are read.
        clip: the files, all of them on the disk.
        times: how often it plays, one after the other.

    Returns:
        The strips, the first one first; they alone are selected.

    Raises:
        AddonError: all channels are taken, or the scene is linked from another .blend.
    """
    if scene.library:
        raise AddonError(f"the scene '{scene.name}' is linked from another .blend; use another.")
    start = scene.frame_start
    strips = _strips_of(scene.sequence_editor_create())
    end = start + clip.frames * times
    spans = [(strip.channel, *span(strip)) for strip in strips]
    over = [channel for channel, first, last in spans if first < end and last >= start]
    channel = max(over, default=0) + 1
    if channel > CHANNELS:
        raise AddonError(
            f"no channel is free above the strips of '{scene.name}'; expected one of {CHANNELS}: "
            "move strips down."
        )
    for strip in strips:
        strip.select = False
    return [
        _strip(strips, name, image, clip, channel, start + time * clip.frames)
        for time in range(times)
    ]


def _strip(
    strips: Any, name: str, image: bpy.types.Image, clip: Clip, channel: int, start: int
) -> Any:
    path = sequences.portable(clip.first)
    if clip.movie:
        strip = strips.new_movie(name, path, channel, start, fit_method="FIT")
    else:
        strip = strips.new_image(name, path, channel, start, fit_method="FIT")
        for file in sequences.names_of(clip.first, clip.frames)[1:]:
            strip.elements.append(file)
    strip.colorspace_settings.name = image.colorspace_settings.name
    if image.alpha_mode in ALPHA_MODES:
        strip.alpha_mode = image.alpha_mode
    strip.select = True
    return strip


def span(strip: Any) -> tuple[int, int]:
    """The first and the last frame that a strip shows."""
    if hasattr(strip, "left_handle"):  # from Blender 5.2 on, where the older names are deprecated
        return int(strip.left_handle), int(strip.right_handle) - 1
    return int(strip.frame_final_start), int(strip.frame_final_end) - 1


def has_strips(scene: bpy.types.Scene) -> bool:
    """Whether a scene's sequencer holds anything."""
    return bool(scene.sequence_editor and len(_strips_of(scene.sequence_editor)))


def _strips_of(editor: bpy.types.SequenceEditor) -> Any:
    # named so from Blender 4.4 on; an empty collection is false, so that `or` won't do
    return editor.strips if hasattr(editor, "strips") else editor.sequences
