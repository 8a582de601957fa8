"""Facts of what is measured of a loop: each figure catches a failure made up for it."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.evaluation.loop_faults import Creep, Reflection, Streak, Twice
from landscape_engine.ops import masks

HEIGHT, WIDTH = 120, 240
EVERYWHERE = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
LEVEL = 2 / 255


def noise(height: int = HEIGHT, seed: int = 0) -> torch.Tensor:  # [1, 1, height, WIDTH]
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, 1, height, WIDTH, generator=generator)


def clouds() -> torch.Tensor:  # [1, 3, HEIGHT, WIDTH]
    """A few tufts in a clear sky."""
    tufts = (masks.blur(noise(), 2) * 8 - 1.2).clamp(0, 1.5)
    return (tufts - 0.5).expand(1, 3, -1, -1).clone()


def figure_of(measure, *frames):
    for frame in frames:
        measure.see(frame)
    return measure.figure()


# ------------------------------------------------------------------------------------------ twice


def test_clouds_that_drift_are_not_seen_twice():
    drifting = [clouds().roll(k, 3) for k in (0, 5, 11)]
    assert figure_of(Twice(clouds(), EVERYWHERE), *drifting) < 0.06


def test_two_copies_are_seen_twice_with_their_contrast_restored_or_not():
    picture = clouds()
    both = (picture + picture.roll(37, 3)) / 2
    restored = (both - both.mean()) * picture.std() / both.std() + picture.mean()
    once, plain = Twice(picture, EVERYWHERE), Twice(picture, EVERYWHERE)
    assert figure_of(plain, picture, both, picture) > 0.4
    assert figure_of(once, restored) > 0.15


def test_only_what_moves_is_looked_at_and_nothing_is_said_of_a_plain_sky():
    picture, top = clouds(), EVERYWHERE.clone()
    top[:, :, 60:] = False
    broken = picture.clone()
    broken[:, :, 60:] = 0
    assert figure_of(Twice(picture, top), broken) == 0
    assert figure_of(Twice(torch.zeros(1, 3, HEIGHT, WIDTH), EVERYWHERE), picture) is None
    assert figure_of(Twice(picture, ~EVERYWHERE), picture) is None


# ----------------------------------------------------------------------------------------- streaks


def test_smeared_clouds_are_streaks_and_drifting_ones_are_none():
    picture = clouds()
    smeared = torch.stack([picture.roll(k, 3) for k in range(12)]).mean(0)
    assert figure_of(Streak(picture, EVERYWHERE), picture, picture.roll(9, 3)) < 1.03
    assert figure_of(Streak(picture, EVERYWHERE), picture, smeared) > 1.3


def test_without_detail_there_are_no_streaks():
    plain = torch.zeros(1, 3, HEIGHT, WIDTH)
    assert figure_of(Streak(plain, EVERYWHERE), plain) is None


# ------------------------------------------------------------------------------------------- creep


def test_land_that_changes_by_a_level_at_any_time_creeps():
    picture, land = clouds(), EVERYWHERE.clone()
    land[:, :, :60] = False
    moved = picture.clone()
    moved[:, :, :60] += 0.5  # the sky may
    assert figure_of(Creep(picture, land), picture, moved) == 0
    moved[:, 1, 60:66] += LEVEL
    assert figure_of(Creep(picture, land), moved, picture) == pytest.approx(0.1)
    assert figure_of(Creep(picture, ~EVERYWHERE), moved) is None


# --------------------------------------------------------------------------------------- mirrored


def lake() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A wooded shore over a lake that mirrors it a little darker, its water and its land."""
    shore = (masks.blur(noise(HEIGHT // 2), 1) * 1.5).clamp(-0.8, 0.8)
    picture = torch.cat([shore, 0.7 * shore.flip(2) - 0.1], 2).expand(1, 3, -1, -1).clone()
    land = EVERYWHERE.clone()
    land[:, :, HEIGHT // 2 :] = False
    return picture, ~land, land


def test_a_reflection_that_stays_and_one_that_is_carried_along():
    picture, water, land = lake()
    rippled = picture.clone()
    rippled[:, :, 60:] += 0.05 * noise(HEIGHT // 2, 1)
    carried = picture.clone()
    carried[:, :, 60:] = picture[:, :, 60:].roll(6, 3)
    assert figure_of(Reflection(picture, water, land), picture, rippled) > 0.9
    assert figure_of(Reflection(picture, water, land), picture, carried) < 0.3
    gone = picture.clone()
    gone[:, :, 60:] = 0
    assert figure_of(Reflection(picture, water, land), gone, picture) == 0, "however it goes on"


def test_waves_that_mirror_nothing_have_no_reflection():
    picture, water, land = lake()
    picture[:, :, 60:] = masks.blur(noise(HEIGHT // 2, 2), 1)
    assert figure_of(Reflection(picture, water, land), picture) is None
    assert figure_of(Reflection(picture, ~EVERYWHERE, land), picture) is None
    assert figure_of(Reflection(picture, water, ~EVERYWHERE), picture) is None
