"""How far a region moves in a loop: shorter loops, then a slower pace, and a note that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from landscape_engine.loops import looping, travel
from landscape_engine.loops.travel import Sources
from landscape_engine.motion.fields import MotionField, MovingPart, motion_of_parts
from landscape_engine.ops import masks, warping
from landscape_engine.scene.bases import Base
from landscape_engine.scene.regions import region_of
from landscape_engine.settings import ClipSettings, LoopSettings

H, W = 64, 128
SMALL = torch.zeros(1, 3, H, W)
PLAIN = LoopSettings(phase_noise=0.0)


def band(first: int, last: int, name: str = "sky"):
    """A region of whole columns of the grid."""
    mask = torch.zeros(H, W)
    mask[:, first:last] = 1
    return region_of(mask.numpy(), (H, W), name, torch.device("cpu"), soften=0)


def rightward(pixels: float) -> torch.Tensor:
    """A field that carries everything to the right by so many pixels of the grid a frame."""
    step = torch.zeros(1, 2, H, W)
    step[:, 0] = -pixels * 2 / (W - 1)
    return step


def motion(pixels: float, first: int = 20, last: int = 100, **fields) -> MotionField:
    part = MovingPart(band(first, last), rightward(pixels), **fields)
    return motion_of_parts([part], SMALL)


def test_a_region_wider_than_its_travel_loses_nothing():
    sources = Sources(rightward(0.5), band(20, 100).core, 100)
    assert sources.lost(travel.LEAPS) == 0


def test_what_is_lost_is_the_travel_beyond_the_regions_width():
    # at any time the columns within 120 - 80 of them have come from beyond the left edge and will
    # go beyond the right one
    sources = Sources(rightward(1.2), band(20, 100).core, 100)
    assert sources.lost(travel.LEAPS) == pytest.approx(40 / 80, abs=0.06)
    assert sources.lost(travel.LEAPS // 2) == 0


def test_what_comes_from_beyond_the_picture_is_lost_too():
    sources = Sources(rightward(2.0), band(0, W).core, 100)
    assert sources.lost(travel.LEAPS) > 0.3


def test_a_cloud_goes_on_behind_twigs_and_rigging():
    bars = torch.zeros(H, W)
    bars[:] = (torch.arange(W) % 12 >= 4).float()
    sky = region_of(bars.numpy(), (H, W), "sky", torch.device("cpu"), soften=0)
    layered = MovingPart(sky, rightward(0.3), base=Base(torch.zeros(1, 3, H, W), behind=True))
    water = replace(layered, base=replace(layered.base, behind=False))
    for part, as_asked in ((layered, True), (water, False), (replace(layered, base=None), False)):
        fitted = travel.fit(motion_of_parts([part], SMALL), PLAIN, 100).parts[0]
        assert ((fitted.rounds, fitted.slowed) == (1, 1.0)) == as_asked


def test_loops_are_whole_parts_of_the_period_and_not_too_short():
    assert travel.rounds(100) == [1, 2, 4]
    assert travel.rounds(144) == [1, 2, 3, 4, 6]
    assert travel.rounds(101) == [1] and travel.rounds(20) == [1]


def test_short_travel_stays_as_it_is():
    asked = motion(0.5)
    fitted = travel.fit(asked, PLAIN, 100)
    assert (fitted.parts[0].rounds, fitted.parts[0].slowed) == (1, 1.0)
    assert torch.equal(fitted.parts[0].step, asked.parts[0].step) and not travel.notes(fitted)


def test_longer_travel_takes_shorter_loops_at_the_same_pace():
    asked = motion(1.2)
    (part,) = travel.fit(asked, PLAIN, 100).parts
    assert (part.rounds, part.slowed) == (2, 1.0)
    assert torch.equal(part.step, asked.parts[0].step)


def test_still_longer_travel_slows_down_as_well():
    (part,) = travel.fit(motion(6.0), PLAIN, 100).parts
    assert part.rounds == 4 and 0.4 < part.slowed < 0.55  # 25 frames × 6 × s within 80 pixels
    assert torch.allclose(part.step, rightward(6.0 * part.slowed))


@pytest.mark.parametrize("noise", [0.0, 0.4])
@pytest.mark.parametrize("pixels", [1.2, 3.0, 9.0])
def test_no_frame_of_a_fitted_loop_lacks_more_than_a_fiftieth(pixels, noise):
    settings = LoopSettings(phase_noise=noise)
    fitted = travel.fit(motion(pixels), settings, 100)
    core, frames = fitted.parts[0].region.core, looping.frames(fitted, settings, 100)
    for _ in range(0, 100, 7):
        (layers,) = next(frames)
        identity = warping.identity_grid(H, W, core.device, layers.held.rows)
        found = torch.zeros_like(core[:, :, layers.held.rows])
        for flow in (layers.first, layers.second):
            if flow is not None:
                source = identity + flow
                here = (source.abs() <= 1.0001).all(1, keepdim=True)
                found |= here & (warping.sample(core.float(), source) > 0.5)
        lost = core[:, :, layers.held.rows] & ~found
        assert float(lost.sum()) <= travel.MOST_LOST * float(core.sum())


def test_the_loop_closes_exactly_whatever_its_rounds():
    settings = LoopSettings()
    fitted = travel.fit(motion(6.0), settings, 48)
    assert fitted.parts[0].rounds == 2
    frames = looping.frames(fitted, settings, 48)
    made = [next(frames)[0] for _ in range(50)]
    for n, again in ((0, 48), (1, 49), (0, 24)):
        assert torch.equal(made[n].first, made[again].first)
        assert torch.equal(made[n].share, made[again].share)


def test_ripples_keep_the_whole_period():
    settings = LoopSettings()
    fitted = travel.fit(motion(6.0, ripple=5.0), settings, 48)
    frames = looping.frames(fitted, settings, 48)
    made = [next(frames)[0] for _ in range(49)]
    assert not torch.equal(made[1].first, made[25].first)
    assert torch.equal(made[0].first, made[48].first)


def test_another_period_is_fitted_anew_and_the_same_one_once():
    asked = motion(6.0)
    fitted = travel.fit(asked, PLAIN, 100)
    assert travel.fit(fitted, PLAIN, 100) is fitted
    (anew,), (alone,) = travel.fit(fitted, PLAIN, 48).parts, travel.fit(asked, PLAIN, 48).parts
    assert (anew.rounds, anew.slowed) == (alone.rounds, alone.slowed)
    assert torch.allclose(anew.step, alone.step)


@pytest.mark.parametrize("kind", ["crossfade", "none"])
def test_the_papers_loops_stay_as_they_are(kind):
    asked = motion(6.0)
    assert travel.fit(asked, LoopSettings(kind=kind), 100) is asked


def test_the_note_says_what_became_of_the_region():
    (said,) = travel.notes(travel.fit(motion(6.0), PLAIN, 100))
    assert said.startswith("the sky takes 4 loops of 25 frames and moves at 0.")
    stilled = replace(motion(60.0).parts[0], region=band(60, 61, "reed"))
    (said,) = travel.notes(travel.fit(motion_of_parts([stilled], SMALL), PLAIN, 100))
    assert said.startswith("the region 'reed' stays still:")


def test_rendering_fits_the_travel_by_itself(animator, picture, landscape):
    height, width = picture.shape[2:]
    grid = (256, 256)
    mask = torch.zeros(height, width)
    mask[:, 40:60] = 1
    region = region_of(mask.numpy(), grid, "sky", torch.device("cpu"))
    step = torch.zeros(1, 2, *grid)
    step[:, 0] = 0.02
    asked = motion_of_parts([MovingPart(region, step)], masks.blur(torch.zeros(1, 3, *grid), 1))
    loop, clip = LoopSettings(frames=48), ClipSettings(frames=2)
    with torch.inference_mode():
        fitted = travel.fit(asked, loop, loop.period(clip.frames))
    assert fitted.parts[0].slowed < 1 and fitted.period == 48
    ours, same = (list(animator.render(landscape, m, None, loop, clip)) for m in (asked, fitted))
    assert all(torch.equal(a, b) for a, b in zip(ours, same, strict=True))
