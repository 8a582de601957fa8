"""What of a picture moves: certain parts, their edges, thin things and lights in the sky."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from landscape_engine.scene import (
    certainty,
    colored_things,
    edges,
    feather,
    lights_in_the_sky,
    regions,
    segmentation,
    thin_things,
)
from landscape_engine.scene.certainty import LAND, SKY, WATER

SIZE = (240, 400)


def shares_of(labels: np.ndarray, sure: float = 0.96) -> torch.Tensor:
    """Shares [1, 3, h, w] of a network that is as sure of its labels."""
    shares = np.full((3, *labels.shape), (1 - sure) / 2, np.float32)
    for kind in (LAND, SKY, WATER):
        shares[kind][labels == kind] = sure
    return torch.from_numpy(shares)[None]


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Labels [H, W] and a picture [H, W, 3]: sky over a far shore, a lake in front of it."""
    labels = np.full(SIZE, SKY, np.uint8)
    labels[120:140], labels[140:] = LAND, WATER
    picture = np.empty((*SIZE, 3), np.uint8)
    for kind, color in ((LAND, (60, 70, 40)), (SKY, (150, 180, 220)), (WATER, (110, 130, 150))):
        picture[labels == kind] = color
    return labels, picture


def plain() -> np.ndarray:
    return np.full((*SIZE, 3), 128, np.uint8)


def settled(shares: torch.Tensor, picture: np.ndarray, horizon: float | None = None) -> np.ndarray:
    return certainty.label(certainty.settle(shares, picture, horizon))


# ---------------------------------------------------------------- what is certain


def test_what_is_sure_stays_as_it_is():
    labels, picture = scene()
    assert np.array_equal(settled(shares_of(labels), picture), labels)


