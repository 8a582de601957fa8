"""Sky that is seen between branches has the sky's light; walls and snow have their own."""

from __future__ import annotations

import numpy as np

from landscape_engine.scene import gaps

HEIGHT, WIDTH = 120, 200
SKY, TWIG, WALL = (170, 190, 225), (40, 35, 30), (168, 188, 222)


def crown() -> tuple[np.ndarray, np.ndarray]:
    """A picture with a crown of upright twigs 2 px wide, 3 px apart, and what is sky around it."""
    picture = np.full((HEIGHT, WIDTH, 3), SKY, np.uint8)
    for x in range(60, 120, 5):
        picture[30:90, x : x + 2] = TWIG
    picture[90:] = (90, 80, 50)
    sky = np.zeros((HEIGHT, WIDTH), bool)
    sky[:90] = True
    sky[30:90, 60:120] = False
    return picture, sky


def test_sky_between_twigs_is_a_gap_and_twigs_and_ground_are_none():
    picture, sky = crown()
    found = gaps.find(sky, ~sky, picture)
    between = found[40:60, 63]
    assert between.min() > 0.5 and found[40:60, 60:62].mean() < 0.4
    assert not found[sky].any() and not found[95:].any()


def test_water_between_reeds_is_none():
    picture, sky = crown()
    assert not gaps.find(sky, np.zeros_like(sky), picture).any()


def test_a_smooth_wall_of_the_skys_color_behind_a_frame_is_none():
    picture, sky = crown()
    picture[30:90, 60:120] = TWIG
    picture[36:84, 66:114] = WALL
    assert gaps.find(sky, ~sky, picture)[50:70, 80:100].max() == 0


def test_a_grey_sky_is_not_seen_in_lighter_snow_among_rocks():
    picture, sky = crown()
    picture[30:90, 60:120] = (160, 180, 215)
    rocks = np.random.default_rng(0).random((60, 60))
    picture[30:90, 60:120][rocks < 0.3] = TWIG
    picture[30:90, 60:120][rocks > 0.6] = (240, 240, 245)
    assert gaps.find(sky, ~sky, picture).max() < 0.1


def test_a_white_tower_before_a_hill_is_none():
    picture = np.full((HEIGHT, WIDTH, 3), SKY, np.uint8)
    sky = np.zeros((HEIGHT, WIDTH), bool)
    sky[:60] = True
    picture[60:], picture[30:100, 90:106] = TWIG, WALL
    sky[30:100, 90:106] = False
    assert not gaps.find(sky, ~sky, picture).any()


def test_without_sky_or_land_there_are_none():
    picture, sky = crown()
    for every in (np.zeros_like(sky), np.ones_like(sky)):
        assert not gaps.find(every, ~every, picture).any()
