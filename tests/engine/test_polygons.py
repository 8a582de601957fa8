"""Polygons cover exactly their pixels: neighbors share none and leave none."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landscape_engine.ops import polygons

SIDE = 24
PLACES = (
    st.floats(-5, SIDE + 5)
    | st.integers(-5, SIDE + 5).map(float)
    | st.integers(-10, 2 * SIDE).map(lambda n: n + 0.5)
)  # centers too


def fill(*corners, size=(SIDE, SIDE)):
    return polygons.fill(np.array(corners, float), *size)


def test_two_halves_share_no_row():
    upper = fill((0, 0), (8, 0), (8, 5), (0, 5), size=(10, 8))
    lower = fill((0, 5), (8, 5), (8, 10), (0, 10), size=(10, 8))
    assert upper[:5].all() and not upper[5:].any()
    assert (upper ^ lower).all() and not (upper & lower).any()


def test_the_whole_grid_is_covered_and_what_lies_beside_it_is_not():
    assert fill((0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)).all()
    assert fill((-99, -99), (99, -99), (99, 99), (-99, 99)).all()
    assert not fill((0, -9), (SIDE, -9), (SIDE, 0), (0, 0)).any()
    assert not fill((SIDE, 0), (SIDE + 9, 0), (SIDE + 9, SIDE), (SIDE, SIDE)).any()


@given(st.tuples(PLACES, PLACES))
def test_four_that_meet_in_a_point_are_the_grid(point):
    frame = [(-9, -9), (SIDE + 9, -9), (SIDE + 9, SIDE + 9), (-9, SIDE + 9)]
    inside = (min(max(point[0], -8), SIDE + 8), min(max(point[1], -8), SIDE + 8))
    parts = [fill(frame[k - 1], frame[k], inside).astype(int) for k in range(4)]
    assert (sum(parts) == 1).all()


@given(
    st.lists(st.tuples(PLACES, PLACES), min_size=3, max_size=7), st.integers(0, 6), st.booleans()
)
def test_the_order_of_the_corners_says_nothing(corners, begin, backwards):
    other = corners[begin % len(corners) :] + corners[: begin % len(corners)]
    assert np.array_equal(fill(*corners), fill(*(other[::-1] if backwards else other)))
