# SPDX-License-Identifier: GPL-3.0-or-later
"""Painted masks packed into the .blend: Blender saves no painted pixels that aren't packed.

`Image.pack` encodes slowly and in one call: 0.1 to 0.26 s for 1,920 × 1,080 pixels, up to 1 s for
4,096 × 2,304. What the brush paints is therefore 8 bits deep and no larger than the former; we
encode it between redraws, and hand the file over. Images that were painted elsewhere wait for the
save.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import datablocks, handlers, image_exchange, window
from ..errors import AddonError

LONGEST_SIDE_PX = 1920  # of a mask that the brush paints
MOST_PIXELS = 1920 * 1080
OWN_ALPHA = {"STRAIGHT", "CHANNEL_PACKED"}  # modes in which a PNG has the alpha of the buffer
STEP_S = 0.02  # for so long masks are encoded before the window has its turn
BETWEEN_S = 0.005  # its turn
PAINTED_AS = "landscape_painted_as"  # in a mask that the brush can't paint: its copy

_under_brush = datablocks.NONE  # the number of the mask that the brush is on
_steps: image_exchange.Steps[None] | None = None  # of packing, between redraws
_packed: set[int] = set()  # the numbers of masks that were packed in this session, painted


def made_for(obj: bpy.types.Object, label: str) -> bpy.types.Image:
    """A new black mask of the picture's aspect.

    Raises:
        AddonError: the object has no picture.
    """
    size = paintable_size(*image_exchange.picture_of(obj).size)
    return new(f"{obj.name} {label}", size)


def new(name: str, size: tuple[int, int]) -> bpy.types.Image:
    """A new black mask, size as width and height in pixels."""
    mask = bpy.data.images.new(name, *size)
    mask.generated_color = (0, 0, 0, 1)
    mask.colorspace_settings.name = "Non-Color"
    return mask


def paintable_size(width: int, height: int) -> tuple[int, int]:
    """The width and height, in pixels, of a mask that the brush can paint, of an aspect."""
    shrink = min(1.0, LONGEST_SIDE_PX / max(width, height), (MOST_PIXELS / (width * height)) ** 0.5)
    return max(2, round(width * shrink)), max(2, round(height * shrink))


def is_paintable(mask: bpy.types.Image) -> bool:
    """Whether the brush can paint a mask itself; else it paints a copy."""
    return _is_plain(mask) and tuple(mask.size) == paintable_size(*mask.size)


def of(obj: bpy.types.Object) -> list[bpy.types.Image]:
    """The images that an object's settings name as masks."""
    regions = obj.landscape.regions
    masks = [regions.still_image, regions.moving_image]
    masks += [item.mask for item in regions.region_items]
    return [mask for mask in masks if mask]


def replace(obj: bpy.types.Object, mask: bpy.types.Image, copy: bpy.types.Image) -> None:
    """Let an object's settings name the copy of a mask in its place; the mask stays in the file."""
    regions = obj.landscape.regions
    for name in ("still_image", "moving_image"):
        if getattr(regions, name) == mask:
            setattr(regions, name, copy)
    for item in regions.region_items:
        if item.mask == mask:
            item.mask = copy
    mask[PAINTED_AS] = copy
    mask.use_fake_user = True


def check(mask: bpy.types.Image) -> None:
    """Whether a mask can be painted.

    Raises:
        AddonError: it can't.
    """
    problem = image_exchange.image_problem(mask)
    if problem:
        raise AddonError(problem)
    if mask.library:
        raise AddonError(
            f"the mask '{mask.name}' is linked from '{mask.library.filepath}' and can't be painted "
            "here; make it local, or choose another mask."
        )


def take_in(mask: bpy.types.Image) -> None:
    """Pack a mask that has a file, before it is painted: what is painted is in the .blend then.

    Raises:
        AddonError: it can't be painted.
    """
    check(mask)
    if not _is_inside(mask):
        _pack(mask)


