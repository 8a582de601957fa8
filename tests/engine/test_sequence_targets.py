"""What may be written over, and that nothing partial is left."""

import os
import threading

import av
import av.stream
import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine.sequence import check_target, folder, resolve_format, video, write_sequence
from landscape_engine.settings import OutputSettings
from tests.engine.clips import (
    FOLDERS,
    VIDEOS,
    make_frames,
    make_target,
    refuse,
    write,
)

# -------------------------------------------------------------------------------- target and format


@pytest.mark.parametrize(
    ("target", "format", "expected"),
    [
        ("a.mp4", None, "mp4"), ("A.WEBM", None, "webm"), ("a.gif", "gif", "gif"),
        ("frames", None, "png"), ("frames", "exr", "exr"), ("lake.v2", None, "png"),
        ("lake", "mp4", "mp4"),
    ],
)  # fmt: skip
def test_format_comes_from_the_setting_or_the_ending(target, format, expected):
    assert resolve_format(target, OutputSettings(format=format)) == expected


@pytest.mark.parametrize(
    ("target", "format", "words"),
    [
        ("a.mp4", "webm", ["'.mp4'", "--format is webm"]),
        ("a.gif", "png", ["--format is png"]),
        ("a.avi", None, ["'.avi'", "can't be written", ".mp4"]),
        ("a.mkv", "mp4", ["'.mkv'"]),
        ("a.jpg", None, ["'.jpg'"]),
        ("a.png", None, ["names one picture", "folder"]),
        ("a.exr", "exr", ["names one picture", "folder"]),
    ],
)
def test_endings_that_dont_fit_are_refused(tmp_path, target, format, words):
    refuse(lambda: check_target(tmp_path / target, OutputSettings(format=format)), *words)
    assert not os.listdir(tmp_path)


def test_targets_of_the_wrong_kind_are_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.mp4").mkdir()
    refuse(lambda: check_target(tmp_path / "file", OutputSettings()), "is a file")
    refuse(lambda: check_target(tmp_path / "folder.mp4", OutputSettings()), "is a folder")
    refuse(lambda: check_target(f"{tmp_path}/a/", OutputSettings(format="mp4")), "is a folder")
    for name in ("file/clip", "file/deep/a.mp4"):
        refuse(lambda name=name: check_target(tmp_path / name, OutputSettings()), "which is a file")
    refuse(lambda: check_target("", OutputSettings(format="mp4")), "expected a file")
    refuse(lambda: check_target("a\0b", OutputSettings()), "no usable name")
    assert (tmp_path / "file").read_text() == "mine"


def test_checking_makes_nothing(tmp_path):
    check_target(tmp_path / "new" / "clip", OutputSettings())
    check_target(tmp_path / "new" / "clip.mp4", OutputSettings())
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")
def test_devices_are_refused():
    refuse(lambda: check_target("/dev/full", OutputSettings(format="mp4")), "not a regular file")
    refuse(lambda: check_target("/dev/full", OutputSettings()), "is a file")


def test_circular_links_are_refused(tmp_path):
    try:
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
    except OSError:
        pytest.skip("no links here")
    refuse(lambda: check_target(tmp_path / "a", OutputSettings()))


def test_unwritable_places_are_refused_early(tmp_path, monkeypatch):
    (tmp_path / "clip").mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    for name in ("clip", "new", "a.mp4", "deep/new/a.gif"):
        refuse(
            lambda name=name: check_target(tmp_path / name, OutputSettings()), "permission denied"
        )


@pytest.mark.parametrize("name", ["holiday.jpg", "0001.jpg", "001.png", "0001.png.bak"])
def test_folder_with_other_things_is_left_alone(tmp_path, name):
    (tmp_path / "0001.png").write_text("mine")
    (tmp_path / name).write_text("mine")
    refuse(lambda: write_sequence(make_frames(2), tmp_path), "holds other things", name)
    assert (tmp_path / name).read_text() == "mine" and len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize("name", [".hidden", "._0001.png", ".DS_Store", "Thumbs.db"])
