"""Falls go down along their threads; surf, rapids and other water don't."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from landscape_engine.landscape import Landscape
from landscape_engine.loops import travel
from landscape_engine.motion import fields as motion_fields
from landscape_engine.motion import movement, moving_water
from landscape_engine.motion.codes import Chosen
from landscape_engine.motion.fields import MovingPart
from landscape_engine.scene import certainty, falls, regions, thin_things
from landscape_engine.settings import LoopSettings, MotionSettings
from tests.conftest import make_bundle

H, W = 240, 360
GRID = (64, 64)
CURTAIN = slice(50, 170), slice(150, 210)
POOL = slice(170, H), slice(0, W)


def threads(lean: float = 0.0) -> np.ndarray:  # uint8 [H, W]
    """A texture of threads that stand upright, or lean by so many pixels for each one down."""
    rng = np.random.default_rng(0)
    across = cv2.GaussianBlur(rng.normal(0, 1, (1, 2 * W)).astype(np.float32), (0, 0), 2)[0]
    y, x = np.mgrid[:H, :W]
    across /= np.abs(across).max()
    return (180 + 60 * across[(x - lean * y).astype(int) % (2 * W)]).astype(np.uint8)


def scene(lean: float = 0.0) -> tuple[np.ndarray, np.ndarray]:  # uint8 [H, W, 3], bool [H, W]
    """A fall between rocks into a pool of level waves, all of it white; and where water is."""
    grey = np.full((H, W), 60, np.uint8)
    grey[CURTAIN] = threads(lean)[CURTAIN]
    grey[POOL] = waves()[POOL]
    water = np.zeros((H, W), bool)
    water[CURTAIN] = water[POOL] = True
    return np.repeat(grey[..., None], 3, 2), water


def waves() -> np.ndarray:  # uint8 [H, W]
    rng = np.random.default_rng(1)
    down = cv2.GaussianBlur(rng.normal(0, 1, (H, 1)).astype(np.float32), (0, 0), 1.5)
    return (180 + 60 * down / np.abs(down).max()).repeat(W, 1).astype(np.uint8)


def white(water: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(water.astype(np.float32))[None, None]


def region(name: str, mask: np.ndarray, grid: tuple[int, int] = GRID) -> regions.Region:
    made = regions.region_of(mask.astype(np.float32), grid, name, torch.device("cpu"), soften=0)
    return replace(made, kind=name)


def tensor(picture: np.ndarray) -> torch.Tensor:  # [1, 3, H, W]
    return torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)[None]


def test_the_curtain_falls_and_its_pool_does_not():
    picture, water = scene()
    found = falls.find(water, white(water), picture)
    assert found[CURTAIN].mean() > 0.9
    assert found[190:].mean() < 0.02 and not (found & ~water).any()


def test_the_pool_at_the_foot_is_no_part_of_the_fall():
    picture, water = scene()
    foam = water.copy()
    foam[POOL] = False
    found = falls.find(water, white(foam), picture)
    assert found[165:169, 155:205].all() and not found[171:].any()


def test_threads_that_spray_hides_fall_with_the_rest():
    picture, water = scene()
    wide = np.zeros_like(water)
    wide[50:170, 40:320] = True
    picture[wide] = np.repeat(threads()[..., None], 3, 2)[wide]
    spray = (slice(70, 150), slice(240, 320))
    picture[spray] = 205  # no thread is seen in it
    water |= wide
    found = falls.find(water, white(water), picture)
    assert found[spray].mean() > 0.9 and found[200:].mean() < 0.02


def test_level_surf_is_no_fall_nor_is_water_that_is_not_white():
    picture, water = scene()
    surf = np.zeros_like(water)
    surf[POOL] = True
    assert not falls.find(surf, white(surf), picture).any()
    assert not falls.find(water, 0 * white(water), picture).any()


@pytest.mark.parametrize("lean", [-0.5, 0.0, 0.5])
def test_falls_go_down_along_their_threads(lean):
    picture, _ = scene(lean)
    mask = np.zeros((H, W), bool)
    mask[CURTAIN] = True
    core = region("falls", mask).core
    step = falls.step(tensor(picture), core)
    across, down = (-step[0, k][core[0, 0]] * side / 2 for k, side in ((0, W), (1, H)))
    assert (down > 0).all(), "backward flow: what is seen comes from above"
    assert torch.hypot(across, down).mean() == pytest.approx(falls.PACE * W, rel=0.01)
    assert float((across / down).mean()) == pytest.approx(lean, abs=0.15)


def test_threads_that_stand_upright_are_seen_and_level_waves_are_not():
    picture, water = scene()
    image = tensor(picture)
    stands = falls.upright(image, 0.3 * white(water))[0, 0].numpy()
    assert stands[70:150, 160:200].min() > 0.9 and stands[190:].max() < 0.1
    assert not stands[~water].any()
    assert not falls.upright(image, 0.05 * white(water)).any(), "nothing there is white water"


def test_a_fall_that_is_tall_rather_than_slender_falls():
    picture = np.repeat(threads()[..., None], 3, 2)
    tall, low = np.zeros((2, H, W), bool)
    tall[60:100, 150:180] = True  # 1.4 % of the picture
    low[60:90, 150:190] = True
    assert falls.find(tall, white(tall), picture)[66:94, 155:175].all()
    assert not falls.find(low, white(low), picture).any()


def test_upright_foam_below_a_sea_is_surf():
    picture, water = scene()
    assert falls.find(water, white(water), picture)[CURTAIN].mean() > 0.9
    foam = water.copy()
    water[:50] = True  # the sea, before the same curtain
    found = falls.find(water, white(foam), picture)
    assert not found.any()


def test_a_small_far_fall_falls():
    picture = np.repeat(threads()[..., None], 3, 2)
    far = np.zeros((H, W), bool)
    far[60:83, 150:166] = True  # a tenth of the picture's height
    assert falls.find(far, white(far), picture)[66:77, 154:162].all()


def test_a_low_part_between_steps_of_falls_falls_with_them():
    picture, _ = scene()
    steps, ledges = np.zeros((2, H, W), bool)
    steps[20:70, 150:166] = steps[86:122, 143:177] = steps[138:210, 146:174] = True
    ledges[68:88, 152:162] = ledges[120:140, 152:162] = True
    picture[:] = np.repeat(threads()[..., None], 3, 2)
    picture[ledges] = np.repeat(waves()[..., None], 3, 2)[ledges]
    found = falls.find(steps | ledges, white(steps | ledges), picture)
    assert found[94:114, 148:172].mean() > 0.9


def test_threads_of_white_water_are_no_things_that_stand_in_it():
    picture, water = scene()
    labels = np.where(water, certainty.WATER, certainty.LAND).astype(np.uint8)
    labels[230:] = certainty.LAND  # threads and their texture are rooted in it, as reeds are
    picture[170:] = np.repeat(threads()[..., None], 3, 2)[170:]
    held = thin_things.find(labels, picture)
    free = thin_things.find(labels, picture, falls.foam_in(water, white(water)))
    assert held[180:225].mean() > 0.3 and free[180:225].mean() < 0.1
    twig = (slice(60, 160), slice(178, 181))
    picture[twig] = 20
    free = thin_things.find(labels, picture, falls.foam_in(water, white(water)))
    assert free[70:150, 179].mean() > 0.9, "a dark twig before the fall stays"


def test_the_rim_beside_land_stays_and_threads_keep_their_middle():
    fall, water = np.zeros((2, 300, 1280), bool)
    fall[50:200, 400:500] = fall[50:200, 700:712] = fall[50:200, 800:804] = True
    water[200:] = True
    found = falls.without_rim(fall, fall | water)
    assert not found[60:190, [400, 402, 497, 499]].any() and found[60:190, 405:495].all()
    assert not found[50:53, 400:500].any() and found[199, 410:490].all(), "below it is water"
    assert found[60:190, 703:709].all() and not found[60:190, [700, 711]].any()
    assert found[60:190, 800:804].all()


def test_falls_are_a_region_of_their_own():
    picture, water = scene()
    shares = torch.zeros(1, 3, H, W)
    shares[0, 0] = torch.from_numpy((~water).astype(np.float32))
    shares[0, 2] = 1 - shares[0, 0]
    found = {r.name: r for r in regions.find(shares, picture, None, GRID, "cpu", white(water))}
    assert set(found) == {"water", "falls"}
    falling = found["falls"].alpha[0, 0].numpy() > 0.5
    assert falling[CURTAIN].mean() > 0.7 and falling[185:].mean() < 0.05
    assert not ((found["water"].alpha > 0.5) & (found["falls"].alpha > 0.5)).any()
    without = regions.find(shares, picture, None, GRID)
    assert [r.name for r in without] == ["water"]


def test_falls_take_short_loops_and_say_nothing_of_it():
    picture, _ = scene()
    mask = np.zeros((H, W), bool)
    mask[CURTAIN] = True
    part = MovingPart(region("falls", mask), falls.step(tensor(picture), region("f", mask).core))
    motion = motion_fields.motion_of_parts([part], torch.zeros(1, 3, *GRID))
    fitted = travel.fit(motion, LoopSettings(), 100)
    assert fitted.parts[0].rounds == 2 and fitted.parts[0].slowed == 1
    assert travel.notes(fitted) == []


def test_falls_move_by_themselves_only_where_the_codes_suit_the_picture():
    picture, water = scene()
    pool = water.copy()
    pool[CURTAIN] = False
    both = [region("water", pool, (256, 256)), region("falls", water & ~pool, (256, 256))]
    image = tensor(picture)
    landscape = Landscape(image, make_bundle())
    code = landscape.bundle.motion_codes.codes[:1]
    step = movement.step_of(landscape, code)

    def moved(calm: bool, water: str = "predicted") -> torch.Tensor:
        settings, chosen = MotionSettings(water=water), Chosen(code, calm=calm)
        motion = movement.in_regions(landscape, step, both, settings, 0, chosen)
        part = next(p for p in motion.parts if p.region.name == "falls")
        return part.step[:, 1][part.region.core[:, 0]]

    grid_core = both[1].core
    assert torch.allclose(
        moved(True), falls.step(image, grid_core)[:, 1][grid_core[:, 0]], rtol=0.2
    )
    assert not torch.allclose(moved(False), moved(True), rtol=0.2)
    assert not moved(True, "still").any()
    still = moving_water.answer([MovingPart(both[1], step)], MotionSettings(water="still"))
    assert not still[0].step.any()
