"""The table of drawn regions, and the masks painted from it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from landscape_engine.errors import TrainingError
from landscape_engine.training.data.drawn_regions import BOXES, LAYERS, load_regions, paint_masks

SQUARE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]


def picture(width: int = 160, height: int = 120) -> np.ndarray:
    """A blue square of half the size on a brown ground, with some noise."""
    rng = np.random.default_rng(0)
    image = np.empty((height, width, 3))
    image[:] = (120, 90, 60)
    image[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = (90, 140, 220)
    return (image + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


def test_every_share_of_our_table_is_within_the_picture():
    for name, entry in load_regions().items():
        assert set(entry) <= {*LAYERS, *BOXES, "skip", "refine"}, name
        for layer in LAYERS:
            for polygon in entry.get(layer, ()):
                corners = np.asarray(polygon)
                assert corners.ndim == 2 and corners.shape[0] >= 3 and corners.shape[1] == 2, name
                assert corners.min() >= 0 and corners.max() <= 1, name
        for key in BOXES:
            for x0, y0, x1, y1 in entry.get(key, ()):
                assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1, name


def test_pictures_have_something_drawn_or_are_skipped():
    for name, entry in load_regions().items():
        assert entry.get("skip") or entry.get("sky") or entry.get("water"), name


def test_a_name_twice_is_refused(tmp_path):
    table = tmp_path / "regions.json"
    table.write_text('{"version": 1, "pictures": {"a.jpg": {}, "a.jpg": {}}}')
    with pytest.raises(TrainingError, match="twice"):
        load_regions(table)


def test_another_version_is_refused(tmp_path):
    table = tmp_path / "regions.json"
    table.write_text(json.dumps({"version": 2, "pictures": {}}))
    with pytest.raises(TrainingError, match="version 2"):
        load_regions(table)


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="not a table"):
        load_regions(tmp_path / "none.json")


@pytest.mark.parametrize("refine", [True, False, ["sky"]])
def test_the_drawn_square_is_sky(refine):
    pytest.importorskip("cv2")
    masks = paint_masks({"sky": [SQUARE], "refine": refine}, picture())

    assert masks.shape == (2, 120, 160) and masks.dtype == np.float32
    assert masks[0, 35:85, 45:115].min() > 0.99
    assert masks[0, :25].max() < 0.01 and masks[0, :, :35].max() < 0.01
    assert masks[1].max() == 0
    assert masks[0].mean() == pytest.approx(0.25, abs=0.01)


def test_a_drawn_polygon_covers_exactly_its_pixels():
    halves = {
        "sky": [[[0, 0], [1, 0], [1, 0.5], [0, 0.5]]],
        "water": [[[0, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]]],
        "refine": False,
    }
    sky, water = paint_masks(halves, picture())
    assert (sky[:60] == 1).all() and not sky[60:].any()
    assert (water[60:, :80] == 1).all() and not water[:60].any() and not water[:, 80:].any()


def test_still_is_painted_over_water_and_water_over_sky():
    pytest.importorskip("cv2")
    whole = [[0, 0], [1, 0], [1, 1], [0, 1]]
    lower = [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]
    boat = [[0.4, 0.7], [0.6, 0.7], [0.6, 0.9], [0.4, 0.9]]
    entry = {"sky": [whole], "water": [lower], "still": [boat], "refine": False}
    masks = paint_masks(entry, picture())

    assert masks[0, 20, 80] == 1 and masks[1, 70, 10] == 1
    assert masks[:, 96, 80].max() == 0
    assert masks.sum(0).max() <= 1.001


def test_an_edge_drawn_a_little_off_is_pulled_to_the_picture():
    pytest.importorskip("cv2")
    off = (np.asarray(SQUARE) + [0.005, 0.0067]).tolist()  # 2 of 400 pixels
    image = picture(400, 300)
    true = np.zeros((300, 400))
    true[75:225, 100:300] = 1

    def error(refine: bool) -> float:
        return float(np.abs(paint_masks({"sky": [off], "refine": refine}, image)[0] - true).mean())

    assert error(True) < 0.4 * error(False)


def test_refinement_leaves_a_picture_of_one_colour_as_drawn():
    pytest.importorskip("cv2")
    plain = np.full((120, 160, 3), 128, np.uint8)
    drawn = paint_masks({"water": [SQUARE], "refine": False}, plain)
    refined = paint_masks({"water": [SQUARE]}, plain)

    assert np.abs(drawn - refined).mean() < 0.01
