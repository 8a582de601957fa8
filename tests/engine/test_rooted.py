"""Tops of towers that were taken for sky stay; clouds behind a ridge go on moving."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from landscape_engine.scene import rooted

SIZE = (400, 640)
RIDGE = 300
SKY = np.zeros(SIZE, bool)
SKY[:RIDGE] = True


def evening() -> np.ndarray:
    """A picture [H, W, 3] of a sky that pales downwards over dark land."""
    rng = np.random.default_rng(4)
    down = np.linspace(0, 1, SIZE[0])[:, None, None]
    picture = np.array([120, 150, 190]) * (1 - down) + np.array([230, 200, 180]) * down
    picture = picture + rng.normal(0, 1.5, (*SIZE, 3))
    picture[RIDGE:] = 40
    return picture.clip(0, 255).astype(np.uint8)


def clouds(blur: float, seed: int) -> np.ndarray:  # float [H, W, 1] 0..1
    noise = np.random.default_rng(seed).normal(size=SIZE)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=2 * blur, sigmaY=blur)
    return (noise / noise.std() - 0.7).clip(0, 1)[..., None]


@pytest.mark.parametrize("color", [(60, 60, 70), (255, 230, 120)])
def test_a_tower_and_a_blade_that_touch_land_are_found(color):
    picture = evening()
    tower = np.s_[260:RIDGE, 200:212]
    picture[tower] = color
    blade = np.zeros(SIZE, np.uint8)
    cv2.line(blade, (400, RIDGE), (440, 230), 1, 3)
    picture[blade > 0] = color
    found = rooted.find(SKY, picture)
    assert found[tower].mean() > 0.95 and found[blade > 0][: -3 * 8].mean() > 0.8
    assert found.sum() < 3 * (40 * 12 + int(blade.sum()))


def test_what_hangs_free_is_left_to_others():
    picture = evening()
    picture[120:140, 300:320] = 40
    assert not rooted.find(SKY, picture).any()


def test_a_streak_of_cloud_that_a_spire_reaches_moves():
    picture, sky = evening(), SKY.copy()
    spire = np.s_[200:RIDGE, 300:306]
    picture[spire], sky[spire] = 50, False
    picture[194:200, 280:360] = 250
    assert not rooted.find(sky, picture)[190:204].any()


@pytest.mark.parametrize("blur", [6, 12, 25])
def test_clouds_behind_a_ridge_move(blur):
    for seed in range(3):
        thick = clouds(blur, seed)
        picture = (evening() * (1 - thick) + 240 * thick).astype(np.uint8)
        picture[RIDGE:] = 40
        assert rooted.find(SKY, picture)[SKY].mean() < 0.004


@pytest.mark.parametrize("size", [(1, 1), (2, 90), (7, 5), (40, 30)])
def test_tiny_pictures_have_none(size):
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    for sky in (np.ones(size, bool), rng.random(size) < 0.5, np.zeros(size, bool)):
        assert not (rooted.find(sky, picture) & ~sky).any()