def falls_before_sky(sure: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels of a fall that comes down beside sky, and what is settled of it."""
    labels, picture = scene()
    labels[:140, :100] = labels[:140, 300:] = LAND
    labels[40:140, 320:380], picture[40:140, 320:380] = WATER, 240
    shares = shares_of(labels)
    falling = labels[None, None, :140] == WATER
    shares[:, :, :140][falling.repeat(3, 1)] = (1 - sure) / 2
    shares[:, WATER, :140][falling[:, 0]] = sure
    return labels, settled(shares, picture)


def test_a_fall_that_begins_above_the_horizon_is_whole():
    labels, found = falls_before_sky(sure=0.95)
    assert np.array_equal(found, labels)


def test_water_above_the_horizon_that_is_unsure_ends_there():
    labels, found = falls_before_sky(sure=0.7)
    assert (found[40:100, 320:380] == LAND).all()
    assert np.array_equal(found[:, :300], labels[:, :300])


def test_no_sky_without_any_clear_answer():
    labels, picture = scene()
    assert not (settled(shares_of(labels, 0.6), picture) != LAND).any()


def test_an_unsure_part_is_left_out_and_the_sure_one_beside_it_kept():
    labels, picture = scene()
    shares = shares_of(labels)
    labels[:, 190:200] = LAND
    shares[0][:, labels == LAND] = torch.tensor([0.9, 0.05, 0.05])[:, None]
    weak = (labels == WATER) & (np.arange(SIZE[1]) >= 200)
    shares[0][:, weak] = torch.tensor([0.4, 0.02, 0.58])[:, None]
    found = settled(shares, picture)
    assert (found[weak] == LAND).all() and (found[150:, :180] == WATER).all()


def test_of_a_narrow_part_its_middle_tells_how_sure_it_is():
    labels = np.full(SIZE, LAND, np.uint8)
    labels[60:200, 100:107] = WATER
    shares = shares_of(labels)
    rim = np.zeros(SIZE, bool)
    rim[60:200, [100, 106]] = True
    shares[0][:, (labels == WATER) & ~rim] = torch.tensor([0.12, 0.02, 0.86])[:, None]
    shares[0][:, rim] = torch.tensor([0.46, 0.02, 0.52])[:, None]
    shares[0][:, 60:100, 100:107] = torch.tensor([0.3, 0.02, 0.68]).view(3, 1, 1)
    assert (settled(shares, plain())[62:198, 101:106] == WATER).all()


def test_sky_that_reaches_neither_the_top_nor_a_side_is_none_unless_it_is_sure():
    labels, picture = scene()
    labels[:8], labels[20:110, 195:205] = LAND, LAND
    labels[8:120, :4], labels[8:120, -4:] = LAND, LAND
    doubtful = shares_of(labels)
    sky = labels == SKY
    doubtful[0, :, sky] = torch.tensor([0.1, 0.8, 0.1])[:, None]
    doubtful[0, :, sky & (np.arange(SIZE[1]) < 40)] = torch.tensor([0.07, 0.87, 0.06])[:, None]
    assert not (settled(doubtful, picture) == SKY).any()
    assert (settled(shares_of(labels), picture)[sky] == SKY).all()
    labels[8:120, :4] = SKY
    doubtful[0, :, 8:120, :4] = torch.tensor([0.1, 0.8, 0.1])[:, None, None]
    assert (settled(doubtful, picture)[60, :190] == SKY).all()


def test_a_larger_hole_closes_where_the_picture_has_no_edge_around_it():
    labels, picture = scene()
    shares = shares_of(labels)
    holes = [(slice(170, 210), slice(left, left + 60)) for left in (60, 260)]
    for hole in holes:
        shares[(0, slice(None), *hole)] = torch.tensor([0.6, 0.05, 0.35])[:, None, None]
    picture[holes[1]] = (60, 70, 40)
    found = settled(shares, picture)
    assert (found[holes[0]] == WATER).all() and (found[holes[1]] == LAND).all()


def test_a_sea_whose_level_horizon_is_hazy_stays_water():
    labels = np.full(SIZE, SKY, np.uint8)
    rows = 120 + 2 * np.sin(np.arange(SIZE[1]) / 9)  # of a network at a line that it hardly sees
    labels[np.arange(SIZE[0])[:, None] > rows] = WATER
    assert (settled(shares_of(labels), plain())[130:] == WATER).all()


def test_water_above_the_horizon_is_sky_where_sky_is_around_it():
    labels, picture = scene()
    labels[40:70, 100:160] = WATER
    found = settled(shares_of(labels), picture)
    assert (found[40:70, 100:160] == SKY).all() and (found[145:] == WATER).all()


def test_what_goes_over_into_sky_without_an_edge_or_a_level_line_is_sky():
    labels, picture = scene()
    rows = 70 + 20 * np.sin(np.arange(SIZE[1]) / 30)
    mist = (np.arange(SIZE[0])[:, None] > rows) & (labels == SKY)
    labels[mist] = WATER
    assert (settled(shares_of(labels), picture)[mist] == SKY).all()


def test_a_given_horizon_parts_sky_from_water():
    shares = torch.tensor([0.02, 0.96, 0.02])[:, None, None].expand(3, *SIZE)[None]
    found = settled(shares, plain(), 0.5)
    assert (found[:120] == SKY).all() and (found[120:] == WATER).all()


@pytest.mark.parametrize(("kind", "row"), [(SKY, 40), (WATER, 190)])
def test_an_unsure_hole_closes_and_a_sure_one_stays(kind, row):
    labels, picture = scene()
    shares = shares_of(labels)
    shares[0, :, row : row + 12, 60:72] = torch.tensor([0.6, 0.2, 0.2])[:, None, None]
    shares[0, :, row : row + 12, 260:272] = torch.tensor([0.95, 0.03, 0.02])[:, None, None]
    found = settled(shares, picture)
    assert (found[row : row + 12, 60:72] == kind).all()
    assert (found[row : row + 12, 260:272] == LAND).all()


def test_a_region_keeps_less_of_its_motion_where_it_is_unsure():
    labels, picture = scene()
    shares = shares_of(labels)
    shares[0, :, 140:, 200:] = torch.tensor([0.35, 0.0, 0.65])[:, None, None]
    water = regions.find(shares, picture, grid_hw=(64, 64))[-1]
    assert water.name == "water"
    assert water.certainty[0, 0, 50, 10] > 0.99 and water.certainty[0, 0, 50, 60] < 0.7


# ------------------------------------------------------------------------- edges


def test_shares_follow_the_picture_when_they_are_enlarged():
    picture = plain()
    picture[:, 183:] = 220
    coarse = np.zeros((2, 15, 25), np.float32)
    coarse[0, :, :11], coarse[1, :, 11:] = 1, 1  # the edge at 176
    found = edges.follow(coarse, picture, 14)
    assert np.allclose(found.sum(0), 1, atol=1e-4)
    assert (found[0, :, :181] > 0.5).all() and (found[1, :, 186:] > 0.5).all()


def test_a_region_is_tight_at_an_edge_of_the_picture_and_fades_where_there_is_none():
    mask = np.zeros(SIZE, bool)
    mask[:120] = True
    picture = plain()
    picture[120:, :200] = 40
    alpha = feather.soften(mask, picture)
    assert alpha[~mask].max() == 0
    assert alpha[115, 50] > 0.99, "an edge"
    assert alpha[116, 350] < 0.5 and alpha[104, 350] > 0.95, "none"


# ------------------------------------------------------------------- thin things


def draw(picture: np.ndarray, start: tuple, end: tuple, color: int, width: int = 1) -> np.ndarray:
    """Draw a line, x then y, and return where it is [H, W]."""
    import cv2

    where = np.zeros(SIZE, np.uint8)
    cv2.line(where, start, end, 1, width)
    picture[where > 0] = color
    return where > 0


@pytest.mark.parametrize(("sky", "mast"), [(200, 60), (70, 210)])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_mast_stays_be_it_dark_or_light(sky, mast, width):
    labels, picture = scene()
    picture[labels == SKY] = sky
    where = draw(picture, (90, 40), (90, 125), mast, width)
    found = thin_things.find(labels, picture)
    assert found[where & (labels == SKY)].all()
    assert found.sum() < 6 * where.sum(), "and little else"


@pytest.mark.parametrize("degrees", [0, 17, 30, 45, 72, 110, 150])
def test_a_cable_in_any_direction_is_found(degrees):
    labels, picture = np.full(SIZE, SKY, np.uint8), np.full((*SIZE, 3), 190, np.uint8)
    dx, dy = 90 * np.cos(np.radians(degrees)), 90 * np.sin(np.radians(degrees))
    ends = (round(200 - dx), round(120 - dy)), (round(200 + dx), round(120 + dy))
    where = draw(picture, *ends, 140)
    assert thin_things.find(labels, picture)[where].mean() > 0.97


@pytest.mark.parametrize("rows", [2, 4, 7])
def test_a_streak_of_cloud_is_no_cable(rows):
    labels, picture = np.full(SIZE, SKY, np.uint8), np.full((*SIZE, 3), 190, np.uint8)
    across = np.abs(np.arange(SIZE[0])[:, None] - 120 - 3 * np.sin(np.arange(SIZE[1]) / 9))
    along = (1 - np.abs(np.arange(SIZE[1]) - 200) / 90).clip(0, 1) ** 0.5
    picture -= (50 * np.exp(-((across / rows) ** 2)) * along)[..., None].astype(np.uint8)
    assert not thin_things.find(labels, picture).any()


@pytest.mark.parametrize("color", [100, 240])
def test_a_streak_of_cloud_that_begins_at_a_mast_moves_and_a_cable_there_stays(color):
    labels, picture = scene()
    mast = draw(picture, (90, 30), (90, 125), 50, 2) & (labels == SKY)
    across = np.abs(np.arange(SIZE[0])[:, None] - 60 - 3 * np.sin(np.arange(SIZE[1]) / 9))
    streak = (np.exp(-((across / 2.5) ** 2)) * (np.abs(np.arange(SIZE[1]) - 120) < 60))[..., None]
    streaked = np.where(mast[..., None], picture, picture + (color - picture) * streak)
    found = thin_things.find(labels, streaked.astype(np.uint8))
    assert found[mast].all() and found[50:70, 120:].mean() < 0.02
    if color < 150:
        cable = draw(picture, (90, 60), (180, 62), color) & (labels == SKY)
        assert thin_things.find(labels, picture)[cable].mean() > 0.95


def test_a_dark_band_of_cloud_behind_a_tower_moves():
    labels, picture = scene()
    picture[20:130, 186:190] = 60
    labels[20:130, 186:190] = LAND
    across = np.abs(np.arange(SIZE[0])[:, None] - 60 - 2 * np.sin(np.arange(SIZE[1]) / 15))
    reach = np.abs(np.arange(SIZE[1]) - 188)
    dark = 70 * np.exp(-((across / 3) ** 4)) * ((90 - reach) / 20).clip(0, 1)
    dark *= labels == SKY
    found = thin_things.find(labels, (picture - dark[..., None]).clip(0).astype(np.uint8))
    assert (dark > 35)[:, 205:].sum() > 300 and found[50:70, 205:].mean() < 0.02


def test_blades_on_a_hub_and_a_lamp_head_stay_with_their_masts():
    labels, picture = scene()
    draw(picture, (90, 60), (90, 125), 250, 2)
    blades = draw(picture, (90, 57), (78, 45), 235) | draw(picture, (91, 57), (104, 50), 235)
    draw(picture, (250, 70), (250, 125), 60, 2)
    picture[65:68, 254:262] = 40  # beside its mast, not on it
    found = thin_things.find(labels, picture)
    assert found[blades].mean() > 0.8 and found[65:68, 254:262].mean() > 0.9
    assert not found[:120, 120:230].any()


def test_a_mast_stays_whose_foot_is_lost_before_the_land():
    labels, picture = scene()
    foot = int(np.argmax(labels[:, 90] != SKY))
    where = draw(picture, (90, 50), (90, foot - 4), 250)
    assert foot > 60 and thin_things.find(labels, picture)[where].mean() > 0.95


def test_twigs_that_come_in_over_the_border_stay_before_the_sky_and_bands_of_cloud_move():
    labels, picture = scene()
    where = draw(picture, (SIZE[1] - 1, 70), (380, 30), 40)
    draw(picture, (0, 40), (70, 42), 150, 3)
    found = thin_things.find(labels, picture)
    assert found[where].mean() > 0.95 and not found[30:50, 5:65].any()


def test_a_wisp_a_contrail_and_a_step_are_no_thin_things():
    import cv2

    labels, picture = scene()
    draw(picture, (40, 20), (360, 60), 235, 2)  # a contrail: light, and hangs free
    picture[90:] = np.where(labels[90:, :, None] == SKY, 120, picture[90:])  # a bank of cloud
    soft = np.zeros(SIZE, np.float32)
    soft[60:70, 50:300] = 1
    wisp = cv2.GaussianBlur(soft, (0, 0), 6)[..., None] * 40
    picture = (picture - wisp * (labels == SKY)[..., None]).clip(0, 255).astype(np.uint8)
    assert not thin_things.find(labels, picture)[:112].any()


def test_crests_of_waves_are_no_thin_things_and_reeds_are():
    labels, picture = scene()
    for row in range(150, 230, 8):
        draw(picture, (20, row), (180, row + 1), 190)
    labels[232:], picture[232:] = LAND, 50
    where = draw(picture, (300, 170), (310, 235), 30) & (labels == WATER)
    found = thin_things.find(labels, picture)
    assert not found[:, :250].any() and found[where].mean() > 0.95


# ------------------------------------------------------------ lights in the sky


def test_a_bed_of_reeds_stays_and_what_is_mirrored_moves():
    labels, picture = scene()
    rng = np.random.default_rng(3)
    stripes = rng.integers(60, 200, (1, labels.shape[1], 1)).astype(np.uint8)
    picture[180:210, 40:140] = stripes[:, 40:140]  # reeds, on land below
    labels[210:], picture[210:] = LAND, 60
    trunks = rng.integers(60, 200, (1, 7, 1)).astype(np.uint8).repeat(15, 1)
    picture[140:175, 200:305] = trunks  # mirrored: below them is water
    found = thin_things.find(labels, picture)
    assert found[184:208, 46:134].mean() > 0.95
    assert found[150:175, 200:305].mean() < 0.1 and not found[145:170, :190].any()


def sunset(x: int = 150, y: int = 60, radius: int = 9) -> np.ndarray:
    """A sun with its glow in a sky [H, W, 3]."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    away = np.hypot(rows - y, columns - x)
    light = 255 - 140 * (1 - np.exp(-np.maximum(away - radius, 0) / 60))
    return np.stack([light, 0.9 * light + 25, 0.7 * light + 76], -1).clip(0, 255).astype(np.uint8)


def test_the_sun_and_its_glow_stay_and_the_sky_farther_off_moves():
    moving = lights_in_the_sky.moving_share(np.ones(SIZE, bool), sunset())
    assert moving[60, 150] == 0 and moving[60, 158] == 0
    assert 0 < moving[60, 170] < 1 and moving[60, 250] == 1
    assert np.abs(np.diff(moving, axis=1)).max() < 0.15, "without an edge"


def test_the_rays_of_a_star_stay_as_far_as_they_reach():
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    away = np.hypot(rows - 60, columns - 150)
    turn = np.arctan2(rows - 60, columns - 150)
    rays = 110 * np.exp(-np.maximum(away - 6, 0) / 14) * (np.cos(8 * turn) > 0.3)
    picture = (sunset(radius=4).astype(np.float32) * 0.45 + 20 + rays[..., None]).clip(0, 255)
    picture[away < 6] = 255
    short, long = (
        lights_in_the_sky.moving_share(np.ones(SIZE, bool), one.astype(np.uint8))
        for one in (picture - rays[..., None] * (away >= 6)[..., None], picture)
    )
    assert (long <= short + 1e-6).all() and long[60, 168] < 0.5 * short[60, 168]


def test_a_sun_stays_over_which_a_cloud_passes():
    picture = sunset(radius=8)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    cloud = (rows < 50) & (columns > 90) & (columns < 230)
    picture[cloud] = (picture[cloud] * 0.84).astype(np.uint8)  # before the glow, above the disc
    assert lights_in_the_sky.find_discs(np.ones(SIZE, bool), picture).any()


def test_twigs_that_come_in_over_the_border_stay_before_water():
    labels, picture = scene()
    where = draw(picture, (250, SIZE[0] - 1), (270, 190), 20) & (labels == WATER)
    assert thin_things.find(labels, picture)[where].mean() > 0.95


def test_a_white_cloud_is_no_sun():
    picture = np.full((*SIZE, 3), 150, np.uint8)
    picture[50:80, 100:190] = 250
    picture[80:120, 60:260] = 230
    assert lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture).min() == 1


