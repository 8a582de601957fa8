"""Facts of looping and motion fields: periods, seams, weights, what frame 0 is."""

from __future__ import annotations

from itertools import islice

import pytest
import torch

from landscape_engine.loops import looping
from landscape_engine.loops.layers import Layers
from landscape_engine.loops.places import Everywhere, Place
from landscape_engine.loops.two_phase import SLANT, TwoPhase, led_aside
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MotionField, MovingPart
from landscape_engine.ops import warping
from landscape_engine.rendering.compositing import render_frame
from landscape_engine.scene.regions import Region
from landscape_engine.settings import MAX_FRAMES, LoopSettings
from tests.conftest import make_picture


def drift(speed: float = 0.02) -> torch.Tensor:  # [1, 2, 64, 64], still in the lower half
    step = torch.zeros(1, 2, 64, 64)
    step[:, 0, :32] = -speed
    step[:, 1, :16] = speed / 3
    return step


def unsteady() -> MotionField:
    """A motion whose every step is another, as the recurrent one's is."""

    def accumulate():
        flow, t = drift(), 0
        while True:
            yield flow
            t += 1
            flow = warping.compose(drift(0.02 + 0.004 * (t % 3)), flow)

    return MotionField(drift(), accumulate, steady=False)


MOTIONS = {"steady": motion_fields.steady_motion(drift()), "recurrent": unsteady()}


def frames(
    motion: MotionField, kind: str, period: int, count: int, start: str = "picture"
) -> list[torch.Tensor]:
    picture = make_picture(80, 120)
    layers = looping.frames(motion, LoopSettings(kind, sampling="bilinear", start=start), period)
    return [render_frame(picture, shown) for shown in islice(layers, count)]


def moved(picture: torch.Tensor, by: MotionField, count: int) -> list[torch.Tensor]:
    """The picture after one step of a motion, after two, …"""
    return [render_frame(picture, [Layers(flow)]) for flow in islice(by.accumulated(), count)]


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
@pytest.mark.parametrize("kind", ["two-phase", "crossfade"])
def test_frame_n_plus_period_is_frame_n(motion, kind):
    clip = frames(motion, kind, 12, 30)
    for n in range(18):
        assert torch.equal(clip[n], clip[n + 12])


def seam(clip: list[torch.Tensor]) -> float:
    """Change from the last to the first frame over the mean change of its neighbours."""
    change = [float((a - b).abs().mean()) for a, b in zip(clip, clip[1:] + clip[:1], strict=True)]
    return change[-1] / ((change[0] + change[-2]) / 2)


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
def test_the_seam_of_two_phase_does_not_show(motion):
    assert seam(frames(motion, "two-phase", 24, 24)) <= 1.05


def test_crossfade_follows_the_papers_formula():
    period = 6
    motion = MOTIONS["recurrent"]
    picture = make_picture(80, 120)
    shown = frames(motion, "crossfade", period, period, "blend")
    on = moved(picture, motion, 2 * (period - 1))
    for t in range(period):
        w = max(0, 1 - (t + 1) / (period - 1))
        late = on[t + period] if w else on[t]
        assert torch.allclose(shown[t], (1 - w) * on[t] + w * late, atol=1e-5)


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
@pytest.mark.parametrize("period", [2, 3, 12])
def test_crossfade_begins_with_the_picture_and_its_seam_is_none(motion, period):
    shown = frames(motion, "crossfade", period, period)
    assert torch.allclose(shown[0], make_picture(80, 120), atol=1e-5)
    assert not torch.equal(shown[0], shown[1])
    if period == 12:
        assert seam(shown) <= 1.05


def test_crossfade_from_the_picture_is_the_papers_of_a_motion_that_came_to_it():
    motion, period = MOTIONS["steady"], 6
    picture = make_picture(80, 120)
    shown = frames(motion, "crossfade", period, period)
    back = motion_fields.steady_motion(-motion.step)
    after, before = (moved(picture, by, period) for by in (motion, back))
    assert torch.allclose(shown[1], after[0], atol=1e-5)
    for t in range(2, period):  # M_n, n from the picture on: -(T - 2)..T - 1
        w = 1 - (t - 1) / (period - 1)
        expected = (1 - w) * before[period - t - 1] + w * after[t - 1]
        assert torch.allclose(shown[t], expected, atol=1e-5)


