# SPDX-License-Identifier: GPL-3.0-or-later
"""Painted masks packed into the .blend: Blender saves no painted pixels that aren't packed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import image_exchange
from ..errors import AddonError

# Of a mask. Blender packs it in one call, which is waited for. Packing must come before the undo
# step: one without a packed mask leads to a black one.
LONGEST_SIDE_PX = 1920


def made_for(obj: bpy.types.Object, label: str) -> bpy.types.Image:
    """A new black mask of the picture's aspect.

    Raises:
        AddonError: the object has no picture.
    """
    width, height = image_exchange.picture_of(obj).size
    shrink = min(1.0, LONGEST_SIDE_PX / max(width, height))
    mask = bpy.data.images.new(
        f"{obj.name} {label}", max(2, round(width * shrink)), max(2, round(height * shrink))
    )
    mask.generated_color = (0, 0, 0, 1)
    mask.colorspace_settings.name = "Non-Color"
    return mask


def of(obj: bpy.types.Object) -> list[bpy.types.Image]:
    """The images that an object's settings name as masks."""
    regions = obj.landscape.regions
    masks = [regions.still_image, regions.moving_image]
    masks += [item.mask for item in regions.region_items]
    return [mask for mask in masks if mask]


def take_in(mask: bpy.types.Image) -> None:
    """Pack a mask that has a file, before it is painted: what is painted is in the .blend then.

    Raises:
        AddonError: it can't be painted.
    """
    problem = image_exchange.image_problem(mask)
    if problem:
        raise AddonError(problem)
    if mask.library:
        raise AddonError(
            f"the mask '{mask.name}' is linked from '{mask.library.filepath}' and can't be painted "
            "here; make it local, or choose another mask."
        )
    if not _is_inside(mask):
        mask.pack()


def keep() -> None:
    """Pack every mask that was painted.

    An image with a file of its own is left to the artist, unless the brush was started on it.
    """
    for mask in _all():
        if mask.is_dirty and _is_inside(mask):
            mask.pack()


def _is_inside(mask: bpy.types.Image) -> bool:
    """Whether the .blend alone holds an image."""
    return bool(mask.packed_file) or mask.source == "GENERATED"


def _all() -> Iterator[bpy.types.Image]:
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            yield from (mask for mask in of(obj) if not mask.library)


@persistent
def _keep_on_save(*_: Any) -> None:
    keep()


def register() -> None:
    """Watch files being saved."""
    bpy.app.handlers.save_pre.append(_keep_on_save)


def unregister() -> None:
    """Stop watching."""
    bpy.app.handlers.save_pre.remove(_keep_on_save)
