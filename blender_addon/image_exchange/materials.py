# SPDX-License-Identifier: GPL-3.0-or-later
"""The image texture nodes of an object's materials, those that feed the surface first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import bpy

from ..errors import AddonError

PICTURE = "landscape_picture"  # on a sequence of ours: the image whose place it took
LIVE = "landscape_live"  # on the group of a live loop: its frames

ImageNode = bpy.types.ShaderNodeTexImage


def materials(obj: bpy.types.Object) -> list[bpy.types.Material]:
    """An object's materials that have nodes, the active one first, each once."""
    slots = [slot.material for slot in obj.material_slots]
    ordered = [obj.active_material, *slots] if slots else []
    return list({m.name_full: m for m in ordered if m and _tree(m)}.values())


def _tree(material: bpy.types.Material) -> bpy.types.NodeTree | None:
    # From Blender 5.0 on every material uses nodes, and asking is deprecated.
    used = bpy.app.version >= (5, 0, 0) or material.use_nodes
    return material.node_tree if used else None


def image_nodes(material: bpy.types.Material) -> list[ImageNode]:
    """The nodes with an image that feed the surface, its color before its other properties.

    Links are followed backwards, into groups too. Among nodes that feed the color, the one that is
    active in the node editor comes first.
    """
    tree = _tree(material)
    output = next(filter(None, map(tree.get_output_node, ("ALL", "EEVEE", "CYCLES"))), None)
    if output is None:
        return []
    found: dict[bool, list[ImageNode]] = {True: [], False: []}  # whether it feeds the color
    seen: set[int] = set()
    for node, feeds_color in _upstream(output, seen, True, ("Surface",)):
        if node.bl_idname == "ShaderNodeTexImage" and node.image:
            found[feeds_color].append(node)
    found[True].sort(key=lambda node: node != tree.nodes.active)
    return found[True] + found[False]


def _upstream(
    node: bpy.types.Node, seen: set[int], color: bool, names: tuple[str, ...] = ()
) -> Iterator[tuple[bpy.types.Node, bool]]:
    """All nodes that feed a node, depth first, and whether they feed it with color."""
    inputs = [socket for socket in node.inputs if not names or socket.name in names]
    for socket in sorted(inputs, key=lambda socket: socket.type not in {"SHADER", "RGBA"}):
        still_color = color and socket.type in {"SHADER", "RGBA"}
        for link in socket.links:
            source = link.from_node
            if link.is_muted or source.as_pointer() in seen:
                continue
            seen.add(source.as_pointer())
            yield source, still_color
            if is_group(source):
                inner = next((n for n in source.node_tree.nodes if _is_active_end(n)), None)
                if inner:
                    yield from _upstream(inner, seen, still_color)
            yield from _upstream(source, seen, still_color)


def _is_active_end(node: bpy.types.Node) -> bool:
    return node.bl_idname == "NodeGroupOutput" and node.is_active_output


def is_ours(image: bpy.types.Image | None) -> bool:
    """Whether an image is a sequence or movie that this add-on has put on a plane."""
    return image is not None and PICTURE in image


def picture_behind(image: bpy.types.Image | None) -> bpy.types.Image | None:
    """The image itself, or the one whose place our sequence has taken."""
    return image.get(PICTURE) if is_ours(image) else image


class Place(NamedTuple):
    """A node of a material, where an image is shown."""

    material: bpy.types.Material
    node: ImageNode

    @property
    def library(self) -> bpy.types.Library | None:
        """The other .blend that the node belongs to; None: to this one."""
        for owner in (self.material, self.node.id_data):
            override = owner.override_library
            library = owner.library or (override and override.reference.library)
            if library:
                return library
        return None


def places_with(obj: bpy.types.Object, picture: bpy.types.Image | None) -> list[Place]:
    """Every node of the object's materials that shows a picture, or frames of ours in its place.

    Without a picture, every node that shows frames of ours.
    """
    places = (Place(m, node) for m in materials(obj) for node in _all_nodes(_tree(m), set()))
    shown = [place for place in places if place.node.image]
    if picture is None:
        return [place for place in shown if is_ours(place.node.image)]
    return [place for place in shown if picture_behind(place.node.image) == picture]


def places_for(obj: bpy.types.Object, picture: bpy.types.Image) -> list[Place]:
    """Where an object can show frames: all nodes with the picture, else the one that is seen.

    Raises:
        AddonError: nowhere.
    """
    feeding = (Place(m, node) for m in materials(obj) for node in image_nodes(m))
    places = places_with(obj, picture) or list(islice(feeding, 1))
    if not places:
        raise AddonError(
            f"nothing on '{obj.name}' can show the frames; expected a material with an Image "
            "Texture node: add one, or make a plane from the picture."
        )
    return places


def has_images(obj: bpy.types.Object) -> bool:
    """Whether any node of the object's materials shows an image, wherever that leads."""
    nodes = (node for m in materials(obj) for node in _all_nodes(_tree(m), set()))
    return any(node.image for node in nodes)


def _all_nodes(tree: bpy.types.NodeTree, seen: set[int]) -> Iterator[ImageNode]:
    """Every image texture node of a tree and its groups, each once."""
    if tree.as_pointer() in seen:
        return
    seen.add(tree.as_pointer())
    for node in tree.nodes:
        if node.bl_idname == "ShaderNodeTexImage":
            yield node
        elif is_group(node):
            yield from _all_nodes(node.node_tree, seen)


def is_group(node: bpy.types.Node) -> bool:
    """Whether a node is a group, but no live loop: nothing inside that is the artist's."""
    return node.bl_idname == "ShaderNodeGroup" and bool(node.node_tree) and not is_live(node)


def is_live(node: bpy.types.Node) -> bool:
    """Whether a node is the group of a live loop."""
    return node.bl_idname == "ShaderNodeGroup" and bool(node.node_tree) and LIVE in node.node_tree


def trees(material: bpy.types.Material) -> list[bpy.types.NodeTree]:
    """A material's tree and its groups', without those of live loops."""
    found = [_tree(material)]
    for tree in found:  # grows meanwhile
        inner = (node.node_tree for node in tree.nodes if is_group(node))
        found += [one for one in inner if one not in found]
    return found
