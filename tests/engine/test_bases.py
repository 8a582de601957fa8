"""What differs from a region's light moves; its light stays where it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape_engine.loops import looping
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion.fields import MovingPart
from landscape_engine.rendering.compositing import render_frame
from landscape_engine.scene import bases, regions, water_bases
from landscape_engine.settings import LoopSettings

SIZE = (96, 160)
GRID = (64, 64)
RIDGE = 60  # row


def sky(*clouds: tuple[int, int, int]) -> Tensor:  # [1, 3, H, W]
    """A blue sky that pales downwards over dark land, with white clouds (x, y, radius)."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    down = y / RIDGE
    picture = np.stack([-0.6 + 0.9 * down, -0.2 + 0.6 * down, 0.6 + 0.2 * down])
    for cx, cy, radius in clouds:
        thick = np.clip(1.5 - np.hypot((x - cx) / 2, y - cy) / radius, 0, 1)
        picture = picture + thick * (0.9 - picture)
    picture[:, RIDGE:] = -0.8
    return torch.from_numpy(picture).float()[None]


def region(name: str, rows: slice) -> regions.Region:
    mask = np.zeros(SIZE, np.float32)
    mask[rows] = 1
    return regions.region_of(mask, GRID, name, torch.device("cpu"))


def loop_of(
    picture: Tensor, where: regions.Region, step: tuple[float, float], layers: bool = True
) -> list[Tensor]:
    small = torch.nn.functional.interpolate(picture[:, :3], GRID, mode="area")
    flow = torch.tensor(step).view(1, 2, 1, 1).expand(1, 2, *GRID).clone()
    base = bases.base_of(picture, where.alpha, where.name) if layers else None
    motion = motion_fields.motion_of_parts([MovingPart(where, flow, base=base)], small)
    motion = replace(motion, period=16)  # however far it travels
    frames = looping.frames(motion, LoopSettings(phase_noise=0), 16)
    return [render_frame(picture, one) for one in islice(frames, 16)]


def test_a_clear_sky_stays_whatever_the_wind():
    picture, where = sky(), region("sky", slice(0, RIDGE))
    moved = loop_of(picture, where, (0.02, 0.05))
    assert max(float((frame - picture).abs().max()) for frame in moved) < 6 / 127.5
    carried = loop_of(picture, where, (0.02, 0.05), layers=False)  # the gradient goes along
    assert max(float((frame - picture).abs().max()) for frame in carried) > 30 / 127.5


def test_the_glow_of_a_sun_is_light_and_stays():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    glow = 1 / (1 + (np.hypot(x - 120, y - 40) / 14) ** 2)
    warm = torch.from_numpy(glow[None] * np.array([0.9, 0.7, 0.3], np.float32)[:, None, None])
    picture = (sky((40, 25, 7)) + warm[None]).clamp(-1, 1)
    where = region("sky", slice(0, RIDGE))
    base = bases.base_of(picture, where.alpha, "sky")
    seen = torch.nn.functional.interpolate(base.light, SIZE, mode="bilinear", align_corners=True)
    around = np.hypot(x - 120, y - 40) < 25
    off = (picture - seen)[0][:, torch.from_numpy(around & (y < RIDGE - 4))]
    assert off.abs().mean() < 0.05, "the glow itself is higher by 0.3 there"
    assert (picture - seen)[0, 0, 22:28, 36:44].mean() > 0.4, "the cloud is none"


def test_what_is_smooth_far_and_wide_is_light_whatever_its_color():
    x = np.broadcast_to(np.linspace(-1, 1, SIZE[1], dtype=np.float32), SIZE)
    steep = 0.5 / (1 + np.exp(-8 * x)) + 0.3 * np.sin(3 * x)  # as no polynomial is
    picture = sky() * 0.2 + torch.from_numpy(steep)[None, None]
    where = region("sky", slice(0, SIZE[0]))
    base = bases.base_of(picture, where.alpha, "sky")
    seen = torch.nn.functional.interpolate(base.light, SIZE, mode="bilinear", align_corners=True)
    assert (picture - seen)[:, :, : RIDGE - 8].abs().max() < 0.08


