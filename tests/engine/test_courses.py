"""White water takes its own course: streams between their banks, surf to the shore."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from landscape_engine.motion import courses
from landscape_engine.scene import regions

SIZE = (256, 384)
GRID = (256, 256)
ASPECT = 1.5


def water(mask: np.ndarray, white: np.ndarray) -> regions.Region:
    made = regions.region_of(mask.astype(np.float32), GRID, "water", torch.device("cpu"), soften=0)
    return replace(made, kind="water", foam=torch.from_numpy(white.astype(np.float32))[None, None])


def seen(course: courses.Course) -> np.ndarray:  # float32 [2, h, w], forward, in widths
    """The direction on the screen."""
    backward = course.step[0].numpy() / np.array([2, 2 * ASPECT], np.float32)[:, None, None]
    return -backward


def stream() -> np.ndarray:  # bool [H, W]
    """A channel that comes in at the top left, runs level, and leaves at the bottom right."""
    mask = np.zeros(SIZE, bool)
    mask[60:130, 60:110] = True
    mask[110:150, 60:330] = True
    mask[130:256, 280:330] = True
    return mask


def test_a_stream_runs_along_its_banks():
    course = courses.course_of(water(stream(), stream()), [], ASPECT, 0.2)
    assert course is not None
    along = seen(course)

    def direction(y: int, x: int) -> np.ndarray:
        at = along[:, y, round(x * GRID[1] / SIZE[1])]
        return at / np.linalg.norm(at)

    assert direction(90, 85) @ (0, 1) > 0.95  # down
    assert direction(130, 200) @ (1, 0) > 0.95  # level, to where it goes on
    assert direction(200, 305) @ (0, 1) > 0.95
    assert float(course.share[0, 0, 130, 130]) == 1


def test_a_stream_that_bends_back_runs_back():
    course = courses.course_of(water(stream()[:, ::-1], stream()[:, ::-1]), [], ASPECT, 0.2)
    assert course is not None
    assert seen(course)[0, 130, 120] < 0


def sea() -> np.ndarray:  # bool [H, W]
    """A sea whose shore runs from the middle of the right edge to the lower left corner."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (y > 100) & (y - 100 < (SIZE[1] - x) * 150 / SIZE[1] + 30)


def test_surf_comes_in():
    mask = sea()
    white = mask & (np.mgrid[: SIZE[0], : SIZE[1]][0] > 150)
    course = courses.course_of(water(mask, white), [], ASPECT, 100 / 256)
    assert course is not None
    along = seen(course)
    assert along[1, 180, 60] > 0 and along[1, 150, 150] > 0  # towards the shore below
    assert float(course.share[0, 0, 175, 60]) > 0.9
    assert float(course.share[0, 0, 108, 60]) < 0.1  # far out nothing breaks


def test_water_is_faster_near_the_viewer():
    course = courses.course_of(water(sea(), sea()), [], ASPECT, 100 / 256)
    assert course is not None
    length = np.linalg.norm(seen(course), axis=0)
    assert length[200, 40] > 1.5 * length[115, 40]


@pytest.mark.parametrize("white", [0.0, 0.01])
def test_calm_water_has_no_course_of_its_own(white):
    foam = np.random.default_rng(0).random(SIZE) < white
    assert courses.course_of(water(stream(), foam), [], ASPECT, 0.2) is None
    region = replace(water(stream(), stream()), foam=None)
    assert courses.course_of(region, [], ASPECT, 0.2) is None  # nobody says


def test_bodies_of_water_are_told_apart():
    """A calm pond beside a stream stays with the predictor."""
    mask = stream()
    mask[200:250, 20:120] = True
    course = courses.course_of(water(mask, stream()), [], ASPECT, 0.2)
    assert course is not None
    assert float(course.share[0, 0, 225, 45]) == 0
