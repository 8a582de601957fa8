"""Shader nodes written as expressions."""

from __future__ import annotations

import bpy

HAZE_M = 34_000.0


class Nodes:
    """A node tree written as expressions: each call adds a node and returns its output."""

    def __init__(self, owner: bpy.types.Material | bpy.types.World) -> None:
        """Start over the tree of a material or a world."""
        owner.use_nodes = True
        self.kind = "OutputWorld" if isinstance(owner, bpy.types.World) else "OutputMaterial"
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, output: int | str = 0, settings: dict | None = None, **inputs):
        """Add `ShaderNode<kind>`; inputs by name (`_` for a space) or `i0`, `i1` by number."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in (settings or {}).items():
            setattr(node, name, value)
        for name, value in inputs.items():
            by_number = name[0] == "i" and name[1:].isdigit()
            socket = node.inputs[int(name[1:]) if by_number else name.replace("_", " ")]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node.outputs[output] if node.outputs else None

    def math(self, operation: str, *values):
        """One arithmetic node."""
        inputs = {f"i{i}": value for i, value in enumerate(values)}
        return self.add("Math", settings={"operation": operation}, **inputs)

    def ramp(self, value, low: float, high: float):
        """0 below `low`, 1 above `high`."""
        settings = {"interpolation_type": "SMOOTHSTEP"}
        return self.add("MapRange", settings=settings, Value=value, From_Min=low, From_Max=high)

    def mix(self, share, a, b):
        """The color `a` where share is 0, `b` where it is 1."""
        settings = {"data_type": "RGBA"}
        return self.add("Mix", 2, settings, i0=share, i6=a, i7=b)

    def noise(self, scale: float, detail: float = 6.0, stretch=(1, 1, 1)):
        """Noise over the position in space."""
        place = self.add("NewGeometry", "Position")
        place = self.add("VectorMath", settings={"operation": "MULTIPLY"}, i0=place, i1=stretch)
        return self.add("TexNoise", Vector=place, Scale=scale, Detail=detail)

    def through_air(self, surface):
        """The surface seen through haze: bluish away from the sun, warm towards it."""
        distance = self.add("LightPath", "Ray Length")
        clear = self.math("EXPONENT", self.math("DIVIDE", distance, -HAZE_M))
        x = self.add("SeparateXYZ", "X", i0=self.add("NewGeometry", "Incoming"))
        color = self.mix(self.ramp(x, -0.5, 0.6), (0.30, 0.44, 0.67, 1), (0.62, 0.58, 0.54, 1))
        air = self.add("Emission", Color=color)
        return self.add("MixShader", i0=clear, i1=air, i2=surface)

    def finish(self, shader) -> None:
        """Make the shader the surface."""
        self.add(self.kind, Surface=shader)


def material(name: str) -> tuple[bpy.types.Material, Nodes]:
    """A new material and its nodes."""
    new = bpy.data.materials.new(name)
    new.cycles.emission_sampling = "NONE"  # glowing air lights nothing
    return new, Nodes(new)
