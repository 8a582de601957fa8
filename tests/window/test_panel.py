"""The tab in the factory scene, thumbnails in it, and what is drawn over the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests."""
    return play("panel", factory=False, addon=addon, picture=str(picture))


def test_thumbnails_are_drawn(told):
    assert told["motion"][0] == "done", told["motion"][1]
    assert told["appearance"][0] == "done", told["appearance"][1]


def test_a_click_on_a_picture_takes_its_motion(told):
    assert told["wind before"] == "AUTO" and told["wind"] == "POSITION"


def test_a_redraw_reads_no_file(told):
    assert told["redraw"]["drawn"] > 3, "the tab was drawn"
    assert told["redraw"]["reads"] == []


def test_the_pictures_color_space_undoes_the_views(told):
    assert told["read as"] == "AgX Base sRGB"


def test_patches_and_regions_are_seen_over_the_picture(told):
    shots = {Path(file).stem: file for file in told["screenshots"]}
    if "drawn_in_view" not in shots:
        pytest.skip("no screenshots: ImageMagick's import isn't beside Blender")
    with Image.open(shots["drawn_in_view"]) as drawn, Image.open(shots["nothing_in_view"]) as bare:
        seen = [np.asarray(o.convert("RGB"))[60:700, 60:800].astype(int) for o in (drawn, bare)]
    changed = np.abs(seen[0] - seen[1]).max(2) > 60
    assert 1000 < changed.sum() < 0.1 * changed.size, "outlines and names, not areas"
