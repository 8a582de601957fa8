"""The first plane stands where it is seen: outside the cube, framed, with its picture shown."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests."""
    return play("first_plane", factory=False, addon=addon, picture=str(picture))


@pytest.mark.parametrize("case", ["selected", "deselected"])
def test_the_plane_stands_in_front_of_the_cube(told, case):
    plane, cube = np.array(told[case]["corners"]), np.array(told[case]["cube"])
    assert (plane[:, 0] > cube[:, 0].max()).all(), "on the right, which the view is nearest to"
    assert np.abs(plane.mean(0)[1:] - cube.mean(0)[1:]).max() < 1


@pytest.mark.parametrize("case", ["selected", "deselected", "facing the view"])
def test_the_view_frames_the_plane_beside_the_sidebar(told, case):
    seen, (width, height) = np.array(told[case]["seen"]), told[case]["free"]
    assert (seen >= 0).all() and (seen[:, 0] <= width).all() and (seen[:, 1] <= height).all()
    assert max(np.ptp(seen[:, 0]) / width, np.ptp(seen[:, 1]) / height) > 0.5


@pytest.mark.parametrize("case", ["selected", "deselected", "facing the view"])
def test_a_solid_view_changes_to_one_that_shows_the_picture(told, case):
    assert told[case]["shading"] == "MATERIAL"


def test_a_dropped_picture_becomes_a_plane(told):
    assert told["after menu"] == 1


def test_the_redo_panel_makes_the_plane_anew(told):
    assert told["redo of"] == "LANDSCAPE_OT_make_plane"
    count, height, moved = told["redone"]
    assert count == 1 and height == pytest.approx(2) and moved < 0.2
