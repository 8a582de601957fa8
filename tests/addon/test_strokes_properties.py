"""Properties of strokes as arrows: in the picture, one after the other, and usable by the engine.

The arithmetic needs nothing of Blender's, which is stood in for while its file is loaded.
"""

from __future__ import annotations

import importlib
import math
import sys
import types
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape_engine.fitting.annotations import read_arrow

ROOT = Path(__file__).parents[2]
BLENDERS = ("bpy", "mathutils", "mathutils.bvhtree", "mathutils.geometry")


@pytest.fixture(scope="module")
def arrows():
    """The add-on's module of that name, loaded without Blender and without the others' buttons."""
    name, folder = "addon_of_strokes", ROOT / "blender_addon"
    stand_ins = {module: MagicMock() for module in BLENDERS}
    for part in ("", ".annotations", ".image_exchange"):  # their __init__ isn't run
        stand_ins[name + part] = types.ModuleType(name + part)
        stand_ins[name + part].__path__ = [str(folder / part[1:])]
    with pytest.MonkeyPatch.context() as patch:
        for module, stand_in in stand_ins.items():
            patch.setitem(sys.modules, module, stand_in)
        loaded = importlib.import_module(f"{name}.annotations.arrows")
    for module in [m for m in sys.modules if m.split(".")[0] == name]:
        del sys.modules[module]
    return loaded


class Point(tuple):
    """A point of a line, with as much of Blender's `Vector` as lines need."""

    def __sub__(self, other: Point) -> Point:
        return Point(a - b for a, b in zip(self, other, strict=True))

    @property
    def length(self) -> float:
        return math.hypot(*self)

    def lerp(self, other: Point, share: float) -> Point:
        return Point(a + share * (b - a) for a, b in zip(self, other, strict=True))


@dataclass
class Stroke:
    """A stroke on a surface."""

    points: list[Point]
    on_screen: bool = False

    def __str__(self) -> str:
        return "the stroke"


class Surface(SimpleNamespace):
    """A surface whose places are the points themselves, as a plane's are seen from the front."""

    size_m = 1.0

    def nearest(self, point: Point) -> tuple[tuple[float, float], float]:
        return (point[0], point[1]), 0.0


def lines(low: float, high: float) -> st.SearchStrategy[list[Point]]:
    value = st.floats(low, high)
    return st.lists(st.tuples(value, value).map(Point), max_size=12)


# over the picture, over its border, over one that repeats, and hardly moved
LINES = lines(0, 1) | lines(-0.3, 1.3) | lines(-2, 3) | lines(0.998, 1.004)
ASPECTS = st.floats(0.1, 10)


def read(arrows, line: list[Point], aspect: float) -> tuple[list, list[str]]:
    obj = SimpleNamespace(name="plane")
    return arrows._read(obj, Surface(aspect=aspect), [Stroke(line)], others=None)


@given(line=LINES, aspect=ASPECTS)
def test_every_arrow_of_a_stroke_is_one_for_the_engine(arrows, line, aspect):
    """However it is drawn, and whatever the picture's form; what gives none is named."""
    found, problems = read(arrows, line, aspect)
    assert bool(found) != bool(problems)
    assert len(found) <= arrows.MOST_PIECES
    for arrow in found:
        assert all(0 <= value <= 1 for value in arrow)
        read_arrow(",".join(f"{value:.5f}" for value in arrow))  # as it goes to the engine


@pytest.mark.parametrize(
    ("line", "aspect"),
    [
        ([(0.0, 0.5), (-0.25, 0.5)], 1.0),  # starts on the picture's border and leaves it
        ([(0.999, 0.5), (1.3, 0.5)], 1.0),
        ([(0.5, 0.5), (0.5, 0.5009)], 0.2),  # in widths of a high picture it is long enough
    ],
)
def test_a_stroke_of_no_length_within_the_picture_is_named(arrows, line, aspect):
    found, (problem,) = read(arrows, list(map(Point, line)), aspect)
    assert not found and problem.endswith("has no length within the picture; draw it over it.")


@given(line=lines(0, 1), aspect=ASPECTS)
def test_the_arrows_of_a_stroke_join_points_of_it_in_their_order(arrows, line, aspect):
    found, _ = read(arrows, line, aspect)
    places, at = [tuple(point) for point in arrows._evenly(line)], 0
    for arrow in found:
        start = places.index(arrow[:2], at)
        at = places.index(arrow[2:], start + 1)


@given(line=lines(-1, 1))
def test_points_along_a_line_are_even_and_keep_its_ends(arrows, line):
    even = arrows._evenly(line)
    total = sum((b - a).length for a, b in pairwise(line))
    if not total:
        assert even == line[:1]
        return
    assert len(even) == arrows.POINTS and (even[0], even[-1]) == (line[0], line[-1])
    # along the line each is as far from the next; a bend between them is cut short
    assert all((b - a).length <= total / (arrows.POINTS - 1) + 1e-9 for a, b in pairwise(even))


@given(start=st.tuples(*[st.floats(0, 1)] * 2), end=st.tuples(*[st.floats(0, 1)] * 2),
       count=st.integers(2, 6), aspect=ASPECTS)  # fmt: skip
def test_a_straight_stroke_is_one_arrow(arrows, start, end, count, aspect):
    start, end = Point(start), Point(end)
    line = [start.lerp(end, n / (count - 1)) for n in range(count)]
    found, problems = read(arrows, line, aspect)
    if found:
        assert found == [pytest.approx((*start, *end), abs=1e-9)]
    else:
        assert problems and arrows._length([start, end], aspect) < 2 * arrows.SHORTEST
