"""Writes annotations.blend, which test_annotations reads: run it in Blender 4.2.

Later versions can't draw annotations from Python. The strokes are for an upright plane, 1 m high
and 16:9, at the origin.
"""

import sys

import bpy

LAYERS = {
    "Landscape arrows": [
        [(-0.4, 0, 0.3), (0, 0, 0.3), (0.4, 0, 0.3)],
        [(0.2, 0, -0.1), (-0.2, 0, -0.4)],
    ],
    "Note": [[(40, 30, 0), (60, 35, 0)]],  # as the placement VIEW leaves them: shares of the screen
    "Hidden": [[(0, 0, 0), (0.2, 0, 0)]],
}

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.name = "annotated"
scene.grease_pencil = bpy.data.grease_pencils.new("Annotations")
for name, strokes in LAYERS.items():
    layer = scene.grease_pencil.layers.new(name)
    layer.annotation_hide = name == "Hidden"
    frame = layer.frames.new(1)
    for points in strokes:
        stroke = frame.strokes.new()
        stroke.display_mode = "3DSPACE"
        stroke.points.add(len(points))
        for point, place in zip(stroke.points, points, strict=True):
            point.co = place
bpy.data.libraries.write(sys.argv[-1], {scene}, compress=True, fake_user=True)
