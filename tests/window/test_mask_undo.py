"""Undo and redo past the packing of a mask: what was painted stays."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", params=[False, True], ids=["unsaved", "saved meanwhile"])
def told(request, play, addon, picture):
    """One run of the scenario for all tests."""
    told = play("mask_undo", factory=False, addon=addon, picture=str(picture), saves=request.param)
    if not told["brush"]:
        pytest.skip("this Blender came without the brushes that it paints with")
    return told


def test_what_is_painted_is_kept_on_done(told):
    white = told["white"]
    assert 0 < white["one"] < white["two"] == white["done"] < white["three"]
    assert white["kept"]


def test_undo_takes_the_strokes_back_one_by_one_also_those_from_before_done(told):
    white = told["white"]
    one, two = white["one"], white["two"]
    # the third stroke's end, the brush, Done, then the second stroke's and the first one's
    assert white["back"][:3] == [two] * 3
    if not told["saves"]:
        assert white["back"][3:5] == [one] * 2


def test_undo_leads_to_no_black_mask(told):
    white = told["white"]
    assert white["back"][-1] is None, "past the mask itself"
    assert min(share for share in white["back"] if share is not None) >= white["one"]


def test_redo_paints_it_again(told):
    white = told["white"]
    assert white["forth"][-1] == white["three"]
    after_one = white["forth"][white["forth"].index(white["one"]) :]
    assert after_one == sorted(after_one)
