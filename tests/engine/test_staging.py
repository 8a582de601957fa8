"""Facts about files that take their place whole or not at all."""

import os

import pytest
import torch

from landscape_engine import images, staging
from landscape_engine.errors import LandscapeError, OutputError


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
