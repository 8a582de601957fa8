"""Arrows in small pictures, and the course of a motion that they show."""

from __future__ import annotations

import math

import pytest
import torch

from landscape_engine.jobs.thumbnails import course_of
from landscape_engine.motion.fields import steady_motion
from landscape_engine.ops import pointers

GREY = torch.zeros(1, 3, 72, 128)


@pytest.mark.parametrize("direction_deg", [0, 45, 90, 180, -90])
def test_the_arrows_head_lies_where_it_points(direction_deg):
    drawn = pointers.draw(GREY, direction_deg)[0].mean(0)
    y, x = (drawn > 0.9).nonzero().double().T
    white = torch.stack([x, -y])  # up is positive
    middle = (white.amax(1) + white.amin(1)) / 2
    turn = math.radians(direction_deg)
    ahead = (white.mean(1) - middle) @ torch.tensor([math.cos(turn), math.sin(turn)]).double()
    assert ahead > 0, "the head is wider than the shaft, so that most of the white lies there"
    assert x.max() < 64 and y.min() > 36, "in the lower left corner"
    assert (drawn < -0.5).any(), "and its edge is seen on white"


def test_all_else_of_the_picture_stays():
    drawn = pointers.draw(GREY, 30)
    assert drawn[..., :36, :].equal(GREY[..., :36, :]) and drawn[..., 64:].equal(GREY[..., 64:])


@pytest.mark.parametrize("moved", [(0.01, 0.0), (0.0, -0.01), (-0.003, 0.004)])
def test_a_course_is_the_way_of_what_moves(moved):
    x, y = moved  # shares of the width and height per frame, y down
    step = torch.zeros(1, 2, 36, 64)
    step[:, :, :18] = -2 * torch.tensor(moved).view(1, 2, 1, 1)  # backward; the lower half is still
    direction_deg, speed = course_of(steady_motion(step), aspect=2.0)
    assert speed == pytest.approx(math.hypot(x, y / 2), rel=0.05)
    assert direction_deg == pytest.approx(math.degrees(math.atan2(-y / 2, x)), abs=2)


def test_what_stands_still_has_no_speed():
    assert course_of(steady_motion(torch.zeros(1, 2, 9, 16)), aspect=2.0)[1] == 0
