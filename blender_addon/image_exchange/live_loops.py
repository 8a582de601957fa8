# SPDX-License-Identifier: GPL-3.0-or-later
"""Live loops on planes: a group that plays a kit in the place of the picture, and off again.

The picture's node stays where it is, linked to the group's input *Picture*: so the way back is in
the material itself, whatever was renamed, copied or appended.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from ..errors import AddonError
from . import live_nodes, materials, single_users, sources
from .live_kits import LiveKit
from .materials import LIVE, Place

SETTINGS = ("Speed", "Direction", "Amount", "Light")  # that the panel shows
BESIDE_PX = (60, -320)  # where the group lies, from the picture's node
SHOWN = ("Color", "Alpha")  # outputs that both nodes have


def put_on(
    obj: bpy.types.Object, kit: LiveKit, frame_start: int, frames: int
) -> bpy.types.NodeTree:
    """Play a kit on an object, wherever its materials show the picture; an earlier one goes.

    Args:
        obj: the object whose picture it is of; shows the picture now.
        kit: the kit.
        frame_start: the scene's frame that shows the loop's first one.
        frames: of the clip, in which the light runs through its cycle.

    Returns:
        The group.

    Raises:
        AddonError: nothing on the object shows the picture, or the material can't be changed.
    """
    picture = sources.picture_of(obj)
    single_users.make_single_user(obj, materials.places_for(obj, picture))
    group = live_nodes.build(kit, f"{obj.name} Live")
    group[LIVE] = frames if "light" in kit.document else kit.document["period"]
    for place in materials.places_for(obj, picture):
        tree = place.node.id_data
        for earlier in _nodes_in(tree):
            _remove(earlier)
        node = _add(place, group)
        _drive(node, frame_start)
        if "light" in kit.document:
            _key_light(node, kit.document["light"], frame_start)
        _link_loop(node)
    return group


def show(obj: bpy.types.Object) -> None:
    """Play the loop again that was taken off.

    Raises:
        AddonError: there is none, or the material can't be changed.
    """
    if not kept(obj):
        raise AddonError(f"'{obj.name}' has no live loop; make one with Live on Plane.")
    picture = sources.picture_of(obj)
    single_users.make_single_user(obj, materials.places_for(obj, picture))
    for node in _nodes_on(obj):
        _link_loop(node)


def take_off(obj: bpy.types.Object) -> None:
    """Show the picture where an object plays a loop, which stays in the material.

    Raises:
        AddonError: the material can't be changed.
    """
    if shown(obj) is None:
        return
    picture = sources.picture_of(obj)
    single_users.make_single_user(obj, materials.places_for(obj, picture))
    for node in _nodes_on(obj):
        _link_picture(node)


def shown(obj: bpy.types.Object | None) -> bpy.types.Node | None:
    """The node of the loop that an object plays now; None: it plays none."""
    return next((node for node in _nodes_on(obj) if _is_linked(node)), None)


def kept(obj: bpy.types.Object | None) -> bool:
    """Whether an object has a loop, played or not."""
    return next(_nodes_on(obj), None) is not None


def frames_of(node: bpy.types.Node) -> int:
    """How many frames a loop takes, with its light."""
    return round(node.node_tree[LIVE])


def take_off_all() -> list[tuple[bpy.types.NodeTree, str]]:
    """Show the picture in place of every loop of this file, for a moment; gives what was shown."""
    trees = [material.node_tree for material in bpy.data.materials if material.node_tree]
    taken = []
    for tree in [*trees, *bpy.data.node_groups]:
        for node in _nodes_in(tree):
            if _is_linked(node) and not tree.library:
                _link_picture(node)
                taken.append((tree, node.name))
    return taken


def put_back(taken: list[tuple[bpy.types.NodeTree, str]]) -> None:
    """Play again what was taken off."""
    for tree, name in taken:
        node = tree.nodes.get(name)
        if node:
            _link_loop(node)


def _nodes_on(obj: bpy.types.Object | None) -> Iterator[bpy.types.Node]:
    """The nodes of an object's loops."""
    if obj is None or obj.type != "MESH":
        return
    for material in materials.materials(obj):
        for tree in materials.trees(material):
            yield from _nodes_in(tree)


