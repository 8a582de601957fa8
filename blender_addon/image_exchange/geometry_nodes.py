# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials that geometry nodes give to an object, where no frames can be put."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import bpy

from ..errors import AddonError

SETS_MATERIAL = {"GeometryNodeSetMaterial", "GeometryNodeReplaceMaterial"}
WHAT_TO_DO = "put the material into a slot of the object, and let the nodes keep it."


def refuse_materials(obj: bpy.types.Object) -> None:
    """Say where an object without a picture in its slots has its material from.

    Raises:
        AddonError: from geometry nodes.
    """
    modifier = next(_setting(obj), None)
    if modifier:
        raise AddonError(
            f"'{obj.name}' has its material from the geometry nodes of '{modifier.name}', where no "
            f"frames can be put; {WHAT_TO_DO}"
        )


def refuse_other_materials(obj: bpy.types.Object, showing: Sequence[bpy.types.Material]) -> None:
    """Refuse an object on which geometry nodes hide the materials with the picture.

    Raises:
        AddonError: no face has one of these materials.
    """
    modifier = next(_setting(obj), None)
    if modifier is None:
        return
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    slots = [slot.material for slot in evaluated.material_slots]
    indices = {polygon.material_index for polygon in evaluated.data.polygons}
    seen = {slots[i].original for i in indices if i < len(slots) and slots[i]}
    if not seen.intersection(showing):
        raise AddonError(
            f"the geometry nodes of '{modifier.name}' give '{obj.name}' other materials than "
            f"'{showing[0].name}', which has the picture; {WHAT_TO_DO}"
        )


def _setting(obj: bpy.types.Object) -> Iterator[bpy.types.Modifier]:
    """The modifiers of an object that give it materials."""
    for modifier in obj.modifiers:
        if modifier.type == "NODES" and modifier.node_group and modifier.show_render:
            if _sets_material(modifier.node_group, set()):
                yield modifier


def _sets_material(tree: bpy.types.NodeTree, seen: set[int]) -> bool:
    if tree.as_pointer() in seen:
        return False
    seen.add(tree.as_pointer())
    return any(
        node.bl_idname in SETS_MATERIAL
        or (node.bl_idname == "GeometryNodeGroup" and node.node_tree is not None)
        and _sets_material(node.node_tree, seen)
        for node in tree.nodes
        if not node.mute
    )