def test_the_clear_sky_goes_on_behind_clouds():
    clear, where = sky(), region("sky", slice(0, RIDGE))
    base = bases.base_of(sky((60, 25, 9), (120, 35, 7)), where.alpha, "sky")
    seen = torch.nn.functional.interpolate(base.light, SIZE, mode="bilinear", align_corners=True)
    off = (seen - clear)[:, :, : RIDGE - 4].abs()
    assert off.mean() < 0.06
    assert off[:, :, 25, 60].max() < 0.3  # the cloud is lighter by more than 1


def test_a_cloud_that_fills_most_of_its_rows_is_no_light():
    clear, where = sky(), region("sky", slice(0, RIDGE))
    base = bases.base_of(sky((55, 30, 11), (95, 28, 9)), where.alpha, "sky")
    seen = torch.nn.functional.interpolate(base.light, SIZE, mode="bilinear", align_corners=True)
    off = (seen - clear)[:, :, : RIDGE - 4].abs()
    assert off[:, 0].mean() < 0.12 and off[:, 0, 28, 40:100].max() < 0.45, "white is 1.0 above it"


def test_a_cloud_keeps_its_color_before_another_blue():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    blue = torch.from_numpy(np.stack([-0.7 + x / 200, -0.3 + x / 250, 0.7 + 0 * x])).float()[None]
    thick = torch.from_numpy(np.clip(12 - np.hypot(x - 40, y - 30) / 2, 0, 1)).float()
    picture = torch.lerp(blue, torch.full_like(blue, 0.9), thick)
    where = region("sky", slice(0, SIZE[0]))
    part = MovingPart(where, torch.zeros(1, 2, *GRID), base=bases.Base(blue))
    part.step[:, 0] = -0.04
    small = torch.nn.functional.interpolate(picture, GRID, mode="area")
    motion = replace(motion_fields.motion_of_parts([part], small), period=16)
    frames = looping.frames(motion, LoopSettings(phase_noise=0), 16)
    for t, layers in enumerate(islice(frames, 4)):  # before it goes
        frame = render_frame(picture, layers)
        at = round(40 + 0.04 * t * SIZE[1] / 2)
        white = frame[0, :, 24:36, at - 4 : at + 5]
        assert float((white - 0.9).abs().max()) < 0.1, "no stain: it covers what it comes before"
        free = frame[0, :, 24:36, 120:150] - blue[0, :, 24:36, 120:150]
        assert float(free.abs().max()) < 0.05


def test_a_bright_rim_does_not_burn_out_before_a_brighter_base():
    x = np.broadcast_to(np.arange(SIZE[1], dtype=np.float32), SIZE)
    light = torch.from_numpy(np.stack([-0.2 + x / 150] * 3))[None]
    picture = light.clone()
    picture[:, :, 24:36, 40:43] += 0.35  # so narrow that nearly nothing of it is opaque
    where = region("sky", slice(0, SIZE[0]))
    part = MovingPart(where, torch.zeros(1, 2, *GRID), base=bases.Base(light))
    part.step[:, 0] = -0.05
    small = torch.nn.functional.interpolate(picture, GRID, mode="area")
    motion = replace(motion_fields.motion_of_parts([part], small), period=16)
    frames = looping.frames(motion, LoopSettings(phase_noise=0), 16)
    own = float(picture[0, :, 24:36, 40:43].max())
    for t, layers in enumerate(islice(frames, 4)):  # before it goes
        at = round(41 + 0.05 * t * SIZE[1] / 2)
        rim = render_frame(picture, layers)[0, 0, 24:36, at - 3 : at + 4]
        assert float(rim.max()) < max(own, float(light[0, 0, 0, at])) + 0.04, t
        assert float(rim.max() - light[0, 0, 0, at]) > 0.08, "and it is there"