def _nodes_in(tree: bpy.types.NodeTree) -> list[bpy.types.Node]:
    return [node for node in tree.nodes if materials.is_live(node)]


def _add(place: Place, group: bpy.types.NodeTree) -> bpy.types.Node:
    """The group beside the picture's node, at the same coordinates."""
    tree, picture = place.node.id_data, place.node
    active = tree.nodes.active
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree, node.label, node.width = group, "Live Loop", 180
    node.location = [a + b for a, b in zip(picture.location, BESIDE_PX, strict=True)]
    links = picture.inputs["Vector"].links
    if links:
        coordinates = links[0].from_socket
    else:  # what an image node without a link takes
        uv = tree.nodes.new("ShaderNodeUVMap")
        uv.location = (node.location[0] - 200, node.location[1])
        coordinates = uv.outputs["UV"]
    tree.links.new(coordinates, node.inputs["Vector"])
    tree.links.new(picture.outputs["Color"], node.inputs["Picture"])
    tree.nodes.active = active  # a Solid view shows its image
    return node


def _remove(node: bpy.types.Node) -> None:
    """Take a loop out of its tree, with the coordinates that it alone had."""
    tree, links = node.id_data, node.inputs["Vector"].links
    coordinates = links[0].from_node if links else None
    _link_picture(node)
    tree.nodes.remove(node)
    if coordinates and coordinates.bl_idname == "ShaderNodeUVMap":
        if not any(output.is_linked for output in coordinates.outputs):
            tree.nodes.remove(coordinates)


def _drive(node: bpy.types.Node, frame_start: int) -> None:
    """Let the loop run with the scene's frame."""
    driver = node.inputs["Frame"].driver_add("default_value").driver
    driver.expression = f"frame - {frame_start}"  # simple: no script that a .blend may not run


def _key_light(node: bpy.types.Node, light: dict, frame_start: int) -> None:
    """Key the light from the first look to the second and back, over and over."""
    at = [look["frame"] for look in light["looks"]]
    socket = node.inputs["Light"]
    for value, frame in ((0.0, at[0]), (1.0, at[1]), (0.0, at[0] + light["frames"])):
        socket.default_value = value
        socket.keyframe_insert("default_value", frame=frame_start + frame)
    path = socket.path_from_id("default_value")
    for curve in _curves(node.id_data):
        if curve.data_path == path:
            curve.modifiers.new("CYCLES")


def _curves(tree: bpy.types.NodeTree) -> Iterator[bpy.types.FCurve]:
    """The animation curves of a tree."""
    animation = tree.animation_data
    action = animation.action
    if not hasattr(action, "layers"):  # Blender before 4.4
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(animation.action_slot)
            yield from bag.fcurves if bag else ()


def _is_linked(node: bpy.types.Node) -> bool:
    return any(node.outputs[name].is_linked for name in SHOWN)


def _picture_node(node: bpy.types.Node) -> bpy.types.Node | None:
    """The picture's node, by the link to the group; None where somebody cut that."""
    links = node.inputs["Picture"].links
    return links[0].from_node if links else None


def _link_loop(node: bpy.types.Node) -> None:
    """Let the loop feed what the picture feeds."""
    picture = _picture_node(node)
    if picture is not None:
        _move_links(picture, node)


def _link_picture(node: bpy.types.Node) -> None:
    """Let the picture feed what the loop feeds."""
    picture = _picture_node(node)
    if picture is None:
        raise AddonError(
            f"the live loop '{node.name}' isn't linked to its picture any more; expected a link "
            "from the picture's node to its input Picture: add it."
        )
    _move_links(node, picture)


def _move_links(before: bpy.types.Node, after: bpy.types.Node) -> None:
    """Let one node feed what another feeds, but for the way back to the picture."""
    tree = before.id_data
    for name in SHOWN:
        for link in list(before.outputs[name].links):
            if not materials.is_live(link.to_node):
                tree.links.new(after.outputs[name], link.to_socket)
