# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine found that moves, as the artist sees it: a veil of colors, and its shares.

The picture of the regions is kept beside Blender's data: it is no image of the artist's, and
neither undo nor a saved file has to know it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import datablocks, window

_shown: dict[int, tuple[Any, Any]] = {}  # pixels [H, W, 4], and their texture, by object


def show(obj: bpy.types.Object, path: Path) -> None:
    """Show a picture of regions in their colors over an object's own; black is seen through."""
    import numpy as np

    image = bpy.data.images.load(str(path))
    try:
        width, height = image.size
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    _shown[datablocks.uid_of(obj)] = (pixels.reshape(height, width, 4), None)
    window.redraw_views()


def hide(obj: bpy.types.Object) -> None:
    """Show it no more."""
    _shown.pop(datablocks.uid_of(obj), None)
    window.redraw_views()


def shown_on(obj: bpy.types.Object | None) -> bool:
    """Whether it is shown on an object."""
    return obj is not None and datablocks.uid_of(obj) in _shown


def texture_on(obj: bpy.types.Object) -> Any:
    """The texture that is shown on an object, made when it is first drawn; None: none is."""
    uid = datablocks.uid_of(obj)
    if uid not in _shown:
        return None
    pixels, texture = _shown[uid]
    if texture is None:
        import gpu

        height, width = pixels.shape[:2]
        linear = pixels**2.2  # near enough for a veil
        buffer = gpu.types.Buffer("FLOAT", linear.size, linear.ravel())
        texture = gpu.types.GPUTexture((width, height), format="RGBA16F", data=buffer)
        _shown[uid] = (pixels, texture)
    return texture


def told(regions: list[dict[str, Any]], still: float) -> str:
    """The shares of the regions that were found, in one sentence."""
    shares = {row["name"]: row["share"] for row in regions}
    if not shares:
        return "nothing that moves was found; paint a Moving Mask, or turn Find What Moves off."
    if not {"sky", "water"}.isdisjoint(shares):  # a mask of the artist's has neither
        shares = {"sky": 0.0, "water": 0.0} | shares
    said = ", ".join(f"{name} {_percent(share)}" for name, share in shares.items())
    return f"{said}; {_percent(still)} stays still."


def _percent(share: float) -> str:
    return "none" if share < 0.001 else f"{max(1, round(100 * share))}%"


@persistent
def _forget(*_: Any) -> None:
    _shown.clear()


def register() -> None:
    """Watch other files being opened."""
    bpy.app.handlers.load_post.append(_forget)


def unregister() -> None:
    """Show nothing more."""
    bpy.app.handlers.load_post.remove(_forget)
    _shown.clear()
