# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's texture brush on a mask; afterwards the artist's settings are as they were.

What they were is kept in the scene, so that undo and a file that is saved meanwhile know it too.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import keeping

BEFORE = "landscape_before_painting"  # in a scene: the settings that the brush took the place of
MODE = "TEXTURE_PAINT"
WHITE, BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
NO_BRUSH = (
    "This Blender came without brushes, so nothing can be painted yet; append a brush for texture "
    "paint from another .blend, or take a Blender with its essential assets."
)


def start(context: bpy.types.Context, obj: bpy.types.Object, mask: bpy.types.Image) -> None:
    """Start the texture brush in white on a mask; what was painted before is kept.

    Args:
        context: the scene whose brush it is.
        obj: the active object, which names the mask.
        mask: one that the brush can paint.

    Raises:
        AddonError: the mask can't be painted.
    """
    keeping.take_in(mask)
    keeping.keep_soon(mask)
    scene = context.scene
    if BEFORE in scene and scene[BEFORE].get("object") != obj:
        stop(scene)
    mode = obj.mode
    if mode != MODE:
        bpy.ops.object.mode_set(mode=MODE)  # first, for it finds the brush
    paint, colors = scene.tool_settings.image_paint, _colors(scene)
    if BEFORE not in scene:
        before = {"object": obj, "mode": mode, "source": paint.mode, "bleed": paint.seam_bleed}
        if paint.canvas:
            before["canvas"] = paint.canvas
        if colors:
            before["colors"] = [*colors.color, *colors.secondary_color]
        scene[BEFORE] = before
    paint.mode, paint.canvas = "IMAGE", mask
    paint.seam_bleed = 0  # it paints on at the opposite side of the image
    if colors:
        colors.color, colors.secondary_color = WHITE, BLACK


def is_missing(scene: bpy.types.Scene) -> bool:
    """Whether there is no brush that would paint; builds without Blender's assets have none."""
    return scene.tool_settings.image_paint.brush is None


def stop(scene: bpy.types.Scene) -> None:
    """Keep what was painted, and put the artist's settings back."""
    keeping.keep_soon()
    if BEFORE not in scene:
        return
    before = scene[BEFORE].to_dict()  # a copy: what is deleted can't be read any more
    del scene[BEFORE]
    paint = scene.tool_settings.image_paint
    paint.mode, paint.canvas = before["source"], before.get("canvas")
    paint.seam_bleed = before["bleed"]
    colors = _colors(scene)
    if colors and "colors" in before:
        colors.color, colors.secondary_color = before["colors"][:3], before["colors"][3:]
    obj = before.get("object")
    if obj and obj.mode == MODE and bpy.context.object == obj:
        bpy.ops.object.mode_set(mode="OBJECT" if before["mode"] == MODE else before["mode"])


def _colors(scene: bpy.types.Scene) -> Any:
    """What has the brush's colors: the settings that all brushes share, or the brush; None."""
    paint = scene.tool_settings.image_paint
    # From Blender 5.0 on each mode has shared settings of its own
    shared = getattr(paint, "unified_paint_settings", None)
    shared = shared or scene.tool_settings.unified_paint_settings
    return shared if shared.use_unified_color else paint.brush


@persistent
def _stop_when_left(scene: bpy.types.Scene, *_: Any) -> None:
    """The artist may leave texture paint by Blender's own ways, too."""
    if BEFORE not in scene:
        return
    obj = scene[BEFORE].get("object")
    if obj is None or obj.mode != MODE:
        stop(scene)


def register() -> None:
    """Watch texture paint being left."""
    bpy.app.handlers.depsgraph_update_post.append(_stop_when_left)


def unregister() -> None:
    """Stop watching."""
    bpy.app.handlers.depsgraph_update_post.remove(_stop_when_left)
