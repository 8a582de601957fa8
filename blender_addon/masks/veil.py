# SPDX-License-Identifier: GPL-3.0-or-later
"""The mask that is painted, or what was found to move, as a veil over the picture in the 3D view.

Nothing of the view, the material or the object is changed for it, so that nothing has to be put
back. Material Preview and Rendered show the picture or its frames themselves. Where Blender shows
the mask in place of the picture, as Solid does in texture paint, the picture is drawn under it.
"""

from __future__ import annotations

from typing import Any

import bpy

from .. import image_exchange
from . import brush, found, keeping

COLOR = (1.0, 0.05, 0.2, 0.55)  # linear; alpha where the mask is white
STILL_COLOR = (0.05, 0.25, 1.0, 0.55)  # of the still mask, whose white means the opposite
FOUND_ALPHA = 0.5  # of what was found, which has colors of its own
SHOWS_PICTURE = {"MATERIAL", "RENDERED"}  # kinds of shading
NEARER = 5e-5  # of the view's depth: in front of the surface itself

_handle: Any = None
_shader: Any = None

VERTEX = """
void main() {
  place = uv;
  gl_Position = view * vec4(pos, 1.0);
  gl_Position.z -= nearer * gl_Position.w;
}
"""
FRAGMENT = """
void main() {
  vec2 edge = max(0.5 / vec2(textureSize(mask, 0)), 0.5 * fwidth(place));
  vec2 at = clamp(place, edge, 1.0 - edge);  // else one side is seen at the other
  vec4 here = texture(mask, at);
  bool own = color.a < 0.0;  // the mask's own colors, where it isn't black
  float veil = own ? -color.a * step(0.01, max(here.r, max(here.g, here.b)))
                   : color.a * dot(here.rgb, vec3(1.0 / 3.0));
  vec3 tint = own ? here.rgb : color.rgb;
  vec4 under = texture(picture, at);
  seen = under_it > 0.5 ? vec4(mix(under.rgb, tint, veil), max(under.a, veil))
                        : vec4(tint, veil);
}
"""


def painted(context: bpy.types.Context) -> bpy.types.Image | None:
    """The mask of the active object that is being painted; None if none is."""
    obj = context.object
    if obj is None or obj.type != "MESH" or obj.mode != brush.MODE:
        return None
    paint = context.scene.tool_settings.image_paint
    return paint.canvas if paint.mode == "IMAGE" and paint.canvas in keeping.of(obj) else None


def register() -> None:
    """Begin to draw; without a window nothing is drawn."""
    global _handle
    if not bpy.app.background:
        _handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")


def unregister() -> None:
    """Draw no more."""
    global _handle, _shader
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        _handle = None
    _shader = None


def _draw() -> None:
    context = bpy.context
    obj, mask = context.object, painted(context)
    if mask is None and not (found.shown_on(obj) and context.space_data.overlay.show_overlays):
        return
    if obj.type != "MESH" or not obj.visible_in_viewport_get(context.space_data):
        return
    triangles = _triangles(context)
    if triangles is None:
        return
    import gpu
    from gpu_extras.batch import batch_for_shader

    under = None
    if context.space_data.shading.type not in SHOWS_PICTURE:
        under = image_exchange.seen_texture(context.object, context.scene.frame_current)
    if mask is None:
        veil, color = found.texture_on(obj), (0.0, 0.0, 0.0, -FOUND_ALPHA)
    else:
        is_still = mask == obj.landscape.regions.still_image
        veil, color = gpu.texture.from_image(mask), STILL_COLOR if is_still else COLOR
    shader = _made_shader()
    world = context.object.matrix_world
    shader.uniform_float("view", context.region_data.perspective_matrix @ world)
    shader.uniform_float("color", color)
    shader.uniform_float("nearer", NEARER)
    shader.uniform_float("under_it", 0.0 if under is None else 1.0)
    shader.uniform_sampler("mask", veil)
    shader.uniform_sampler("picture", under or veil)
    gpu.state.depth_test_set("LESS_EQUAL")
    gpu.state.blend_set("ALPHA")
    batch_for_shader(shader, "TRIS", triangles).draw(shader)
    gpu.state.blend_set("NONE")
    gpu.state.depth_test_set("NONE")


def _triangles(context: bpy.types.Context) -> dict[str, Any] | None:
    """The corners of the active object's triangles, and their places in the mask."""
    evaluated = context.object.evaluated_get(context.evaluated_depsgraph_get())
    mesh = evaluated.data
    layer = mesh.uv_layers.active
    if layer is None or not mesh.polygons:
        return None
    import numpy as np

    mesh.calc_loop_triangles()
    points = np.empty((len(mesh.vertices), 3), np.float32)
    places = np.empty((len(layer.uv), 2), np.float32)
    corners, loops = np.empty((2, len(mesh.loop_triangles) * 3), np.int32)
    mesh.vertices.foreach_get("co", points.ravel())
    layer.uv.foreach_get("vector", places.ravel())
    mesh.loop_triangles.foreach_get("vertices", corners)
    mesh.loop_triangles.foreach_get("loops", loops)
    return {"pos": points[corners], "uv": places[loops]}


def _made_shader() -> Any:
    """The shader of the veil, made when it is first drawn."""
    global _shader
    if _shader is not None:
        return _shader
    import gpu

    made = gpu.types.GPUShaderCreateInfo()
    between = gpu.types.GPUStageInterfaceInfo("landscape_veil")
    between.smooth("VEC2", "place")
    made.push_constant("MAT4", "view")
    made.push_constant("VEC4", "color")
    made.push_constant("FLOAT", "nearer")
    made.push_constant("FLOAT", "under_it")
    made.sampler(0, "FLOAT_2D", "mask")
    made.sampler(1, "FLOAT_2D", "picture")
    made.vertex_in(0, "VEC3", "pos")
    made.vertex_in(1, "VEC2", "uv")
    made.vertex_out(between)
    made.fragment_out(0, "VEC4", "seen")
    made.vertex_source(VERTEX)
    made.fragment_source(FRAGMENT)
    _shader = gpu.shader.create_from_info(made)
    return _shader
