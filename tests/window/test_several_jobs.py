"""Jobs are seen and cancelled wherever one is, and their frames arrive under any name."""

from __future__ import annotations

import pytest

from .processes import PATIENCE_S, ends_within


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests."""
    return play("several_jobs", factory=False, addon=addon, picture=str(picture))


def test_frames_come_to_a_renamed_object_after_an_undo(told):
    assert sorted(told["undone"]) == ["pond", "sea"]
    state, message, shown = told["first"]
    assert state == "done", message
    assert shown == ["SEQUENCE", 1]


def test_escape_leaves_another_objects_job_and_its_button_cancels_it(told):
    assert told["escape"] == "running"
    assert told["cancelled"] == ["cancelled", ["FILE", 0]], told["its end"]


def test_one_button_animates_both_selected_planes_with_their_own_settings(told):
    assert told["both begun"] == ["Animate 'pond'", "Animate 'sea'"]
    assert told["both"] == ["done", "done"] and told["both frames"] == [2, 3]
    assert told["both shown"] == [["SEQUENCE", 1], ["SEQUENCE", 2]]


def test_the_status_bar_shows_jobs(told):
    assert told["in the status bar"] and told["modal"] == 0
    assert ends_within(told["worker"], PATIENCE_S)
