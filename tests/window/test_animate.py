"""The whole way in a window: install, tab, arrows, Animate, undo, cancel, save, open again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .processes import PATIENCE_S, ends_within

FRAMES = 12
LONG = 4000  # frames of the jobs that are cancelled


def view_of(file: str) -> np.ndarray:
    """The middle of the 3D view in a screenshot."""
    with Image.open(file) as opened:
        return np.asarray(opened.convert("RGB"))[200:600, 150:650].astype(int)


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests: it takes a minute or two."""
    return play("animate", factory=False, addon=addon, picture=str(picture))


def test_arrows_arrive(told):
    assert len(told["drawn"]) == len(told["arrows"])
    for (start, stop), stroke in zip(told["arrows"], told["drawn"], strict=True):
        assert stroke[0] == pytest.approx(start, abs=0.01)
        assert stroke[-1] == pytest.approx(stop, abs=0.01)


def test_animate_puts_a_cyclic_sequence_on_the_plane(told):
    after = told["animated"]
    assert after["state"] == "done", after["message"]
    assert (after["source"], after["frames"], after["cyclic"]) == ("SEQUENCE", FRAMES, True)
    assert after["there"] and after["results"] == 1


def test_the_texture_changes_and_comes_round(told):
    shots = {Path(file).stem: file for file in told["screenshots"]}
    if "frame_1" not in shots:
        pytest.skip("no screenshots: ImageMagick's import isn't beside Blender")
    first, half, again = (view_of(shots[f"frame_{n}"]) for n in (1, 7, 13))
    assert np.abs(first - half).mean() > 0.2
    assert np.abs(first - again).max() <= 2


def test_the_window_goes_on_while_frames_are_made(told):
    assert told["pressed"] == "running", "the button came back only after the job"
    assert told["ticks"] > FRAMES, "its timers come more often than frames are made"


def test_one_undo_takes_the_frames_off_and_one_redo_puts_them_back(told):
    assert told["undone"]["after"] == told["undone"]["before"]
    assert told["redone"]["source"] == "SEQUENCE" and told["redone"]["results"] == 1


@pytest.mark.parametrize("way", ["key", "button"])
def test_a_job_is_cancelled_long_before_its_end(told, way):
    cancelled = told[f"cancelled_by_{way}"]
    assert cancelled["state"] == "cancelled" and cancelled["made_since"] < LONG / 10
    assert cancelled["results"] == 1 and cancelled["there"]


def test_escape_of_playback_and_of_later_minutes_leaves_the_job(told):
    assert told["escape_during_playback"] == told["escape_later"] == "running"


def test_a_saved_file_opens_with_its_frames(told):
    opened = told["opened"]
    assert opened["source"] == "SEQUENCE" and opened["there"] and opened["results"] == 1
    assert opened["file"].startswith("//") and opened["clip_frames"] == FRAMES
    assert opened["strokes"] == len(told["arrows"])


def test_blender_has_no_torch_and_leaves_no_process(told):
    assert told["torch"] is False
    assert ends_within(told["worker"], PATIENCE_S)
