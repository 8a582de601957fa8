"""Boats, buoys and stones in water stay; waves, glints and foam go on moving."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from landscape_engine.scene import floaters

SIZE = (400, 640)
WATER = np.zeros(SIZE, bool)
WATER[160:] = True


def lake(waves: float = 6.0) -> np.ndarray:
    """A picture [H, W, 3] of waves that lie across it."""
    rng = np.random.default_rng(5)
    noise = cv2.GaussianBlur(rng.normal(size=SIZE), (0, 0), sigmaX=9, sigmaY=2)
    light = 110 + waves * noise / noise.std()
    tint = np.array([0.7, 0.95, 1.1])
    return (light[..., None] * tint).clip(0, 255).round().astype(np.uint8)


def covered(found: np.ndarray, box: tuple[slice, slice]) -> float:
    return float(found[box].mean())


def test_a_white_boat_and_a_dark_stone_are_found_and_little_else():
    picture, boat, stone = lake(), np.s_[240:250, 300:318], np.s_[320:336, 120:140]
    picture[boat], picture[stone] = (235, 230, 225), (30, 25, 20)
    found = floaters.find(WATER, picture)
    assert covered(found, boat) > 0.9 and covered(found, stone) > 0.9
    assert found.sum() < 3 * (10 * 18 + 16 * 20)


def test_rough_water_has_hardly_any():
    for waves in (6.0, 20.0, 45.0):
        assert floaters.find(WATER, lake(waves))[WATER].mean() < 0.006


def test_glints_that_lie_flat_move():
    picture = lake()
    rng = np.random.default_rng(1)
    for x, y in zip(rng.integers(40, 560, 60), rng.integers(180, 390, 60), strict=True):
        picture[y : y + 2, x : x + 14] = 250
    assert floaters.find(WATER, picture).mean() < 0.001


@pytest.mark.parametrize(
    ("many", "color", "stay"),
    [
        (6, (14, 20, 24), True),  # ducks
        (24, (14, 20, 24), False),  # wavelets
        (24, (60, 140, 20), True),  # leaves of lilies
    ],
)
def test_small_things_that_lie_are_waves_where_they_are_many(many, color, stay):
    picture, parts = lake(), []
    for k in range(many):
        x, y = 60 + 90 * (k % 6), 190 + 45 * (k // 6)
        parts.append(np.s_[y : y + 3, x : x + 10])
        picture[parts[-1]] = color
    found = floaters.find(WATER, picture)
    shares = [covered(found, part) for part in parts]
    assert min(shares) > 0.9 if stay else max(shares) < 0.1


def test_what_is_soft_or_large_is_a_reflection():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    soft = np.exp(-((y - 280) ** 2 + (x - 200) ** 2) / 800)
    picture = (lake() * (1 - 0.8 * soft)[..., None]).astype(np.uint8)
    picture[170:300, 400:560] = 40
    found = floaters.find(WATER, picture)
    assert not found[240:320, 160:240].any() and not found[180:290, 420:540].any()


def test_foam_is_no_thing():
    picture, foam = lake(), np.s_[240:254, 300:318]
    picture[foam] = 245
    white = np.zeros((100, 160), np.float32)
    white[45:80, 60:95] = 1
    assert covered(floaters.find(WATER, picture), foam) > 0.9
    assert not floaters.find(WATER, picture, white)[foam].any()


def test_land_is_left_alone_and_a_picture_without_water_has_none():
    picture = lake()
    picture[60:70, 200:220] = 20
    assert not floaters.find(WATER, picture)[:160].any()
    assert not floaters.find(~WATER & WATER, picture).any()


def test_a_small_dark_part_that_lies_flat_is_a_trough_unless_it_is_far_darker():
    def shown(darker: float, high: int, wide: int) -> float:
        picture = lake(waves=22.0).astype(np.float32)
        part = np.s_[280 : 280 + high, 300 : 300 + wide]
        picture[part] = picture[200:390].mean((0, 1)) - darker * np.array([0.7, 0.95, 1.1])
        return covered(floaters.find(WATER, picture.clip(0, 255).astype(np.uint8)), part)

    assert shown(64, 4, 9) == 0 and shown(64, 9, 4) > 0.9
    assert shown(95, 4, 9) > 0.9
