"""The panel has the engine's settings: names, defaults and choices, or what they are made from."""

from __future__ import annotations

import dataclasses
import json
import typing
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from landscape_engine.settings.documents import GROUPS
from landscape_engine.settings.sentences import job_fields

REPOSITORY = Path(__file__).resolve().parents[2]

# What Blender says in its own way: the engine's field, and the properties that it is made from.
MADE_FROM = {
    "clip.size": {"size_from", "side", "width", "height"},
    "clip.upright": set(),  # never: Blender shows pictures as they are stored
    "clip.profile": set(),
    "motion.code": {"code_from", "position", "code_file"},
    "motion.arrows": {"use_arrows", "arrows_from"},
    "regions.still_mask": {"still_image"},
    "regions.moving_mask": {"moving_image"},
    "regions.region": {"region_items", "region_active"},
    "regions.horizon": {"use_horizon", "horizon"},
    "loop.frames": {"frames"},  # 0 for None
    "appearance.code": {"code_from", "position", "code_file", "reference"},
    "appearance.codes": {"codes"},  # 0 for None
    "appearance.keys": {"key_items", "key_active"},
    "appearance.patches": {"patch_items", "patch_active"},
    "appearance.patch_frame": {"patch_half_way", "patch_frame"},
    "output.format": {"format"},  # no ending of a file to tell it from
    "output.fps": set(),  # the scene's
    "output.force": set(),  # never: each result has a folder of its own
}
OF_BLENDER_ALONE = {"output.folder", "output.colorspace", "output.match_range"}
SHOWN_AS = {  # other ways to see a property that is stored
    "appearance.changes", "appearance.stars_percent", "appearance.codes_automatic",
    "appearance.windows_percent",
    "loop.frames_automatic", "loop.phase_noise_percent", "motion.ripple_percent",
    "regions.horizon_percent",
}  # fmt: skip
OTHER_DEFAULTS = {"clip.frames": 250}  # Blender's own frame range

LIST = """
import json, sys
sys.path.insert(0, sys.argv[1])
import bpy, blender_addon
blender_addon.register()
groups = {}
for name in json.loads(sys.argv[2]):
    pointer = bpy.types.Object.bl_rna.properties["landscape"].fixed_type.properties[name]
    groups[name] = {
        p.identifier: {
            "default": getattr(p, "default", None),
            "choices": [i.identifier for i in p.enum_items] if p.type == "ENUM" else None,
            "description": p.description,
        }
        for p in pointer.fixed_type.properties
        if p.identifier not in ("rna_type", "name")
    }
labels = {path: blender_addon.labels.label(path) for path in json.loads(sys.argv[3])}
said = [blender_addon.labels.sentence(event) for event in json.loads(sys.argv[4])]
blender_addon.unregister()
print("LIST", json.dumps({"groups": groups, "labels": labels, "said": said}))
"""


LABELS = {  # one of each group, and those that the panel has under another name
    "clip.frames": "Frames",
    "clip.size": "Size",
    "clip.upright": "the orientation",
    "clip.profile": "the color profile",
    "motion.kind": "Motion",
    "motion.speed": "Speed",
    "motion.code": "Wind",
    "regions.clean": "Find What Moves",
    "regions.still_mask": "Still Mask",
    "regions.region": "Region",
    "loop.frames": "Period",
    "appearance.kind": "Light",
    "appearance.code": "Sequence",
    "appearance.keys": "Key",
    "appearance.patches": "Patch",
    "output.format": "Format",
    "output.fps": "the scene's frame rate",
}
EVENTS = [
    {"parts": ["use ", {"setting": "clip.frames", "off": False}, " 24, not ",
               {"setting": "loop.frames", "off": False}, "."]},
    {"parts": [{"setting": "regions.clean", "off": True}, " moves the whole picture."]},
    {"setting": "regions.still_mask", "parts": ["the mask is black."]},
    {"message": "a --flag stays.", "kind": "WorkerError"},
    {"text": "a note."},
    {"parts": [{"setting": "sound.volume"}, " is 11."]},
]  # fmt: skip
SAID = [
    "use Frames 24, not Period.",
    "Find What Moves (off) moves the whole picture.",
    "Still Mask: the mask is black.",
    "a --flag stays.",
    "a note.",
    "sound.volume is 11.",
]


@pytest.fixture(scope="module")
def listed(run_blender, tmp_path_factory):
    script = tmp_path_factory.mktemp("properties") / "list.py"
    script.write_text(LIST)
    asked = (list(GROUPS), list(job_fields()), EVENTS)
    printed = run_blender(script, REPOSITORY, *map(json.dumps, asked))
    line = next(line for line in printed.splitlines() if line.startswith("LIST"))
    return json.loads(line.removeprefix("LIST "))


@pytest.fixture(scope="module")
def groups(listed):
    return listed["groups"]


@pytest.mark.parametrize("group", GROUPS)
def test_every_setting_of_the_engine_is_in_the_panel(groups, group):
    hints = typing.get_type_hints(GROUPS[group])
    for field in dataclasses.fields(GROUPS[group]):
        full_name = f"{group}.{field.name}"
        if full_name in MADE_FROM:
            assert set(groups[group]) >= MADE_FROM[full_name], full_name
            continue
        found = groups[group][field.name]
        expected = OTHER_DEFAULTS.get(full_name, field.default)
        assert found["default"] == pytest.approx(expected), full_name
        if get_origin(hints[field.name]) is Literal:
            assert set(found["choices"]) == set(get_args(hints[field.name])), full_name


@pytest.mark.parametrize("group", GROUPS)
def test_the_panel_has_nothing_that_no_setting_is_made_from(groups, group):
    fields = {field.name for field in dataclasses.fields(GROUPS[group])}
    used = {
        name for made, names in MADE_FROM.items() if made.startswith(f"{group}.") for name in names
    }
    own = {
        name.partition(".")[2]
        for name in OF_BLENDER_ALONE | SHOWN_AS
        if name.startswith(f"{group}.")
    }
    assert set(groups[group]) <= fields | used | own


@pytest.mark.parametrize("group", GROUPS)
def test_every_setting_says_what_it_does(groups, group):
    for name, found in groups[group].items():
        if not name.endswith("_items"):
            assert found["description"] and not found["description"].endswith("."), name


def test_every_setting_has_a_label_of_the_panel(listed):
    assert all(label and label != path for path, label in listed["labels"].items())
    assert LABELS.items() <= listed["labels"].items()


def test_what_the_engine_says_has_the_labels(listed):
    assert listed["said"] == SAID
