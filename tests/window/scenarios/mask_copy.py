"""Start the brush on a mask of 4,096 × 2,304 pixels, paint, and leave, while timers are counted."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from driver import (
    Ticks,
    drag,
    in_view,
    lone_plane,
    look_beside_the_sidebar,
    open_tab,
    play,
    report,
    seen_at,
    straight,
)

SIZE = (4096, 2304)
GAP_S = 0.002  # between two looks at the clock
name = ""  # of the plane


def mask():
    return bpy.data.objects[name].landscape.regions.still_image


def white() -> float:
    """The white share of the mask."""
    return round(sum(mask().pixels[:][::4]) / (mask().size[0] * mask().size[1]), 4)


class Gaps:
    """The longest time that the window's timers waited."""

    def __init__(self) -> None:
        self.longest, self.last = 0.0, time.monotonic()

        def look() -> float:
            now = time.monotonic()
            self.longest, self.last = max(self.longest, now - self.last), now
            return GAP_S

        self.look = look
        bpy.app.timers.register(look, persistent=True)

    def stop(self) -> float:
        """End, and give the seconds."""
        bpy.app.timers.unregister(self.look)
        return round(self.longest, 3)


def steps():
    global name
    name = lone_plane("Maske.blend", frames=12).name
    yield from open_tab("Landscape")
    with in_view():
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    look_beside_the_sidebar()
    large = bpy.data.images.new("large", *SIZE)
    pixels = np.ones((SIZE[1], SIZE[0], 4), np.float32)
    pixels[SIZE[1] // 4 :, :, :3] = 0
    large.pixels.foreach_set(pixels.ravel())
    large.pack()
    bpy.data.objects[name].landscape.regions.still_image = large
    yield 1.0
    ticks, gaps = Ticks(), Gaps()
    with in_view():
        bpy.ops.landscape.paint_mask(kind="STILL")
    report["at once"] = [mask().name, bpy.data.objects[name].mode]
    yield lambda: bpy.data.objects[name].mode == "TEXTURE_PAINT"
    yield 0.5
    report["ticks"], report["longest copying, s"] = ticks.stop(), gaps.stop()
    paint = bpy.context.scene.tool_settings.image_paint
    report["canvas"] = [paint.canvas.name, list(paint.canvas.size), paint.canvas == mask()]
    report["copied"] = white()
    plane = bpy.data.objects[name]
    yield from drag(straight(seen_at(plane, 0.25, 0.7), seen_at(plane, 0.75, 0.7)))
    yield 1.0
    report["painted"], report["brush"] = white(), paint.brush is not None
    gaps = Gaps()
    with in_view():
        bpy.ops.landscape.end_painting()
    yield lambda: not mask().is_dirty
    report["longest leaving, s"] = gaps.stop()
    report["kept"] = [white(), mask().is_dirty, bool(mask().packed_file)]
    report["large"] = [list(large.size), large.is_dirty, large.use_fake_user]


play(steps())
