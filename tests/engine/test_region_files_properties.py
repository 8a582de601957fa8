"""Properties of an artist's regions: what a polygon covers, and what a file may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landscape_engine.errors import LandscapeError, RegionError
from landscape_engine.scene import region_files
from landscape_engine.scene.regions import Region
from landscape_engine.settings import RegionSettings, named_files

GRID = (32, 32)
FILE = Path("own.json")
EDGE_PX = 1e-6  # from a polygon's edge up to which a pixel's center may count as either
SOFT_PX = 6.0  # from the edge inwards up to which a region fades: it's shrunk by one, blurred twice

Corners = list[tuple[float, float]]


def polygons(low: float, high: float) -> st.SearchStrategy[Corners]:
    """Polygons of any form, edges that cross included."""
    share = st.floats(low, high)
    return st.lists(st.tuples(share, share), min_size=3, max_size=7)


WITHIN = polygons(0, 1)
ANYWHERE = WITHIN | polygons(-0.5, 1.5) | polygons(-10, 10)
SIZES = st.tuples(st.integers(2, 60), st.integers(2, 60))


def painted(corners: Corners, size_hw: tuple[int, int]) -> np.ndarray:  # [H, W] of 0 and 1
    """The mask of a polygon; black, where it is refused for covering nothing."""
    try:
        return region_files._paint(corners, size_hw, FILE)
    except RegionError as error:
        assert "covers no pixel" in str(error)
        return np.zeros(size_hw, np.float32)


def expected(corners: Corners, size_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels' centres an odd number of edges encloses, and how far each is from an edge."""
    height, width = size_hw
    y, x = np.mgrid[:height, :width] + 0.5
    inside, away = np.zeros(size_hw, bool), np.full(size_hw, np.inf)
    scaled = np.asarray(corners) * (width, height)
    for (x0, y0), (x1, y1) in zip(scaled, np.roll(scaled, -1, 0), strict=True):
        crossed = (y0 > y) != (y1 > y)
        if crossed.any():
            inside ^= crossed & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-12)
        share = (((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length).clip(0, 1)
        to_edge = np.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0))
        away = np.minimum(away, to_edge)
    return inside, away


@given(ANYWHERE, SIZES)
def test_a_polygon_covers_the_pixels_that_it_encloses(corners, size):
    """Wherever its corners lie, and however many times the picture's size away."""
    inside, away = expected(corners, size)
    mask = painted(corners, size)
    sure = away > EDGE_PX
    assert mask.shape == size and set(np.unique(mask)) <= {0.0, 1.0}
    assert (mask[sure] == inside[sure]).all()


@given(ANYWHERE, SIZES, st.integers(0, 6), st.booleans())
def test_the_order_of_the_corners_says_nothing(corners, size, begin, backwards):
    other = corners[begin % len(corners) :] + corners[: begin % len(corners)]
    other = other[::-1] if backwards else other
    assert np.array_equal(painted(corners, size), painted(other, size))


@given(WITHIN, SIZES, st.integers(-3, 3), st.integers(-3, 3))
def test_a_polygon_beside_the_picture_is_refused(corners, size, right, down):
    if abs(right) < 2 and abs(down) < 2:
        return
    moved = [(x + right, y + down) for x, y in corners]
    with pytest.raises(RegionError, match="covers no pixel"):
        region_files._paint(moved, size, FILE)


@given(ANYWHERE, st.tuples(st.integers(20, 80), st.integers(20, 80)))
def test_a_region_of_a_polygon_is_whole_within_and_nothing_beyond(corners, size):
    inside, away = expected(corners, size)
    fields = {"version": 1, "polygon": corners}
    try:
        found = region_files.region_from(fields, FILE, size, GRID, torch.device("cpu"))
    except RegionError as error:
        assert "covers no pixel" in str(error)
        assert not (inside & (away > EDGE_PX)).any()
        return
    alpha = found.alpha[0, 0].numpy()
    assert ((alpha >= 0) & (alpha <= 1)).all()
    assert (alpha[~inside & (away > EDGE_PX)] == 0).all()
    assert (alpha[inside & (away > SOFT_PX)] == 1).all()
    assert found.core.shape == (1, 1, *GRID)


