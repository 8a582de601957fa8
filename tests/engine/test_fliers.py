"""Birds and balloons before the sky stay; tufts of cloud and gaps between clouds go on moving."""

from __future__ import annotations

import cv2
import numpy as np

from landscape_engine.scene import fliers

SKY = np.ones((200, 320), bool)


def cloudy(strength: float = 40.0) -> np.ndarray:
    rng = np.random.default_rng(3)
    noise = cv2.GaussianBlur(rng.normal(size=SKY.shape), (0, 0), 9)
    light = 150 + strength * noise / np.abs(noise).max()
    return np.repeat(light[..., None], 3, 2).round().astype(np.uint8)


def test_a_bird_before_clouds_is_found_and_little_else():
    picture = cloudy()
    bird = np.zeros(SKY.shape, np.uint8)
    cv2.polylines(bird, [np.array([(151, 79), (154, 81), (157, 79)])], False, 1, 1)
    picture[bird > 0] = 40
    found = fliers.find(SKY, picture)
    assert found[bird > 0].all()
    assert not found[cv2.dilate(bird, np.ones((7, 7), np.uint8)) == 0].any()


def test_a_dark_tuft_of_cloud_moves():
    y, x = np.mgrid[: SKY.shape[0], : SKY.shape[1]]
    tuft = np.exp(-((y - 80) ** 2 + (x - 150) ** 2) / 30)
    picture = (cloudy() * (1 - 0.6 * tuft)[..., None]).astype(np.uint8)
    assert not fliers.find(SKY, picture).any()


def test_blue_gaps_between_white_clouds_move():
    picture = np.full((*SKY.shape, 3), (20, 60, 140), np.uint8)
    for x in range(20, 320, 12):  # a row of round clouds, with notches between them
        cv2.circle(picture, (x, 120), 7, (240, 240, 240), -1)
    picture[120:] = 240
    assert not fliers.find(SKY, picture).any()


def test_a_large_thing_and_one_that_touches_land_are_left_to_others():
    picture, sky = cloudy(0), SKY.copy()
    cv2.circle(picture, (100, 80), 12, (30, 30, 30), -1)
    sky[150:] = False
    picture[145:150, 200:204] = 30
    assert not fliers.find(sky, picture).any()


def test_a_picture_without_a_sky_has_none():
    assert not fliers.find(~SKY, cloudy()).any()
