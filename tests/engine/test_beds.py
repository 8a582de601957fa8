"""The bed of clear water stays where it is; seas, and water under foam, have none to show."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from landscape_engine.landscape import Landscape
from landscape_engine.motion import beds, movement
from landscape_engine.motion.fields import MovingPart
from landscape_engine.scene import regions
from landscape_engine.settings import MotionSettings
from tests.conftest import make_bundle

H, W, SHORE = 240, 400, 100
GRID = (256, 256)


def texture(across_px: float, down_px: float, seed: int = 0) -> np.ndarray:  # uint8 [H, W, 3]
    """Water of blots so wide and high, below a plain sky."""
    noise = np.random.default_rng(seed).normal(0, 1, (H, W)).astype(np.float32)
    blots = cv2.GaussianBlur(noise, (0, 0), sigmaX=across_px, sigmaY=down_px)
    grey = 110 + 40 * blots / blots.std()
    grey[:SHORE] = 200
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, 2)


@pytest.fixture
def water() -> torch.Tensor:
    inside = torch.zeros(1, 1, *GRID, dtype=torch.bool)
    inside[:, :, round(SHORE / H * GRID[0]) :] = True
    return inside


def test_what_is_as_high_as_wide_is_a_bed_and_waves_are_none(water):
    stones = beds.seen(texture(4, 4), water)
    assert stones.shape == (1, 1, *GRID) and not stones[~water].any()
    assert stones[:, :, 125:].mean() > 0.9
    assert beds.seen(texture(12, 3), water).mean() < 0.02


def test_a_calm_surface_shows_none(water):
    faint = 110 + (texture(4, 4).astype(np.float32) - 110) / 20
    assert beds.seen(faint.round().astype(np.uint8), water).max() < 0.1


def test_nor_does_foam(water):
    foam = torch.zeros(1, 1, 30, 50)
    foam[:, :, :, 25:] = 0.8
    found = beds.seen(texture(4, 4), water, foam)
    assert found[..., 150:].max() < 0.05 and found[:, :, 125:, :100].mean() > 0.9


@pytest.mark.parametrize("skies", [True, False], ids=["from the side", "from above"])
def test_a_bed_wavers_in_its_place_and_waves_from_above_go_on(skies):
    picture = torch.from_numpy(texture(4, 4)).permute(2, 0, 1)[None] / 127.5 - 1
    landscape = Landscape(picture, make_bundle())
    mask = np.zeros((H, W), np.float32)
    mask[SHORE:] = 1
    water, sky = (
        regions.region_of(inside, GRID, name, torch.device("cpu"), soften=0)
        for inside, name in ((mask, "water"), (1 - mask, "sky"))
    )
    step = torch.zeros(1, 2, *GRID)
    step[:, 0] = 0.01
    part = movement._at_pace(
        MovingPart(water, step),
        [water, sky] if skies else [water],
        landscape,
        MotionSettings(),
        True,
    )
    pace = float(part.step[:, 0, 130:].mean())
    if skies:
        assert part.mirror is not None and float(part.mirror[:, :, 130:].mean()) > 0.9
        assert 0 <= pace < 2e-4
    else:
        assert part.mirror is None and pace > 8e-4
