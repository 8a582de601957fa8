"""A .blend keeps a choice by its place in the list: what is added comes last, and nothing goes."""

from __future__ import annotations

import ast
from pathlib import Path

PROPERTIES = Path(__file__).resolve().parents[2] / "blender_addon" / "properties"
PLACES = {
    "AppearanceProperties.kind": "keyed per-frame off",
    "AppearanceProperties.code_from": "POSITION RANDOM FILE REFERENCE PREDICT KEYS",
    "KeyItem.value_from": "POSITION INPUT REFERENCE FILE",
    "ClipProperties.size_from": "SIDE PICTURE EXACT",
    "LoopProperties.kind": "two-phase crossfade none",
    "LoopProperties.blend": "condense contrast plain",
    "LoopProperties.sampling": "bicubic bilinear",
    "LoopProperties.start": "picture blend",
    "MotionProperties.kind": "steady recurrent",
    "MotionProperties.code_from": "POSITION RANDOM FILE CLIP AUTO",
    "MotionProperties.water": "predicted mirrored still",
    "MotionProperties.arrows_as": "code field both",
    "OutputProperties.format": "png png16 exr mp4 webm gif",
    "OutputProperties.colorspace": "AUTO sRGB Linear_Rec.709 Non-Color",
    "RegionItem.code_from": "SAME POSITION FILE",
    "RegionItem.moves": "AUTO detail all",
}


def listed() -> dict[str, list[str]]:
    """The items of every enumeration."""
    found = {}
    for path in PROPERTIES.glob("*.py"):
        for cls in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(cls, ast.ClassDef):
                continue
            for node in cls.body:
                call = getattr(node, "annotation", None)
                if getattr(getattr(call, "func", None), "id", "") == "EnumProperty":
                    items = next(word.value for word in call.keywords if word.arg == "items")
                    names = [getattr(i, "id", "") or i.elts[0].value for i in items.elts]
                    found[f"{cls.name}.{node.target.id}"] = names
    return found


def test_what_is_added_comes_last():
    now = listed()
    assert now.keys() == PLACES.keys()
    for name, places in PLACES.items():
        kept = [place.replace("_", " ") for place in places.split()]
        assert now[name][: len(kept)] == kept, name
