"""Which layer of an EXR is the picture: the beauty before normals, occlusion and positions.

A layer is a part's channels of one prefix: "ViewLayer.Combined" of `ViewLayer.Combined.R`. Plain R,
G, B come first, then Blender's Combined, then what other renderers call the beauty, then light of
any kind, then any other colors, those last that are named after data; luminance alone where there
are no colors at all. A name counts by its words ("VRayBumpNormals" has normals in it), but for
those that all layers share, as the name of a scene, and for that of an only part.
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
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
_COMBINED = "combined"
_DENOISED, _NOISY = "denoised", "noisy"
_BEAUTY_ALONE = {"c", "ci"}  # as a whole name
_BEAUTY = {
    "beauty", "rgba", "rgb", "color", "colour", "composite", "final", "primary", "image", "main",
    "master", "radiance", "render", _DENOISED,
}  # fmt: skip
_LIGHT = {
    "light", "lights", "lighting", "lightmix", "diffuse", "specular", "gloss", "glossy", "gi",
    "reflection", "reflections", "refraction", "refractions", "transmission", "emission", "emit",
    "emissive", "illumination", "sss", "subsurface", "coat", "sheen", "volume", "direct",
    "indirect", "caustics", "background", "env", "environment", "atmosphere",
}  # fmt: skip
_DATA_ALONE = {"n", "p", "z"}  # as a whole name
_DATA = {  # words of the names of layers that are no pictures, or whole names without spaces
    "nn", "ng", "normal", "normals", "nworld", "pref", "pworld", "pos", "position", "positions",
    "ao", "occ", "occlusion", "depth", "mist", "fog", "uv", "uvs", "uvw", "st", "vector",
    "vectors", "motion", "velocity", "speed", "albedo", "diffcol", "glosscol", "transcol", "id",
    "ids", "index", "mask", "matte", "mattes", "shadow", "shadows", "denoising", "variance",
    "noise", "tangent", "tangents", "curvature", "facing", "fresnel", "sample", "samples",
    "sampling", "roughness", "wire", "wirecolor", "wireframe", "bump", "height", "displacement",
    "thickness", "coverage", "coord", "coords", "coordinates", "count", "heatmap", "crypto",
    "cryptomatte", "basecolor", "diffusecolor", "objectcolor", "vertexcolor",
}  # fmt: skip
_DATA_BEGINNINGS = ("crypto", "normal", "position", "denoising", "motion", "occlusion", "albedo")
_DATA_ENDINGS = (
    "normal", "normals", "position", "positions", "occlusion", "depth", "velocity", "vector",
    "vectors", "albedo",
)  # fmt: skip
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
    flat = [(number, part) for number, part in enumerate(parts) if not part.is_deep]
    found = [(part, layer) for number, part in flat for layer in _layers(number, part)]
    named = [_names(part, layer, len(parts) > 1) for part, layer in found]
    words = [{word for name in names for word in _words(name)} for names in named]
    shared = set.intersection(*words) if len(words) > 1 else set()
    ranks = [
        _rank(part, layer, names, shared) for (part, layer), names in zip(found, named, strict=True)
    ]
    order = sorted(range(len(found)), key=ranks.__getitem__)
    return [found[n][1] for n in order]


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


def _names(part: ExrPart, layer: Layer, several: bool) -> list[str]:
    """What a layer is called within what; the name of an only part tells nothing."""
    text = f"{part.name if several else ''}.{layer.prefix}"
    return [name for name in re.split(r"[./\s:]+", text) if name]


def _words(name: str) -> list[str]:
    """The words of a name in small letters: "bump" and "normals" of "bumpNormals_01"."""
    return [word.lower() for word in _WORD.findall(name)]


def _rank(part: ExrPart, layer: Layer, names: Sequence[str], shared: set[str]) -> tuple[int, ...]:
    """The lower, the more likely it is the picture; equal ones stay in the order of the file."""
    lowered = [one.lower() for one in part.views or _VIEWS]
    seen = [name.lower() for name in names if name.lower() in lowered]
    view = part.view.lower() or (seen[0] if seen else "")
    colorless = "R" not in layer.channels and "RY" not in layer.channels
    telling = [name for name in names if name.lower() not in lowered]
    return (
        int(colorless),
        *_kind(telling, shared, layer.prefix, "A" in layer.channels),
        lowered.index(view) if view in lowered else 0,
    )


def _kind(
    names: Sequence[str],
    shared: set[str],
    prefix: str,
    alpha: bool,
) -> tuple[int, int, int, int]:
    """0 plain, 1 Combined, 2 beauty, 3 light, 4 other colors, 5 data; and what is better of these.

    That is what isn't noisy, what has few other words in its name, and what was denoised; of data,
    a part's plain channels.
    """
    last = _words(names[-1]) if names else []
    if last[-1:] == [_COMBINED]:
        return 1, 0, 0, 0
    whole = {"".join(_words(name)) for name in names}
    words = {word for name in names for word in _words(name)}
    if not names:
        return 0, 0, 0, 0
    if (whole - shared) & (_DATA_ALONE | _DATA) or any(map(_is_data, words - shared)):
        return 5, int(bool(prefix)), 0, 0
    noisy, raw = int(_NOISY in words), int(_DENOISED not in words)
    if whole & _BEAUTY_ALONE or (words & _BEAUTY and not words & _LIGHT):
        return 2, noisy, len(set(last) - _BEAUTY), raw
    return (3 if alpha or words & _LIGHT else 4), noisy, 0, raw


def _is_data(word: str) -> bool:
    return word in _DATA or word.startswith(_DATA_BEGINNINGS) or word.endswith(_DATA_ENDINGS)
