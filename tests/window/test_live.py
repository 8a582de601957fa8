"""A live loop in the window: it plays, its speed changes meanwhile, and EEVEE renders the kit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.engine.kit_player import KitPlayer

BORDER_PX = 6  # of the rendered frame
FLAT = 16 / 255  # EEVEE filters edges of the picture in its own way, on a plain plane as well
STEEP = 0.25  # of a matte, which may end where nothing of the picture does
AROUND_PX = 5  # within so many pixels, places that differ by more are edges


@pytest.fixture(scope="module")
def told(play, addon, picture):
    """One run of the scenario for all tests."""
    return play("live", factory=False, addon=addon, picture=str(picture))


def pixels(file: str) -> np.ndarray:  # [H, W, 3] 0..1
    read = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED)
    return read[..., 2::-1] / np.iinfo(read.dtype).max


def spread(plane: np.ndarray) -> np.ndarray:  # [H, W]
    """How far values [H, W] nearby lie apart."""
    near = np.ones((AROUND_PX, AROUND_PX), np.uint8)
    return cv2.dilate(plane, near) - cv2.erode(plane, near)


def away_from_edges(frame: np.ndarray, player: KitPlayer) -> np.ndarray:  # bool [H, W]
    """Where a frame [H, W, 3] has neither its border nor an edge nearby, nor has a matte."""
    flat = np.max([spread(one) for one in np.moveaxis(frame, 2, 0)], axis=0) <= FLAT
    for layer in player.document["layers"]:
        matte = player.value(layer["matte"], player.places())[..., 0]
        flat &= spread(np.ascontiguousarray(matte)) <= STEEP
    inner = np.zeros_like(flat)
    inner[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = True
    return flat & inner


def test_it_is_made_without_frames_and_plays(told):
    assert told["made"][0] == "done", told["made"][1]
    assert told["playing"] and told["played on"] and told["frames_on_disk"] == 0


def test_eevee_renders_what_the_kit_plays(told):
    files = told["rendered"]
    player = KitPlayer(Path(files["0"]).parent / "kit", finer=2)
    for t, file in files.items():
        wanted = player.frame(int(t))
        away = away_from_edges(wanted, player)
        assert away.mean() > 0.2
        off = 255 * np.abs(pixels(file) - wanted).max(-1)[away]
        assert off.max() <= 2 and off.mean() <= 0.5, (t, off.max(), off.mean())
    assert np.abs(pixels(files["31"]) - pixels(files["0"])).max() > 0.05, "something moves"