def test_what_is_hidden_in_a_folder_is_passed_over(tmp_path, name):
    (tmp_path / name).write_text("mine")
    for _ in range(2):  # into a new folder, and over a sequence of its own
        write_sequence(make_frames(2), tmp_path)
        assert {"0001.png", "0002.png"} <= set(os.listdir(tmp_path))
    if name == ".hidden":  # nobody can make it again
        assert (tmp_path / name).read_text() == "mine"
    (tmp_path / ".git").mkdir()
    refuse(lambda: write_sequence(make_frames(2), tmp_path), "holds other things", ".git")


@pytest.mark.parametrize("ending", ["png", "exr"])
def test_numbered_pictures_of_ones_own_are_left_alone(tmp_path, ending):
    mine = tmp_path / f"0001.{ending}"
    mine.write_bytes(before := b"painted for days")
    refuse(lambda: write_sequence(make_frames(2), tmp_path), "didn't write", mine.name, "--force")
    assert mine.read_bytes() == before and os.listdir(tmp_path) == [mine.name]
    write_sequence(make_frames(2), tmp_path, OutputSettings(force=True))
    assert sorted(os.listdir(tmp_path)) == ["0001.png", "0002.png"]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "clip.webm"])
def test_a_file_that_is_no_movie_is_left_alone(tmp_path, name):
    target = tmp_path / name
    target.write_text("notes")
    refuse(lambda: write_sequence(make_frames(2), target), "is no movie", "--force")
    assert target.read_text() == "notes"
    for force in (True, False):  # by force, and then a movie of ours
        write_sequence(make_frames(2), target, OutputSettings(force=force))
    assert target.read_bytes() != b"notes"


STILLS = {
    "p.mp4": "PNG", "j.webm": "JPEG", "t.mp4": "TIFF", "b.gif": "BMP", "w.gif": "WEBP",
    "s.gif": "GIF", "g.mp4": "GIF", "x.webm": "PPM", "tga.mp4": "TGA", "a.mp4": "AVIF",
}  # fmt: skip


@pytest.mark.parametrize("name", STILLS)
def test_a_picture_with_the_name_of_a_movie_is_left_alone(tmp_path, name):
    """PyAV opens each of them as a film of one frame."""
    target = tmp_path / name
    try:
        Image.fromarray(np.zeros((36, 64, 3), np.uint8)).save(target, format=STILLS[name])
    except (KeyError, OSError):
        pytest.skip("this Pillow writes none")
    before = target.read_bytes()
    refuse(lambda: write_sequence(make_frames(2), target), "is no movie", "--force")
    assert target.read_bytes() == before and os.listdir(tmp_path) == [name]


def test_music_with_a_cover_is_left_alone(tmp_path):
    target, cover = tmp_path / "song.mp4", tmp_path / "cover.png"
    Image.fromarray(np.zeros((36, 64, 3), np.uint8)).save(cover)
    with av.open(str(target), "w", format="mp4") as made, av.open(str(cover)) as picture:
        sound = made.add_stream("aac", rate=44100)
        shown = made.add_stream_from_template(picture.streams.video[0])
        shown.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate = 44100
        for packet in [*sound.encode(frame), *sound.encode(None)]:
            made.mux(packet)
        for packet in picture.demux(video=0):
            if packet.size:
                packet.stream = shown
                made.mux(packet)
    before = target.read_bytes()
    refuse(lambda: write_sequence(make_frames(2), target), "is no movie", "--force")
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "clip.webm"])
def test_a_movie_is_replaced_whatever_its_name_says_of_its_kind(tmp_path, name):
    for made in ("a.mp4", "a.gif", "a.webm"):
        write_sequence(make_frames(2), tmp_path / made)
        os.replace(tmp_path / made, tmp_path / name)
        write_sequence(make_frames(3), tmp_path / name)


def test_an_empty_file_is_a_name_that_was_kept_free(tmp_path):
    (tmp_path / "clip.gif").touch()
    write_sequence(make_frames(2), tmp_path / "clip.gif")


def test_folder_named_like_a_frame_is_no_frame(tmp_path):
    (tmp_path / "0001.png").mkdir()
    refuse(lambda: check_target(tmp_path, OutputSettings()), "holds other things")


# ------------------------------------------------------------------------ replacing and not leaving


