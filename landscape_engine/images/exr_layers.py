"""Which layer of an EXR is the picture: the beauty before normals, occlusion and positions.

A layer is a part's channels of one prefix: "ViewLayer.Combined" of `ViewLayer.Combined.R`. Plain R,
G, B come first, then Blender's Combined, then what other renderers call the beauty, then any other
colors, those last that are named after data; luminance alone where there are no colors at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .exr_header import ExrPart

_ROLES = {
    "r": "R", "red": "R", "g": "G", "green": "G", "b": "B", "blue": "B", "a": "A", "alpha": "A",
    "y": "Y", "ry": "RY", "by": "BY", "x": "X", "z": "Z",
}  # fmt: skip
_COMBINED = {"combined"}
_BEAUTY = {"beauty", "rgba", "rgb", "c", "ci", "color", "colour", "composite", "final", "primary"}
_DATA = {  # words of the names of layers that are no pictures
    "n", "nn", "ng", "normal", "normals", "nworld", "p", "pref", "pworld", "pos", "position",
    "positions", "worldposition", "ao", "occlusion", "ambientocclusion", "z", "depth", "zdepth",
    "mist", "fog", "uv", "st", "uvs", "vector", "vectors", "motion", "motionvector", "velocity",
    "speed", "albedo", "diffcol", "glosscol", "transcol", "diffuse_albedo", "id", "objectid",
    "materialid", "mask", "matte", "mattes", "shadow", "shadows", "denoising", "variance", "noise",
    "tangent", "curvature", "facing", "fresnel", "samples", "sampling", "roughness", "wirecolor",
}  # fmt: skip
_DATA_BEGINNINGS = ("crypto", "normal", "position", "denois", "motion", "occlusion", "albedo")
_VIEWS = ("", "left", "center", "centre", "right")


@dataclass(frozen=True)
class Layer:
    """A picture within an EXR.

    Attributes:
        part: its number.
        prefix: of its channels, without the last dot.
        name: what a person knows it by: the part's name, the prefix, or both.
        channels: the names of its channels by role: R G B, or Y RY BY, or Y; and A.
    """

    part: int
    prefix: str
    name: str
    channels: dict[str, str]


def find(parts: Sequence[ExrPart]) -> list[Layer]:
    """The flat layers that can be taken for a picture, the best one first."""
    found = [
        (_rank(part, layer), layer)
        for number, part in enumerate(parts)
        if not part.is_deep
        for layer in _layers(number, part)
    ]
    return [layer for _, layer in sorted(found, key=lambda one: one[0])]


def _layers(number: int, part: ExrPart) -> list[Layer]:
    by_prefix: dict[str, dict[str, str]] = {}
    for name in part.channels:
        prefix, _, last = name.rpartition(".")
        role = _ROLES.get(last.lower())
        if role:  # an upper-case one counts where there are both
            held = by_prefix.setdefault(prefix, {})
            if role not in held or last.isupper():
                held[role] = name
    layers = []
    for prefix, held in by_prefix.items():
        if {"R", "G", "B"} <= set(held):
            wanted = ["R", "G", "B"]
        elif {"Y", "RY", "BY"} <= set(held):
            wanted = ["Y", "RY", "BY"]
        elif "Y" in held and not {"X", "Z"} & set(held):  # of a vector it is an axis
            wanted = ["Y"]
        else:
            continue
        wanted += ["A"] if "A" in held else []
        name = ".".join(text for text in (part.name, prefix) if text)
        layers.append(Layer(number, prefix, name, {role: held[role] for role in wanted}))
    return layers


def _rank(part: ExrPart, layer: Layer) -> tuple[int, ...]:
    """The lower, the more likely it is the picture; equal ones stay in the order of the file."""
    views = part.views or _VIEWS
    words = [word for word in re.split(r"[./\s:]+", layer.name.lower()) if word]
    named = [word for word in words if word in map(str.lower, views)]
    view = part.view.lower() or (named[0] if named else "")
    words = [word for word in words if word not in named]
    lowered = [one.lower() for one in views]
    colorless = "R" not in layer.channels and "RY" not in layer.channels
    return int(colorless), _kind(layer, words), lowered.index(view) if view in lowered else 0


def _kind(layer: Layer, words: list[str]) -> int:
    """0 plain, 1 Combined, 2 beauty, 3 other colors, 4 data."""
    last = words[-1:] or [""]
    pieces = [piece for word in words for piece in re.split(r"[_\-\d]+", word) if piece]
    if set(last) & _COMBINED or set(pieces[-1:]) & _COMBINED:
        return 1
    if any(word in _DATA or word.startswith(_DATA_BEGINNINGS) for word in {*words, *pieces}):
        return 4
    if not layer.prefix:
        return 0
    return 2 if set(last) & _BEAUTY or set(pieces) & _BEAUTY else 3
