"""Blender may end at any time; no process of the engine outlives it."""

from __future__ import annotations

import pytest

from .processes import PATIENCE_S, ends_within


@pytest.mark.parametrize("way", ["quit", "crash"])
def test_blender_leaves_no_process(play, addon, picture, way):
    told = play("leave", factory=False, addon=addon, picture=str(picture), way=way)
    assert ends_within(told["worker"], PATIENCE_S)
