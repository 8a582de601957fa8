"""What moves is found, moves within its bounds, and leaves the rest alone to the bit."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.errors import CodeError, RegionError
from landscape_engine.loops import looping, waves
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion import moving_water
from landscape_engine.motion.fields import MovingPart
from landscape_engine.ops import masks, strips, warping
from landscape_engine.rendering.compositing import render_frame
from landscape_engine.scene import answers, region_files, regions
from landscape_engine.scene.regions import Guide, Region
from landscape_engine.settings import LoopSettings, MotionSettings, RegionSettings
from tests.conftest import make_picture

GRID = (64, 64)
SIZE = (80, 120)
UNGUIDED = Guide()


def half(rows: slice, name: str = "sky", guide: Guide = UNGUIDED) -> Region:
    """A region of some rows of a picture of `SIZE`."""
    mask = np.zeros(SIZE, np.float32)
    mask[rows] = 1
    made = regions.region_of(mask, GRID, name, torch.device("cpu"))
    return Region(made.name, made.alpha, made.core, guide)


def drift(x: float = 0.02, y: float = 0.0) -> torch.Tensor:
    return torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, *GRID).clone()


def clouds() -> torch.Tensor:
    """A picture [1, 3, H, W] full of detail of one size."""
    coarse = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(3)) * 1.2 - 0.6
    return torch.nn.functional.interpolate(coarse, SIZE, mode="bicubic")


def small(picture: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.interpolate(picture[:, :3], GRID, mode="area")


def loop(picture, parts, count, settings=LoopSettings(), period=12):  # noqa: B008 - frozen
    motion = motion_fields.motion_of_parts(parts, small(picture))
    layers = looping.frames(motion, settings, period)
    return [render_frame(picture, shown) for shown in islice(layers, count)]


LOOPS = {
    "condense": LoopSettings(),
    "contrast": LoopSettings(blend="contrast"),
    "plain": LoopSettings(blend="plain"),
    "even": LoopSettings(phase_noise=0),
    "crossfade": LoopSettings("crossfade"),
}


@pytest.mark.parametrize("settings", LOOPS.values(), ids=LOOPS)
def test_a_region_loops_and_nothing_else_moves(settings):
    picture = make_picture(*SIZE) * 0.731
    parts = [MovingPart(half(slice(0, 40)), drift())]
    clip = loop(picture, parts, 26, settings)
    for n in range(13):
        assert torch.equal(clip[n], clip[n + 12])
    for frame in clip:
        assert torch.equal(frame[:, :, 40:], picture[:, :, 40:])
    assert not torch.equal(clip[5][:, :, :30], picture[:, :, :30])


def test_a_frame_is_the_same_in_strips_of_any_height(monkeypatch):
    picture, mask = clouds(), np.zeros(SIZE, np.float32)
    mask[7:41, 30:75] = 1  # neither from border to border nor from strip to strip
    where = regions.region_of(mask, GRID, "sky", torch.device("cpu"))
    frames = loop(picture, [MovingPart(where, drift())], 5)
    still = torch.from_numpy(mask[None, None] == 0).expand_as(picture)
    for rows in (1, 13):
        monkeypatch.setitem(strips.STRIP_PIXELS, "cpu", rows * SIZE[1])
        for one, other in zip(frames, loop(picture, [MovingPart(where, drift())], 5), strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
            assert torch.equal(other[still], picture[still])


def test_the_seam_does_not_show():
    clip = loop(clouds(), [MovingPart(half(slice(0, 80)), drift())], 24, period=24)
    change = [float((a - b).abs().mean()) for a, b in zip(clip, clip[1:] + clip[:1], strict=True)]
    assert change[-1] <= 1.05 * (change[0] + change[-2]) / 2


@pytest.mark.parametrize("settings", LOOPS.values(), ids=LOOPS)
def test_no_land_enters_a_region(settings):
    picture = torch.zeros(1, 3, *SIZE)
    picture[:, :, 40:] = 1  # land, white
    parts = [MovingPart(half(slice(0, 40)), drift(0.0, 0.05))]
    for frame in loop(picture, parts, 12, settings):
        assert frame[:, :, :37].max() < 1e-3


def test_no_line_shows_where_the_phase_wraps():
    picture = torch.linspace(-1, 1, SIZE[1]).expand(1, 3, *SIZE).clone()  # no edge anywhere
    steepest = float((picture[..., 1:] - picture[..., :-1]).abs().max())
    parts = [MovingPart(half(slice(0, 80)), drift(0.03))]
    for frame in loop(picture, parts, 24, LoopSettings(phase_noise=1.0, blend="plain"), 24):
        inner = frame[..., 30:90]
        assert (inner[..., 1:] - inner[..., :-1]).abs().max() < 4 * steepest


def test_regions_move_by_their_own_fields_and_phases():
    picture = make_picture(*SIZE)
    left = [MovingPart(half(slice(0, 40), "a"), drift(0.02))]
    right = [MovingPart(half(slice(40, 80), "b", Guide(phase=0.5)), drift(-0.01))]
    even = LoopSettings(phase_noise=0)
    both, alone, other = (loop(picture, p, 12, even) for p in (left + right, left, right))
    for t in range(12):
        assert torch.equal(both[t][:, :, :38], alone[t][:, :, :38])
        assert torch.equal(both[t][:, :, 42:], other[t][:, :, 42:])
    assert torch.equal(other[6][:, :, 42:], picture[:, :, 42:]), "half a loop ahead"


def test_a_blend_keeps_the_contrast_that_the_formula_loses():
    picture = clouds()
    parts = [MovingPart(half(slice(0, 80)), drift(0.05))]

    def spread(settings: LoopSettings) -> float:
        return float(loop(picture, parts, 7, settings)[6][:, :, 20:60, 40:80].std())

    wanted = float(picture[:, :, 20:60, 40:80].std())
    plain, kept = spread(LoopSettings(blend="plain")), spread(LoopSettings())
    assert abs(kept - wanted) < 0.5 * abs(plain - wanted)


def test_the_mirror_holds_nothing_from_outside():
    core = torch.zeros(1, 1, 40, 40, dtype=torch.bool)
    core[..., 5:18, 8:30] = True
    source = warping.identity_grid(40, 40, torch.device("cpu")) + masks.mirror(core)
    assert torch.allclose(masks.mirror(core)[core.expand(-1, 2, -1, -1)], torch.zeros(()))
    assert warping.sample(core.float(), source).min() > 0.999
    picture = torch.arange(40.0).view(1, 1, 40, 1).expand(1, 1, 40, 40)
    filled = warping.sample(picture, source)
    assert filled[0, 0, 20, 15] == pytest.approx(14, abs=1e-3)  # three below 17: three above


@pytest.mark.parametrize("radius", [1, 6, 40])
@pytest.mark.parametrize("size", [(64, 90), (5, 7), (1, 1)])
def test_a_blur_is_the_mean_of_the_boxes_within_the_picture(size, radius):
    values = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    followed = values.clone().requires_grad_()  # which goes another way
    torch.testing.assert_close(masks.blur(values, radius), masks.blur(followed, radius).detach())
    assert torch.equal(masks.blur(torch.ones(1, 1, *size), radius), torch.ones(1, 1, *size))
    some = torch.zeros(1, 1, 64, 64)
    some[..., :8] = torch.rand(64, 8, generator=torch.Generator().manual_seed(1)) ** 30
    assert not masks.blur(some, 3)[..., 14:].any(), "nothing is left of what is farther away"


def test_the_highest_nearby_is_that_of_the_square_to_the_bit():
    values = torch.randn(2, 3, 30, 41, generator=torch.Generator().manual_seed(0))
    for radius in (0, 1, 9):
        wanted = torch.nn.functional.max_pool2d(values, 2 * radius + 1, 1, radius)
        assert torch.equal(masks.highest(values, radius), wanted)


def test_extending_keeps_what_is_there_and_goes_on_smoothly():
    values = torch.rand(1, 2, 50, 37)
    mask = torch.zeros(1, 1, 50, 37)
    mask[..., 10:20, 5:15] = 1
    extended = masks.extend(values, mask)
    assert torch.equal(extended[..., 10:20, 5:15], values[..., 10:20, 5:15])
    assert torch.isfinite(extended).all() and extended.min() >= values.min() - 1e-6


def flows_over(layout: torch.Tensor, water_turn: float) -> torch.Tensor:
    """What a perfect predictor says under eight codes of a layout: 0 still, 1 sky, 2 water."""
    angles = torch.arange(8) * torch.pi / 4
    sky = torch.stack([angles.cos(), angles.sin()], 1)[:, :, None, None] * 0.6
    water = torch.stack([angles.cos(), water_turn * angles.sin()], 1)[:, :, None, None] * 0.4
    return sky * (layout == 1) + water * (layout == 2) + 0.01


def test_sky_and_water_are_found_and_told_apart():
    layout = torch.zeros(GRID)
    layout[:28], layout[28:34], layout[34:], layout[50:, 20:30] = 1, 0, 2, 0
    picture = np.zeros((128, 128, 3), np.uint8)
    for label, shade in ((1, 200), (2, 120)):
        picture[np.kron(layout.numpy() == label, np.ones((2, 2))) > 0] = shade
    shares = answers.shares_by_answers(flows_over(layout, -1.0))
    found = {r.name: r for r in regions.find(shares, picture, grid_hw=GRID)}
    assert set(found) == {"sky", "water"}
    assert found["sky"].core[0, 0, :26].all() and not found["sky"].core[0, 0, 29:].any()
    assert found["water"].core[0, 0, 36:48].all() and not found["water"].core[0, 0, :33].any()
    assert found["water"].alpha[0, 0, 104:, 44:56].max() == 0, "the rock stays"


def test_where_nothing_moves_nothing_is_found():
    shares = answers.shares_by_answers(torch.full((4, 2, *GRID), 1e-3))
    assert regions.find(shares, np.zeros((64, 64, 3), np.uint8)) == []


def test_a_field_is_cleaned_of_slow_and_outlying_vectors():
    region = half(slice(0, 80))
    step = drift(0.01)
    step[:, :, 20:24, 20:24] = 0
    step[:, :, 40, 40] = 0.5
    cleaned = regions.motion_within(region, step)
    assert cleaned[:, 0].min() > 0.0095 and cleaned[:, 0].max() < 0.0105


def test_clouds_at_the_horizon_stay_slower():
    rows = torch.linspace(1, 0.25, GRID[0])[:, None].expand(GRID)
    step = drift(0.01) * rows
    cleaned = regions.motion_within(half(slice(None)), step)[0, 0]
    assert cleaned[62].mean() < 0.4 * cleaned[2].mean()


def test_doubt_shortens_motion_and_nothing_lengthens_it():
    slow, region = drift(0.001), half(slice(0, 80))
    assert regions.motion_within(region, slow)[:, 0].mean() == pytest.approx(0.001)
    doubted = replace(region, certainty=torch.full((1, 1, *GRID), 0.4))
    assert regions.motion_within(doubted, slow)[:, 0].mean() == pytest.approx(0.0004)


def test_mirrored_water_moves_as_the_sky_upside_down():
    sky = MovingPart(half(slice(0, 40), "sky"), drift(0.01, 0.004))
    water = MovingPart(half(slice(40, 80), "water"), drift(0.5, 0.5))
    _, answered = moving_water.answer([sky, water], MotionSettings(water="mirrored"))
    x, y = answered.step[0, :, 50, 32]
    assert float(x) == pytest.approx(0.01, rel=0.02)
    assert float(y) == pytest.approx(-0.004, rel=0.02)


@pytest.mark.parametrize("wave", [waves.ripple, waves.sway])
def test_waves_close_into_the_loop(wave):
    core = torch.ones(1, 1, *GRID, dtype=torch.bool)
    assert torch.allclose(wave(core, 3.0, 0.0), wave(core, 3.0, 1.0), atol=1e-6)
    assert (wave(core, 3.0, 0.3) - wave(core, 3.0, 0.0)).abs().max() > 1e-4
    assert wave(core, 3.0, 0.3).abs().max() <= 2 * 3e-3 + 1e-6


# ------------------------------------------------------------------ the artist's masks and regions


def write_mask(path: Path, rows: slice, size: tuple[int, int] = SIZE, value: int = 255) -> str:
    pixels = np.zeros(size, np.uint8)
    pixels[rows] = value
    Image.fromarray(pixels).save(path)
    return str(path)


def write_region(path: Path, **fields) -> str:
    path.write_text(json.dumps({"version": 1, **fields}))
    return str(path)


def apply(settings: RegionSettings, found: list[Region] | None = None) -> list[Region]:
    found = [half(slice(0, 60))] if found is None else found
    return region_files.apply(settings, found, SIZE, GRID)


def test_a_still_mask_takes_from_what_moves(tmp_path):
    path = write_mask(tmp_path / "still.png", slice(0, 20))
    (left,) = apply(RegionSettings(still_mask=path))
    assert left.alpha[0, 0, :20].max() == 0 and left.alpha[0, 0, 25:55].min() == 1
    path = write_mask(tmp_path / "grey.png", slice(0, 20), value=128)
    (left,) = apply(RegionSettings(still_mask=path))
    assert 0.3 < left.alpha[0, 0, 5:15].mean() < 0.7, "grey keeps it partly still"


def test_a_moving_mask_replaces_what_was_found(tmp_path):
    path = write_mask(tmp_path / "moving.png", slice(40, 80))
    (moving,) = apply(RegionSettings(moving_mask=path))
    assert moving.alpha[0, 0, :40].max() == 0 and moving.alpha[0, 0, 41:].min() == 1


def test_regions_of_ones_own_come_before_what_was_found(tmp_path):
    own = write_region(
        tmp_path / "bank.json", polygon=[[0, 0], [0.5, 0], [0.5, 1], [0, 1]], speed=0.5, phase=0.25
    )
    found, mine = apply(RegionSettings(region=(own,)))
    assert mine.name == "bank" and mine.guide == Guide(speed=0.5, phase=0.25)
    assert not (found.core & mine.core).any()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"polygon": [[0, 0], [1, 0], [1, 1]], "colour": 1}, "unknown field 'colour'"),
        ({"polygon": [[0, 0], [1, 0], [1, 1]], "speed": "fast"}, "'speed'.*expected a number"),
        ({"polygon": [[0, 0], [1, 0]]}, "three or more corners"),
        ({}, "either 'mask' or 'polygon'"),
        ({"version": 7, "polygon": []}, "another kind"),
        ({"polygon": [[0, 0], ["a", 0], [1, 1]]}, "three or more corners"),
        ({"polygon": [[0, 0], [1], [1, 1]]}, "three or more corners"),
        ({"polygon": [[0, 0], [float("nan"), 0], [1, 1]]}, "isn't finite"),
        ({"polygon": [[0, 0], [1e30, 0], [1, 1]]}, "far outside"),
        ({"polygon": [[0, 0], [1, 0], [1, 1]] * 40_000}, "120000 corners; expected at most"),
        ({"polygon": [[0, 0], [1, 0], [1, 1]], "arrows": [3]}, "'arrows'.*holds 3"),
        ({"polygon": [[0, 0], [1, 0], [1, 1]], "moves": "most"}, "'moves'.*expected one of all"),
        ({"polygon": [[0, 0], [1, 0], [1, 1]], "moves": []}, "'moves'.*expected one of all"),
    ],
)
def test_a_bad_region_is_refused_by_name(tmp_path, fields, said):
    path = tmp_path / "region.json"
    path.write_text(json.dumps({"version": 1, **fields}))
    with pytest.raises(RegionError, match=said):
        apply(RegionSettings(region=(str(path),)))


def test_a_polygon_that_meets_the_picture_in_a_corner_alone_draws_no_line_across_it():
    touching = [[1, -1], [-1, 1], [-3, -1]]  # through 0, 0
    with pytest.raises(RegionError, match="covers no pixel"):
        region_files._paint(touching, SIZE, Path("corner.json"))
    reaching = [[1.1, -1], [-1, 1.1], [-3, -1]]  # x + y < 0.1
    y, x = ((np.arange(side) + 0.5) / side for side in SIZE)
    for corners in (reaching, reaching[::-1]):
        mask = region_files._paint(corners, SIZE, Path("corner.json"))
        assert np.array_equal(mask > 0, x[None] + y[:, None] < 0.1) and mask[0, 0] == 1


@pytest.mark.parametrize("text", ["{", "[" * 100_000], ids=["cut off", "too deep"])
def test_a_region_that_is_no_json_is_refused(tmp_path, text):
    path = tmp_path / "region.json"
    path.write_text(text)
    with pytest.raises(RegionError, match="can't be read as JSON"):
        apply(RegionSettings(region=(str(path),)))


def test_bad_masks_are_refused(tmp_path):
    black = write_mask(tmp_path / "black.png", slice(0, 0))
    with pytest.raises(RegionError, match="entirely black"):
        apply(RegionSettings(still_mask=black))
    other = write_mask(tmp_path / "other.png", slice(0, 20), size=(80, 80))
    with pytest.raises(RegionError, match="80×80 pixels.*same aspect"):
        apply(RegionSettings(still_mask=other))
    white = write_mask(tmp_path / "white.png", slice(0, 80))
    with pytest.raises(RegionError, match="no moving region is left"):
        apply(RegionSettings(still_mask=white))


def test_a_mask_of_another_size_is_resized_and_said_so(tmp_path):
    path = write_mask(tmp_path / "still.png", slice(0, 40), size=(160, 240))
    settings = RegionSettings(still_mask=path)
    (left,) = apply(settings)
    assert left.alpha[0, 0, :19].max() == 0 and left.alpha[0, 0, 25:55].min() == 1
    (said,) = region_files.notes(settings, SIZE)
    assert "(240x160) was resized to the picture's 120x80" in said
    assert region_files.notes(settings, (160, 240)) == []


def test_overlapping_regions_are_refused(tmp_path):
    one = write_region(tmp_path / "one.json", polygon=[[0, 0], [0.6, 0], [0.6, 1], [0, 1]])
    two = write_region(tmp_path / "two.json", polygon=[[0.3, 0], [1, 0], [1, 1], [0.3, 1]])
    with pytest.raises(RegionError, match="'one' and 'two' overlap"):
        apply(RegionSettings(region=(one, two)))


def test_what_a_region_asks_wrongly_is_said_of_it(animator, landscape, tmp_path):
    own = write_region(tmp_path / "left.json", polygon=[[0, 0], [0.4, 0], [0.4, 1]], code="7")
    where = landscape.regions(RegionSettings(region=(own,)))
    with pytest.raises(CodeError, match="the region 'left': .* is 7; expected"):
        animator.move(landscape, MotionSettings(code="0.1"), regions=where)


def test_a_region_says_what_of_it_moves(animator, landscape, tmp_path):
    def base(moves: str | None) -> object:
        said = {} if moves is None else {"moves": moves}
        corners = [[0, 0], [1, 0], [1, 0.3], [0, 0.3]]
        own = write_region(tmp_path / "high.json", polygon=corners, **said)
        where = landscape.regions(RegionSettings(region=(own,)))
        motion = animator.move(landscape, MotionSettings(code="0.1"), regions=where)
        (part,) = (part for part in motion.parts if part.region.name == "high")
        return part.base

    assert base("all") is None
    assert base("detail") is not None
    assert base(None) is not None  # it lies in the sky


def test_an_animator_takes_them_all(animator, landscape, tmp_path):
    own = write_region(
        tmp_path / "left.json", polygon=[[0, 0], [0.4, 0], [0.4, 1], [0, 1]], code="0.9"
    )
    mask = write_mask(tmp_path / "moving.png", slice(0, 90), size=(90, 160))
    where = landscape.regions(RegionSettings(moving_mask=mask, region=(own,)))
    motion = animator.move(landscape, MotionSettings(code="0.1"), regions=where)
    assert [part.region.name for part in motion.parts] == ["moving", "left"]
    assert not torch.equal(motion.parts[0].step, motion.parts[1].step)
