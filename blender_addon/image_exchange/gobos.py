# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip thrown by a spot light, as a gobo or a projector throws it."""

from __future__ import annotations

import math

import bpy

from ..errors import AddonError
from . import clips, sequences
from .clips import Clip

ABOVE_CURSOR_M = 3
SPOT_DEG = 50
POWER_W = 500


def add_gobo(
    context: bpy.types.Context, name: str, image: bpy.types.Image, clip: Clip
) -> bpy.types.Object:
    """Add a spot light that throws a clip downwards, over and over.

    The whole picture fits into the light's cone: its corners touch the edge. Seen from the light,
    it stands upright, its top towards the light's +Y. EEVEE ignores the nodes of lights.

    Args:
        context: its scene and 3D cursor, above which the light hangs.
        name: of the light.
        image: what shows the clip.
        clip: the files.

    Returns:
        The light's object, the active one and selected alone.

    Raises:
        AddonError: the files can't be read as pictures.
    """
    width, height = clips.size_of(clip)
    if not min(width, height):
        raise AddonError(
            f"'{clip.first}' can't be read by Blender; expected a frame or a movie: animate again."
        )
    light = bpy.data.lights.new(name, "SPOT")
    light.energy, light.spot_size = POWER_W, math.radians(SPOT_DEG)
    light.shadow_soft_size = light.spot_blend = 0  # sharp, and as bright at the corners
    if light.node_tree is None:  # before Blender 5.1
        light.use_nodes = True
    texture = _projector(light.node_tree, width, height, light.spot_size)
    scene = context.scene
    sequences.play(texture, image, clip.first, clip.frames, scene.frame_start, clip.movie)
    obj = bpy.data.objects.new(name, light)
    context.collection.objects.link(obj)
    obj.location = scene.cursor.location
    obj.location.z += ABOVE_CURSOR_M
    for other in context.selected_objects:
        other.select_set(False)
    obj.select_set(True)
    context.view_layer.objects.active = obj
    return obj


def _projector(
    tree: bpy.types.NodeTree, width: int, height: int, cone: float
) -> bpy.types.ShaderNodeTexImage:
    """Nodes that map the directions of a light, in a cone of some radians, onto an image."""
    kinds = ("TexCoord", "SeparateXYZ", "CombineXYZ", "Mapping", "TexImage")
    nodes = [tree.nodes.new(f"ShaderNode{kind}") for kind in kinds]
    coordinates, apart, together, mapping, texture = nodes
    for node, x in zip(nodes, (-1300, -1100, -700, -500, -300), strict=True):
        node.location = (x, 300)
    tree.links.new(coordinates.outputs["Normal"], apart.inputs[0])
    for axis in range(2):
        divide = tree.nodes.new("ShaderNodeMath")
        divide.operation, divide.location = "DIVIDE", (-900, 400 - 200 * axis)
        tree.links.new(apart.outputs[axis], divide.inputs[0])
        tree.links.new(apart.outputs[2], divide.inputs[1])
        tree.links.new(divide.outputs[0], together.inputs[axis])
    across = 2 * math.tan(cone / 2)  # of the cone, at distance 1, where the light looks along -Z
    diagonal = math.hypot(width, height)
    mapping.inputs["Location"].default_value = (0.5, 0.5, 0)
    mapping.inputs["Scale"].default_value = (
        -diagonal / width / across,
        -diagonal / height / across,
        1,
    )
    texture.extension = "CLIP"
    emission = next(n for n in tree.nodes if n.bl_idname == "ShaderNodeEmission")
    tree.links.new(together.outputs[0], mapping.inputs[0])
    tree.links.new(mapping.outputs[0], texture.inputs[0])
    tree.links.new(texture.outputs["Color"], emission.inputs["Color"])
    return texture