def behind_a_tower(tower: slice) -> Tensor:
    """The difference of a sky from its base where streaks of cloud pass behind a tower."""
    picture, mask = sky(), np.zeros(SIZE, np.float32)
    mask[:RIDGE] = 1
    mask[20:RIDGE, tower] = 0
    streaks = torch.zeros(1, 1, *SIZE)
    streaks[:, :, 30:34, 50:110] = streaks[:, :, 44:48, 50:110] = 0.5
    picture = picture + streaks * (0.9 - picture)
    picture[:, :, torch.from_numpy(mask == 0)] = -0.8
    where = regions.region_of(mask, GRID, "sky", torch.device("cpu"))
    base = bases.base_of(picture, where.alpha, "sky")
    return bases.difference(picture, base, where.alpha)


def test_clouds_go_on_level_behind_a_tower():
    rest = behind_a_tower(slice(76, 84))
    cloud, clear = (rest[0, 0, rows, 74:86].mean() for rows in (slice(30, 34), slice(38, 41)))
    beside = rest[0, 0, 30:34, 54:68].mean()
    assert beside > 0.2 and cloud > 0.6 * beside and clear.abs() < 0.25 * beside


def test_a_star_casts_no_hole_into_what_moves_beside_it():
    picture = sky((80, 30, 14))
    mask = np.zeros(SIZE, np.float32)
    mask[:RIDGE] = 1
    where = regions.region_of(mask, GRID, "sky", torch.device("cpu"))
    base = bases.base_of(picture, where.alpha, "sky")
    whole = bases.difference(picture, base, where.alpha)
    starry = where.alpha.clone()
    starry[:, :, 30, 80] = 0
    found = bases.difference(picture, base, starry)
    assert torch.allclose(found[:, :, 27:29, 77:84], whole[:, :, 27:29, 77:84], atol=1e-5)
    assert (found - whole).abs().max() < 0.1


def test_a_sky_that_hardly_moves_has_a_base():
    picture, where = sky((60, 25, 9)), region("sky", slice(0, RIDGE))
    whole = bases.base_of(picture, where.alpha, "sky").light
    faint = bases.base_of(picture, 0.3 * where.alpha, "sky").light
    assert (whole - faint)[:, :, : RIDGE - 4].abs().mean() < 0.4
    assert bases.base_of(picture, 0 * where.alpha, "sky") is None


def test_a_mirror_breathes_with_what_it_shows():
    """Its base goes with the ripples too, and what is beside it, and the loop, stays."""
    picture, where = sky(), region("water", slice(40, 96))
    generator = torch.Generator().manual_seed(2)
    shown = torch.rand(1, 3, 12, 20, generator=generator) - 0.5
    picture[:, :, 40:] = torch.nn.functional.interpolate(shown, (56, 160), mode="bicubic")
    small = torch.nn.functional.interpolate(picture, GRID, mode="area")
    base = bases.base_of(picture, where.alpha, "water")
    still, mirror = torch.zeros(1, 2, *GRID), torch.ones(1, 1, *GRID)
    part = MovingPart(where, still, base=base, mirror=mirror)
    motion = motion_fields.motion_of_parts([part], small)
    frames = looping.frames(replace(motion, period=16), LoopSettings(), 16)
    made = [render_frame(picture, one) for one in islice(frames, 17)]
    assert torch.equal(made[0], picture) and torch.equal(made[16], picture)
    moved = [float((frame - made[0])[:, :, 44:].abs().mean()) for frame in made[1:16]]
    assert min(moved) > 0.003 and max(moved) < 0.15
    of_surface = bases.difference(picture, base, where.alpha)[:, :, 44:].abs().mean()
    assert max(moved) > 0.15 * float(of_surface), "more than the surface alone"
    assert all(torch.equal(frame[:, :, :39], picture[:, :, :39]) for frame in made)


def test_a_glow_into_which_a_region_fades_does_not_move_as_a_ring():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    away = np.hypot(x - 80, y - 30)
    glow = torch.from_numpy(np.exp(-(away**2) / 300)).float()
    picture = sky() * (1 - glow) + glow
    mask = np.clip((away - 6) / 24, 0, 1) * (y < RIDGE)
    where = regions.region_of(mask.astype(np.float32), GRID, "sky", torch.device("cpu"), soften=0)
    moved = loop_of(picture, where, (0.01, 0.0))
    changes = [(frame - picture)[..., : RIDGE - 10, :] for frame in moved]
    steps = [float(one.diff(dim=k).abs().max()) for one in changes for k in (2, 3)]
    assert max(steps) < 0.06, "what changes has no edge"


