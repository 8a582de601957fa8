"""Facts about files that take their place whole or not at all."""

import os

import pytest
import torch

from landscape_engine import images, leftovers, staging
from landscape_engine.bundles import checkpoints
from landscape_engine.errors import LandscapeError, OutputError
from landscape_engine.settings import TrainingLoopSettings
from landscape_engine.shell import cli
from landscape_engine.training.runs.training_loop import Run, append


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with staging.new_file(target) as staged:
        staged.write_text("whole")
        assert staged.parent.parent == target.parent and not target.exists()
    assert target.read_text() == "whole" and os.listdir(target.parent) == ["a.txt"]


def test_a_device_is_not_replaced(tmp_path):
    with pytest.raises(OutputError, match="not a regular file"), staging.new_file(tmp_path):
        raise AssertionError("not reached")


def test_what_is_unfinished_goes_once_its_writer_lets_go(tmp_path, monkeypatch):
    """As on Windows, where a file that is open can't be removed."""
    refusals = [PermissionError(13, "in use")] * 3
    unlink = staging.Path.unlink

    def refuse_first(self, missing_ok=False):
        if refusals:
            raise refusals.pop()
        unlink(self, missing_ok)

    try:
        with staging.new_file(tmp_path / "new" / "a.gif") as staged:
            staged.write_text("part")
            monkeypatch.setattr(staging.Path, "unlink", refuse_first)
            staging.discard_unfinished()
            assert not refusals and not os.listdir(tmp_path)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        staging._installing.release()  # discarding keeps it: the process was to end
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="needs links and a umask")
def test_what_is_staged_follows_no_link_and_honours_the_umask(tmp_path, monkeypatch):
    earlier = os.umask(0o027)
    try:
        images.save_image(torch.zeros(1, 3, 20, 20), tmp_path / "a.png")
    finally:
        os.umask(earlier)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640
    monkeypatch.setattr(staging.secrets, "token_hex", lambda _: "0" * 8)
    (tmp_path / ".b.png.00000000.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LandscapeError):
        images.save_image(torch.zeros(1, 3, 20, 20), tmp_path / "b.png")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.name == "nt", reason="there is no umask")
@pytest.mark.parametrize("umask, mode", [(0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_all_that_is_written_honours_the_umask(tmp_path, umask, mode, lake, bundle_folder):
    """Frames, movies, fields, codes, checkpoints and kits, and the folders made for them."""
    common = ["--bundle", str(bundle_folder), "--device", "cpu"]
    words = ["animate", str(lake), *common, "--frames", "2", "--appearance", "off", "--out"]
    earlier = os.umask(umask)
    try:
        for name in ("png", "png16", "exr", "mp4", "webm", "gif", "live"):
            out = f"clip.{name}" if name in ("mp4", "webm", "gif") else name
            assert cli.main([*words, str(tmp_path / "new" / out), "--format", name]) == 0
        field = str(tmp_path / "new" / "field.npy")
        assert cli.main([*words, str(tmp_path / "new" / "again"), "--save-motion", field]) == 0
        code = ["--arrow", "0.3,0.5,0.7,0.5", "--out", str(tmp_path / "new" / "code.json")]
        assert cli.main(["fit", str(lake), *code, *common]) == 0
        Run(tmp_path / "run", torch.nn.ModuleDict({"a": torch.nn.Linear(2, 2)}),
            TrainingLoopSettings(steps=2), {}).save()  # fmt: skip
        append(tmp_path / "run" / "losses.csv", 1, {"a": 0.5})
        checkpoints.save(checkpoints.load(bundle_folder), tmp_path / "bundle")
    finally:
        os.umask(earlier)
    folders = {p for p in tmp_path.rglob("*") if p.is_dir()}
    files = {p for p in tmp_path.rglob("*")} - folders
    assert {p.suffix for p in files} >= {".png", ".exr", ".mp4", ".webm", ".gif", ".npy", ".json",
                                         ".pt", ".csv", ".safetensors"}  # fmt: skip
    assert {p: oct(p.stat().st_mode & 0o777) for p in files} == dict.fromkeys(files, oct(mode))
    assert {p.stat().st_mode & 0o777 for p in folders} == {0o777 & ~umask}


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_staged_takes_nobody_elses_name(tmp_path, monkeypatch, kind):
    """The hidden file, its folder and its lock are new ones, or there are none."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    monkeypatch.setattr(staging.secrets, "token_hex", lambda _: "0" * 8)
    for name in (".a.txt.00000000.part", ".a.txt.00000000.part.lock"):
        taken = tmp_path / name
        if kind == "link":
            taken.symlink_to(mine)
        elif kind == "file":
            taken.write_text("somebody's")
        else:
            taken.mkdir()
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(OutputError), staging.new_file(tmp_path / "a.txt"):
            raise AssertionError("not reached")
        assert mine.read_text() == "mine" and not (tmp_path / "a.txt").exists()
        if name.endswith(".lock"):
            assert sorted(os.listdir(tmp_path)) == before
            assert kind != "file" or taken.read_text() == "somebody's"
        leftovers.remove(taken)


def test_the_hidden_file_itself_is_a_new_one(tmp_path):
    """Who made it in its folder meanwhile, or a link there, isn't written to."""
    (tmp_path / "taken").write_text("somebody's")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("taken", "link"):
        with pytest.raises(FileExistsError):
            staging._make_file(tmp_path / name)
        with pytest.raises(FileExistsError):
            (tmp_path / f"{name}.lock").symlink_to(tmp_path / "elsewhere")
            staging._lock_beside(tmp_path / name, tmp_path / "a")
    assert (tmp_path / "taken").read_text() == "somebody's"
    assert not (tmp_path / "elsewhere").exists()
