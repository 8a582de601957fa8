"""A motion chosen for the picture is level and calm, and no region travels farther than it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from landscape_engine.loops import looping, travel
from landscape_engine.motion import calm, codes
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MovingPart
from landscape_engine.ops import warping
from landscape_engine.scene import regions
from landscape_engine.scene.bases import Base
from landscape_engine.settings import LoopSettings, MotionSettings

GRID = (64, 64)
LOOP = LoopSettings(phase_noise=0)


def region(name: str, rows: slice) -> regions.Region:
    mask = np.zeros(GRID, np.float32)
    mask[rows] = 1
    return regions.region_of(mask, GRID, name, torch.device("cpu"), soften=0)


def wind(x: float, y: float) -> torch.Tensor:  # [1, 2, 64, 64] backward, in pixels of the grid
    flow = torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, *GRID)
    return flow / warping.pixels_per_unit(*GRID)


def motion(part: MovingPart) -> motion_fields.MotionField:
    return motion_fields.motion_of_parts([part], torch.zeros(1, 3, *GRID))


SKY = region("sky", slice(0, 32))


def test_nothing_enters_a_sky_through_the_top_of_the_picture():
    field = calm.level_at_top(wind(0.6, 0.8))
    assert torch.equal(field[:, 0], wind(0.6, 0.8)[:, 0])
    down, whole = field[0, 1].mean(1), float(wind(0.6, 0.8)[0, 1].mean())
    assert float(down[0]) == 0 and (down.diff() * whole >= 0).all()
    assert torch.allclose(down[len(down) // 4 :], torch.tensor(whole))


def test_level_winds_suit_a_sky_best():
    tilted, level, fast = wind(0.03, 0.04), wind(0.05, 0.0), wind(3.0, 0.0)
    costs = calm.sky_costs(torch.cat([tilted, level, fast]), SKY.core, 1.0)
    assert costs.argmin() == 1
    assert calm.rightward(torch.cat([level, -level]), SKY.core).tolist() == [False, True]


def test_water_that_goes_away_suits_least():
    water = region("water", slice(32, None))
    near, level, away = wind(0.0, -0.03), wind(0.03, 0.0), wind(0.0, 0.03)
    costs = calm.water_costs(torch.cat([near, level, away]), water.core, 1.0)
    assert costs[1] < costs[0] < costs[2]


def test_a_sky_takes_the_calm_pace_whatever_was_predicted():
    for speed in (1.0, 0.5):
        paced = calm.at_pace(wind(2.0, 0.0), SKY.core, 1.0, speed)
        length = calm.in_widths(paced, 1.0)[:, 0][SKY.core[:, 0]].abs()
        torch.testing.assert_close(length, torch.full_like(length, speed * calm.SKY_PACE))


def test_clouds_are_the_slower_the_nearer_the_horizon():
    sky = region("sky", slice(0, 48))
    rows = calm.over_horizon(wind(1.0, 0.0), sky.core)[0, 0].mean(1) / wind(1.0, 0.0)[0, 0, 0, 0]
    assert rows[0] == 1 and (rows[1:] <= rows[:-1] + 1e-9).all()
    assert rows[44] < 1.3 * calm.FAR_CLOUDS and rows[63] == pytest.approx(calm.FAR_CLOUDS)


def test_a_sky_without_a_horizon_drifts_as_one():
    for whole in (region("sky", slice(0, None)), region("sky", slice(0, 0))):
        assert torch.equal(calm.over_horizon(wind(1.0, 0.0), whole.core), wind(1.0, 0.0))


def test_water_is_the_faster_the_nearer():
    water = region("water", slice(32, None))
    paced = calm.towards_viewer(wind(1.0, 0.0), water.core, 1.0, 0.5)
    rows = calm.in_widths(paced, 1.0)[0, 0, 34:].mean(1)
    assert (rows[1:] >= rows[:-1] - 1e-9).all() and rows[-1] > 3 * rows[0]
    assert rows[-1] == pytest.approx(calm.WATER_PACE, rel=0.1)


def test_a_slow_region_keeps_its_loop():
    fitted = travel.fit(motion(MovingPart(SKY, wind(0.02, 0.0))), LOOP, 100)
    assert (fitted.parts[0].rounds, fitted.parts[0].slowed) == (1, 1.0)
    assert travel.notes(fitted) == []


def test_a_fast_region_takes_shorter_loops_then_slows_and_it_is_said():
    shorter = travel.fit(motion(MovingPart(SKY, wind(1.0, 0.0))), LOOP, 100)
    assert (shorter.parts[0].rounds, shorter.parts[0].slowed) == (2, 1.0)
    assert "2 loops of 50 frames" in travel.notes(shorter)[0]
    slower = travel.fit(motion(MovingPart(SKY, wind(0.0, 3.0))), LOOP, 100)
    assert slower.parts[0].rounds == 4 and 0 < slower.parts[0].slowed < 1
    assert "of its speed" in travel.notes(slower)[0]
    masked = replace(slower.parts[0], region=replace(SKY, name="moving"))
    (note,) = travel.notes(replace(slower, parts=(masked,)))
    assert note.startswith("what --moving-mask marks takes 4 loops")
    # the same motion in another loop begins with what was asked for
    longer = travel.fit(slower, LOOP, 24)
    assert longer.parts[0].rounds == 1


def test_shorter_loops_close_with_the_period():
    fitted = travel.fit(motion(MovingPart(SKY, wind(1.0, 0.0))), LOOP, 100)
    loop = looping.frames(fitted, LOOP, 100)
    layers = [next(loop)[0] for _ in range(101)]
    torch.testing.assert_close(layers[0].first, layers[50].first)
    torch.testing.assert_close(layers[0].first, layers[100].first)
    assert not torch.equal(layers[0].first, layers[25].first)


def test_other_loops_are_the_papers():
    asked = motion(MovingPart(SKY, wind(0.0, 3.0)))
    for kind in ("crossfade", "none"):
        assert travel.fit(asked, replace(LOOP, kind=kind), 100) is asked


def test_the_seed_draws_among_codes_that_suit(landscape):
    settings = MotionSettings()
    assert settings.code == "auto"
    first, again, other = (codes.chosen(landscape, settings, seed) for seed in (0, 0, 1))
    assert first.calm and torch.equal(first.code, again.code)
    assert not torch.equal(first.code, other.code)
    named = codes.chosen(landscape, MotionSettings(code="0.5"))
    assert not named.calm and named.water is None


@pytest.mark.parametrize(("period", "rounds"), [(60, 1), (100, 2), (240, 6)])
def test_waves_take_short_loops_and_water_that_moves_whole_does_not(period, rounds):
    water = region("water", slice(32, None))
    waves = MovingPart(
        water, wind(0.01, 0.0), base=Base(torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8))
    )
    fitted = travel.fit(motion(waves), LOOP, period)
    assert fitted.parts[0].rounds == rounds and travel.notes(fitted) == []
    whole = travel.fit(motion(replace(waves, base=None)), LOOP, period)
    assert whole.parts[0].rounds == 1
