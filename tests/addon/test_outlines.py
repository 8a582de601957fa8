"""Outlines of patches and regions: where they lie in the picture, and on the plane."""

from __future__ import annotations

import pytest


def test_outlines_lie_on_the_plane_where_the_picture_has_them(run, picture):
    told = run(
        """
import numpy as np
from blender_addon import outlines
from blender_addon.image_exchange.surface import surface_of
bpy.ops.landscape.make_plane(filepath=given["picture"])
plane = bpy.context.object
ring = outlines.disc((0.25, 0.5), 0.1, 96 / 54)
told["ring"] = [len(ring), float(np.ptp(ring[..., 0])), float(np.ptp(ring[..., 1]))]
surface = surface_of(plane, bpy.context.evaluated_depsgraph_get())
world = outlines.on_surface(surface, ring)
told["world"] = [float(np.ptp(world[..., 0])), float(np.ptp(world[..., 2]))]
told["middle"] = [float(x) for x in world.reshape(-1, 3).mean(0)]
told["off"] = bool(np.isnan(outlines.on_surface(surface, np.array([[[2.0, 0.5]]]))).all())
mask = np.zeros((36, 64), np.float32)
mask[9:27, 16:48] = 1
lines = outlines.contour(mask)
told["box"] = [*lines.reshape(-1, 2).min(0).tolist(), *lines.reshape(-1, 2).max(0).tolist()]
ends = [tuple(end) for line in lines.round(6).tolist() for end in line]
told["closed"] = all(ends.count(end) == 2 for end in ends)
told["all white"] = outlines.contour(mask * 0 + 1).reshape(-1, 2).min(0).tolist()
told["black"] = len(outlines.contour(mask * 0))
bpy.ops.landscape.place_patch(center=(0.3, 0.3), radius=0.1, color=(1, 0.5, 0.25))
bpy.ops.landscape.add_item(list="REGIONS")
image = bpy.data.images.new("mask", 64, 36)
image.pixels.foreach_set(np.repeat(mask[..., None], 4, 2).ravel())
plane.landscape.regions.region_items[0].mask = image
told["marks"] = [[name, round(color[1], 2), color[3]] for name, color, _ in outlines.marks(plane)]
plane.landscape.appearance.code_from = "PREDICT"
told["unused"] = outlines.marks(plane)[0][1][3]
image = bpy.data.images.load(given["picture"])
told["unloaded"] = [outlines.mask_outline(image) is None, image.has_data]
""",
        picture=str(picture),
    )
    assert told["ring"] == pytest.approx([48, 0.2, 0.2 * 96 / 54])
    width = 96 / 54
    assert told["world"] == pytest.approx([0.2 * width] * 2, rel=1e-3), "a circle on the plane"
    assert told["middle"][0] == pytest.approx((0.25 - 0.5) * width, abs=1e-3)
    assert told["off"], "nowhere on the plane"
    assert told["box"] == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=0.01) and told["closed"]
    assert told["all white"] == pytest.approx([0, 0], abs=0.01) and told["black"] == 0
    assert told["marks"] == [["Patch 1", 0.5, 1.0], ["Region 1", 0.8, 1.0]]
    assert told["unused"] < 1
    assert told["unloaded"] == [True, False], "a redraw reads no file"
