"""Which files are a clip's, in which order, and which way up they are shown."""

from __future__ import annotations

import os
import struct
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.images import clips, kinds, to_uint8
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import OutputSettings

from .clips import make_frames

FRAMES = 4
RIGHT_ANGLES = {  # a, b, c, d of the display matrix: how the stored pixels become those shown
    "90": ((0, -1, 1, 0), lambda x: torch.rot90(x, 1, (2, 3))),
    "180": ((-1, 0, 0, -1), lambda x: torch.rot90(x, 2, (2, 3))),
    "270": ((0, 1, -1, 0), lambda x: torch.rot90(x, 3, (2, 3))),
    "mirrored": ((-1, 0, 0, 1), lambda x: x.flip(3)),
    "upside down": ((1, 0, 0, -1), lambda x: x.flip(2)),
    "transposed": ((0, 1, 1, 0), lambda x: x.transpose(2, 3)),
}


def make_clip(path):
    write_sequence(make_frames(FRAMES), path, OutputSettings(format="mp4"))
    return path


@pytest.mark.parametrize("name", RIGHT_ANGLES)
def test_a_video_is_turned_as_players_turn_it(tmp_path, name):
    path = make_clip(tmp_path / "a.mp4")
    stored = list(clips.pictures(path))
    (a, b, c, d), turn = RIGHT_ANGLES[name]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    data[at : at + 36] = matrix
    path.write_bytes(data)
    for shown, frame in zip(clips.pictures(path), stored, strict=True):
        assert shown.equal(turn(frame))
    ((_, read),) = clips.numbered(path, {2})
    assert read().equal(turn(stored[2]))
    assert next(iter(clips.video(path))).pixels().shape == turn(stored[0])[0].shape


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    for name in ("f10.png", "f2.png", "f1.png", "f100.png", "f010b.png", "e7.png"):
        Image.new("RGB", (20, 20)).save(tmp_path / name)
    found = [path.name for path in clips.frame_paths(tmp_path)]
    assert found == ["e7.png", "f1.png", "f2.png", "f10.png", "f010b.png", "f100.png"]


def test_hidden_files_are_no_frames(tmp_path):
    for number, frame in enumerate(make_frames(FRAMES)):
        Image.fromarray(to_uint8(frame)).save(tmp_path / f"{number}.png")
        (tmp_path / f"._{number}.png").write_bytes(b"\0\5\x16\7" + bytes(80))
    (tmp_path / ".thumbnail.jpg").write_bytes(b"no picture")
    assert clips.count(tmp_path) == len(list(clips.pictures(tmp_path))) == FRAMES
    assert not kinds.is_video(tmp_path / "._clip.mp4")


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_names_with_a_colon_are_names(tmp_path, monkeypatch):
    make_clip(tmp_path / "12:30 at sea.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(list(clips.pictures(clips.Path("12:30 at sea.mp4")))) == FRAMES
    again = clips.Path("file:b.mp4")
    make_clip(again)
    make_clip(again)
    assert clips.count(again) == FRAMES and "file:b.mp4" in os.listdir(tmp_path)


def test_a_single_file_is_known_by_what_it_holds(tmp_path):
    picture = Image.new("RGB", (20, 20))
    for name, format in (("look.jfif", "JPEG"), ("look", "PNG"), ("look.json", "WEBP")):
        picture.save(tmp_path / name, format)
        assert kinds.holds_picture(tmp_path / name) and not clips.is_clip(tmp_path / name)
    (tmp_path / "code.png").write_text("[0.1, 0.2]")
    np.save(tmp_path / "code.npy", np.zeros(3))
    for name in ("code.png", "code.npy"):
        assert not kinds.holds_picture(tmp_path / name)
    assert kinds.holds_numpy(tmp_path / "code.npy")
    assert kinds.holds_picture(tmp_path / "missing.png")  # whoever reads it says what is wrong
    make_clip(tmp_path / "a.mp4").rename(tmp_path / "clip.m4v")
    assert clips.is_clip(tmp_path / "clip.m4v")


def test_the_shared_clip_is_turned(shared):
    folder = shared / "data/test/files"
    frame = next(clips.pictures(folder / "clip_rot90.mp4"))
    upright = next(clips.pictures(folder / "clip_right_2px.mp4"))
    assert frame.equal(torch.rot90(upright, 1, (2, 3)))
