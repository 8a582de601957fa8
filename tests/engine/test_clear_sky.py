"""Before a clear sky, what is crisp close to land stays, however faint; wisps of cloud move."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from landscape_engine.scene import clear_sky, thin_things
from landscape_engine.scene.certainty import LAND, SKY

HEIGHT, WIDTH, HORIZON = 200, 320, 150


def labels() -> np.ndarray:
    made = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    made[HORIZON:] = LAND
    return made


def evening() -> np.ndarray:  # a sky that gets lighter downwards, over dark land
    rows = np.linspace(110, 200, HORIZON).round()[:, None, None]
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    picture[:HORIZON] = np.broadcast_to(rows, (HORIZON, WIDTH, 3))
    return picture


def drawn(picture: np.ndarray, x: int, darker: int) -> np.ndarray:  # bool: a turbine, on no mast
    mark = np.zeros(picture.shape[:2], np.uint8)
    for end in ((x, 135), (x - 5, 143), (x + 5, 143)):
        cv2.line(mark, (x, 140), end, 1, 1)
    picture[mark > 0] -= darker
    return mark > 0


def test_a_faint_turbine_before_a_clear_sky_stays():
    picture = evening()
    turbine = drawn(picture, 160, 22)
    assert thin_things.find(labels(), picture)[turbine].mean() > 0.9


def test_the_same_among_clouds_is_left_to_them():
    picture = evening()
    noise = cv2.GaussianBlur(np.random.default_rng(1).normal(size=(HEIGHT, WIDTH)), (0, 0), 6)
    clouds = (noise / np.abs(noise).max() * 60)[:HORIZON, :, None]
    picture[:HORIZON] = (picture[:HORIZON] + clouds).clip(0, 255).round()
    turbine = drawn(picture, 160, 22)
    sky = labels() == SKY
    narrow, _, _ = thin_things.contrast(picture[..., 0], "dark")
    assert not clear_sky.details(sky, picture[..., 0], narrow, "dark")[turbine].any()


@pytest.mark.parametrize("polarity", ["dark", "light"])
def test_nothing_stays_of_a_gradient_or_far_from_land(polarity):
    picture = evening()
    picture[20:28, 100] = picture[20:28, 100] - 20 if polarity == "dark" else 160
    sky = labels() == SKY
    plane = picture[..., 0]
    narrow, _, _ = thin_things.contrast(plane, polarity)
    assert not clear_sky.details(sky, plane, narrow, polarity).any()


def test_blue_gaps_between_white_clouds_over_land_move_and_twigs_before_them_stay():
    picture = np.full((HEIGHT, WIDTH, 3), (30, 80, 150), np.uint8)
    picture[HORIZON:] = 40
    picture[90:136] = 235  # white clouds, and below them a gap of blue in pieces down to the land
    for x in range(30, WIDTH, 60):
        picture[136:HORIZON, x : x + 8] = 235
    cv2.line(picture, (94, HORIZON), (90, 110), (20, 20, 20), 1)
    found = thin_things.find(labels(), picture)
    gap = (picture == (30, 80, 150)).all(2)
    gap[:136] = gap[HORIZON - 4 :] = gap[:, 80:106] = False
    assert clear_sky.gaps(labels() == SKY, picture)[gap].all()
    assert found[gap].mean() < 0.05
    assert found[110:HORIZON][(picture[110:HORIZON] == 20).all(2)].mean() > 0.8


def test_dark_hills_and_a_night_have_no_gaps():
    hills = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
    hills[120:HORIZON] = (70, 80, 95)
    sky = labels() == SKY
    assert not clear_sky.gaps(sky, hills).any()
    assert not clear_sky.gaps(sky, np.full((HEIGHT, WIDTH, 3), (10, 20, 60), np.uint8)).any()
