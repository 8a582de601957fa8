"""Arrows drawn with the mouse arrive where the hand drew them."""

from __future__ import annotations

import pytest

LARGEST_ERROR = 0.01  # of the picture's side


def test_arrows_on_a_tilted_scaled_and_parented_plane_arrive(play):
    told = play("draw_arrows")
    assert len(told["drawn"]) == len(told["arrows"])
    for (start, stop), stroke in zip(told["arrows"], told["drawn"], strict=True):
        assert stroke[0] == pytest.approx(start, abs=LARGEST_ERROR)
        assert stroke[-1] == pytest.approx(stop, abs=LARGEST_ERROR)
