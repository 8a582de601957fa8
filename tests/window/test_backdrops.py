"""The world's sky and the camera's background, animated in the window of the factory scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FRAMES = 24


@pytest.fixture(scope="module")
def told(play, addon, picture, tmp_path_factory):
    """One run of the scenario for all tests."""
    sky = tmp_path_factory.mktemp("sky") / "sky.png"
    with Image.open(picture) as half:
        pixels = np.asarray(half.convert("RGB").resize((512, 512)))
    Image.fromarray(np.concatenate([pixels, pixels[:, ::-1]], axis=1)).save(sky)
    return play("backdrops", factory=False, addon=addon, picture=str(picture), sky=str(sky))


def test_the_world_is_previewed_and_animated(told):
    assert told["Preview World"][0] == "done", told["Preview World"][1]
    assert told["playing"] and told["previewed"] == ["SEQUENCE", FRAMES]
    assert told["Animate World"][0] == "done", told["Animate World"][1]
    assert told["animated"] == ["SEQUENCE", FRAMES]


def test_the_background_is_animated(told):
    assert told["Animate Background"][0] == "done", told["Animate Background"][1]
    assert told["behind"] == ["SEQUENCE", FRAMES]


def test_frames_that_have_gone_are_said(told):
    assert f"{FRAMES} of {FRAMES} frames" in told["missing"]


@pytest.mark.parametrize("which", ["world", "background"])
def test_the_view_shows_the_frames(told, which):
    shots = {Path(file).stem: file for file in told["screenshots"]}
    if f"{which}_frame_1" not in shots:
        pytest.skip("no screenshots: ImageMagick's program isn't beside Blender")
    frames = []
    for number in (1, 1 + FRAMES // 2):
        with Image.open(shots[f"{which}_frame_{number}"]) as shot:
            frames.append(np.asarray(shot.convert("RGB"))[120:560, 80:800].astype(int))
    changed = np.abs(frames[1] - frames[0]).max(axis=2) > 8
    assert changed.mean() > 0.05, "clouds move"


def test_a_result_is_added_elsewhere_and_taken_back(told):
    assert told["strips"] == told["kept"] == [["IMAGE", 1, FRAMES]]
    assert told["light"] == "LIGHT" and told["undone"]
