"""Presets that ship: Blender lists them, and each sets all that another one sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from landscape_engine.settings.documents import parse

SHIPPED = Path(__file__).resolve().parents[2] / "blender_addon" / "shipped" / "presets"
NAMES = ["Calm_Lake", "Day_to_Night", "Golden_Hour", "Slow_Clouds", "Storm", "Waterfall"]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {file.stem: file.read_text() for file in (SHIPPED / "landscape").glob("*.py")}


def test_every_preset_sets_the_same_settings(texts):
    assert sorted(texts) == NAMES
    kept = {tuple(re.findall(r"settings\.([\w.]+) =", text)) for text in texts.values()}
    assert len(kept) == 1, "else what one has set is left there by the next"


def test_blenders_menu_finds_them_and_the_engine_takes_what_they_set(run, picture):
    told = run(
        """
bpy.ops.landscape.make_plane(filepath=given["picture"])
from pathlib import Path
from blender_addon import job_documents, presets
folders = [f for f in bpy.utils.preset_paths(presets.FOLDER) if "shipped" in f]
told["names"] = sorted(f.stem for f in Path(folders[0]).glob("*.py"))
told["kept"] = presets.kept()
told["documents"] = {}
for file in Path(folders[0]).glob("*.py"):
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="LANDSCAPE_MT_presets")
    asked = job_documents.order(bpy.context, bpy.context.object, Path(given["folder"]))
    told["documents"][file.stem] = asked.document
blender_addon.unregister()
told["left"] = [f for f in bpy.utils.preset_paths(presets.FOLDER) if "shipped" in f]
blender_addon.register()
""",
        picture=str(picture),
    )
    assert told["names"] == NAMES and told["left"] == []
    assert "motion.speed" in told["kept"]
    assert not [name for name in told["kept"] if "percent" in name or "automatic" in name]
    jobs = {name: parse(document) for name, document in told["documents"].items()}
    assert jobs["Storm"].motion.speed > 1 > jobs["Slow_Clouds"].motion.speed
    assert jobs["Calm_Lake"].motion.water == "mirrored"
    assert jobs["Day_to_Night"].appearance.stars > 0
    assert jobs["Waterfall"].appearance.kind == "off"
