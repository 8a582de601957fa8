# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip as an Image node of the compositor."""

from __future__ import annotations

import bpy

from ..errors import AddonError
from . import sequences
from .clips import Clip

LEFT_BY = 300  # of all that is there


def add_image_node(
    scene: bpy.types.Scene, name: str, image: bpy.types.Image, clip: Clip
) -> bpy.types.Node:
    """Add an Image node that plays a clip over and over, linked to nothing yet.

    Args:
        scene: whose compositor; it gets one that shows the render if it has none.
        name: the node's label.
        image: what shows the clip.
        clip: the files.

    Returns:
        The node, left of all others; it alone is selected.

    Raises:
        AddonError: the compositor's nodes are linked from another .blend.
    """
    tree = None if scene.library else _tree_of(scene)
    if tree is None or tree.library:
        raise AddonError(
            f"the compositor of '{scene.name}' is linked from another .blend; make it local."
        )
    others = list(tree.nodes)
    node = tree.nodes.new("CompositorNodeImage")
    node.label = name
    node.location = (
        min((other.location.x for other in others), default=0) - LEFT_BY,
        max((other.location.y for other in others), default=0),
    )
    sequences.play(node, image, clip.first, clip.frames, scene.frame_start, clip.movie)
    for other in others:
        other.select = False
    node.select, tree.nodes.active = True, node
    return node


def _tree_of(scene: bpy.types.Scene) -> bpy.types.NodeTree:
    """The nodes of a scene's compositor; where there are none, those that show the render."""
    if not hasattr(scene, "compositing_node_group"):  # before Blender 5.0
        if not scene.use_nodes:
            scene.use_nodes = True  # makes them
        return scene.node_tree
    if scene.compositing_node_group is None:
        scene.compositing_node_group = _plain_tree()
    return scene.compositing_node_group


def _plain_tree() -> bpy.types.NodeTree:
    tree = bpy.data.node_groups.new("Compositor Nodes", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    layers, output = (tree.nodes.new(k) for k in ("CompositorNodeRLayers", "NodeGroupOutput"))
    output.location = (400, 0)
    tree.links.new(layers.outputs["Image"], output.inputs["Image"])
    return tree
