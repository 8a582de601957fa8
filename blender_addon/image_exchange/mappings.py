# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between a UV map and the picture: nothing, or Mapping nodes of constants."""

from __future__ import annotations

import bpy
from mathutils import Euler, Matrix, Vector

from ..errors import AddonError
from . import materials

KINDS = {"POINT", "TEXTURE", "VECTOR"}  # of a Mapping node that are matrices


def to_picture(obj: bpy.types.Object) -> Matrix:
    """What places of the UV map become on their way to the picture.

    Raises:
        AddonError: the way leads over something else than Mapping nodes of constants.
    """
    matrix = Matrix.Identity(4)
    for node in _chain(obj):
        if node.bl_idname == "ShaderNodeMapping":
            matrix = matrix @ _matrix(node)  # the nearest to the picture comes first
    return matrix


def uv_map(obj: bpy.types.Object) -> str:
    """The UV map that the way begins at, by name; empty: the one that renders."""
    end = _chain(obj)[-1:]
    return end[0].uv_map if end and end[0].bl_idname == "ShaderNodeUVMap" else ""


def _chain(obj: bpy.types.Object) -> list[bpy.types.Node]:
    """The nodes before the picture's own, backwards.

    Raises:
        AddonError: one of them can't be followed.
    """
    node = next((n for m in materials.materials(obj) for n in materials.image_nodes(m)), None)
    if node is None:
        return []
    if node.projection != "FLAT":
        raise AddonError(
            f"the image on '{obj.name}' is projected as '{node.projection.title()}'; expected "
            "'Flat': set it in the Image Texture node."
        )
    chain: list[bpy.types.Node] = []
    socket = node.inputs["Vector"]
    while socket.links and not socket.links[0].is_muted:
        link = socket.links[0]
        source = link.from_node
        if source.bl_idname == "NodeReroute" or source.mute:
            passed = _passed(source, link.from_socket)
            if passed is None:
                break
            socket = passed
            continue
        if not _is_followed(source, link.from_socket):
            raise AddonError(
                f"the image on '{obj.name}' is placed by '{source.name}' ({link.from_socket.name}"
                f"{_linked(source)}); expected UV coordinates, with Mapping nodes of constants at "
                "most: link the image to those, or unwrap the object."
            )
        chain.append(source)
        if source.bl_idname != "ShaderNodeMapping":
            break
        socket = source.inputs["Vector"]
    else:
        if chain:  # a Mapping node without coordinates shows one point of the picture everywhere
            raise AddonError(
                f"'{chain[-1].name}', which places the image on '{obj.name}', has no coordinates; "
                "expected the UV output of a Texture Coordinate node: link it."
            )
    return chain


def _passed(node: bpy.types.Node, output: bpy.types.NodeSocket) -> bpy.types.NodeSocket | None:
    """The input that a reroute or a muted node passes on."""
    if node.bl_idname == "NodeReroute":
        return node.inputs[0]
    through = (link.from_socket for link in node.internal_links if link.to_socket == output)
    return next(through, None)


def _is_followed(node: bpy.types.Node, socket: bpy.types.NodeSocket) -> bool:
    if node.bl_idname == "ShaderNodeMapping":
        return node.vector_type in KINDS and not _linked(node)
    if node.bl_idname == "ShaderNodeTexCoord":
        return socket.identifier == "UV" and not node.from_instancer
    return node.bl_idname == "ShaderNodeUVMap" and not node.from_instancer


def _linked(node: bpy.types.Node) -> str:
    """The inputs of a Mapping node that are no constants, as text."""
    if node.bl_idname != "ShaderNodeMapping":
        return ""
    names = [one.name for one in node.inputs if one.is_linked and one.name != "Vector"]
    return f", with a linked {', '.join(names)}" if names else ""


def _matrix(node: bpy.types.Node) -> Matrix:
    """The matrix of a Mapping node."""
    place, turn, scale = (
        tuple(node.inputs[name].default_value) if name in node.inputs else (0, 0, 0)
        for name in ("Location", "Rotation", "Scale")
    )
    rotation = Euler(turn, "XYZ").to_matrix().to_4x4()
    if node.vector_type == "VECTOR":
        return rotation @ Matrix.Diagonal((*scale, 1))
    if node.vector_type == "POINT":
        return Matrix.Translation(place) @ rotation @ Matrix.Diagonal((*scale, 1))
    inverse = [1 / value if value else 0 for value in scale]
    back = Matrix.Translation(-Vector(place))
    return Matrix.Diagonal((*inverse, 1)) @ rotation.transposed() @ back
