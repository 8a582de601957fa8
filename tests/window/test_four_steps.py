"""The README's four steps, in the factory scene, whose screenshots are the README's pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FRAMES = 48
SAME = 8  # levels


@pytest.fixture(scope="module")
def told(play, addon, picture, tmp_path_factory):
    """One run of the scenario for all tests."""
    lake = shutil.copy(picture, tmp_path_factory.mktemp("pictures") / "lake.jpg")
    return play("four_steps", factory=False, addon=addon, picture=str(lake))


def test_the_factory_scene_is_still_there(told):
    assert told["scene"] == ["Camera", "Cube", "Light", "lake"]
    assert told["shading"] == "MATERIAL"


def test_two_arrows_are_followed_and_the_frames_are_on_the_plane(told):
    assert told["drawn"] == 2
    assert told["meanwhile"] == ["running", FRAMES]
    assert told["animated"][0] == "done", told["animated"][1]
    assert told["shown"] == [True, FRAMES]


@pytest.mark.parametrize(("name", "share"), [("step_2_arrows", 5e-4), ("step_4_texture", 0.2)])
def test_arrows_and_frames_are_seen(told, name, share):
    shots = {Path(file).stem: file for file in told["screenshots"]}
    if name not in shots:
        pytest.skip("no screenshots: ImageMagick's import isn't beside Blender")
    views = []
    for shot in ("step_1_picture", name):
        with Image.open(shots[shot]) as opened:
            views.append(np.asarray(opened.convert("RGB"))[100:620, 60:780].astype(int))
    assert (np.abs(views[1] - views[0]).max(axis=2) > SAME).mean() > share
