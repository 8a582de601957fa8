# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches and regions of the active object in the 3D view: outlines with their names.

A redraw reads no file: a mask whose pixels aren't loaded is loaded by a timer, and drawn then.
"""

from __future__ import annotations

import math
import time
from typing import Any

import bpy

from . import disk, image_exchange, masks, window
from .errors import AddonError
from .image_exchange.surface import Surface, surface_of

CIRCLE = 48  # corners of a disc's outline
GRID = 160  # cells along a mask's longer side, on which its outline is found
KEPT_S = 2.0  # for so long an outline or a surface is kept
MOST_FACES = 5000  # of a mesh that outlines are drawn on
REGION_COLOR = (0.2, 0.8, 1.0)
LINE_PX, HALO_PX = 1.5, 3.5
TEXT_PT = 12
UNUSED = 0.35  # opacity of patches that the light doesn't follow

Outline = Any  # float array [lines, 2 ends, 2]: places in the picture, y down

_handle: Any = None
_kept: dict[tuple[Any, ...], tuple[float, Any]] = {}  # when it was made, and what


def register() -> None:
    """Begin to draw; without a window nothing is drawn."""
    global _handle
    if not bpy.app.background:
        _handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    """Draw no more."""
    global _handle
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        _handle = None
    window.stop_timer(_load)
    _kept.clear()


def disc(center: tuple[float, float], radius: float, aspect: float) -> Outline:
    """The outline of a patch.

    Args:
        center: its place in the picture, y down.
        radius: in shares of the picture's width.
        aspect: the picture's width / height.
    """
    import numpy as np

    turns = np.linspace(0, 2 * math.pi, CIRCLE + 1)
    ring = np.stack(
        [center[0] + radius * np.cos(turns), center[1] + radius * aspect * np.sin(turns)], 1
    )
    return np.stack([ring[:-1], ring[1:]], 1)


def contour(mask: Any) -> Outline:
    """The outline of a mask at its half, by marching squares.

    Args:
        mask: float array [H, W], the first row is the highest.
    """
    import numpy as np

    padded = np.pad(mask, 1)  # a mask that reaches the border is closed there
    height, width = mask.shape
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, 1:], padded[1:, :-1]
    y, x = np.mgrid[: height + 1, : width + 1].astype(float) - 0.5
    ends = []  # where the outline crosses each side of a cell: top, right, bottom, left
    for one, other, corner, along in (
        (a, b, (0, 0), (1, 0)),
        (b, c, (1, 0), (0, 1)),
        (d, c, (0, 1), (1, 0)),
        (a, d, (0, 0), (0, 1)),
    ):
        crosses = (one > 0.5) != (other > 0.5)
        share = np.where(crosses, (0.5 - one) / np.where(crosses, other - one, 1), 0)
        place = np.stack([x + corner[0] + share * along[0], y + corner[1] + share * along[1]], -1)
        ends.append((crosses, place))
    four = ends[0][0] & ends[1][0] & ends[2][0] & ends[3][0]
    lines = []
    for first, second in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)):
        both = ends[first][0] & ends[second][0]
        if (first, second) not in ((0, 1), (2, 3)):
            both &= ~four
        lines.append(np.stack([ends[first][1][both], ends[second][1][both]], 1))
    found = np.concatenate(lines) / (width, height)
    return found.clip(0, 1)


def mask_outline(image: bpy.types.Image) -> Outline | None:
    """The outline of a mask's image; None until its pixels are loaded."""
    if not image.has_data or not all(image.size):
        window.start_timer(_load, 0.0)
        return None
    import numpy as np

    width, height = image.size
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    step = max(1, math.ceil(max(width, height) / GRID))
    grey = pixels.reshape(height, width, image.channels)[::-1][::step, ::step, :3].mean(2)
    return contour(grey)


def on_surface(surface: Surface, places: Outline) -> Any:
    """Places of the picture in the world: float array [..., 3]; nan where none shows it."""
    import numpy as np

    flat = places.reshape(-1, 2)
    world = np.full((len(flat), 3), np.nan)
    for corners, uvs in surface.triangles:
        a, b, c = (np.array(uv)[:2] for uv in uvs)
        turn = np.linalg.inv(np.stack([b - a, c - a], 1))
        second, third = turn @ (flat - a).T
        inside = (second >= -1e-6) & (third >= -1e-6) & (second + third <= 1 + 1e-6)
        p, q, r = (np.array(corner) for corner in corners)
        shares = np.stack([1 - second - third, second, third], 1)[inside]
        world[inside] = shares @ np.stack([p, q, r])
    return world.reshape(*places.shape[:-1], 3)


