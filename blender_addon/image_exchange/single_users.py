# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials that an object shares with others, or has from another .blend, made its own."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..errors import AddonError
from .materials import Place


def notes_on(obj: bpy.types.Object, places: Sequence[Place]) -> list[str]:
    """A sentence on each material of which an object will get a copy of its own."""
    notes = []
    for material, library in _materials(places).items():
        others = _others(obj, material)
        if library:
            notes.append(
                f"the material '{material.name}' is linked from '{library.filepath}'; "
                f"'{obj.name}' gets a local copy of it, which shows the frames."
            )
        elif others:
            rest = "object, which stays" if others == 1 else "objects, which stay"
            notes.append(
                f"the material '{material.name}' is shared with {others} other {rest} as before; "
                f"'{obj.name}' gets a copy of its own, which shows the frames."
            )
    return notes


def make_single_user(obj: bpy.types.Object, places: Sequence[Place]) -> None:
    """Give an object copies of its own of materials that it shares, or that are linked.

    Raises:
        AddonError: the object itself is linked.
    """
    refuse_linked(obj)
    copies = {
        material: material.copy()
        for material, library in _materials(places).items()
        if library or _others(obj, material)
    }
    shared_mesh = obj.data.users > 1 or obj.data.library or obj.data.override_library
    for slot in obj.material_slots:
        if slot.material in copies:
            copy = copies[slot.material]
            if shared_mesh and slot.link == "DATA":
                slot.link = "OBJECT"
            slot.material = copy
    nodes = {(place.node.id_data, place.node.name) for place in places}
    for material in _materials(places):
        _own_groups(copies.get(material, material).node_tree, nodes)


def refuse_linked(obj: bpy.types.Object) -> None:
    """Raise AddonError where the object belongs to another .blend."""
    if obj.library:
        raise AddonError(
            f"'{obj.name}' is linked from '{obj.library.filepath}' and can't be changed here; "
            "make it local, or a library override."
        )


def _materials(places: Sequence[Place]) -> dict[bpy.types.Material, bpy.types.Library | None]:
    """The materials of places, with the other .blend that each has a part from."""
    found: dict[bpy.types.Material, bpy.types.Library | None] = {}
    for place in places:
        found[place.material] = found.get(place.material) or place.library
    return found


def _others(obj: bpy.types.Object, material: bpy.types.Material) -> int:
    """How many other objects have a material."""
    return sum(
        other != obj and any(slot.material == material for slot in other.material_slots)
        for other in bpy.data.objects
    )


def _own_groups(tree: bpy.types.NodeTree, nodes: set[tuple[bpy.types.NodeTree, str]]) -> None:
    """Give a tree copies of its own of groups that others use too, where nodes will change."""
    for node in tree.nodes:
        group = node.node_tree if node.bl_idname == "ShaderNodeGroup" else None
        if group is None or not _holds(group, nodes):
            continue
        inner = nodes
        if group.library or group.users - group.use_fake_user > 1:
            node.node_tree = group.copy()
            inner = nodes | {(node.node_tree, name) for owner, name in nodes if owner == group}
        _own_groups(node.node_tree, inner)


def _holds(tree: bpy.types.NodeTree, nodes: set[tuple[bpy.types.NodeTree, str]]) -> bool:
    """Whether one of the nodes is in a tree or its groups."""
    if any(owner == tree for owner, _ in nodes):
        return True
    groups = (node.node_tree for node in tree.nodes if node.bl_idname == "ShaderNodeGroup")
    return any(_holds(group, nodes) for group in groups if group)
