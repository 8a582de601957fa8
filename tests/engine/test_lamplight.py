"""Lamplight: what lamps light at dusk burns on in the dark; what the sun lights does not."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.light import daylight, lamplight

from .lit_scenes import SHARES, change_of, natural, relit, scene

WALL, STREET = (..., slice(34, 42), slice(20, 44)), (..., slice(34, 42), slice(0, 4))
ORANGE = torch.tensor([0.75, 0.1, -0.7]).view(3, 1, 1)
BUILDINGS = torch.zeros(1, 1, 64, 64)
BUILDINGS[..., 32:46, 16:48] = 1


def town(sky=-0.3, land=-0.6):
    """A wall in orange light below a blue sky, and water."""
    picture = scene(sky=sky, land=land, water=-0.5)
    picture[:, 2, :32] += 0.5
    picture[WALL] = ORANGE
    return picture.clamp(-1, 1)


def found(picture, buildings=BUILDINGS):
    return lamplight.find(daylight.linear(picture), SHARES, buildings)


def test_a_wall_that_lamps_light_burns_on_as_its_sky_goes_dark():
    picture = town()
    dark = relit(picture, -1.2, -1.2, -1.2)
    shown = natural(dark, picture, SHARES, picture, buildings=BUILDINGS)
    changed = change_of(shown, picture)
    assert changed[WALL].abs().max() < 0.02
    assert changed[..., 4:28, :].mean() < -0.6, "the sky goes dark"
    alone = change_of(natural(dark, picture, SHARES, picture), picture)
    assert alone[WALL].mean() < -0.4, "where nothing tells buildings, the wall does as well"


@pytest.mark.parametrize("light", [{"sky": 0.7}, {"land": 0.4}])  # a sky, or a land, of the day
def test_by_day_such_a_wall_is_sunlit(light):
    assert found(town())[WALL].min() > 0.9
    assert found(town(**light)).max() == 0


def test_white_clouds_make_a_day_of_a_deep_blue_sky():
    picture = town()
    picture[..., 4:14, 10:40] = 0.8
    assert found(picture).max() == 0


def test_far_from_buildings_nothing_is_lit_by_lamps():
    picture = town()
    picture[STREET] = ORANGE
    lit = found(picture)
    assert lit[STREET].max() < 0.05 and lit[WALL].min() > 0.9
    assert found(picture, torch.zeros_like(BUILDINGS)).max() == 0


def test_a_lamp_itself_is_white_amid_what_it_lights():
    picture = town()
    picture[..., 37:39, 30:32] = 1.0
    assert found(picture)[..., 37:39, 30:32].min() > 0.9
    picture[..., 37:39, 54:56] = 1.0  # a white thing in the dark
    assert found(picture)[..., 37:39, 54:56].max() < 0.1


def test_water_shows_lamps_below_them_and_what_is_warm_elsewhere_is_not_theirs():
    picture = town()
    streak, other = (..., slice(50, 62), slice(30, 33)), (..., slice(50, 62), slice(60, 63))
    picture[streak] = picture[other] = ORANGE
    lit = found(picture)
    assert lit[streak].min() > 0.9 and lit[other].max() < 0.1
    assert lit[..., 50:62, :28].max() == 0, "the water beside it"


def test_the_outline_of_a_wall_before_an_afterglow_is_not_lit():
    picture = town()
    picture[..., 24:32, :] = torch.tensor([0.7, 0.1, -0.8]).view(3, 1, 1)
    picture[..., 32:34, :] = torch.tensor([0.4, -0.1, -0.8]).view(3, 1, 1)  # it, and the glow
    assert found(picture)[..., 32:34, :].max() < 0.1
