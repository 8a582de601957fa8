# SPDX-License-Identifier: GPL-3.0-or-later
"""A live kit's equations as shader nodes, for EEVEE and Cycles: `live.json` says what they are.

Each layer is a group of groups: its flow, a source (four steps of the flow, and what is found
there), and the blend of two sources. Places are UV coordinates here, with v up.
"""

from __future__ import annotations

from math import e
from typing import Any

import bpy
from mathutils import Color

from .live_kits import LiveKit

COLUMN_PX, ROW_PX, ROWS = 180, 160, 8  # where nodes lie in the editor
TO_NUMBERS = {"DOT_PRODUCT", "LENGTH"}  # of the operations on vectors
Value = Any  # a socket, a number, or three of them

INPUTS = (  # name, kind, default, least, most, what it is; the period's default is the kit's
    ("Vector", "Vector", None, None, None, "Place in the picture: UV coordinates"),
    ("Frame", "Float", 0.0, None, None, "Frame of the loop, from 0; driven by the scene's"),
    ("Period", "Float", None, 1.0, None, "Frames in one loop"),
    ("Speed", "Float", 1.0, None, None, "Factor on the flow; negative reverses it"),
    ("Direction", "Angle", 0.0, None, None, "Turn of the flow, counterclockwise"),
    ("Amount", "Factor", 1.0, 0.0, 1.0, "Share of the motion; 0: the picture"),
    ("Light", "Factor", 0.0, 0.0, 1.0, "From the first look of the light to the second"),
    ("Picture", "Color", None, None, None, "The picture that is shown without the loop"),
)