@pytest.mark.parametrize("stays", [False, True])
def test_earlier_sequence_is_replaced_whole(tmp_path, monkeypatch, stays):
    target = tmp_path / "clip"
    write(make_frames(5), target, "exr")
    (target / ".DS_Store").touch()
    if stays:  # as where the folder is a mounted disk
        monkeypatch.setattr(folder, "_must_stay", lambda _: True)
    written = write(make_frames(2), target, "png")
    left = sorted(set(os.listdir(target)) - {".DS_Store"})
    assert left == ["0001.png", "0002.png"] and os.listdir(tmp_path) == ["clip"]
    assert all(path.exists() for path in written.paths)


def test_working_folder_can_be_the_target(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        write_sequence(make_frames(2), ".")
    assert sorted(os.listdir(".")) == ["0001.png", "0002.png"]


def test_folder_that_cant_be_renamed_gets_its_files_one_by_one(tmp_path, monkeypatch):
    target = tmp_path / "clip"
    write_sequence(make_frames(5), target)
    rename = folder.Path.rename

    def refuse_folders(self, goal):
        if self == target:
            raise PermissionError(13, "in use")
        return rename(self, goal)

    monkeypatch.setattr(folder.Path, "rename", refuse_folders)
    write_sequence(make_frames(2), target)
    assert sorted(os.listdir(target)) == ["0001.png", "0002.png"]
    assert os.listdir(tmp_path) == ["clip"]


def test_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    try:
        (tmp_path / "clip").symlink_to(tmp_path / "disk")
    except OSError:
        pytest.skip("no links here")
    written = write_sequence(make_frames(2), tmp_path / "clip")
    assert (tmp_path / "clip").is_symlink() and len(os.listdir(tmp_path / "disk")) == 2
    assert written.paths[0] == tmp_path / "clip" / "0001.png"


class Interruption(Exception):
    pass


@pytest.mark.parametrize("format", [*VIDEOS, *FOLDERS])
@pytest.mark.parametrize("error", [Interruption, KeyboardInterrupt, GeneratorExit, OSError])
def test_interruption_leaves_everything_as_it_was(tmp_path, format, error):
    def interrupt():
        yield from make_frames(6)
        raise error("stop")

    threads = threading.active_count()
    with pytest.raises(error):
        write(interrupt(), make_target(tmp_path / "deep" / "new", format), format)
    assert not os.listdir(tmp_path) and threading.active_count() == threads

    target = make_target(tmp_path, format)
    earlier = [path.read_bytes() for path in write(make_frames(2), target, format).paths]
    with pytest.raises(error):
        write(interrupt(), target, format)
    assert os.listdir(tmp_path) == [target.name]
    files = sorted(target.iterdir()) if target.is_dir() else [target]
    assert [path.read_bytes() for path in files] == earlier


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_what_others_put_there_meanwhile_is_left_alone(tmp_path, name):
    def frames():
        yield from make_frames(2)
        if name == "out":
            (tmp_path / name).mkdir()
            (tmp_path / name / "diary.txt").write_text("mine")
        else:
            (tmp_path / name).write_text("mine")
        yield from make_frames(1)

    refuse(lambda: write_sequence(frames(), tmp_path / name), "choose another")
    assert os.listdir(tmp_path) == [name]
    mine = tmp_path / name / "diary.txt" if name == "out" else tmp_path / name
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("format", ["png", "mp4"])
def test_no_frames_write_nothing(tmp_path, format):
    refuse(lambda: write([], make_target(tmp_path / "new", format), format), "no frames")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("format", ["png", "mp4", "gif"])
def test_frames_that_change_size_are_refused(tmp_path, format):
    frames = [torch.zeros(1, 3, 36, 64), torch.zeros(1, 3, 36, 62)]
    refuse(
        lambda: write(frames, make_target(tmp_path, format), format), "Frame 2", "62×36", "64×36"
    )
    frames[1] = torch.zeros(1, 4, 36, 64)
    refuse(lambda: write(frames, make_target(tmp_path, format), format), "4 channels")
    assert not os.listdir(tmp_path)


def test_what_the_encoder_refuses_is_our_error(tmp_path, monkeypatch):
    def refuse_frame(*_):
        raise av.InvalidDataError(1, "no\nsuch frame", "x")

    monkeypatch.setattr(video.Video, "encode", refuse_frame)
    refuse(lambda: write(make_frames(9), tmp_path / "a.mp4", "mp4"), "can't be encoded")
    assert not os.listdir(tmp_path)