def marks(obj: bpy.types.Object) -> list[tuple[str, tuple[float, ...], Outline]]:
    """What is drawn on an object: names, colors with opacity, and outlines."""
    settings = obj.landscape
    light = settings.appearance
    found = []
    if light.patch_items:
        width, height = image_exchange.picture_of(obj, disk.kept).size
        used = light.kind != "off" and light.code_from == "KEYS"
        for item in light.patch_items:
            color = (*item.color, 1.0 if used else UNUSED)
            found.append((item.name, color, disc(item.center, item.radius, width / height)))
    for item in settings.regions.region_items:
        if item.mask:
            key = ("mask", item.mask.session_uid, *item.mask.size)
            outline = _fresh(key, lambda mask=item.mask: mask_outline(mask))
            if outline is not None and len(outline):
                found.append((item.name, (*REGION_COLOR, 1.0), outline))
    return found


def _fresh(key: tuple[Any, ...], make: Any) -> Any:
    """What was made in the last seconds, else made anew."""
    now = time.monotonic()
    for old in [old for old, (made_at, _) in _kept.items() if now - made_at > 10 * KEPT_S]:
        del _kept[old]
    made_at, held = _kept.get(key, (-math.inf, None))
    if held is None or now - made_at > KEPT_S:
        held = make()
        _kept[key] = (now, held)
    return held


def _load() -> None:
    """Load the masks of the active object."""
    obj = bpy.context.object
    for item in obj.landscape.regions.region_items if obj else ():
        if item.mask and not item.mask.has_data:
            len(item.mask.pixels)
    window.redraw_views()


def _draw() -> None:
    context = bpy.context
    obj = context.object
    if (
        obj is None
        or obj.type != "MESH"
        or not context.space_data.overlay.show_overlays
        or not obj.visible_in_viewport_get(context.space_data)
        or not (obj.landscape.appearance.patch_items or obj.landscape.regions.region_items)
        or masks.veil.painted(context)
        or len(obj.data.polygons) > MOST_FACES
    ):
        return
    try:
        drawn = marks(obj)
        key = ("surface", obj.session_uid, *(x for row in obj.matrix_world for x in row))
        graph = context.evaluated_depsgraph_get()
        surface = _fresh(key, lambda: surface_of(obj, graph))
    except AddonError:
        return
    for name, color, outline in drawn:
        _draw_mark(context, name, color, _on_screen(context, on_surface(surface, outline)))


def _on_screen(context: bpy.types.Context, world: Any) -> Any:  # [lines, 2, 2] pixels
    """Lines of the world on the screen, without those that aren't before the viewer."""
    import numpy as np

    matrix = np.array(context.region_data.perspective_matrix)
    seen = world @ matrix[:, :3].T + matrix[:, 3]
    ahead = (seen[..., 3] > 1e-6).all(1) & ~np.isnan(seen).any((1, 2))
    seen = seen[ahead]
    half = np.array([context.region.width, context.region.height]) / 2
    return (seen[..., :2] / seen[..., 3:] + 1) * half


def _draw_mark(context: bpy.types.Context, name: str, color: tuple[float, ...], lines: Any) -> None:
    if not len(lines):
        return
    import blf
    import gpu
    from gpu_extras.batch import batch_for_shader

    points = lines.reshape(-1, 2)
    corners = [(x, y, 0.0) for x, y in points.tolist()]
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    batch = batch_for_shader(shader, "LINES", {"pos": corners})
    gpu.state.blend_set("ALPHA")
    shader.bind()
    shader.uniform_float("viewportSize", (context.region.width, context.region.height))
    scale = context.preferences.system.ui_scale
    for wide, tint in ((HALO_PX, (0.0, 0.0, 0.0, 0.6 * color[3])), (LINE_PX, color)):
        shader.uniform_float("lineWidth", wide * scale)
        shader.uniform_float("color", tint)
        batch.draw(shader)
    gpu.state.blend_set("NONE")
    blf.size(0, TEXT_PT * scale)
    wide, _ = blf.dimensions(0, name)
    middle, top = points[:, 0].mean(), points[:, 1].max()
    blf.position(0, middle - wide / 2, top + 5 * scale, 0)
    blf.color(0, 1.0, 1.0, 1.0, max(color[3], 0.6))
    blf.enable(0, blf.SHADOW)
    blf.shadow(0, 3, 0.0, 0.0, 0.0, 1.0)
    blf.draw(0, name)
    blf.disable(0, blf.SHADOW)
