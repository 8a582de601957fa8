# SPDX-License-Identifier: GPL-3.0-or-later
"""Animated planes in glTF files, which hold no image sequences: they carry the first frame.

Blender's exporter leaves out a texture whose image is a sequence, and what live loops make; these
show their picture meanwhile. It calls the two functions here,
which it finds by their names, before and after an export. USD needs no help: its exporter takes the
file of a sequence's first frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from .. import window
from . import live_loops, materials, sources

# the trees whose nodes show something else now: each with a node's name and its image
_shown: list[tuple[bpy.types.NodeTree, str, bpy.types.Image]] = []
_loaded: list[bpy.types.Image] = []
_live: list[tuple[bpy.types.NodeTree, str]] = []  # loops that show their picture: tree and node


def glTF2_pre_export_callback(export_settings: dict[str, Any]) -> None:
    """Show the first frame in place of frames, and the picture in place of a movie."""
    put_back()
    _live.extend(live_loops.take_off_all())
    stills: dict[bpy.types.Image, bpy.types.Image] = {}
    for tree, node in _nodes_with_frames():
        image = node.image
        if image not in stills:
            stills[image] = _still(image)
        if stills[image]:
            _shown.append((tree, node.name, image))
            node.image = stills[image]
    window.start_timer(put_back, 0.0)  # an export that fails doesn't call again


def glTF2_post_export_callback(export_settings: dict[str, Any]) -> None:
    """Show the frames again."""
    put_back()


def put_back() -> None:
    """Show the frames again where an export has shown a still image."""
    for tree, name, image in _shown:
        node = tree.nodes.get(name)
        if node:
            node.image = image
    for still in _loaded:
        bpy.data.images.remove(still)
    live_loops.put_back(_live)
    _live.clear()
    _shown.clear()
    _loaded.clear()


def _nodes_with_frames() -> Iterator[tuple[bpy.types.NodeTree, materials.ImageNode]]:
    trees = [material.node_tree for material in bpy.data.materials if material.node_tree]
    for tree in [*trees, *bpy.data.node_groups]:
        for node in tree.nodes:
            if node.bl_idname == "ShaderNodeTexImage" and materials.is_ours(node.image):
                yield tree, node


def _still(image: bpy.types.Image) -> bpy.types.Image | None:
    """The first frame of a sequence; the picture behind a movie or a sequence that is gone."""
    first = sources.path_of(image)
    if image.source != "SEQUENCE" or not first.is_file():
        return materials.picture_behind(image)
    still = bpy.data.images.load(str(first))
    still.name = image.name
    still.colorspace_settings.name = image.colorspace_settings.name
    still.alpha_mode = image.alpha_mode
    _loaded.append(still)
    return still
