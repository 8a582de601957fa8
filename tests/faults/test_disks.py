"""Facts about disks that are full or read-only: one sentence, and nothing partial is left.

Real ones, in memory, where this process may mount them; elsewhere these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import signal

import pytest
import torch

from landscape_engine.errors import TrainingError
from landscape_engine.jobs import animate as animation
from landscape_engine.sequence import folder, video
from landscape_engine.shell import cli
from landscape_engine.training.runs import train_motion
from tests.engine.clips import FOLDERS, VIDEOS, make_frames, make_target, refuse, write
from tests.engine.test_training import CPU, TINY, loop

from .commands import animation_words, training_words


def fill(disk, leave: int = 0) -> None:
    """Take all room of a disk but some bytes."""
    free = os.statvfs(disk).f_bavail * os.sysconf("SC_PAGE_SIZE")
    with open(disk / "other", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - leave)


@pytest.mark.parametrize("step", ["encode", "finish"])
@pytest.mark.parametrize(("kind", "format"), [(folder.FrameFolder, "png"), (video.Video, "mp4")])
def test_full_disk_is_named(tmp_path, monkeypatch, step, kind, format):
    def fill_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kind, step, fill_disk)
    target = make_target(tmp_path / "new", format)
    refuse(lambda: write(make_frames(20), target, format), "disk full", "free some space")
    assert not os.listdir(tmp_path)


def make_noise(count):
    generator = torch.Generator().manual_seed(0)
    for _ in range(count):
        yield torch.rand(1, 3, 90, 160, generator=generator) * 2 - 1


@pytest.mark.parametrize("format", [*VIDEOS, *FOLDERS])
@pytest.mark.parametrize("missing_bytes", [100, 100_000])
def test_a_disk_that_is_really_full_is_named(tmp_path, small_disk, format, missing_bytes):
    """Wherever it happens: among the frames, or in the last write of an index."""
    paths = write(make_noise(6), make_target(tmp_path, format), format).paths
    page = os.sysconf("SC_PAGE_SIZE")
    needed = sum(-(-path.stat().st_size // page) * page for path in paths)
    assert os.statvfs(small_disk).f_bavail * page > needed, "the frames should just not fit"
    fill(small_disk, leave=max((needed - missing_bytes) // page * page, page))
    refuse(lambda: write(make_noise(6), make_target(small_disk, format), format), "disk full")
    assert os.listdir(small_disk) == ["other"]


@pytest.mark.parametrize("name", ["out", "out.mp4", "new/out.gif"])
def test_a_disk_that_fills_up_meanwhile_is_one_sentence(
    nursery, small_disk, lake, bundle_folder, name
):
    words = animation_words(lake, bundle_folder, small_disk / name)
    child = nursery.start(
        *words, folder=small_disk.parent, within=small_disk, number=signal.SIGSTOP, at=3
    )
    assert child.wait() is None
    fill(small_disk)
    child.send(signal.SIGCONT)
    assert child.wait() == 2
    assert len(child.err.splitlines()) == 1 and "disk full" in child.err, child.err
    assert os.listdir(small_disk) == ["other"]


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_a_disk_without_room_for_another_file_is_one_sentence(
    nursery, mounted, lake, bundle_folder, name
):
    disk = mounted("nr_inodes=3")
    child = nursery.start(*animation_words(lake, bundle_folder, disk / name), folder=disk.parent)
    assert child.wait() == 2
    assert len(child.err.splitlines()) == 1 and "disk full" in child.err, child.err
    assert not os.listdir(disk)


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_a_read_only_disk_is_refused(nursery, mounted, lake, bundle_folder, name):
    disk = mounted("ro")
    child = nursery.start(*animation_words(lake, bundle_folder, disk / name), folder=disk.parent)
    assert child.wait() == 2
    assert len(child.err.splitlines()) == 1 and "permission denied" in child.err, child.err


def test_a_motion_that_the_disk_has_no_room_for(nursery, small_disk, lake, bundle_folder, tmp_path):
    words = animation_words(lake, bundle_folder, tmp_path / "out")
    words += ["--size", "640x360", "--save-motion", small_disk / "field.npy"]
    child = nursery.start(*words, folder=tmp_path)
    assert child.wait() == 2
    assert len(child.err.splitlines()) == 1 and "disk full" in child.err, child.err
    assert not os.listdir(small_disk) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["png", "live"])
def test_a_motion_that_cannot_be_saved_leaves_what_was_there(
    lake, tmp_path, bundle_folder, monkeypatch, format
):
    out, motion = tmp_path / "out", tmp_path / "motion.npy"
    arguments = ["animate", lake, "--out", out, "--bundle", bundle_folder, "--frames", "2"]
    arguments += ["--format", format]
    assert cli.main([str(a) for a in arguments]) == 0
    earlier = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(animation.np, "save", fail)
    assert cli.main([str(a) for a in (*arguments, "--save-motion", motion)]) == 2
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == earlier
    assert sorted(os.listdir(tmp_path)) == ["out"]
    shutil.rmtree(out)
    assert cli.main([str(a) for a in (*arguments, "--save-motion", motion)]) == 2
    assert not os.listdir(tmp_path)


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    train_motion.train(tmp_path, TINY, loop(2), None, CPU)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match="untouched"):
        train_motion.train(tmp_path, TINY, loop(4), None, CPU)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


def test_a_run_whose_disk_was_full_goes_on(nursery, mounted, tmp_path, unbroken):
    """Full at the second checkpoint; with room again, it comes to the same weights."""
    disk = mounted("size=2m")
    words = training_words(disk)
    child = nursery.start(
        *words, folder=tmp_path, within=disk / "run", number=signal.SIGSTOP, at=unbroken.second
    )
    assert child.wait() is None
    fill(disk)
    child.send(signal.SIGCONT)
    assert child.wait() == 2
    assert "Traceback" not in child.err and "free some space" in child.err.splitlines()[-1]
    (disk / "other").unlink()
    unbroken.check_resumed(nursery, disk)


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_run_on_a_disk_that_takes_nothing_is_refused(nursery, mounted, tmp_path, kind):
    disk = mounted("ro" if kind == "read-only" else "size=64k")
    if kind == "full":
        fill(disk)
    child = nursery.start(*training_words(disk), folder=tmp_path)
    assert child.wait() == 2
    assert "Traceback" not in child.err and "can't be written" in child.err.splitlines()[-1]