# ------------------------------------------------------------------ files

NUMBERS = st.integers(-(10**400), 10**400) | st.floats() | st.booleans() | st.text(max_size=5)
JSON = st.recursive(
    st.none() | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CORNERS = st.lists(st.lists(NUMBERS, min_size=1, max_size=3), max_size=5)
NAMES = sorted(region_files.FIELDS - {"version"})
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


def refusal_of(fields: Any, folder: Path) -> str | None:
    """How a region's file is refused; None if it isn't."""
    try:
        found = region_files.region_from(
            fields, folder / "own.json", (20, 30), GRID, torch.device("cpu")
        )
    except LandscapeError as error:
        return str(error)
    assert isinstance(found, Region)
    return None


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_value_of_a_field_is_read_or_refused(tmp_path_factory, name, data):
    value = data.draw(JSON | CORNERS if name in ("polygon", "arrows") else JSON)
    fields = {"version": 1, **({} if name == "mask" else {"polygon": SQUARE}), name: value}
    said = refusal_of(fields, tmp_path_factory.getbasetemp())
    assert said is None or "own.json" in said or name == "mask"


@given(JSON, st.dictionaries(st.text() | st.sampled_from(NAMES), JSON, max_size=4))
def test_no_region_is_met_with_anything_but_a_sentence(tmp_path_factory, value, fields):
    folder = tmp_path_factory.getbasetemp()
    refusal_of(value, folder)
    refusal_of({"version": 1, **fields}, folder)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_file_is_met_with_anything_but_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "region.json"
    path.write_bytes(data)
    region_files.stamps(RegionSettings(region=(str(path),)))  # which a wrong file doesn't stop
    with pytest.raises(RegionError):
        region_files.read_region(path, (20, 30), GRID, torch.device("cpu"))


def test_neighbors_share_no_row():
    upper, lower = ([[0, top], [1, top], [1, top + 0.5], [0, top + 0.5]] for top in (0, 0.5))
    one, other = painted(upper, (40, 64)), painted(lower, (40, 64))
    assert one[:20].all() and other[20:].all() and (one + other == 1).all()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_may_be_in_unicode_of_any_width(tmp_path, encoding):
    path = tmp_path / "region.json"
    path.write_bytes(json.dumps({"version": 1, "polygon": SQUARE}).encode(encoding))
    assert region_files.read_region(path, (20, 30), GRID, torch.device("cpu")).core.any()
    named = json.dumps({"version": 1, "mask": "bank.png"}).encode(encoding)
    path.write_bytes(named)
    assert tmp_path / "bank.png" in [*named_files.of(RegionSettings(region=(str(path),)))]


def test_a_code_starts_from_the_folder_of_its_regions_file(tmp_path, monkeypatch):
    """As its mask does; the working folder is another one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    fields = {"version": 1, "polygon": SQUARE}
    for code, expected in (
        ("slow.npy", str(tmp_path / "slow.npy")),
        ("../slow.npy", str(tmp_path / ".." / "slow.npy")),
        (str(tmp_path / "a" / "slow.npy"), str(tmp_path / "a" / "slow.npy")),
        ("0.3", "0.3"), (0.3, "0.3"), ("auto", "auto"), ("random", "random"), (None, None),
    ):  # fmt: skip
        path = tmp_path / "region.json"
        path.write_text(json.dumps({**fields, "code": code}))
        region = region_files.read_region(path, (20, 30), GRID, torch.device("cpu"))
        assert region.guide.code == expected
        named = [*named_files.of(RegionSettings(region=(str(path),)))]
        assert named == [path, *([Path(expected)] if str(expected).endswith("npy") else [])]
