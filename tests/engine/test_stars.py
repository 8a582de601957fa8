"""Stars come out where a clear sky gets dark, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from landscape_engine.errors import SettingsError
from landscape_engine.light import tone_curves
from landscape_engine.light.stars import Stars
from landscape_engine.scene import regions
from landscape_engine.settings import AppearanceSettings, ClipSettings, LoopSettings

H, W = 120, 180
SKY = slice(0, 80)


def picture() -> torch.Tensor:  # [1, 3, H, W]
    """A clear blue sky over dark land."""
    made = torch.full((1, 3, H, W), -0.8)
    made[:, :, SKY] = torch.tensor([-0.4, 0.0, 0.5]).view(1, 3, 1, 1)
    return made


def sky() -> regions.Region:
    mask = np.zeros((H, W), np.float32)
    mask[SKY] = 1
    found = regions.region_of(mask, (64, 64), "sky", torch.device("cpu"), soften=0)
    return regions.replace(found, kind="sky")


@pytest.fixture(scope="module")
def stars() -> Stars:
    return Stars(picture(), [sky()], 1.0, seed=3)


def shone(stars: Stars, light: float, phase: float = 0.0, moved: torch.Tensor | None = None):
    """What the stars add to a frame whose colors are all `light`, in terms of 1."""
    clear = stars.behind(tone_curves.logits(picture() if moved is None else moved))
    frame = torch.full((1, 3, H, W), 2 * light - 1)
    before = frame.clone()
    stars.shine(frame, clear, phase)
    return (frame - before)[0].amax(0) / 2


def test_stars_come_out_in_the_dark_sky_alone(stars):
    by_night = shone(stars, 0.1)
    assert float(by_night[SKY].max()) > 0.5
    assert 0.001 < float((by_night[SKY] > 0.1).float().mean()) < 0.05
    assert float(by_night[80:].abs().max()) == 0, "land stays, to the bit"
    assert float(shone(stars, 0.6).abs().max()) == 0, "nor by day"
    assert 0 < float(shone(stars, 0.35).max()) < float(by_night.max()), "at dusk, a little"


def test_a_cloud_hides_them(stars):
    cloudy = picture()
    cloudy[:, :, :40, :90] = 0.6
    seen = shone(stars, 0.1, moved=cloudy)
    assert float(seen[:38, :88].max()) == 0
    assert torch.equal(seen[:38, 92:], shone(stars, 0.1)[:38, 92:])


def test_they_twinkle_and_the_cycle_closes(stars):
    first, later, last = (shone(stars, 0.1, phase) for phase in (0.0, 0.03, 1.0))
    assert not torch.allclose(first, later, atol=0.02)
    assert torch.allclose(first, last, atol=1e-4)


def test_another_seed_gives_another_sky_and_the_same_one_the_same():
    one, same, other = (Stars(picture(), [sky()], 0.5, seed).light for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_fewer_are_asked_for():
    few, many = (Stars(picture(), [sky()], amount, 0).light for amount in (0.2, 1.0))
    assert 0 < float(few.sum()) < 0.5 * float(many.sum())


@pytest.mark.parametrize("amount", [-0.1, 1.5, float("nan")])
def test_an_amount_beyond_its_range_is_refused(amount):
    with pytest.raises(SettingsError, match="stars"):
        AppearanceSettings(stars=amount)


def test_a_clip_has_them_at_night(animator, landscape):
    """The whole way; by the network's colors alone, which stay where they are."""
    clip = ClipSettings(frames=4)
    motion = animator.move(landscape)

    def frames(amount: float) -> torch.Tensor:
        light = animator.light(landscape, AppearanceSettings(stars=amount), clip)
        return torch.cat(list(animator.render(landscape, motion, light, LoopSettings(), clip)))

    without, with_them = frames(0.0), frames(1.0)
    assert bool((with_them >= without - 1e-6).all()), "stars only add light"
