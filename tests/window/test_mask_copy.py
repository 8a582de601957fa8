"""A mask that is too large to be packed quickly: the brush paints a copy, made between redraws."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests."""
    return play("mask_copy", factory=False, addon=addon, picture=str(picture))


def test_the_brush_starts_on_a_copy_while_the_window_goes_on(told):
    assert told["at once"] == ["large", "OBJECT"]
    assert told["canvas"] == ["large painted", [1920, 1080], True]
    assert told["copied"] == pytest.approx(1 / 4, abs=0.001)
    assert told["ticks"] >= 5


def test_what_is_painted_on_it_is_kept_and_the_large_mask_stays(told):
    assert told["kept"] == [told["painted"], False, True]
    assert told["large"] == [[4096, 2304], False, True]
    if told["brush"]:
        assert told["painted"] > told["copied"]
