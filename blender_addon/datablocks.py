# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects and scenes found again after a while, under whatever name they have by then.

Blender numbers the data of a session. A number stays through renames and undo, and no other data
gets it, not even that of a file which is opened later.
"""

from __future__ import annotations

import bpy

NONE = 0  # no data has this number


def uid_of(data: bpy.types.ID | None) -> int:
    """The number of an object or a scene; `NONE` for None."""
    return data.session_uid if data else NONE


def object_of(uid: int) -> bpy.types.Object | None:
    """The object with a number; None where it was deleted, or another file was opened."""
    return next((obj for obj in bpy.data.objects if obj.session_uid == uid), None)


def image_of(uid: int) -> bpy.types.Image | None:
    """The image with a number; None where it was removed, or another file was opened."""
    return next((image for image in bpy.data.images if image.session_uid == uid), None)


def backdrop_of(uid: int) -> bpy.types.World | bpy.types.Camera | None:
    """The world, or the data of a camera, with a number; None where it was deleted."""
    those = (*bpy.data.worlds, *bpy.data.cameras)
    return next((one for one in those if one.session_uid == uid), None)


def scene_of(uid: int) -> bpy.types.Scene | None:
    """The scene with a number; None where it was deleted."""
    return next((scene for scene in bpy.data.scenes if scene.session_uid == uid), None)


def scene_for(obj: bpy.types.Object, uid: int) -> bpy.types.Scene:
    """The scene with a number; where it was deleted, one that has the object."""
    scenes = [scene for scene in bpy.data.scenes if scene.session_uid == uid]
    return next(iter([*scenes, *obj.users_scene]), bpy.context.scene)
