"""The motion that suits a picture: level skies, calm paces, water that gets faster when near."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from landscape_engine.animator import Animator
from landscape_engine.bundles.codebook import MotionCodebook
from landscape_engine.motion import beds, calm, mirrors, movement, moving_water
from landscape_engine.motion import codes as motion_codes
from landscape_engine.scene.regions import Guide, region_of
from landscape_engine.settings import MotionSettings

from ..conftest import make_bundle, make_picture

GRID = 256
ASPECT = 16 / 9
CPU = torch.device("cpu")


class Winds(nn.Module):
    """A predictor whose code says how far things go to the right and down, and how unlike."""

    beta = 64.0

    def forward(self, image, code):
        h, w = image.shape[2:]
        x = torch.linspace(-1, 1, w).expand(1, 1, h, w)
        flow = -code[:, :2, None, None].expand(-1, -1, h, w) / self.beta
        return flow * (1 - code[:, 2, None, None, None] * (x > 0))


def winds(*codes) -> Animator:
    bundle = make_bundle()
    padded = torch.zeros(len(codes), 8)
    padded[:, :3] = torch.tensor([(*code, 0.0)[:3] for code in codes])
    networks = {**bundle.networks, "motion_predictor": Winds()}
    return Animator(replace(bundle, networks=networks, motion_codebook=MotionCodebook(padded)), CPU)


def part_of_picture(name, first, last, guide=None):
    """A region of whole rows, in shares of the height."""
    mask = torch.zeros(90, 160)
    mask[round(first * 90) : round(last * 90)] = 1
    region = region_of(mask.numpy(), (GRID, GRID), name, CPU)
    return replace(region, guide=guide or Guide())


SKY, WATER = part_of_picture("sky", 0, 0.5), part_of_picture("water", 0.6, 1)
PICTURE = make_picture(90, 160)
LEVEL, DOWN, UP, LEFT, TORN = (0.2, 0), (0.02, 0.2), (0.02, -0.2), (-0.2, 0.01), (0.2, 0, 2)


def suitable(animator, regions):
    return motion_codes.suitable(animator.look_at(PICTURE), regions)


def moved(animator, settings, regions, code=None):
    return animator.move(animator.look_at(PICTURE), settings, code, regions=regions)


def codes_of(chosen) -> list[tuple[float, ...]]:
    return [tuple(round(v, 3) for v in one.code[0, :3].tolist()) for one in chosen]


def usual_px(part, width=960):
    seen = calm.in_widths(part.step, ASPECT)[:, :, part.region.core[0, 0]]
    return float(seen.square().sum(1).sqrt().quantile(0.7)) * width


def test_the_sky_goes_level_and_as_one():
    found = suitable(winds(DOWN, TORN, LEVEL, UP), [SKY])
    assert codes_of(found)[0] == (0.2, 0, 0)


def test_seeds_go_through_the_best_leftward_and_rightward_in_turn():
    landscape = winds(DOWN, LEVEL, (0.2, 0.02), LEFT, (-0.2, 0.03)).look_at(PICTURE)
    ways = [
        float(motion_codes.chosen(landscape, MotionSettings(), seed, [SKY]).code[0, 0]) > 0
        for seed in range(4)
    ]
    assert ways == [True, False, True, False]
    found = motion_codes.suitable(landscape, [SKY])
    again = motion_codes.chosen(landscape, MotionSettings(), len(found), [SKY])
    assert again is not None and torch.equal(again.code, found[0].code)


def test_a_narrow_gap_goes_the_way_that_keeps_its_sources():
    # a slit between two walls, as between towers, has sources up and down alone
    mask = torch.zeros(90, 160)
    mask[:60, 78:82] = 1
    slit = region_of(mask.numpy(), (GRID, GRID), "sky", CPU)
    assert codes_of(suitable(winds(LEVEL, DOWN), [slit]))[0] == (0.02, 0.2, 0)


def test_water_goes_the_skys_way_and_not_away():
    animator = winds(LEVEL, LEFT, UP)
    for chosen in suitable(animator, [SKY, WATER])[:2]:
        assert chosen.water[0, 0].sign() == chosen.code[0, 0].sign()
    alone = suitable(winds(UP, DOWN), [WATER])
    assert codes_of(alone)[0] == (0.02, 0.2, 0) and alone[0].water is None


def test_regions_with_a_code_of_their_own_have_no_say():
    own = part_of_picture("mist", 0.4, 0.6, Guide(code="0.5"))
    with_it, without = (suitable(winds(LEVEL, DOWN), r) for r in ([SKY, own], [SKY]))
    assert codes_of(with_it) == codes_of(without)


@pytest.mark.parametrize("speed", [1.0, 0.5, -2.0])
def test_skies_pass_at_a_calm_pace_whatever_is_predicted(speed):
    for fast in (0.2, 1.0):
        motion = moved(winds((fast, 0)), MotionSettings(speed=speed), [SKY])
        assert usual_px(motion.parts[0]) == pytest.approx(
            960 * calm.SKY_PACE * abs(speed), rel=0.02
        )
        assert float(motion.parts[0].step[0, 0].mean()) * speed < 0  # rightward, unless reversed


def test_what_is_slower_is_quickened_a_little_at_most():
    motion = moved(winds((0.01, 0)), MotionSettings(), [SKY])
    plain = moved(winds((0.01, 0)), MotionSettings(code="0"), [SKY])
    assert usual_px(motion.parts[0]) <= usual_px(plain.parts[0]) * calm.MOST_HASTE * 1.01


def test_water_gets_faster_towards_the_viewer(monkeypatch):
    monkeypatch.setattr(mirrors, "mirrored", lambda small, water: water.to(small.dtype) * 0)
    monkeypatch.setattr(beds, "seen", lambda pixels, water, foam: water.float() * 0)
    motion = moved(winds(LEVEL), MotionSettings(), [SKY, WATER])
    rows = motion.parts[1].step[0, 0].abs().mean(1) / 2 * 960  # pixels a frame
    inside = torch.nonzero(WATER.core[0, 0].any(1)).flatten()
    there = rows[inside[0] : inside[-1] + 1]
    assert bool((there.diff() > 0).all()) and there[-1] > 3 * there[0]
    assert float(there[-1]) == pytest.approx(960 * calm.WATER_PACE, rel=0.03)


def test_waters_horizon_lies_between_it_and_the_sky():
    assert moving_water.horizon(WATER.core, [SKY.core]) == pytest.approx(0.55, abs=0.01)
    assert moving_water.horizon(WATER.core, []) == pytest.approx(0.61, abs=0.01)


@pytest.mark.parametrize(
    "settings, guide",
    [
        (MotionSettings(code="0"), None),
        (MotionSettings(code="random"), None),
        (MotionSettings(), Guide(code="0")),
        (MotionSettings(arrows=("0.2,0.2,0.5,0.2",), arrows_as="code"), None),
    ],
)
def test_codes_that_are_named_or_fitted_keep_the_networks_speed(settings, guide):
    region = replace(SKY, guide=guide or Guide())
    motion = moved(winds((1.0, 0)), settings, [region])
    assert usual_px(motion.parts[0]) == pytest.approx(960 / 2 / 64, rel=0.05)


def test_a_code_that_is_given_moves_as_it_comes():
    animator = winds((1.0, 0))
    code = motion_codes.named(animator.bundle, "0")
    motion = moved(animator, MotionSettings(), [SKY], code)
    assert usual_px(motion.parts[0]) == pytest.approx(960 / 2 / 64, rel=0.05)


def test_a_region_can_ask_for_what_suits_it():
    region = replace(SKY, guide=Guide(code="auto"))
    motion = moved(winds(LEVEL, DOWN), MotionSettings(code="1"), [region])
    step = motion.parts[0].step
    assert float(step[:, 1].abs().max()) < 0.05 * float(step[:, 0].abs().max())
    assert usual_px(motion.parts[0]) == pytest.approx(960 * calm.SKY_PACE, rel=0.02)


def test_an_arrow_keeps_its_own_pace_beside_a_calm_region():
    settings = MotionSettings(arrows=("0.2,0.2,0.5,0.2",), arrows_as="field")
    motion = moved(winds((1.0, 0)), settings, [SKY, WATER])
    assert usual_px(motion.parts[0]) > 2 * 960 * calm.SKY_PACE
    assert usual_px(motion.parts[1]) < 1.1 * 960 * calm.WATER_PACE


@pytest.mark.parametrize("kind", ["steady", "recurrent"])
def test_the_whole_picture_takes_a_suitable_code_as_predicted(animator, landscape, kind):
    settings = MotionSettings(kind=kind)
    chosen = motion_codes.chosen(landscape, settings, 0, [])
    motion = animator.move(landscape, settings, chosen, regions=[])
    assert torch.equal(motion.step, movement.step_of(landscape, chosen.code))


def test_without_a_picture_auto_is_drawn(bundle):
    auto, drawn = (motion_codes.named(bundle, name, 3) for name in ("auto", "random"))
    assert torch.equal(auto, drawn)


def test_a_landscape_asks_the_codebook_once(landscape, monkeypatch):
    asked = []
    network = landscape.bundle.motion_predictor
    usual = network.forward
    monkeypatch.setattr(network, "forward", lambda *a: asked.append(1) or usual(*a))
    regions = [part_of_picture("sky", 0, 0.5)]
    for seed in range(3):
        motion_codes.chosen(landscape, MotionSettings(), seed, regions)
    assert len(asked) == 1
    motion_codes.chosen(landscape, MotionSettings(), 0, [part_of_picture("sky", 0, 0.4)])
    assert len(asked) == 2
