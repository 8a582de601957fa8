"""Presets that ship: Blender lists them, and each sets all that another one sets."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landscape_engine import images
from landscape_engine.animator import Animator, load_animator
from landscape_engine.jobs.animate import render
from landscape_engine.jobs.preview import reduce
from landscape_engine.landscape import Landscape
from landscape_engine.settings.documents import Job, parse

SHIPPED = Path(__file__).resolve().parents[2] / "blender_addon" / "shipped" / "presets"
NAMES = ["Calm_Lake", "Day_to_Night", "Golden_Hour", "Slow_Clouds", "Storm", "Waterfall"]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {file.stem: file.read_text() for file in (SHIPPED / "landscape").glob("*.py")}


def test_every_preset_sets_the_same_settings(texts):
    assert sorted(texts) == NAMES
    kept = {tuple(re.findall(r"settings\.([\w.]+) =", text)) for text in texts.values()}
    assert len(kept) == 1, "else what one has set is left there by the next"


def test_blenders_menu_finds_them_and_the_engine_renders_what_they_set(run, picture, tmp_path):
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
    animator = load_animator(device="cpu")
    landscape = animator.look_at(images.load_image(picture))
    made = {
        name: frames_of(job, animator, landscape, tmp_path / name) for name, job in jobs.items()
    }
    own = levels(picture)
    for name, frames in made.items():
        assert np.abs(frames[0] - own).mean() < 12, f"{name} begins with the picture"
        assert np.abs(frames[1:] - frames[0]).mean() > 0.3, f"{name} does something"
    brightness = {name: frames.mean((1, 2, 3)) for name, frames in made.items()}
    warmth = {name: (f[..., 0] - f[..., 2]).mean((1, 2)) for name, f in made.items()}
    assert brightness["Day_to_Night"].min() < 0.5 * brightness["Day_to_Night"][0]
    assert warmth["Golden_Hour"].max() > warmth["Golden_Hour"][0] + 10
    assert np.ptp(brightness["Waterfall"]) < 4, "its light stays"


def frames_of(
    job: Job, animator: Animator, landscape: Landscape, folder: Path
) -> np.ndarray:  # [T, H, W, 3] levels
    """What the engine makes of a job, small and short."""
    height, width = landscape.size_hw
    small = reduce(job, (width, height), side=width, frames=8)
    done = render(replace(small, out=folder), animator, landscape, landscape.size_hw)
    return np.stack([levels(Path(file)) for file in done["paths"]])


def levels(file: Path) -> np.ndarray:  # [H, W, 3]
    with Image.open(file) as opened:
        return np.asarray(opened.convert("RGB"), float)