def test_two_phase_follows_its_formula_away_from_borders():
    motion, period = MOTIONS["steady"], 16
    picture = make_picture(80, 120)
    shown = frames(motion, "two-phase", period, period)
    ahead = motion_fields.steady_motion(-motion.step)
    past, future = (moved(picture, by, period) for by in (motion, ahead))
    for t in range(1, period):
        u = t / period
        expected = (1 - u) * past[t - 1] + u * future[period - t - 1]
        inner = (..., slice(20, 60), slice(40, 80))
        assert torch.allclose(shown[t][inner], expected[inner], atol=1e-5)


def test_where_one_source_lies_outside_the_other_is_shown():
    step = torch.zeros(1, 2, 64, 64)
    step[:, 0] = -0.1  # everything moves right by a twentieth of the width
    period = 10
    motion = motion_fields.steady_motion(step)
    (middle,) = next(islice(looping.frames(motion, LoopSettings(), period), 5, None))
    assert middle.share is not None
    left, right = middle.share[0, 0, 32, 2], middle.share[0, 0, 32, 61]
    assert left > 0.99, "at the left the past lies outside: the future is shown"
    assert right < 0.01
    assert abs(float(middle.share[0, 0, 32, 32]) - 0.5) < 1e-5


@pytest.mark.parametrize("kind", ["two-phase", "crossfade", "none"])
def test_what_does_not_move_is_copied_bit_for_bit(kind):
    picture = make_picture(80, 120) * 0.731
    motion = motion_fields.steady_motion(drift())
    for layers in islice(looping.frames(motion, LoopSettings(kind), 9), 20):
        frame = render_frame(picture, layers)
        assert torch.equal(frame[..., 42:, :], picture[..., 42:, :])


@pytest.mark.parametrize("kind", ["two-phase", "none"])
def test_the_first_frame_is_the_picture(kind):
    assert torch.equal(frames(MOTIONS["steady"], kind, 9, 1)[0], make_picture(80, 120))


def test_an_open_end_goes_on_by_composition():
    clip = frames(MOTIONS["steady"], "none", 5, 8)
    assert not torch.equal(clip[0], clip[5])


def test_alpha_moves_with_the_picture_and_stays_where_nothing_moves():
    picture = make_picture(80, 120, 4)
    layer = Layers(motion_fields.Track(MOTIONS["steady"].accumulated(), 8).at(8))
    frame = render_frame(picture, [layer], torch.rand(1, 6, 16, 16))
    assert torch.equal(frame[:, 3, 42:], picture[:, 3, 42:])
    assert not torch.equal(frame[:, 3], picture[:, 3])


@pytest.mark.parametrize("kind", ["two-phase", "crossfade"])
def test_a_loop_of_any_length_takes_few_steps(kind, monkeypatch):
    steps, compose = [], warping.compose

    def counted(*flows):
        steps.append(1)
        assert len(steps) < 1000, "one step for each frame"
        return compose(*flows)

    monkeypatch.setattr(warping, "compose", counted)
    assert len(frames(MOTIONS["steady"], kind, MAX_FRAMES, 3)) == 3


def test_a_long_way_of_a_constant_field_is_as_true_as_an_integrated_one():
    """Against points that follow the field itself, away from the border, where both know less."""
    start = warping.identity_grid(64, 64, torch.device("cpu")).double()

    def field(points):
        x, y = points[:, :1], points[:, 1:]
        return torch.cat([6e-4 * (2 * y).cos(), 4e-4 * (2 * x).sin()], 1)

    points = start
    for _ in range(600):
        points = points + field(points)
    slow = motion_fields.steady_motion(field(start).float())
    long = motion_fields.Track.of_steady(slow.step, 600, 1).at(600)
    integrated = next(islice(slow.accumulated(), 599, None))
    off, usual = (
        float((way - (points - start))[..., 12:-12, 12:-12].abs().max())
        for way in (long, integrated)
    )
    assert off < usual < 0.1 * 2 / 63  # of a pixel


