# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing arrows: the annotation tool, set so that it draws on the picture."""

from __future__ import annotations

from typing import Any

import bpy
from mathutils import Vector

from ..errors import AddonError
from . import strokes

LAYER = "Landscape arrows"
COLOR = (1.0, 0.55, 0.1)
NEAR = 0.05  # distance of an arrow from its plane's box, of the box's longest side
TOOL, SELECT = "builtin.annotate", "builtin.select_box"


def start_drawing(context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """Start the annotation tool on the surface, in a layer of its own.

    Raises:
        AddonError: there is no window with a 3D view.
    """
    found = None if bpy.app.background else _view(context)
    if found is None:
        raise AddonError(
            "arrows are drawn in a 3D view of a window, and there is none; draw them there, or "
            "name them in a grease pencil."
        )
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    context.scene.tool_settings.annotation_stroke_placement_view3d = "SURFACE"
    prepared_layer(context.scene)
    with context.temp_override(**found):
        found["area"].spaces.active.overlay.show_annotation = True
        bpy.ops.wm.tool_set_by_id(name=TOOL, space_type="VIEW_3D")


def stop_drawing(context: bpy.types.Context) -> None:
    """Take the tool that selects, as in a new file."""
    found = _view(context)
    if found and is_drawing(context):
        with context.temp_override(**found):
            bpy.ops.wm.tool_set_by_id(name=SELECT, space_type="VIEW_3D")


def is_drawing(context: bpy.types.Context) -> bool:
    """Whether the next stroke over a 3D view would be an arrow."""
    workspace = getattr(context, "workspace", None)
    if workspace is None or context.mode != "OBJECT":
        return False
    tool = workspace.tools.from_space_view3d_mode("OBJECT", create=False)
    if tool is None or tool.idname != TOOL:
        return False
    layer = _active_layer(context.scene)
    return layer is not None and layer.info == LAYER


def count(scene: bpy.types.Scene, obj: bpy.types.Object) -> int:
    """How many arrows were drawn over an object with Draw Arrows, by their middles; for panels."""
    drawn = strokes.annotated(scene, scene.frame_current)
    ours = [s for s in drawn if s.layer.startswith(LAYER) and s.points and not s.on_screen]
    if not ours or abs(obj.matrix_world.determinant()) < 1e-12:
        return 0
    to_object = obj.matrix_world.inverted()
    axes = list(zip(*obj.bound_box, strict=True))
    low, high = Vector([min(axis) for axis in axes]), Vector([max(axis) for axis in axes])
    near = NEAR * max(high - low)
    middles = [to_object @ stroke.points[len(stroke.points) // 2] for stroke in ours]
    return sum(
        all(low[k] - near <= middle[k] <= high[k] + near for k in range(3)) for middle in middles
    )


def _active_layer(scene: bpy.types.Scene) -> Any | None:
    """The annotation layer that strokes go to."""
    data = strokes.annotations_of(scene)
    index = data.layers.active_index if data and len(data.layers) else -1
    return data.layers[index] if 0 <= index < len(data.layers) else None


def prepared_layer(scene: bpy.types.Scene) -> Any:
    """The annotation layer for arrows, made where it is missing, shown and active."""
    data = strokes.annotations_of(scene)
    if data is None:
        newer = hasattr(scene, "annotation")
        collection = bpy.data.annotations if newer else bpy.data.grease_pencils
        data = collection.new("Annotations")
        setattr(scene, "annotation" if newer else "grease_pencil", data)
    layer = next((layer for layer in data.layers if layer.info == LAYER), None)
    if layer is None:
        layer = data.layers.new(LAYER)
        layer.color = COLOR
    layer.annotation_hide = layer.lock = False
    data.layers.active_index = list(data.layers).index(layer)
    return layer


def _view(context: bpy.types.Context) -> dict[str, Any] | None:
    """The window, area and region of a 3D view, the one under the mouse first."""
    windows = [context.window] if context.window else []
    for window in [*windows, *context.window_manager.windows]:
        areas = [context.area] if context.area and window == context.window else []
        for area in [*areas, *window.screen.areas]:
            if area.type == "VIEW_3D":
                region = next(region for region in area.regions if region.type == "WINDOW")
                return {"window": window, "area": area, "region": region}
    return None


def clear_arrows(obj: bpy.types.Object, context: bpy.types.Context) -> None:
    """Remove what lies in layers named `LAYER`: of the annotations, and of pencils on the object.

    Only whole annotation layers can be removed, so arrows that were annotated on another plane go
    with them; an empty one takes their place, so that the next strokes are arrows again. Grease
    pencils are the object's if they are parented to it.
    """
    data = strokes.annotations_of(context.scene)
    ours = [layer for layer in data.layers if layer.info == LAYER] if data else []
    for layer in ours:
        data.layers.remove(layer)
    if ours:
        prepared_layer(context.scene)
    for pencil in obj.children_recursive:
        if pencil.type in strokes.KINDS and not pencil.data.library:
            for layer in pencil.data.layers:
                if getattr(layer, "info", getattr(layer, "name", "")) == LAYER:
                    _empty(layer)


def _empty(layer: Any) -> None:
    """Remove all frames of a layer."""
    if hasattr(layer, "clear"):  # until 4.2
        layer.clear()
        return
    for number in [frame.frame_number for frame in layer.frames]:
        layer.frames.remove(number)
