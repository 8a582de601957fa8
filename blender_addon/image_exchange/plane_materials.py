# SPDX-License-Identifier: GPL-3.0-or-later
"""The material of a new plane: what light does to its picture, and what the picture lights."""

from __future__ import annotations

import bpy

SHADERS = (
    ("EMISSION", "Emission", "No light changes the picture's colors; the picture lights others"),
    ("PRINCIPLED", "Principled", "The scene's light falls on the picture, as on any surface"),
    (
        "SHADELESS",
        "Shadeless",
        "No light changes the picture, and it neither lights nor shades",
    ),
)
UNLIT_RAYS = ("Is Diffuse Ray", "Is Shadow Ray")  # by which a plane lights others, or shades them


def material_of(
    name: str, image: bpy.types.Image, shader: str = SHADERS[0][0]
) -> bpy.types.Material:
    """A material that shows a picture, and lets through what its alpha lets through.

    Its surface is the shader that Blender's exporters know.
    """
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    kinds = ("TexImage", "BsdfPrincipled", "OutputMaterial")
    texture, surface, output = (nodes.new(f"ShaderNode{kind}") for kind in kinds)
    texture.image, texture.extension = image, "EXTEND"
    texture.location, surface.location, output.location = (-300, 0), (0, 0), (600, 0)
    surface.inputs["Roughness"].default_value = 1
    surface.inputs["Specular IOR Level"].default_value = 0
    if shader == "PRINCIPLED":
        links.new(texture.outputs["Color"], surface.inputs["Base Color"])
    else:
        surface.inputs["Base Color"].default_value = (0, 0, 0, 1)
        surface.inputs["Emission Strength"].default_value = 1
        links.new(texture.outputs["Color"], surface.inputs["Emission Color"])
    if image.depth in {32, 64, 128}:  # with alpha
        links.new(texture.outputs["Alpha"], surface.inputs["Alpha"])
    shown = surface.outputs["BSDF"]
    if shader == "SHADELESS":
        shown = _unseen_by_light(material.node_tree, shown)
    links.new(shown, output.inputs["Surface"])
    return material


def _unseen_by_light(
    tree: bpy.types.NodeTree, surface: bpy.types.NodeSocket
) -> bpy.types.NodeSocket:
    """A surface that rays of light go through; the camera and mirrors see it."""
    kinds = ("LightPath", "Math", "BsdfTransparent", "MixShader")
    path, either, through, mix = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    path.location, either.location = (0, 400), (200, 300)
    through.location, mix.location = (200, -100), (400, 0)
    either.operation = "MAXIMUM"
    for name, value in zip(UNLIT_RAYS, either.inputs, strict=False):
        tree.links.new(path.outputs[name], value)
    shaders = [socket for socket in mix.inputs if socket.type == "SHADER"]
    tree.links.new(either.outputs[0], mix.inputs[0])
    tree.links.new(surface, shaders[0])
    tree.links.new(through.outputs[0], shaders[1])
    return mix.outputs[0]
