"""Masks painted with the mouse are seen on the picture, kept, and leave no trace in the view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HEIGHT = 800  # of the window
SAME = 25  # levels: each kind of shading shrinks and smooths pictures in a way of its own


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests: it takes a minute or two."""
    told = play("paint_mask", factory=False, addon=addon, picture=str(picture))
    if not told["brush"]:
        pytest.skip("this Blender came without the brushes that it paints with")
    return told


@pytest.fixture(scope="module")
def seen(told):
    """The colors at places of a screenshot: float [places, RGB]."""
    shots = {Path(file).stem: file for file in told["screenshots"]}
    if "solid_plain" not in shots:
        pytest.skip("no screenshots: ImageMagick's import isn't beside Blender")

    def at(shot: str, places: str) -> np.ndarray:
        with Image.open(shots[shot]) as opened:
            pixels = np.asarray(opened.convert("RGB")).astype(float)
        around = [(HEIGHT - int(y), int(x)) for x, y in told[places]]
        return np.array([pixels[y - 4 : y + 5, x - 4 : x + 5].mean((0, 1)) for y, x in around])

    return at


@pytest.mark.parametrize("shading", ["solid", "material"])
def test_the_mask_is_a_veil_on_the_picture_in_the_shading_that_there_was(told, seen, shading):
    if shading == "material" and not told["material"]:
        pytest.skip("the shaders of Material Preview were not compiled in time")
    plain, painted = f"{shading}_plain", f"{shading}_still"
    assert seen(painted, "bare") == pytest.approx(seen(plain, "bare"), abs=SAME)
    change = seen(painted, "still") - seen(plain, "still")
    assert (change[:, 2] - change[:, 0] > 30).all(), "blue, not the mask's white"


def test_a_stroke_over_the_upper_edge_leaves_the_lower_one_bare(told):
    assert told["lowest row"] == 0


def test_another_mask_has_its_own_veil(seen):
    for places in ("still", "bare"):
        assert seen("solid_moving", places) == pytest.approx(seen("solid_plain", places), abs=SAME)
    assert np.abs(seen("solid_moving", "moving") - seen("solid_plain", "moving")).max() > 30


def test_a_preview_is_seen_under_the_veil(told, seen):
    assert told["preview"][0] == "done", told["preview"][1]
    first, half, again = (seen(f"solid_frame_{n}", "moving") for n in (1, 7, 13))
    assert np.abs(first - half).max() > 0.5
    assert np.abs(first - again).max() <= 0.5


def test_what_is_saved_while_painting_is_there_when_the_file_is_opened(told, seen):
    assert min(told["white"].values()) > 0.01
    assert told["opened"] == pytest.approx(told["white"], abs=1e-6)
    assert seen("solid_opened", "bare") == pytest.approx(seen("solid_plain", "bare"), abs=SAME)


def test_the_brush_leaves_view_material_and_tools_as_they_were(told, seen):
    assert told["painting"]["shading"] == told["before"]["shading"]
    assert told["painting"]["nodes"] == told["before"]["nodes"]
    assert told["done"] == told["before"]
    assert told["left"] == told["material before"] | {"mode": "EDIT"}
    for places in ("bare", "still", "moving"):
        assert seen("solid_done", places) == pytest.approx(seen("solid_plain", places), abs=SAME)