def test_a_long_track_holds_few_fields_and_interpolates_well():
    motion = MOTIONS["steady"]
    count = motion_fields.KEPT_FIELDS * 3 + 5
    slow = motion_fields.steady_motion(motion.step / 20)
    track = motion_fields.Track(slow.accumulated(), count)
    assert len(track.held) <= motion_fields.KEPT_FIELDS + 2
    exact = list(islice(slow.accumulated(), count))
    for t in (1, 2, 7, 100, count - 1, count):
        assert (track.at(t) - exact[t - 1]).abs().max() < 2e-3


@pytest.mark.parametrize("phase_noise", [0.0, 0.7])
@pytest.mark.parametrize("rounds", [2, 3])
def test_rounds_that_are_led_aside_differ_and_go_over_into_each_other(rounds, phase_noise):
    period, picture = 12, make_picture(80, 120)
    step = torch.zeros(1, 2, 64, 64)
    step[:, 0] = -0.01
    aside = led_aside(step, torch.ones(1, 1, 64, 64, dtype=torch.bool), period)

    def clip(aside):
        motion = motion_fields.steady_motion(step)
        loop = TwoPhase(motion, period, Everywhere(), phase_noise, rounds, aside)
        return [render_frame(picture, [loop.at(t)]) for t in range(rounds * period)]

    led, alike = clip(aside), clip(None)
    changes = [float((b - a).abs().mean()) for a, b in zip(led, led[1:] + led[:1], strict=True)]
    seams = [changes.pop(rounds_end) for rounds_end in range(rounds * period - 1, 0, -period)]
    assert max(seams) < 1.1 * max(changes), "no seam between rounds, nor at the end"
    for t in range(period):
        assert float((alike[t] - alike[t + period]).abs().max()) < 1e-5
    unlike = [float((led[t] - led[t + period]).abs().mean()) for t in range(period)]
    assert min(unlike) > 2 * max(changes), "the second round is no copy of the first"
    if not phase_noise:
        assert torch.equal(led[0], alike[0]), "frame 0 is the picture"


def test_sources_are_led_aside_level_and_stay_within_their_region():
    step, core = torch.full((1, 2, 40, 60), -0.01), torch.zeros(1, 1, 40, 60, dtype=torch.bool)
    core[:, :, 10:30, 20:50] = True
    aside = led_aside(step, core, 1000)
    assert not aside[:, 1].any() and not aside[:, 0][~core[:, 0]].any()
    columns = torch.arange(60) + aside[0, 0, 20] * 59 / 2
    assert float(columns[20:50].max()) < 50 and float(columns.diff().min()) > 1 - 2 * SLANT > 0
    small = led_aside(step, core, 5)[0, 0, 20, 35] * 59 / 2
    assert float(small) == pytest.approx(5 * 0.01 * (29.5**2 + 19.5**2) ** 0.5, rel=1e-4)


def test_what_comes_in_at_a_border_is_not_the_mirror_image_of_what_is_there():
    core = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    step = torch.zeros(1, 2, 64, 64)
    place = Place(MovingPart(Region("sky", torch.ones(1, 1, 128, 128), core), step))
    flow = torch.zeros(1, 2, 64, 64)
    flow[:, 0] = 10 * 2 / 63  # from beyond the right border
    led = place.slanted(flow)
    assert torch.equal(led[..., :54], flow[..., :54]), "sources in the picture stay"
    assert torch.equal(led[:, 0], flow[:, 0])
    along = (led - flow)[0, 1] * 63 / 2  # pixels along the border
    beyond = torch.arange(1, 11)
    assert torch.allclose(along[:, 54:], along[:, 63:] / 10 * beyond, atol=1e-3), "no leap there"
    assert along[:, 63].abs().mean() > 5 and along[:, 63].std() > 2
    assert float(along.diff(dim=0).abs().max()) < 3, "no form is torn"
