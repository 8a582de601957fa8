"""Relighting: what a day does to a picture, and what no daylight does."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.light import (
    daylight,
    nightfall,
    relighting,
    suns,
)
from landscape_engine.light.lit_scene import Scene

from .lit_scenes import SHARES, change_of, natural, relit, scene

LIGHTS_XY = {  # CIE's daylight and black bodies: chromaticities of temperatures, from tables
    2500: (0.4770, 0.4137),
    3000: (0.4369, 0.4041),
    4000: (0.3823, 0.3838),
    5000: (0.3457, 0.3587),
    7500: (0.2990, 0.3150),
    10000: (0.2788, 0.2920),
    20000: (0.2533, 0.2575),
}


@pytest.mark.parametrize("kelvin", LIGHTS_XY)
def test_no_daylight_has_a_cast(kelvin):
    x, y = LIGHTS_XY[kelvin]
    to_srgb = torch.tensor(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    red, green, blue = (to_srgb @ torch.tensor([x / y, 1.0, (1 - x - y) / y])).log().tolist()
    warmth, above = red - blue, green - (red + blue) / 2
    assert abs(above - daylight.GREEN_OF_WARMTH * warmth) < 0.06


def test_what_a_network_wants_of_single_places_is_left_out():
    picture = scene()
    blotched = picture.clone()
    blotched[..., 8:14, 8:14] -= 0.5
    shown = natural(blotched * 0.9 - 0.1, picture, SHARES)
    change = change_of(shown, picture).mean(1)[0]
    inside, beside = change[8:14, 8:14].mean(), change[8:14, 16:22].mean()
    assert change.mean() < -0.1 and abs(inside - beside) < 0.05


@pytest.mark.parametrize("green", [0.3, -0.3])
def test_what_turns_grey_things_green_or_magenta_is_light_of_a_day(green):
    picture = scene()
    wanted = relit(picture, -green / 3, green * 2 / 3, -green / 3) * 0.9
    red, up, blue = change_of(natural(wanted, picture, SHARES), picture).unbind(1)
    beside = up - (red + blue) / 2 - daylight.GREEN_OF_WARMTH * (red - blue)
    assert beside.abs().mean() < 0.05


def test_gold_falls_on_what_is_lit_and_dusk_is_blue():
    picture = scene(sky=0.5, land=0.0)
    picture[..., 32:48, :32] -= 0.8  # land in shade
    red, _, blue = change_of(
        natural(relit(picture, 0.3, 0.1, -0.4), picture, SHARES), picture
    ).unbind(1)
    warmth = (red - blue)[0, 32:48]
    assert warmth[:, 34:].mean() > 0.2 and warmth[:, :30].mean() < warmth[:, 34:].mean() / 2
    red, _, blue = change_of(
        natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES), picture
    ).unbind(1)
    assert (red - blue)[0, 32:48].mean() < -0.1, "without the sun land is lit by the sky"


def test_a_black_and_white_picture_stays_one():
    picture = scene().mean(1, keepdim=True).expand(1, 3, -1, -1).contiguous()
    for wanted in (relit(picture, 0.4, 0.1, -0.5), relit(picture, -1.2, -1.0, -0.8)):
        change = change_of(natural(wanted, picture, SHARES), picture)
        assert float((change - change.mean(1, keepdim=True)).abs().max()) < 1e-3
        assert float(change.abs().mean()) > 0.02, "its light changes"


@pytest.fixture
def no_moon(monkeypatch):
    """A sun stays one, however dark it gets."""
    monkeypatch.setattr(relighting, "AS_MOON", (8.0, 9.0))


def test_a_low_sun_reddens_and_dims_as_its_sky_gets_dark(no_moon):
    picture = scene(sky=0.2, land=-0.5)
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    sun = ((y - 22) ** 2 + (x - 40) ** 2 < 16)[None, None]
    picture = torch.where(sun, torch.ones(()), picture)
    dark = natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES, picture)
    change = change_of(dark, picture)
    of_sun, of_sky = (change[:, :, rows, columns].mean((0, 2, 3)) for rows, columns in (
        (slice(20, 25), slice(38, 43)), (slice(18, 26), slice(4, 16))
    ))  # fmt: skip
    assert of_sky.mean() < of_sun.mean() < 0.2 * of_sky.mean(), "less than the sky, and some"
    assert of_sun[0] - of_sun[2] > 0.1, "redder"


def test_a_picture_with_a_sun_in_its_sky_gets_a_night_in_which_it_is_a_moon():
    plain = scene(sky=0.2, land=-0.5)
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    away = ((y - 22) ** 2 + (x - 40) ** 2)[None, None]
    glow = torch.where(away < 64, torch.tensor([0.95, 0.6, 0.1]).view(1, 3, 1, 1), plain)
    sunny = torch.where(away < 9, torch.ones(()), glow)
    land, halo = (..., slice(36, 60), slice(4, 60)), (..., slice(17, 18), slice(38, 43))

    def shown(picture, by):
        return natural(relit(picture, by, by, by), picture, SHARES, picture)

    def fall(picture, by):
        return float(change_of(shown(picture, by), picture)[land].mean())

    assert fall(sunny, -1.8) < 0.6 * fall(plain, -1.8), "a night, if no black one"
    assert abs(fall(sunny, -0.2) - fall(plain, -0.2)) < 0.05, "and the same evening before"
    night, dusk = shown(sunny, -2.2), shown(sunny, -0.25)
    disc, sky = night[..., 21:24, 39:42], night[..., 4:28, 4:24]
    assert disc.mean() > sky.mean() + 0.4, "the moon"
    red, _, blue = night[halo].mean((0, 2, 3))
    assert red - blue < 0.1, "its halo is not gold"
    red, _, blue = dusk[halo].mean((0, 2, 3))
    assert red - blue > 0.5, "but that of the sun is"


def test_a_sun_near_the_horizon_goes_down_in_embers_and_is_no_moon():
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")

    def sun_at(row):  # in the sky, whose horizon is row 32
        away = ((y - row) ** 2 + (x - 40) ** 2)[None, None]
        glow = torch.tensor([0.95, 0.6, 0.1]).view(1, 3, 1, 1)
        picture = torch.where(away < 64, glow, scene(sky=0.2, land=-0.5))
        picture = torch.where(away < 9, torch.ones(()), picture)
        shown = natural(relit(picture, -2.2, -2.2, -2.2), picture, SHARES, picture)
        disc = shown[..., row - 1 : row + 2, 39:42].mean((0, 2, 3))
        return float(disc.mean()), float(disc[0] - disc[2])

    (low, embers), (high, moon) = sun_at(29), sun_at(10)
    assert low < high - 0.15, "it dims as its sky does"
    assert embers > 0.15 and moon < 0.1


def test_an_aurora_is_no_sun_that_turns_into_a_moon():
    picture = scene(sky=-0.7, land=-0.95)
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    away = ((y - 22) ** 2 + (x - 40) ** 2)[None, None]
    glow = torch.where(away < 64, torch.tensor([0.95, 0.6, 0.1]).view(1, 3, 1, 1), picture)
    picture = torch.where(away < 9, torch.ones(()), glow)
    shown = natural(relit(picture, -2.2, -2.2, -2.2), picture, SHARES, picture, starry=1.0)
    red, _, blue = change_of(shown, picture)[..., 17:18, 38:43].mean((0, 2, 3))
    assert abs(red - blue) < 0.2


def test_leaves_by_night_are_dark_and_green_and_not_frosted(monkeypatch):
    def night(color):
        picture = scene(sky=0.3, land=-0.4)
        picture[..., 36:46, 10:50] = torch.tensor(color).view(3, 1, 1)
        shown = natural(relit(picture, -2.2, -2.2, -2.2), picture, SHARES, picture)
        light = daylight.linear(shown[..., 38:44, 14:46])
        return float(daylight.luminance(light).mean()), light.mean((0, 2, 3))

    grass, grey = [-0.05, 0.1, -0.75], [0.0, 0.0, 0.0]  # about as light
    dark, (red, green, blue) = night(grass)
    assert dark < 0.75 * night(grey)[0]
    assert green > 1.15 * red and green > 1.15 * blue
    monkeypatch.setattr(nightfall, "SHADE_OF_LEAVES", 0.0)
    monkeypatch.setattr(nightfall, "SHIFT", 0.0)
    assert dark < 0.85 * night(grass)[0]


def test_red_is_seen_darker_than_blue_by_night():
    def dims(color):
        picture = scene(sky=0.3, land=-0.4)
        picture[..., 36:46, 10:50] = torch.tensor(color).view(3, 1, 1)
        shown = natural(relit(picture, -2.2, -2.2, -2.2), picture, SHARES, picture)
        before, after = (
            daylight.luminance(daylight.linear(one[..., 38:44, 14:46])).mean().log()
            for one in (picture, shown)
        )
        return float(after - before)

    assert dims([0.3, -0.5, -0.6]) < dims([-0.6, -0.3, 0.3]) - 0.15


@pytest.mark.parametrize("blinds", [True, False])  # or a cloud, about which the sky is as blue
def test_a_sun_in_a_blue_sky_blinds_and_a_white_cloud_does_not(blinds):
    picture = scene(land=-0.5)
    picture[:, :, :32] = torch.tensor([-0.7, -0.3, 0.3]).view(1, 3, 1, 1)
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    away = ((y - 12) ** 2 + (x - 40) ** 2).sqrt()
    glow = torch.maximum((away < 4).float(), blinds * 0.9 * (-away / 9).exp())
    picture = torch.where(SHARES[:, 1:2] > 0, torch.lerp(picture, torch.ones(()), glow), picture)
    found = suns.find(daylight.linear(picture), SHARES[:, 1:2], torch.full((1, 1, 64, 64), -0.9))
    assert (found.setting[0, 0, 12, 40] > 0.9) == blinds
    assert found.setting[0, 0, :, :20].max() < 0.05


def test_a_streak_of_white_cloud_is_no_sun():
    plain = scene(sky=0.2, land=-0.5)
    streaked = plain.clone()
    streaked[:, :, 20:23, 4:60] = 1.0
    land = (..., slice(36, 60), slice(4, 60))
    plain_falls, streaked_falls = (
        float(change_of(natural(relit(one, -1.8, -1.8, -1.8), one, SHARES, one), one)[land].mean())
        for one in (plain, streaked)
    )
    assert streaked_falls < 0.8 * plain_falls < 0, "its night comes"


def test_land_loses_color_in_the_dusk_and_not_in_the_evening():
    picture = scene(sky=0.5, land=-0.2)
    picture[:, :, 36:46, 10:50] = torch.tensor([0.1, 0.4, -0.6]).view(1, 3, 1, 1)  # a green hedge

    def color_left(by):
        shown = natural(relit(picture, by, by, by), picture, SHARES)
        a, b = (
            torch.cat([one.amax(1) - one.amin(1)])[:, 38:44, 14:46].mean()
            / one.amax(1)[:, 38:44, 14:46].mean()
            for one in (daylight.linear(shown), daylight.linear(picture))
        )
        return float(a / b)

    assert color_left(-1.5) < 0.85 < 0.93 < color_left(-0.1)


def test_an_afterglow_stays_at_the_horizon_and_land_does_not_see_it(monkeypatch):
    picture = scene(sky=0.5)
    warm = []
    for glow in (relighting.AFTERGLOW, 0.0):
        monkeypatch.setattr(relighting, "AFTERGLOW", glow)
        shown = natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES)
        red, _, blue = change_of(shown, picture).unbind(1)
        warm.append(red - blue)
    gained = (warm[0] - warm[1])[0]
    assert gained[26:31].mean() > 0.2 and gained[:8].abs().mean() < 0.1
    assert gained[34:46].abs().mean() < 0.05


def test_a_white_wall_darkens_by_day_and_a_lamp_burns_on_by_night():
    def fall(picture):
        lit = picture.clone()
        lit[..., 44:50, 28:34] = 1.0
        shown = natural(relit(lit, -0.8, -0.8, -0.8), lit, SHARES, lit)
        return float(change_of(shown, lit)[..., 46:48, 30:32].mean())

    by_day, by_night = fall(scene(sky=0.6, land=0.2)), fall(scene(sky=-0.7, land=-0.9))
    assert by_day < -0.7 and by_night > -0.3


def test_dry_grass_stays_gold_under_a_bright_sky(monkeypatch):
    monkeypatch.setattr(nightfall, "EVENED", 0.0)

    def loses(sky):
        picture = scene(sky=sky, land=-0.3)
        picture[..., 36:46, 10:50] += torch.tensor([0.7, 0.25, -0.05]).view(3, 1, 1)
        picture = picture.clamp(-1, 1)
        shown = natural(relit(picture, -0.9, -0.9, -0.9), picture, SHARES)
        red, _, blue = change_of(shown, picture)[..., 38:44, 14:46].unbind(1)
        return float((blue - red).mean())

    assert loses(0.7) < 0.95 * loses(0.1)  # of both, color fades, and night falls


def test_a_white_sky_does_not_redden():
    picture = scene(sky=0.98, land=-0.5).clamp(max=1)
    dark = natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES, picture)
    warmer = change_of(dark, picture)[:, 0] - change_of(dark, picture)[:, 2]
    assert float(warmer[:, :16].mean()) < 0.05  # at the horizon there is an afterglow


def test_a_suns_glow_in_the_sharp_picture_is_not_cooled_nor_its_disc_darkened(no_moon):
    picture = scene(sky=0.3)
    sharp = picture.clone()
    sharp[:, :, 2:12, 18:28] = torch.tensor([1.0, 0.5, -0.2]).view(1, 3, 1, 1)  # too small a glow
    sharp[:, :, 5:9, 21:25] = 1.0  # for the picture without its forms
    wanted = relit(picture, -0.9, -0.7, -0.3)
    red, green, blue = change_of(natural(wanted, picture, SHARES, sharp), picture).unbind(1)
    near, far = (slice(3, 11), slice(19, 27)), (slice(3, 10), slice(50, 60))
    cooled = (red - blue)[0]
    assert cooled[far].mean() < -0.2 and cooled[near].mean() > cooled[far].mean() / 2
    assert green[0, 6:8, 22:24].mean() > green[0][far].mean() / 2
    assert torch.equal(
        natural(wanted, picture, SHARES, picture),
        natural(wanted, picture, SHARES),
    )


def test_a_large_sun_is_not_cooled_in_its_middle(no_moon):
    picture = scene(sky=0.3)
    picture[:, :, 6:30, 16:40] = torch.tensor([1.0, 0.5, -0.2]).view(1, 3, 1, 1)
    picture[:, :, 10:26, 20:36] = 1.0
    wanted = relit(picture, -0.9, -0.7, -0.3)
    red, _, blue = change_of(natural(wanted, picture, SHARES), picture).unbind(1)
    middle, far = (slice(16, 20), slice(26, 30)), (slice(8, 20), slice(52, 62))
    assert (red - blue)[0][far].mean() < -0.2
    assert (red - blue)[0][middle].mean() > -0.15


def test_land_that_is_blue_already_gets_less_blue_at_dusk(monkeypatch):
    picture = scene()
    picture[:, :, 32:48] += torch.tensor([-0.3, 0.0, 0.3]).view(1, 3, 1, 1)
    cooled = []
    for less in (relighting.BLUE, 0.0):
        monkeypatch.setattr(relighting, "BLUE", less)
        shown = natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES)
        red, _, blue = change_of(shown, picture).unbind(1)
        cooled.append(float((red - blue)[0, 32:48].mean()))
    assert cooled[0] > cooled[1] + 0.05


def test_lilac_clouds_get_no_green_rim_as_they_cool():
    picture = scene(sky=0.0, land=-0.5)
    warmth = torch.linspace(-0.4, 0.9, 64).expand(1, 1, 32, 64)
    logs = torch.cat([warmth / 2 + 0.12, torch.full_like(warmth, -0.24), 0.12 - warmth / 2], 1)
    picture[:, :, :32] = daylight.encoded((0.2 * logs.exp()).clamp(0, 1))  # 0.36 of magenta
    cooled = relit(picture, -1.6, -1.2, -0.8)
    change = change_of(natural(cooled, picture, SHARES), picture)[:, :, :32]
    _, green = daylight.axes(change)
    assert green.max() < 0.35, "they are still lilac"


def test_a_lake_from_above_has_no_horizon():
    water = torch.zeros(1, 3, 64, 64)
    water[:, 2] = 1
    light = torch.full((1, 3, 64, 64), 0.3)
    assert (Scene(light, water).height == 0.5).all()
    assert Scene(light, SHARES).height.std() > 0.1


def test_a_grey_sky_takes_less_gold_than_a_blue_one():
    grey, blue = scene(sky=0.5), scene(sky=0.5)
    blue[:, 0, :32] -= 0.5
    gold = [
        change_of(natural(relit(one, 0.6, 0.1, -0.8), one, SHARES), one)[:, :, :32]
        for one in (grey, blue)
    ]
    low, high = (float((one[:, 0] - one[:, 2]).mean()) for one in gold)
    assert 0.2 < low < relighting.GREY_GOLD and high > low + 0.1


@pytest.mark.parametrize("golden", ["sky", "land"])
def test_the_light_of_land_agrees_with_its_skys(golden):
    picture = scene(sky=0.3, land=0.0)
    wanted, lit = picture.clone(), relit(picture, 0.5, 0.1, -0.7)
    rows = slice(0, 32) if golden == "sky" else slice(32, 48)
    wanted[:, :, rows] = lit[:, :, rows]
    red, _, blue = change_of(natural(wanted, picture, SHARES), picture).unbind(1)
    sky, land = ((red - blue)[0, some].mean() for some in (slice(0, 32), slice(32, 48)))
    assert max(sky, land) > 0.15, "there is gold"
    least, most = sky - relighting.APART[1], sky.clamp(min=0) + relighting.APART[0]
    assert least - 0.05 < land < most + 0.05


@pytest.mark.parametrize("sky", [(-0.85, -0.8, -0.75), (-0.75, -0.05, -0.4)])  # stars, an aurora
def test_no_sun_lights_the_night(sky):
    evening, night = scene(land=-0.9), scene(land=-0.9)
    night[:, :, :32] = torch.tensor(sky)[None, :, None, None]

    def warmed(picture, starry=0.0):
        wanted = relit(picture, 0.3, 0.1, -0.4)
        shown = natural(wanted, picture, SHARES, starry=starry)
        red, _, blue = change_of(shown, picture).unbind(1)
        return float((red - blue)[0, :32].mean())

    assert warmed(evening) > 0.4
    assert abs(warmed(evening, starry=1.0)) < 0.12
    assert abs(warmed(night)) < 0.12


def test_snow_takes_less_gold_than_rock(monkeypatch):
    def gold(land):
        picture = scene(sky=0.4, land=land)
        shown = natural(relit(picture, 0.1, 0.0, -0.5), picture, SHARES, picture)
        red, _, blue = change_of(shown, picture).unbind(1)
        return float((red - blue)[0, 34:46].mean())

    rock, snow = gold(0.1), gold(0.8)
    monkeypatch.setattr(relighting, "SNOW", (relighting.SNOW[0], 0.0))
    assert abs(gold(0.1) - rock) < 0.02 and snow < gold(0.8) - 0.05


def test_an_alpenglow_leaves_a_dark_valley_and_dry_grass_keeps_its_gold_by_day(monkeypatch):
    monkeypatch.setattr(nightfall, "EVENED", 0.0)

    def loses(land):
        picture = scene(sky=0.5, land=land)
        lit = (slice(None), slice(None), slice(34, 40), slice(20, 44))
        picture[lit] = torch.tensor([0.3, -0.35, -0.7])[None, :, None, None]
        change = change_of(
            natural(relit(picture, -0.8, -0.8, -0.8), picture, SHARES, picture), picture
        )
        red, _, blue = change.unbind(1)
        return float((red - blue)[0, 36:38, 26:38].mean())

    assert loses(-0.9) < loses(-0.1) - 0.05


def test_the_glow_of_a_sun_that_is_gone_goes_out(monkeypatch, no_moon):
    picture = scene(sky=0.0, land=-0.8, water=-0.2)
    picture[:, :, 24:32] = torch.tensor([0.75, 0.3, -0.3])[None, :, None, None]  # not burnt out

    def glow():
        shown = natural(relit(picture, -1.8, -1.8, -1.8), picture, SHARES, picture)
        red, green, blue = change_of(shown, picture)[..., 27:30, :].mean((2, 3))[0].tolist()
        return green, red - blue

    light, warmth = glow()
    monkeypatch.setattr(relighting, "OF_GLOW", (0.0, 0.0))
    kept, warm = glow()
    assert light < kept - 0.15 and warmth < warm - 0.3


def test_under_a_sky_that_a_town_lights_lamps_keep_their_colors():
    """Its sky is as light as one of the dusk; what is light amid the dark tells the night."""
    dark = scene(sky=-0.45, land=-0.92, water=-0.92)
    town = dark.clone()
    town[..., 36:46:4, 4:60:8] = torch.tensor([0.9, 0.6, 0.0])[:, None, None]
    changes = []
    for picture in (dark, town):
        wanted = relit(picture, -0.6, -0.3, 0.2)
        red, _, blue = change_of(natural(wanted, picture, SHARES, picture), picture).unbind(1)
        changes.append(float((red - blue).abs().mean()))
    assert changes[1] < 0.5 * changes[0]


@pytest.mark.parametrize("sky", [(-0.95, -0.3, 0.35), (-0.6, 0.05, 0.1)])  # deep blue, teal
def test_a_blue_or_teal_sky_has_a_day(sky):
    picture = scene()
    picture[:, :, :32] = torch.tensor(sky)[None, :, None, None]
    change = change_of(natural(picture - 0.3, picture, SHARES), picture)
    assert change.mean() < -0.3


def test_an_alpenglow_fades_as_it_gets_dark_and_not_before():
    picture = scene()
    for rows, lit in ((slice(32, 40), (0.5, 0.0, -0.3)), (slice(40, 48), (-0.6, -0.6, -0.6))):
        picture[..., rows, :] = torch.tensor(lit)[:, None, None]

    def apart(shown):  # how much lighter and warmer the lit slope is than the rock, as logarithms
        red, _, blue = (change_of(shown, picture)[..., 32:48, :]).unbind(1)
        light, warmth = (red + blue) / 2, red - blue
        return [float(one[:, 2:6].mean() - one[:, 10:14].mean()) for one in (light, warmth)]

    dark, dawn = (natural(picture + e, picture, SHARES) for e in (-0.6, 0.1))
    light, warmth = apart(dark)
    assert light < -0.25 and warmth < -0.3
    assert warmth < apart(dawn)[1] - 0.15


def test_the_night_is_blue_but_for_the_horizon_and_what_is_green_gets_no_magenta():
    picture = scene(sky=0.5, land=0.1, water=0.1)
    night = natural(relit(picture, -2.5, -2.5, -2.5), picture, SHARES)
    red, _, blue = change_of(night, picture).unbind(1)
    bluer = (blue - red)[0].mean(1)
    assert bluer[:8].mean() > 0.4 and bluer[36:44].mean() > 0.4, "zenith, land"
    assert bluer[28:32].mean() < 0.5 * bluer[:8].mean(), "afterglow"
    picture[:, :, 48:] = torch.tensor([-0.2, 0.15, -0.2])[None, :, None, None]  # green water
    picture[:, 2, 48:] += torch.linspace(-0.15, 0.15, 64)  # from warm to cold
    night = natural(relit(picture, -2.5, -2.5, -2.5), picture, SHARES)
    red, green, blue = night[..., 52:60, :].mean(2)[0]
    assert (green - torch.maximum(red, blue) > -0.12).all()
    ahead = green - (red + blue) / 2
    assert ahead.diff().abs().max() < 0.02, "no stripe where it turns"


def test_land_darkens_with_its_sky_and_water_shows_it():
    picture = scene()
    wanted = picture.clone()
    wanted[..., :32, :] -= 0.5
    change = change_of(natural(wanted, picture, SHARES), picture).mean((0, 1, 3))
    sky, land, water = (float(part.mean()) for part in (change[:32], change[32:48], change[48:]))
    assert sky < -0.3 and land < 0.7 * sky and water < 0.3 * sky


def test_a_blue_sky_becomes_golden_by_way_of_grey_and_not_of_green():
    picture = scene()
    picture[:, :, :32] = torch.tensor([-0.9, -0.1, 0.5])[None, :, None, None]
    shown = natural(relit(picture, 0.4, 0.0, -0.8), picture, SHARES)[..., :32, :]
    _, a, _ = daylight.lab(daylight.linear(shown))
    assert a.mean() > -1.5


def test_timid_changes_are_lengthened_and_none_goes_too_far():
    picture = scene()

    def far(shown):
        labs = [torch.cat(daylight.lab(daylight.linear(one)), 1) for one in (shown, picture)]
        return float((labs[0] - labs[1]).square().sum(1).sqrt().mean())

    timid, bold = relit(picture, -0.15, -0.15, -0.15), relit(picture, -3.0, -3.0, -3.0)
    assert far(natural(timid, picture, SHARES)) > 1.3 * far(timid)
    darkest = far(natural(bold, picture, SHARES))
    assert darkest < (1 + relighting.DEEPER) * relighting.MOST and darkest < far(bold)


def test_nothing_is_clipped_that_was_not_and_nothing_wanted_is_the_picture():
    picture = scene(sky=0.75)
    shown = natural(relit(picture, 1.5, 1.0, 0.5), picture, SHARES)
    assert shown.amax() <= max(float(picture.amax()), 0.92)
    assert torch.equal(natural(picture, picture, SHARES), picture)
    assert not shown.isnan().any()


def test_sunlit_spots_fade_into_the_land_about_them_by_night_and_not_in_the_evening():
    picture = scene(sky=0.5, land=-0.3)
    picture[..., 38:42, 20:24] += 0.9  # a spot of sun on sand

    def ahead(by):  # of the spot, in ln, over what it was
        change = change_of(natural(relit(picture, by, by, by), picture, SHARES), picture)
        return float(change[..., 39:41, 21:23].mean() - change[..., 36:44, 40:56].mean())

    assert ahead(-2.2) < ahead(-0.2) - 0.9


def low_sky(red, green, blue):
    """A scene whose sky has this color near the horizon."""
    picture, color = scene(sky=0.3, land=-0.4), torch.tensor([red, green, blue]) * 2 - 1
    picture[:, :, 20:32] = picture[:, :, 20:32] * 0.2 + color.view(3, 1, 1) * 0.8
    return picture


def greener(shown):
    """How far the sky is beyond daylight's line, at the horizon and overhead."""
    warmth, green = daylight.axes((daylight.linear(shown) + daylight.FAINT).log())
    beyond = green - daylight.GREEN_OF_WARMTH * warmth
    return float(beyond[:, :, 28:32].mean()), float(beyond[:, :, :8].mean())


