"""Frames from elsewhere are taken in by the file browser, and go where the .blend goes."""

from __future__ import annotations

import pytest

FRAMES = 3


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests."""
    return play("load_frames", factory=False, addon=addon, picture=str(picture))


def test_the_folder_of_results_is_taken_in(told):
    source, there, file, results = told["loaded"]
    assert source == "SEQUENCE" and there and results == ["landscape"]
    assert told["range"] == FRAMES


def test_save_as_leads_to_the_same_frames(told):
    assert told["opened"] == told["loaded"]
