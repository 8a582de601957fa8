"""Frames kept for the loop's next rounds: the same as made anew, and never in the way."""

from __future__ import annotations

import errno
import io
import itertools
from contextlib import closing

import pytest
import torch

from landscape_engine.loops.layers import Layers
from landscape_engine.rendering import frames, moved_frames
from landscape_engine.rendering.moved_frames import MovedFrames, Scratch
from landscape_engine.rendering.stopwatch import Stopwatch

PICTURE = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def layers():
    layers.asked += 1
    return (Layers(torch.full((1, 2, 8, 8), 0.1 * layers.asked)),)


@pytest.fixture(autouse=True)
def nothing_asked_yet():
    layers.asked = 0


def frames_of(period: int | None) -> MovedFrames:
    return MovedFrames(PICTURE, period, recolored=True, cancelled=lambda: False)


def test_the_next_round_is_read_and_is_the_same():
    with closing(frames_of(2)) as moved:
        first = [moved.frame(n, layers).moved for n in range(2)]
        second = [moved.frame(n, layers).moved for n in range(2, 4)]
    assert layers.asked == 2
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(*first)


def test_who_gets_a_frame_may_change_it():
    with closing(frames_of(1)) as moved:
        first = moved.frame(0, layers).moved
        kept = first.clone()
        first.zero_()
        moved.frame(1, layers).moved.zero_()
        assert torch.equal(moved.frame(2, layers).moved, kept)


def test_nothing_is_kept_where_no_frame_comes_again(monkeypatch):
    monkeypatch.setattr(Scratch, "like", lambda picture: pytest.fail("a file was made"))
    frames_of(None).frame(0, layers)


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


class LostDisk(io.BytesIO):
    def readinto(self, buffer):
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("disk", [FullDisk, LostDisk])
def test_a_disk_that_fails_costs_time_alone(monkeypatch, disk):
    monkeypatch.setattr(moved_frames.tempfile, "TemporaryFile", lambda **_: disk())
    moved = frames_of(1)
    for n in range(3):
        assert moved.frame(n, layers).moved.shape == PICTURE.shape
    assert layers.asked == 3


def test_a_full_disk_is_not_filled_further(monkeypatch):
    room = moved_frames.shutil.disk_usage("/")._replace(free=PICTURE.numel() * 4 * 8)
    monkeypatch.setattr(moved_frames.shutil, "disk_usage", lambda _: room)
    with closing(Scratch.like(PICTURE)) as scratch:
        assert [scratch.write(n, PICTURE) for n in range(3)] == [True, True, False]
        assert torch.equal(scratch.read(1), PICTURE)


@pytest.mark.parametrize(("room", "ahead"), [(100, 3), (2, 2), (1, 1)])
def test_of_huge_frames_no_more_are_made_ahead_than_there_is_room_for(monkeypatch, room, ahead):
    monkeypatch.setattr(frames, "IN_FLIGHT_BYTES", room * PICTURE.nbytes)
    monkeypatch.setattr(frames.cpus, "available", lambda: 2)
    drawn = []
    plan = (drawn.append(n) or layers for n in itertools.count())
    with closing(frames.frames(PICTURE, plan, None, None, 6, Stopwatch())) as made:
        next(made)
        assert len(drawn) == ahead
