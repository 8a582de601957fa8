"""Tone curves: the picture's own look is the identity, and texture goes with the light."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.light import (
    daylight,
    relighting,
    tone_curves,
)

from .lit_scenes import SHARES, change_of, natural, random_maps, relit, scene

EVERY_LEVEL = torch.linspace(-1, 1, 256).expand(1, 3, 4, -1)


def test_curves_of_the_own_look_are_the_picture_to_the_bit_of_its_file():
    own = random_maps(1)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    curves = tone_curves.relate(own, own, picture, relighting.scene_of(picture))
    identity = torch.tensor([1.0, 1, 1, 0, 0, 0, 1]).view(1, 7, 1, 1)
    assert (curves - identity).abs().max() < 1e-4
    still = torch.nn.functional.interpolate(curves, (4, 256))
    shown = tone_curves.shade(EVERY_LEVEL, still)
    assert torch.equal((shown * 127.5 + 127.5).round(), (EVERY_LEVEL * 127.5 + 127.5).round())


def test_a_curve_goes_through_the_mean_with_the_slope_that_is_asked():
    mean, wanted = torch.full((1, 3, 2, 2), 0.3), torch.full((1, 3, 2, 2), -0.2)
    curves = tone_curves.through(mean, wanted, torch.full_like(mean, 0.8))
    step = 1e-3
    low, high = (tone_curves.shade(mean + s, curves) for s in (0.0, step))
    assert torch.allclose(low, wanted, atol=1e-5)
    assert torch.allclose((high - low) / step, torch.full_like(mean, 0.8), atol=0.01)


def test_what_is_white_falls_with_the_light_about_it():
    sky, cloud = torch.tensor([-0.4, 0.0, 0.7]).view(1, 3, 1, 1), torch.full((1, 3, 1, 1), 0.95)
    night = daylight.encoded(daylight.linear(sky) * 0.12)
    curves = tone_curves.through(sky, night, (night + 1.11) / (sky + 1.11))
    before, after = (
        daylight.luminance(daylight.linear(one))
        for one in (cloud, tone_curves.shade(cloud, curves))
    )
    assert 0.08 < float(after / before) < 0.2


def test_holes_of_blue_in_a_grey_sky_get_as_dull_as_that_by_night():
    grey = torch.full((1, 3, 1, 1), 0.3)
    hole = torch.tensor([-0.5, 0.0, 0.8]).view(1, 3, 1, 1)

    def color(strength):  # how far red and blue of the hole lie apart, in ln, at a gain
        wanted = daylight.encoded(daylight.linear(grey) * strength)
        curves = tone_curves.through(grey, wanted, (wanted + 1.11) / (grey + 1.11))
        assert torch.allclose(tone_curves.shade(grey, curves), wanted, atol=1e-5)
        lit = daylight.linear(tone_curves.shade(hole, curves)) + daylight.FAINT
        return float((lit[:, 2] / lit[:, 0]).log())

    by_day, by_night = color(1.0), color(0.08)
    assert 0 < by_night < 0.5 * by_day and color(0.6) == pytest.approx(by_day, rel=0.15)


def test_flames_of_cloud_in_a_red_sky_go_out_with_it():
    red, flame = (torch.tensor(c).view(1, 3, 1, 1) for c in ([0.9, 0.1, -0.3], [1.0, 0.7, -0.4]))
    night = torch.tensor([-0.62, -0.62, -0.58]).view(1, 3, 1, 1)
    curves = tone_curves.through(red, night, (night + 1.11) / (red + 1.11))
    assert torch.allclose(tone_curves.shade(red, curves), night, atol=1e-5)
    shown = tone_curves.shade(flame, curves)
    before, after = (
        float((_light(one) / _light(other)).log()) for one, other in ((flame, red), (shown, night))
    )
    assert before > 0.5 and abs(after) < 0.4 * before
    assert shown[0, 1] <= shown[0, ::2].max(), "nor do they get green"


def _light(picture):
    return daylight.luminance(daylight.linear(picture)) + daylight.FAINT


@pytest.mark.parametrize("bias", [-2.0, -0.5, 0.5, 2.0])
def test_black_stays_black_and_no_texture_is_torn_up(bias):
    own = torch.cat([torch.full((1, 3, 32, 32), 0.8), torch.full((1, 3, 32, 32), 0.1)], 1)
    look = own.clone()
    look[:, 3:] += bias
    levels = torch.linspace(-1, 1, 32).expand(1, 3, 32, -1)
    curves = tone_curves.relate(look, own, levels, relighting.scene_of(levels))
    assert 0 <= curves[:, :3].min() and curves[:, :3].max() <= tone_curves.BOLDEST
    shown = tone_curves.shade(levels, curves)
    assert shown[..., 0].max() < -0.85, "a lifted black is fog"
    assert (shown[..., 1:] - shown[..., :-1]).min() > -1e-3, "brighter things stay brighter"


def test_the_glow_of_a_sun_gets_no_steps_and_a_mast_before_it_stays_dark():
    glow, wanted = torch.full((1, 3, 2, 2), 0.96), torch.full((1, 3, 2, 2), 0.4)
    slope = (wanted + 1) / (glow + 1)
    curves = tone_curves.through(glow, wanted, slope)
    clipped, beside = (tone_curves.shade(torch.full_like(glow, v), curves) for v in (1.0, 0.96))
    assert 0 <= (clipped - beside).max() < 0.2, "a value that is clipped differs little from it"
    mast = tone_curves.shade(torch.full_like(glow, -0.8), curves)
    assert mast.max() < -0.5


def test_a_pale_sky_darkens_as_any_does():
    picture = scene(sky=0.2)
    picture[..., :24, :40] = 1.0
    shown = natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES)
    assert change_of(shown, picture)[..., :20, :36].mean() < -0.6


def test_a_yellow_glow_in_an_orange_sky_gets_no_greener():
    orange = torch.tensor([0.7, 0.2, -0.3]).view(1, 3, 1, 1)
    wanted = torch.tensor([0.1, -0.1, -0.2]).view(1, 3, 1, 1)
    curves = tone_curves.through(orange, wanted, torch.full((1, 3, 1, 1), 0.8))
    yellow = torch.tensor([1.0, 0.95, 0.0]).view(1, 3, 1, 1)
    unlimited = torch.addcmul(curves[:, 3:6], curves[:, :3], tone_curves.logits(yellow))
    assert unlimited[0, 1] > unlimited[0, 0], "it would"
    red, green, blue = tone_curves.shade(yellow, curves)[0, :, 0, 0]
    assert green <= red + 1e-6 and blue < green


def test_teal_water_stays_teal():
    grey, warm = torch.zeros(1, 3, 1, 1), torch.tensor([0.1, 0.0, -0.15]).view(1, 3, 1, 1)
    curves = tone_curves.through(grey, warm, torch.ones(1, 3, 1, 1))
    teal = torch.tensor([-0.6, 0.1, 0.1]).view(1, 3, 1, 1)
    red, green, blue = tone_curves.shade(teal, curves)[0, :, 0, 0]
    assert green > blue > red, "green was no further ahead, and may be now"


def test_gaps_of_sky_between_orange_leaves_glow_less_in_cobalt_by_night():
    leaves, gap = (torch.tensor(c).view(1, 3, 1, 1) for c in ([0.2, -0.3, -0.8], [0.3, 0.4, 0.7]))
    night = torch.tensor([-0.86, -0.84, -0.78]).view(1, 3, 1, 1)
    curves = tone_curves.through(leaves, night, (night + 1.11) / (leaves + 1.11))
    assert torch.allclose(tone_curves.shade(leaves, curves), night, atol=1e-4)
    before, after = tone_curves.logits(gap), tone_curves.shade(gap, curves)
    unlimited = torch.addcmul(curves[:, 3:6], curves[:, :3], before)[0, :, 0, 0]
    shown = tone_curves.logits(after)[0, :, 0, 0]
    lead, was = (float(one[2] - max(one[0], one[1])) for one in (shown, before[0, :, 0, 0]))
    assert lead < was + tone_curves.COBALT + 1e-3
    assert unlimited[2] - max(unlimited[0], unlimited[1]) > lead + 0.8, "it would be cobalt"