def test_stars_stay_and_the_dark_sky_between_a_few_of_them_moves():
    rng, picture = np.random.default_rng(0), np.full((*SIZE, 3), 20, np.uint8)
    y, x = rng.integers(5, SIZE[0] - 5, 12), rng.integers(5, SIZE[1] - 5, 12)
    picture[y, x] = 200
    moving = lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture)
    assert (moving[y, x] == 0).all() and np.median(moving) > 0.9


def test_a_sky_full_of_trails_stays_and_the_cloud_below_it_moves():
    picture = np.full((*SIZE, 3), 20, np.uint8)
    for x in range(4, SIZE[1], 14):
        picture[:110, x : x + 2] = 220
    moving = lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture)
    assert moving[10:90].max() < 0.01 and moving[200:].min() > 0.99


def test_the_glow_below_a_sky_of_trails_stays_with_it():
    picture = np.full((*SIZE, 3), 20, np.uint8)
    for x in range(4, SIZE[1], 14):
        picture[:190, x : x + 2] = 220
    assert lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture).max() < 0.01


def test_a_sky_full_of_stars_stays_where_a_town_lights_it_too():
    rng = np.random.default_rng(0)
    picture = np.full((*SIZE, 3), 20, np.uint8)
    picture[SIZE[0] // 2 :] = 130
    lit = lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture)
    assert lit.min() == 1, "without stars it moves"
    y, x = (rng.integers(2, side - 2, 2200) for side in SIZE)
    picture[y, x] = 240
    assert lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture).max() < 0.01
    sky = torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert segmentation.starry(picture, sky) > 0.99, "and it has the light of a night"
    assert segmentation.starry(picture.clip(max=30), sky) == 0
    assert segmentation.starry(picture, sky.roll(1, 1)) == 0, "not on water"


