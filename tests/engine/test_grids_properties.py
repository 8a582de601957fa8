"""Properties of bands of rows, of fields enlarged by rows, and of tracks of accumulated flows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from landscape_engine.motion import fields
from landscape_engine.motion.fields import Track
from landscape_engine.ops import masks, warping
from landscape_engine.ops.warping import Band

SIDES = st.integers(1, 40)
SEEDS = st.integers(0, 2**31)


@st.composite
def bands(draw) -> Band:
    height = draw(SIDES)
    first = draw(st.integers(0, height - 1))
    return Band(first, draw(st.integers(first + 1, height)), height)


@st.composite
def some_rows(draw, height: int) -> slice:
    start = draw(st.integers(0, height - 1))
    return slice(start, draw(st.integers(start + 1, height)))


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


# ------------------------------------------------------------------ bands


@given(bands(), SIDES)
def test_a_band_on_another_grid_has_the_rows_between_its_first_and_its_last(band, height):
    assume(band.height > 1)  # one row alone has no place between others
    found = band.on(height)
    assert 0 <= found.first < found.last <= height == found.height
    within = [
        row
        for row in range(height)
        # whole numbers: row / (height - 1) between first / (band.height - 1) and last - 1 of it
        if band.first * (height - 1) <= row * (band.height - 1) <= (band.last - 1) * (height - 1)
    ]
    if within:
        assert list(range(height))[found.rows] == within
    else:
        assert found.last - found.first == 1


@given(bands())
def test_a_band_on_its_own_grid_is_itself(band):
    assert band.on(band.height) == band


@given(bands(), SIDES, st.integers(1, 6), st.integers(0, 5), SEEDS)
def test_what_a_band_holds_reaches_no_row_beyond_those_around_it(band, height, width, margin, seed):
    field = torch.zeros(1, 1, band.height, width)
    field[:, :, band.rows] = noise(seed, 1, 1, band.last - band.first, width) + 0.5
    seen = torch.nonzero(warping.enlarge(field, height, width)[0, 0, :, 0]).flatten().tolist()
    found = band.around(height, margin)
    assert 0 <= found.first < found.last <= height == found.height
    assert all(found.first <= row < found.last for row in seen)
    close = band.around(height)  # not much more than that, and the margin on both sides
    assert (found.first, found.last) == (
        max(0, close.first - margin), min(height, close.last + margin),
    )  # fmt: skip
    reach = (height - 1) / max(band.height - 1, 1)
    assert close.last - close.first <= (band.last - band.first + 1) * reach + 3


@given(bands(), st.integers(1, 5), SEEDS)
def test_the_rows_of_a_mask_are_the_fewest_that_hold_it(band, width, seed):
    mask = torch.zeros(1, 1, band.height, width)
    mask[:, :, band.rows] = (noise(seed, 1, 1, band.last - band.first, width) - 0.3).clamp(min=0)
    found = masks.rows_of(mask)
    if not mask.any():
        assert found == Band(0, band.height, band.height)
        return
    assert not mask[:, :, : found.first].any() and not mask[:, :, found.last :].any()
    assert mask[:, :, found.first].any() and mask[:, :, found.last - 1].any()


# ------------------------------------------------------------------ enlarging


@given(SIDES, SIDES, SIDES, SIDES, st.data(), SEEDS)
def test_rows_of_an_enlarged_field_are_a_slice_of_the_whole(h, w, height, width, data, seed):
    field = noise(seed, 1, 2, h, w)
    rows = data.draw(some_rows(height))
    whole = warping.enlarge(field, height, width)
    found = warping.enlarge(field, height, width, rows)
    assert found.shape == whole[:, :, rows].shape
    assert float((found - whole[:, :, rows]).abs().max()) < 1e-6


@given(SIDES, SIDES, SIDES, SIDES, SEEDS)
def test_enlarging_is_bilinear_between_the_border_pixels_centres(h, w, height, width, seed):
    field = noise(seed, 1, 2, h, w)
    expected = torch.nn.functional.interpolate(
        field.double(), (height, width), mode="bilinear", align_corners=True
    )
    assert float((warping.enlarge(field, height, width) - expected).abs().max()) < 2e-5


@given(bands(), SIDES, SIDES, SIDES, st.data(), SEEDS)
def test_a_band_enlarges_as_the_whole_does_and_goes_on_beyond(band, w, height, width, data, seed):
    whole = noise(seed, 1, 2, band.height, w)
    rows = data.draw(some_rows(height))
    held = whole[:, :, band.rows]
    found = warping.enlarge(held, height, width, rows, band)
    # above and below, its first and its last row
    index = torch.arange(band.height).clamp(band.first, band.last - 1)
    expected = warping.enlarge(whole[:, :, index], height, width, rows)
    assert float((found - expected).abs().max()) < 2e-5


# ------------------------------------------------------------------ tracks

GRID = (24, 24)
PIXELS = warping.pixels_per_unit(*GRID)
OFF_PX = 0.1  # of the grid, that sampling flows between pixels costs in a whole track
STEPS = st.tuples(*[st.floats(-1, 1)] * 4)  # shift right and down, turn, swelling
LENGTHS = st.integers(1, 30)
MOST = st.integers(1, 30)


def field_at(made: tuple[float, ...], at: torch.Tensor) -> torch.Tensor:
    """A smooth step at any positions [1, 2, h, w], up to a third of a pixel, calm at the border."""
    right, down, turn, swell = made
    x, y = at[:, :1], at[:, 1:]
    calm = 0.01 * (1 - x**2) * (1 - y**2)
    return calm * torch.cat([right - turn * y + swell * x, down + turn * x + swell * y], 1)


def step_of(made: tuple[float, ...]) -> torch.Tensor:
    return field_at(made, warping.identity_grid(*GRID, torch.device("cpu")))


def integral(made: tuple[float, ...], frames: int) -> torch.Tensor:  # [frames + 1, 2, h, w]
    """The flows of all frames, by following each pixel through the field itself, step by step."""
    start = warping.identity_grid(*GRID, torch.device("cpu")).double()
    at, flows = start, []
    for _ in range(frames + 1):
        flows.append(at - start)
        at = at + field_at(made, at)
    return torch.cat(flows)


def off_px(flow: torch.Tensor, exact: torch.Tensor) -> float:
    return float(((flow - exact) * PIXELS).abs().max())


@pytest.mark.parametrize("steady", [True, False])
@given(made=STEPS, frames=LENGTHS, most=MOST)
def test_a_track_is_the_integral_of_its_step(steady, made, frames, most):
    """Exactly where it holds a flow, and between two of them within what a line leaves out."""
    step, exact = step_of(made), integral(made, frames)
    flows = fields.steady_motion(step).accumulated()
    track = Track.of_steady(step, frames, most) if steady else Track(flows, frames, most)
    assert len(track.held) <= most + 2
    stride = -(-frames // most)
    bend = off_px(exact[2:] + exact[:-2], 2 * exact[1:-1]) if frames > 1 else 0.0
    for t in range(frames + 1):
        held = t % stride == 0 or t == frames
        assert off_px(track.at(t), exact[t : t + 1]) < OFF_PX + (not held) * bend * stride**2 / 8


@given(STEPS, LENGTHS, MOST)
def test_a_track_is_linear_between_the_flows_that_it_holds(made, frames, most):
    flows = [torch.zeros(1, 2, *GRID), *islice(accumulated(made), frames)]
    track = Track(iter(flows[1:]), frames, most)
    stride = -(-frames // most)
    for t in range(frames + 1):
        before = t // stride * stride
        after = min(before + stride, frames)
        share = (t - before) / max(after - before, 1)
        expected = torch.lerp(flows[before], flows[after], share)
        assert float((track.at(t) - expected).abs().max()) < 1e-6


def accumulated(made: tuple[float, ...]) -> Iterator[torch.Tensor]:
    return fields.steady_motion(step_of(made)).accumulated()


@given(st.tuples(*[st.floats(-0.05, 0.05)] * 2), LENGTHS, MOST, st.booleans())
def test_a_constant_step_is_multiplied(step, frames, most, steady):
    field = torch.tensor(step).view(1, 2, 1, 1).expand(1, 2, 8, 8).clone()
    flows = fields.steady_motion(field).accumulated()
    track = Track.of_steady(field, frames, most) if steady else Track(flows, frames, most)
    for t in range(frames + 1):
        assert torch.allclose(track.at(t), t * field, atol=1e-5)


@pytest.mark.parametrize("inverted", [False, True])
@given(made=STEPS, frames=LENGTHS, most=MOST)
def test_a_time_for_each_pixel_is_the_same_as_one_for_all(inverted, made, frames, most):
    track = Track.of_steady(step_of(made), frames, most)
    track = track.inverted() if inverted else track
    for t in range(frames + 1):
        times = torch.full((1, 1, *GRID), float(t))
        assert torch.allclose(track.at_times(times), track.at(t), atol=1e-6)


@given(STEPS, LENGTHS, MOST, SEEDS)
def test_times_between_two_frames_lie_on_the_line_between_their_flows(made, frames, most, seed):
    track = Track.of_steady(step_of(made), frames, most)
    times = noise(seed, 1, 1, *GRID) * frames
    every = torch.cat([track.at(t) for t in range(frames + 1)])
    k = times.floor().clamp(max=frames - 1).long().expand(1, 2, -1, -1)
    expected = torch.lerp(every.gather(0, k), every.gather(0, k + 1), times - k[:, :1])
    assert torch.allclose(track.at_times(times), expected, atol=1e-6)


@given(STEPS, LENGTHS, MOST, st.integers(0, 23), st.integers(1, 24))
def test_a_part_of_a_track_is_that_part_of_its_flows(made, frames, most, first, count):
    rows = slice(first, first + count)
    track = Track.of_steady(step_of(made), frames, most)
    part = track.cut(lambda flow: flow[:, :, rows])
    for t in range(frames + 1):
        assert torch.equal(part.at(t), track.at(t)[:, :, rows])