def test_clouds_move_and_the_picture_is_the_first_frame():
    picture, where = sky((80, 30, 8)), region("sky", slice(0, RIDGE))
    moved = loop_of(picture, where, (-0.02, 0.0))  # backward: things go right
    torch.testing.assert_close(moved[0], picture, atol=1e-5, rtol=0)
    begun = moved[1] - picture
    assert begun[0, 0, 30, 80 + 20] > 0.02 and begun[0, 0, 30, 80 - 16] < -0.02
    for frame in moved:
        assert torch.equal(frame[:, :, RIDGE + 1 :], picture[:, :, RIDGE + 1 :])


def test_a_frame_is_no_farther_from_the_picture_where_nothing_has_a_source():
    """Wind so fast that no copy of anything is left in the region: its base is shown."""
    picture, where = sky((80, 30, 8)), region("sky", slice(0, RIDGE))
    base = bases.base_of(picture, where.alpha, "sky")
    light = torch.nn.functional.interpolate(base.light, SIZE, mode="bilinear", align_corners=True)
    halfway = loop_of(picture, where, (0.0, 0.4))[8]
    assert (halfway - light)[:, :, 8 : RIDGE - 12].abs().max() < 0.1


def test_reflections_stay_and_the_surface_runs():
    rng = np.random.default_rng(0)
    picture = torch.full((1, 3, *SIZE), -0.5)
    across = torch.arange(SIZE[1])
    shine = torch.exp(-(((across - 85) / 12.0) ** 4))  # the reflection of something orange
    picture += shine * torch.tensor([1.0, 0.4, 0.1]).view(3, 1, 1)
    grain = torch.from_numpy(rng.normal(0, 0.1, (1, 1, *SIZE)).astype(np.float32))
    picture = (picture + grain).clamp(-1, 1)
    where = region("water", slice(20, None))
    halfway = loop_of(picture, where, (0.03, 0.0))[8]
    column = (halfway - picture)[:, :, 40:].mean((0, 1, 2))
    assert column.abs().max() < 0.2  # carried along, it would be 1
    assert (halfway - picture)[:, :, 40:].abs().mean() > 0.03


def test_the_waves_of_a_rough_sea_move_whole():
    torch.manual_seed(2)
    waves = torch.nn.functional.avg_pool2d(torch.randn(1, 1, *SIZE), (3, 5), 1, (1, 2)) * 2.0
    where = region("water", slice(0, None))
    stays = []
    for strength in (0.1, 1.0):
        picture = (strength * waves).expand(1, 3, -1, -1).clamp(-1, 1).contiguous()
        base = bases.base_of(picture, where.alpha, "water")
        moves = bases.difference(picture, base, where.alpha)
        rest = picture - bases.Base(base.light, None).light - moves
        stays.append(float(rest.abs().mean() / picture.abs().mean()))
    assert stays[1] < 0.25 and stays[1] < stays[0] + 0.2


def test_waves_leave_no_comb_in_what_water_mirrors():
    torch.manual_seed(1)
    inside = torch.ones(1, 1, 120, 240)
    waves = torch.nn.functional.avg_pool2d(torch.randn(1, 1, 122, 246), (3, 7), 1) * 1.2
    picture = (0.1 + waves).expand(1, 3, -1, -1)
    mast = torch.zeros(1, 1, 120, 240)
    mast[..., 100:108] = -0.6  # mirrored: dark from top to bottom
    calm = torch.zeros(1, 1, 120, 240)

    light = water_bases.water_base(picture, inside, calm)[0, 0, 60:]
    of_base, of_waves = (one.diff(dim=1).abs().mean() for one in (light, picture[0, 0, 60:]))
    assert float(of_base) < 0.35 * float(of_waves)
    mirrored = water_bases.water_base((0.1 + 0.1 * waves + mast).expand(1, 3, -1, -1), inside, calm)
    assert float(mirrored[0, 0, 60:, 100:108].mean()) < -0.35, "it stays mirrored"