def test_noise_of_a_dark_sky_holds_nothing():
    rng = np.random.default_rng(0)
    picture = (30 + rng.normal(0, 3, (*SIZE, 3))).clip(0, 255).astype(np.uint8)
    assert lights_in_the_sky.moving_share(np.ones(SIZE, bool), picture).mean() > 0.98


def test_by_day_nothing_is_a_star():
    rng = np.random.default_rng(0)
    picture = (170 + rng.normal(0, 20, (*SIZE, 3))).clip(0, 255).astype(np.uint8)
    assert not lights_in_the_sky.find_stars(np.ones(SIZE, bool), picture).any()


def test_no_cloud_in_a_deep_blue_sky_by_day_is_a_star():
    picture = np.full((*SIZE, 3), (10, 40, 80), np.uint8)
    picture[:60] = 230  # a white cloud, and its bits
    for x in range(4, SIZE[1], 14):
        picture[70:72, x : x + 2] = 230
    sky = np.ones(SIZE, bool)
    assert not lights_in_the_sky.find_stars(sky, picture).any()
    picture[:60] = 20
    assert lights_in_the_sky.find_stars(sky, picture).any(), "at night they are"


def aurora(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:  # float [H, W, 3]
    """A smooth green light, with the noise of a camera."""
    smooth = np.linspace(90, 170, size[1])[None, :, None] * np.array([0.2, 1.0, 0.9])
    return np.broadcast_to(smooth, (*size, 3)) + rng.normal(0, 1.5, (*size, 3))


def test_a_field_of_faint_stars_in_a_bright_aurora_stays():
    rng = np.random.default_rng(0)
    size = (720, 1280)
    picture = aurora(rng, size)
    clouds = cv2.GaussianBlur(rng.normal(0, 1, size).astype(np.float32), (0, 0), 5)
    y, x = (rng.integers(0, n, 6000) for n in size)
    stars = picture.copy()
    stars[y, x] += 32
    sky = np.ones(size, bool)
    shown = stars.clip(0, 255).astype(np.uint8)
    assert lights_in_the_sky.moving_share(sky, shown)[100:-100, 100:-100].mean() < 0.05
    cloudy = picture + 60 * (clouds / clouds.std())[..., None]
    for other in (picture, cloudy):
        shown = other.clip(0, 255).astype(np.uint8)
        assert lights_in_the_sky.moving_share(sky, shown).mean() > 0.97


def test_faint_stars_at_the_edge_of_their_field_are_no_holes_in_what_moves():
    rng = np.random.default_rng(0)
    size = (720, 1280)
    picture = aurora(rng, size)
    y, x = rng.integers(0, size[0], 4500), (size[1] * rng.beta(1, 2.5, 4500)).astype(int)
    picture[y, x] += 24
    share = lights_in_the_sky.moving_share(
        np.ones(size, bool), picture.clip(0, 255).astype(np.uint8)
    )
    assert share[:, 200].mean() < 0.3 < 0.9 < share[:, -100].mean()
    assert np.abs(np.diff(share[60:-60], axis=1)).max() < 0.2


def test_flecks_of_cloud_that_a_low_sun_lights_are_no_stars():
    picture = np.full((*SIZE, 3), (25, 22, 50), np.uint8)
    rng = np.random.default_rng(0)
    y, x = (rng.integers(0, n - 2, 800) for n in SIZE)
    for down, right in ((0, 0), (0, 1)):
        picture[y + down, x + right] = (190, 60, 45)
    sky = np.ones(SIZE, bool)
    assert lights_in_the_sky.moving_share(sky, picture).min() > 0.99
    picture[picture[..., 0] > 100] = (190, 190, 205)
    assert lights_in_the_sky.moving_share(sky, picture).max() < 0.5, "white ones are"


def test_a_yellow_crane_before_a_blue_sky_stays_and_a_warm_cloud_moves():
    height, width = 320, 480
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (110, 150, 200)
    picture += np.linspace(0, 30, height).astype(np.uint8)[:, None, None]
    sky = np.ones((height, width), bool)
    sky[280:], picture[280:] = False, (120, 90, 70)
    crane = np.zeros((height, width), bool)
    crane[80:280, 200:206] = crane[80:85, 120:360] = True
    shown = picture.copy()
    shown[crane] = (190, 160, 60)  # about as light as the sky
    found = colored_things.find(sky, shown)
    assert found[crane & sky].all() and (found & ~crane).mean() < 0.01
    soft = cv2.GaussianBlur(crane.astype(np.float32), (0, 0), 7)[..., None]
    soft = soft / soft.max() * 0.9
    cloudy = (picture * (1 - soft) + np.array([240, 180, 120]) * soft).astype(np.uint8)
    assert not colored_things.find(sky, cloudy).any()
    labels = np.where(sky, WATER, LAND).astype(np.uint8)
    found = regions.find(shares_of(labels), shown, None, (64, 96), torch.device("cpu"))
    alpha = found[0].alpha[0, 0].numpy()
    assert found[0].name == "water" and alpha[crane & sky].max() < 0.1, "a plank in the water too"
    evening = shown.copy()
    evening[:60] = (230, 170, 120)  # a low sun lights the sky
    assert not colored_things.find(sky, evening).any()


def test_a_dark_rock_in_blue_water_stays_and_foam_moves():
    picture = np.empty((320, 480, 3), np.uint8)
    picture[:] = (50, 105, 170)
    rng = np.random.default_rng(0)
    picture = (picture + rng.normal(0, 4, (320, 480, 1))).clip(0, 255).astype(np.uint8)
    rock, foam = np.zeros((2, 320, 480), bool)
    rock[150:166, 100:190] = foam[200:206, 250:330] = True
    picture[rock], picture[foam] = (76, 78, 88), (225, 228, 232)
    water = np.ones(rock.shape, bool)
    found = colored_things.find(water, picture, grey=True)
    assert found[rock].all() and not found[foam].any() and found[~rock].mean() < 0.01
    assert not colored_things.find(water, picture).any(), "before a sky it may be cloud"