def keep(saving: bool = False) -> None:
    """Pack every mask that was painted, at once.

    An image with a file of its own is left to the artist, unless the brush was started on it. One
    that the brush can't paint, or that it is on, is packed when the .blend is saved.
    """
    drop()
    for mask in painted():
        if saving or _is_due(mask):
            _pack(mask)


def keep_soon(under_brush: bpy.types.Image | None = None) -> None:
    """Pack what was painted between redraws; without a window at once.

    It is done after this step of undo, not within it: undo past the packing of a mask leads to one
    that is read anew, which `undoing` mends where no strokes lie between the packing and the next
    step of another kind.

    Args:
        under_brush: the mask that the brush is on from now on, which waits.
    """
    global _under_brush
    drop()
    _under_brush = datablocks.uid_of(under_brush)
    if bpy.app.background:
        keep()
    else:
        window.start_timer(_tick, 0.0)


def drop() -> None:
    """Pack no further what is being packed: the masks are other ones, or all are packed at once."""
    global _steps
    if _steps is not None:
        _steps.close()
    _steps = None


def _kept() -> image_exchange.Steps[None]:
    """Pack the masks that are due, one after the other."""
    for uid in [mask.session_uid for mask in painted() if _is_due(mask)]:
        mask = datablocks.image_of(uid)
        if mask is None:
            continue
        content = yield from image_exchange.png(mask)
        yield
        mask = datablocks.image_of(uid)
        if mask is not None and mask.is_dirty and _is_due(mask):
            _packed.add(uid)
            put(mask, content)
        yield


def _tick() -> float | None:
    """Some steps of packing, for the time that files are written in, too."""
    global _steps
    if _steps is None:
        _steps = _kept()
    try:
        image_exchange.go_on(_steps, STEP_S)
    except (StopIteration, AddonError):  # a mask was removed
        _steps = None
        return None
    return BETWEEN_S


def _is_due(mask: bpy.types.Image) -> bool:
    return is_paintable(mask) and mask.session_uid != _under_brush


def painted() -> list[bpy.types.Image]:
    """The masks that are to be packed: painted since they were, and inside the .blend alone."""
    masks = {mask.session_uid: mask for mask in _all()}
    return [mask for mask in masks.values() if mask.is_dirty and _is_inside(mask)]


def packed() -> list[bpy.types.Image]:
    """The masks that were packed in this session because they were painted."""
    return [mask for mask in bpy.data.images if mask.session_uid in _packed]


def put(mask: bpy.types.Image, content: bytes) -> None:
    """Make a file the packed one of a mask, which shows it from now on and isn't dirty any more."""
    mask.pack(data=content, data_len=len(content))
    if mask.source == "FILE":
        mask.buffers_free()
    else:
        mask.source = "FILE"  # which frees them


def _pack(mask: bpy.types.Image) -> None:
    if mask.is_dirty:
        _packed.add(mask.session_uid)
    if mask.is_dirty and _is_plain(mask):
        put(mask, image_exchange.at_once(image_exchange.png(mask)))
    else:
        mask.pack()


def _is_plain(mask: bpy.types.Image) -> bool:
    """Whether a PNG of 8 bits holds all that Blender has of an image."""
    return not mask.is_float and mask.alpha_mode in OWN_ALPHA and mask.channels == 4


def _is_inside(mask: bpy.types.Image) -> bool:
    """Whether the .blend alone holds an image."""
    return bool(mask.packed_file) or mask.source == "GENERATED"


def _all() -> Iterator[bpy.types.Image]:
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            yield from (mask for mask in of(obj) if not mask.library)
    yield from (image for image in bpy.data.images if PAINTED_AS in image and not image.library)


@persistent
def _keep_on_save(*_: Any) -> None:
    keep(saving=True)


@persistent
def _forget(*_: Any) -> None:
    global _under_brush
    drop()
    _packed.clear()
    _under_brush = datablocks.NONE


HANDLERS = (("save_pre", _keep_on_save), ("load_post", _forget))


def register() -> None:
    """Watch files being saved and opened."""
    handlers.watch(HANDLERS)


def unregister() -> None:
    """Stop watching."""
    window.stop_timer(_tick)
    drop()
    handlers.unwatch(HANDLERS)