def test_pale_gold_at_the_horizon_gets_rose_in_the_dusk_and_no_olive():
    picture = low_sky(0.75, 0.72, 0.66)
    before, day, dusk = (
        greener(natural(relit(picture, by, by, by), picture, SHARES) if by else picture)
        for by in (0.0, -0.15, -1.4)
    )
    assert abs(day[0] - before[0]) < 0.02
    assert dusk[0] < before[0] - 0.06 and abs(dusk[1] - before[1]) < 0.03


def test_a_yellow_glow_gets_orange_before_it_is_dim():
    picture = low_sky(0.95, 0.85, 0.35)
    seen, same = relighting.scene_of(picture, SHARES), torch.zeros(1, 1, 64, 64)
    green = nightfall.rose_at_dusk(same - 1.2, same, same, same, seen)
    assert green[:, :, 28:32].mean() < -0.15 and green[:, :, :8].abs().mean() < 0.05
    assert not nightfall.rose_at_dusk(same - 0.2, same, same, same, seen).any()


@pytest.mark.parametrize(("clouds", "stays"), [(0, True), (2, False)])
def test_a_moon_shines_on_as_its_sky_goes_dark_and_small_clouds_do_not(clouds, stays):
    picture = scene(sky=-0.2, land=-0.6)
    picture[:, :, :32] = torch.linspace(-0.3, -0.1, 32).view(1, 1, 32, 1)
    places = [(10, 20), (6, 48), (20, 40)][: 1 + clouds]
    for y, x in places:
        picture[..., y : y + 2, x : x + 2] = 0.55
    shown = natural(relit(picture, -1.2, -1.2, -1.2), picture, SHARES, picture)
    changed = change_of(shown, picture)
    assert (changed[..., 10:12, 20:22].min() > -0.1) == stays
    assert changed[..., 24:30, :].mean() < -0.6


@pytest.mark.parametrize("bluer", [0.3, 0.0])  # or a grey sky, all of which takes gold
def test_a_blue_sky_stays_blue_aloft_at_dusk(bluer):
    picture = scene(sky=0.3, land=-0.4)
    picture[:, 2, :32] += bluer
    picture[:, 0, :32] -= bluer

    def gets_warmer(by):
        shown = natural(relit(picture, by + 0.5, by, by - 0.5), picture, SHARES, picture)
        red, _, blue = change_of(shown, picture)[..., 1:10, :].unbind(1)
        return float((red - blue).mean())

    by_day, at_dusk = gets_warmer(0.0), gets_warmer(-0.3)
    assert by_day > 0.5
    assert (at_dusk < 0.0) == (bluer > 0)