class Nodes:
    """Adds nodes to a tree, and links their inputs to values."""

    def __init__(self, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        """Begin a group.

        Args:
            name: of the group.
            inputs: `vector NAME` or `float NAME`.
            outputs: the same.
        """
        self.tree = bpy.data.node_groups.new(name, "ShaderNodeTree")
        for in_out, sockets in (("INPUT", inputs), ("OUTPUT", outputs)):
            for socket in sockets:
                kind, _, called = socket.partition(" ")
                self.tree.interface.new_socket(
                    called, in_out=in_out, socket_type=f"NodeSocket{kind.title()}"
                )
        self._count = 0
        self._begin, self._end = self.node("NodeGroupInput"), self.node("NodeGroupOutput")

    def input(self, name: str) -> bpy.types.NodeSocket:
        """What the group is given."""
        return self._begin.outputs[name]

    def output(self, name: str, value: Value) -> None:
        """What it gives."""
        self._put(value, self._end.inputs[name])

    def node(self, kind: str, **properties: Any) -> bpy.types.Node:
        """A node of a kind."""
        node = self.tree.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        column, row = divmod(self._count, ROWS)
        node.location = (column * COLUMN_PX, -row * ROW_PX)
        self._count += 1
        return node

    def math(self, operation: str, *values: Value, clamp: bool = False) -> bpy.types.NodeSocket:
        """An operation on numbers."""
        return self._filled("ShaderNodeMath", operation, values, use_clamp=clamp).outputs["Value"]

    def vector(self, operation: str, *values: Value) -> bpy.types.NodeSocket:
        """An operation on vectors; numbers count three times."""
        node = self._filled("ShaderNodeVectorMath", operation, values)
        return node.outputs["Value" if operation in TO_NUMBERS else "Vector"]

    def mix(self, first: Value, second: Value, share: Value) -> bpy.types.NodeSocket:
        """`first + share (second - first)` of vectors."""
        apart = self.vector("SUBTRACT", second, first)
        return self.vector("MULTIPLY_ADD", apart, share, first)

    def blend(self, first: Value, second: Value, share: Value) -> bpy.types.NodeSocket:
        """The same of numbers."""
        return self.math("MULTIPLY_ADD", self.math("SUBTRACT", second, first), share, first)

    def parts(self, vector: Value) -> list[bpy.types.NodeSocket]:
        """A vector's three numbers."""
        node = self.node("ShaderNodeSeparateXYZ")
        self._put(vector, node.inputs[0])
        return list(node.outputs)

    def joined(self, *numbers: Value) -> bpy.types.NodeSocket:
        """A vector of three numbers."""
        node = self.node("ShaderNodeCombineXYZ")
        for number, socket in zip(numbers, node.inputs, strict=True):
            self._put(number, socket)
        return node.outputs[0]

    def group(self, tree: bpy.types.NodeTree, **values: Value) -> bpy.types.Node:
        """A group, its inputs by their names."""
        node = self.node("ShaderNodeGroup", node_tree=tree)
        for name, value in values.items():
            self._put(value, node.inputs[name])
        return node

    def texture(self, image: bpy.types.Image, place: Value) -> bpy.types.Node:
        """An image at a place, bilinear, mirrored at its edges."""
        node = self.node("ShaderNodeTexImage", image=image, extension="MIRROR")
        self._put(place, node.inputs["Vector"])
        return node

    def map(self, kit: LiveKit, entry: dict[str, Any], place: Value) -> bpy.types.NodeSocket:
        """The values of a map: `(texel - offset) scale`."""
        texel = self.texture(kit.images[entry["file"]], place).outputs["Color"]
        if entry["scale"] == 1 and entry["offset"] == 0:
            return texel
        scale = entry["scale"]
        return self.vector("MULTIPLY_ADD", texel, scale, -entry["offset"] * scale)

    def _filled(
        self, kind: str, operation: str, values: tuple[Value, ...], **properties: Any
    ) -> bpy.types.Node:
        node = self.node(kind, operation=operation, **properties)
        for value, socket in zip(values, node.inputs, strict=False):
            self._put(value, socket)
        return node

    def _put(self, value: Value, socket: bpy.types.NodeSocket) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif hasattr(socket.default_value, "__len__") and not hasattr(value, "__len__"):
            socket.default_value = (value, value, value)
        else:
            socket.default_value = value


def build(kit: LiveKit, name: str) -> bpy.types.NodeTree:
    """The group that plays a kit: a place in, the color and alpha there out."""
    given = kit.document
    nodes = Nodes(name, (), ("color Color", "float Alpha"))
    _add_inputs(nodes.tree, given)
    place = nodes.input("Vector")
    picture = nodes.texture(kit.images[given["picture"]["file"]], place)
    color, phase = picture.outputs["Color"], 0.0
    if "phase" in given:
        phase = nodes.parts(nodes.map(kit, given["phase"], place))[0]
    for number, layer in enumerate(given["layers"], start=1):
        tree = _layer(kit, layer, f"{name} Layer {number}")
        values = {name: nodes.input(name) for name in ("Frame", "Period", "Speed", "Direction",
                                                       "Amount")}  # fmt: skip
        node = nodes.group(
            tree, Color=color, Place=place, Phase=phase if layer["phase"] else 0.0, **values
        )
        color = node.outputs["Color"]
    if "light" in given:
        color = _lit(nodes, kit, color, place, nodes.input("Light"))
    nodes.output("Color", _scene_linear(nodes, color))
    nodes.output("Alpha", picture.outputs["Alpha"])
    return nodes.tree


def _add_inputs(tree: bpy.types.NodeTree, document: dict[str, Any]) -> None:
    for name, kind, default, least, most, description in INPUTS:
        if name == "Light" and "light" not in document:
            continue
        number = kind in {"Float", "Angle", "Factor"}
        socket_type = f"NodeSocket{'Float' if number else kind}"
        socket = tree.interface.new_socket(name, in_out="INPUT", socket_type=socket_type)
        socket.description = description
        if not number:
            socket.hide_value = True
            continue
        if kind != "Float":
            socket.subtype = kind.upper()
        socket.default_value = document["period"] if default is None else default
        if least is not None:
            socket.min_value = least
        if most is not None:
            socket.max_value = most


def _flow(kit: LiveKit, layer: dict[str, Any], name: str) -> bpy.types.NodeTree:
    """The displacement of one frame at a place, with speed and direction."""
    nodes = Nodes(
        name, ("vector Place", "float Speed", "float Direction"), ("vector Flow",)
    )  # fmt: skip
    found = nodes.map(kit, layer["flow"], nodes.input("Place"))
    aspect = kit.size[0] / kit.size[1]
    # v runs down in a kit and up here; angles are those of pixels
    square = nodes.vector("MULTIPLY", found, (aspect, -1.0, 0.0))
    turn = nodes.node("ShaderNodeVectorRotate", rotation_type="Z_AXIS")
    nodes.tree.links.new(square, turn.inputs["Vector"])
    nodes.tree.links.new(nodes.input("Direction"), turn.inputs["Angle"])
    flow = nodes.vector("MULTIPLY", turn.outputs["Vector"], (1 / aspect, 1.0, 0.0))
    nodes.output("Flow", nodes.vector("MULTIPLY", flow, nodes.input("Speed")))
    return nodes.tree


def _source(kit: LiveKit, layer: dict[str, Any], name: str) -> bpy.types.NodeTree:
    """What is found some frames along the flow: color, weight, and share of foreground."""
    flow = _flow(kit, layer, f"{name} Flow")
    given = ("vector Place", "float Frames", "float Speed", "float Direction")
    nodes = Nodes(name, given, ("vector Color", "float Weight", "float Found"))
    place, frames = nodes.input("Place"), nodes.input("Frames")
    how = {key: nodes.input(key) for key in ("Speed", "Direction")}

    def flow_at(q: Value) -> bpy.types.NodeSocket:
        return nodes.group(flow, Place=q, **how).outputs["Flow"]

    half = nodes.math("MULTIPLY", frames, 0.5)
    a = flow_at(place)
    b = flow_at(nodes.vector("MULTIPLY_ADD", a, half, place))
    c = flow_at(nodes.vector("MULTIPLY_ADD", b, half, place))
    d = flow_at(nodes.vector("MULTIPLY_ADD", c, frames, place))
    inner = nodes.vector("MULTIPLY", nodes.vector("ADD", b, c), 2.0)
    total = nodes.vector("ADD", nodes.vector("ADD", a, d), inner)
    moved = nodes.vector("MULTIPLY", total, nodes.math("DIVIDE", frames, 6.0))
    source = nodes.vector("ADD", place, moved)

    # mirrored at the centers of the border's pixels
    low = (0.5 / kit.size[0], 0.5 / kit.size[1], 0.0)
    span = (1 - 2 * low[0], 1 - 2 * low[1], 1.0)
    shifted = nodes.vector("SUBTRACT", source, low)
    wrapped = nodes.vector("WRAP", shifted, span, tuple(-one for one in span))
    mirrored = nodes.vector("ADD", nodes.vector("ABSOLUTE", wrapped), low)
    nodes.output("Color", nodes.map(kit, layer["plate"], mirrored))

    _, inside, found = nodes.parts(nodes.map(kit, layer["matte"], source))
    from_middle = nodes.vector("ABSOLUTE", nodes.vector("SUBTRACT", source, 0.5))
    over_u, over_v, _ = nodes.parts(
        nodes.vector("SUBTRACT", from_middle, (0.5 - low[0], 0.5 - low[1], 1.0))
    )
    over = nodes.math("MAXIMUM", over_u, over_v)
    beyond = nodes.math("MULTIPLY_ADD", over, 1 / layer["cell"], 0.5, clamp=True)
    inside = nodes.blend(inside, layer["least_weight"], beyond)
    far = nodes.math("DIVIDE", nodes.vector("LENGTH", moved), layer["decided"], clamp=True)
    nodes.output("Weight", nodes.blend(1.0, inside, far))
    if layer["fade"]:
        near, gone = layer["fade"]
        slope = 1 / (gone - near)
        fading = nodes.math("MULTIPLY_ADD", over, -slope, 1 + near * slope, clamp=True)
        found = nodes.math("MULTIPLY", found, fading)
    nodes.output("Found", found)
    return nodes.tree


def _layer(kit: LiveKit, layer: dict[str, Any], name: str) -> bpy.types.NodeTree:
    """One layer put into the colors below it."""
    source = _source(kit, layer, f"{name} Source")
    floats = ("Phase", "Frame", "Period", "Speed", "Direction", "Amount")
    given = ("vector Color", "vector Place", *(f"float {one}" for one in floats))
    nodes = Nodes(name, given, ("vector Color",))
    color, place, period = (nodes.input(one) for one in ("Color", "Place", "Period"))
    how = {key: nodes.input(key) for key in ("Speed", "Direction")}
    rounds = float(layer["rounds"])
    passed = nodes.math("ADD", nodes.math("DIVIDE", nodes.input("Frame"), period), layer["start"])
    turns = nodes.math("MULTIPLY_ADD", passed, rounds, nodes.input("Phase"))
    length = nodes.math("DIVIDE", period, rounds)
    copies, counts = [], []
    for ahead in (0.5, 0.0):
        half = nodes.math("FRACT", nodes.math("MULTIPLY_ADD", turns, 0.5, ahead))
        time = nodes.math("MULTIPLY_ADD", half, 2.0, -1.0)  # of a loop, -1..1
        frames = nodes.math("MULTIPLY", time, length)
        copy = nodes.group(source, Place=place, Frames=frames, **how)
        left = nodes.math("SUBTRACT", 1.0, nodes.math("ABSOLUTE", time))
        copies.append(copy)
        counts.append(nodes.math("MULTIPLY", left, copy.outputs["Weight"]))
    both = nodes.math("MAXIMUM", nodes.math("ADD", *counts), 1e-9)
    counted = nodes.math("DIVIDE", counts[1], both)
    moved = nodes.mix(*(copy.outputs["Color"] for copy in copies), counted)
    matte = nodes.parts(nodes.map(kit, layer["matte"], place))[0]
    matte = nodes.math("MULTIPLY", matte, nodes.input("Amount"))
    if layer["kind"] == "whole":
        nodes.output("Color", nodes.mix(color, moved, matte))
        return nodes.tree
    found = nodes.blend(*(copy.outputs["Found"] for copy in copies), counted)
    still = nodes.map(kit, layer["plate"], place)
    change = nodes.vector("SUBTRACT", nodes.vector("MULTIPLY", moved, found), still)
    made = nodes.vector("MULTIPLY_ADD", change, matte, color)
    nodes.output("Color", _clamped(nodes, made))
    return nodes.tree


def _lit(
    nodes: Nodes, kit: LiveKit, color: Value, place: Value, share: Value
) -> bpy.types.NodeSocket:
    """The colors in the light of two looks, mixed."""
    light = kit.document["light"]
    looks, edge, toe = light["looks"], light["edge"], light["toe"]
    weights, biases, gain = (
        nodes.mix(*(nodes.map(kit, look[of], place) for look in looks), share)
        for of in ("weights", "biases", "gain")
    )
    scale = 1 / (1 + 2 * edge)
    inner = nodes.vector("MULTIPLY_ADD", color, scale, edge * scale)
    inner = nodes.vector("MINIMUM", nodes.vector("MAXIMUM", inner, 1e-6), 1 - 1e-6)
    odds = nodes.vector("DIVIDE", inner, nodes.vector("SUBTRACT", 1.0, inner))
    x = [nodes.math("LOGARITHM", one, e) for one in nodes.parts(odds)]
    first, last = light["dark"]
    apart, dark = first - last, nodes.parts(gain)[0]
    dark = nodes.math("MULTIPLY_ADD", dark, -1 / apart, first / apart, clamp=True)
    grey = nodes.vector("DOT_PRODUCT", nodes.joined(*x), light["grey"])
    less = nodes.math("MULTIPLY", dark, light["faded"])
    x = [nodes.blend(one, grey, less) for one in x]
    y = nodes.parts(nodes.vector("MULTIPLY_ADD", nodes.joined(*x), weights, biases))
    bluer = nodes.math("MAXIMUM", nodes.math("SUBTRACT", x[2], x[0]), 0.0)
    for one, more in (
        (1, nodes.math("MULTIPLY", bluer, light["teal"])),
        (2, light["cobalt"]),
    ):
        second, third = {0, 1, 2} - {one}
        leading = nodes.math("SUBTRACT", x[one], nodes.math("MAXIMUM", x[second], x[third]))
        room = nodes.math("ADD", nodes.math("MAXIMUM", leading, 0.0), more)
        most = nodes.math("ADD", nodes.math("MAXIMUM", y[second], y[third]), room)
        y[one] = nodes.math("MINIMUM", y[one], most)
    lit = []
    for one in y:
        power = nodes.math("EXPONENT", nodes.math("MULTIPLY", one, -1.0))
        made = nodes.math("DIVIDE", 1 + 2 * edge, nodes.math("ADD", power, 1.0))
        lit.append(nodes.math("ADD", nodes.math("SUBTRACT", made, edge, clamp=True), toe))
    dimmed = nodes.vector("MULTIPLY_ADD", nodes.joined(*lit), gain, -toe)
    return _clamped(nodes, dimmed)


def _scene_linear(nodes: Nodes, color: Value) -> bpy.types.NodeSocket:
    """Display-referred sRGB decoded, in the primaries that this .blend works in."""
    steep = nodes.vector("MULTIPLY_ADD", color, 1 / 1.055, 0.055 / 1.055)
    gamma = nodes.node("ShaderNodeGamma")
    nodes.tree.links.new(steep, gamma.inputs["Color"])
    gamma.inputs["Gamma"].default_value = 2.4
    flat = nodes.vector("MULTIPLY", color, 1 / 12.92)
    bright = nodes.vector("MAXIMUM", nodes.vector("SUBTRACT", color, 0.04045), 0.0)
    linear = nodes.mix(flat, gamma.outputs["Color"], nodes.vector("CEIL", bright))
    rows = _to_working_space()
    if rows is None:
        return linear
    return nodes.joined(*(nodes.vector("DOT_PRODUCT", linear, row) for row in rows))


def _to_working_space() -> list[tuple[float, float, float]] | None:
    """The matrix from linear Rec.709 to the .blend's primaries, by rows; None: they are the same.

    Blender 5.0 and later keep the primaries in the .blend.
    """
    if not hasattr(Color, "from_rec709_linear_to_scene_linear"):
        return None
    axes = [Color(axis).from_rec709_linear_to_scene_linear() for axis in
            ((1, 0, 0), (0, 1, 0), (0, 0, 1))]  # fmt: skip
    rows = [(axes[0][k], axes[1][k], axes[2][k]) for k in range(3)]
    same = all(abs(rows[k][n] - (k == n)) < 1e-4 for k in range(3) for n in range(3))
    return None if same else rows


def _clamped(nodes: Nodes, color: Value) -> bpy.types.NodeSocket:
    return nodes.vector("MAXIMUM", nodes.vector("MINIMUM", color, 1.0), 0.0)