def test_foam_moves_whole():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    streaks = ((x // 6 + y // 12) % 2).astype(np.float32)
    picture = np.full((3, *SIZE), -0.5, np.float32)
    picture[:, 20:, 60:110] = 0.2 + 0.7 * streaks[20:, 60:110]
    found = water_bases.white_water(torch.from_numpy(picture)[None], torch.ones(1, 1, *SIZE))
    assert found[0, 0, 40:80, 75:95].mean() > 0.8
    assert found[0, 0, 40:80, :40].max() < 0.1


@pytest.mark.parametrize("told", [True, False])
def test_of_surf_all_moves_and_of_a_calm_water_little(told):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    streaks = ((x // 6 + y // 12) % 2).astype(np.float32)
    picture = np.full((1, 3, *SIZE), -0.5, np.float32)
    picture[..., 20:70, :60] = 0.2 + 0.7 * streaks[20:70, :60]
    foam = torch.zeros(1, 1, *SIZE)
    foam[..., 20:70, :60] = 1
    base = bases.base_of(
        torch.from_numpy(picture), torch.ones(1, 1, *SIZE), "water", foam if told else None
    )
    assert base.most[..., 35:60, 15:45].min() > 1.0
    assert base.most[..., 130:].max() <= water_bases.WAVES
    assert base.light[..., 35:60, 15:45].std() < 0.05, "the whole texture is none of its base"


def test_clouds_that_a_calm_lake_mirrors_are_no_foam():
    picture = torch.full((1, 3, *SIZE), -0.5)
    picture[..., 40:80, 60:110] = 0.6
    everywhere = torch.ones(1, 1, *SIZE)
    base = bases.base_of(picture, everywhere, "water", torch.zeros(1, 1, *SIZE))
    assert (base.light - picture)[..., 50:70, 62:108].abs().max() < 0.01
    assert base.most.max() <= water_bases.WAVES


def test_a_mast_that_a_calm_water_mirrors_leaves_no_reflection_beside_it():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    picture = 0.03 * np.sin(1.9 * y + np.sin(x / 9))
    mirrored = np.abs(x - 80 - 2 * np.sin(1.3 * y)) < 1.5
    picture[mirrored & (y > 24)] = -0.8
    picture = torch.from_numpy(picture).expand(1, 3, -1, -1).contiguous()
    moved = loop_of(picture, region("water", slice(20, SIZE[0])), (0.02, 0.0))
    for frame in moved:
        beside = torch.cat([frame[:, :, 28:, 50:74], frame[:, :, 28:, 86:110]], 3)
        assert float(beside.min()) > -0.25 and float(beside.max()) < 0.25
    assert float((moved[4] - picture)[:, :, 28:, 20:60].abs().mean()) > 0.005, "ripples run"


def test_waves_move_and_a_stone_among_them_stays():
    picture = torch.zeros(1, 3, 60, 80)
    picture[:, :, 20:40:4] = 0.1  # waves
    picture[:, :, 28:34, 30:40] = -0.9  # a stone
    light, everywhere = torch.zeros(1, 3, 60, 80), torch.ones(1, 1, 60, 80)
    base = bases.Base(light, torch.full((1, 1, 60, 80), water_bases.WAVES))
    moving = bases.difference(picture, base, everywhere)
    assert moving[:, :, 20, 10].min() > 0.09 and moving.abs().max() < water_bases.WAVES
    assert torch.equal(bases.difference(picture, bases.Base(light), everywhere), picture)


def test_a_pictures_own_alpha_moves_with_what_it_holds():
    picture = torch.cat([sky((80, 30, 8)), torch.ones(1, 1, *SIZE)], 1)
    picture[:, 3, 20:40, 70:90] = 0
    where = region("sky", slice(0, RIDGE))
    moved = loop_of(picture, where, (-0.02, 0.0))
    torch.testing.assert_close(moved[0], picture, atol=1e-5, rtol=0)
    assert moved[6][0, 3, 30, 94] < 0.9


@pytest.mark.parametrize("kind", ["other", "reeds"])
def test_all_else_moves_whole(kind):
    assert bases.base_of(sky(), region("x", slice(0, RIDGE)).alpha, kind) is None
