# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo past the packing of a mask: what was painted stays.

Blender's undo keeps the buffer of an image as long as the image itself is the same in both steps.
A mask that was packed between them is read anew, as it was packed before: without what was painted
since, mostly black. Such a step is none of the brush's, so that the mask has to show the same
before and after. (Where strokes were undone in the same step, they stay: nothing is lost.)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import bpy
from bpy.app.handlers import persistent

from .. import datablocks, handlers
from . import keeping


class _Seen(NamedTuple):
    """What a mask was before a step of undo."""

    file: bytes  # that is packed; empty: none
    pixels: Any  # float32, where they differ from the file's; else None


_before: dict[int, _Seen] = {}


@persistent
def _look(*_: Any) -> None:
    """Note what the masks show; those that were never packed are left to Blender."""
    import numpy as np

    keeping.drop()  # it goes on with the next mask that is left, or when the .blend is saved
    _before.clear()
    for mask in keeping.packed():
        pixels = None
        if mask.is_dirty:
            pixels = np.empty(mask.size[0] * mask.size[1] * mask.channels, np.float32)
            mask.pixels.foreach_get(pixels)
        _before[mask.session_uid] = _Seen(_file(mask), pixels)


@persistent
def _put_back(*_: Any) -> None:
    """Let the masks that were read anew show what they showed."""
    import numpy as np

    for uid, seen in _before.items():
        mask = datablocks.image_of(uid)
        if mask is None or (mask.is_dirty and mask.has_data):  # Blender's own, with its strokes
            continue
        if not mask.packed_file and mask.source != "GENERATED":  # it has a file of its own again
            continue
        if seen.pixels is None:
            if seen.file != _file(mask):
                keeping.put(mask, seen.file)
        elif mask.size[0] * mask.size[1] * mask.channels == len(seen.pixels):
            now = np.empty_like(seen.pixels)
            mask.pixels.foreach_get(now)
            if not np.array_equal(now, seen.pixels):
                mask.pixels.foreach_set(seen.pixels)
    _before.clear()


def _file(mask: bpy.types.Image) -> bytes:
    return bytes(mask.packed_file.data) if mask.packed_file else b""


HANDLERS = (
    ("undo_pre", _look),
    ("redo_pre", _look),
    ("undo_post", _put_back),
    ("redo_post", _put_back),
)


def register() -> None:
    """Watch steps of undo."""
    handlers.watch(HANDLERS)


def unregister() -> None:
    """Stop watching."""
    handlers.unwatch(HANDLERS)
