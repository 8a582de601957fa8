"""A pale moon by day stays, and so does a red sun; clouds, however small, go on moving."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from landscape_engine.scene import floaters, moons

SIZE = (400, 640)
SKY = np.zeros(SIZE, bool)
SKY[:280] = True


def evening(noise: float = 1.5) -> np.ndarray:
    """A picture [H, W, 3] of a sky that pales downwards over dark land."""
    rng = np.random.default_rng(4)
    down = np.linspace(0, 1, SIZE[0])[:, None, None]
    picture = np.array([150, 170, 190]) * (1 - down) + np.array([230, 190, 170]) * down
    picture = picture + rng.normal(0, noise, (*SIZE, 3))
    picture[~SKY] = 40
    return picture.clip(0, 255).astype(np.uint8)


def with_disc(picture: np.ndarray, radius: int, lighter: int) -> np.ndarray:
    disc = np.zeros(SIZE, np.uint8)
    cv2.circle(disc, (420, 90), radius, 1, -1)
    lit = picture.astype(int) + lighter * disc[..., None].astype(int)
    return lit.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("lighter", [18, 40, -30])
def test_a_pale_moon_is_found_and_nothing_else(lighter):
    found = moons.find(SKY, with_disc(evening(), 14, lighter))
    assert found[90, 420] and found[82:98, 412:428].all()
    assert found.sum() < 2.2 * np.pi * 14**2


def test_a_clear_sky_has_none():
    assert not moons.find(SKY, evening()).any()
    assert not moons.find(~SKY & SKY, evening()).any()


def test_clouds_are_none():
    rng = np.random.default_rng(7)
    for blur in (6, 12, 25):
        noise = cv2.GaussianBlur(rng.normal(size=SIZE), (0, 0), blur)
        thick = (noise / noise.std() - 0.6).clip(0, 1)[..., None]
        picture = (evening() * (1 - thick) + 235 * thick).astype(np.uint8)
        assert moons.find(SKY, picture)[SKY].mean() < 0.003


def test_a_soft_puff_is_a_cloud():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    puff = np.exp(-((y - 90) ** 2 + (x - 420) ** 2) / 300)[..., None]
    picture = (evening() * (1 - 0.5 * puff) + 245 * 0.5 * puff).astype(np.uint8)
    assert not moons.find(SKY, picture).any()


@pytest.mark.parametrize("size", [(1, 1), (2, 90), (7, 5), (40, 30)])
def test_tiny_pictures_have_no_things(size):
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    for region in (np.ones(size, bool), rng.random(size) < 0.5):
        assert not (moons.find(region, picture) & ~region).any()
        assert not (floaters.find(region, picture) & ~region).any()


def sunset() -> np.ndarray:
    """An orange sky full of dark and lit clouds, over dark land."""
    rng = np.random.default_rng(6)
    forms = cv2.GaussianBlur(rng.normal(size=SIZE), (0, 0), sigmaX=16, sigmaY=6)
    picture = np.array([190, 100, 50]) + np.array([40, 35, 15]) * (forms / forms.std())[..., None]
    picture[~SKY] = 25
    return picture.clip(0, 255).astype(np.uint8)


def test_a_red_sun_near_the_horizon_is_found_in_any_sky():
    picture = sunset()
    assert not moons.find(SKY, picture).any(), "lit clouds are none"
    sun = picture.copy()
    cv2.circle(sun, (300, 262), 8, (255, 170, 40), -1, cv2.LINE_AA)
    found = moons.find(SKY, sun)
    assert found[256:269, 294:307].all() and found.sum() < 2.5 * np.pi * 8**2
    white = picture.copy()
    cv2.circle(white, (300, 262), 8, (235, 225, 220), -1, cv2.LINE_AA)
    assert not moons.find(SKY, white).any(), "a white tuft may be a cloud"
