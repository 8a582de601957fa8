"""Facts of the scratch file: it lies on a disk where there is one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from landscape_engine.rendering import moved_frames


@pytest.fixture
def usual(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "usual"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def mounted(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "mounts"
    file.write_text("\n".join(("/dev/a / ext4 rw 0 0", *lines)) + "\n")
    return file


def test_a_folder_in_memory_is_passed_over(usual, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr(moved_frames, "ON_DISK", (tmp_path / "nowhere", disk))
    in_memory = mounted(tmp_path, f"tmpfs {usual} tmpfs rw 0 0")
    assert moved_frames.scratch_folder(in_memory) == disk
    assert moved_frames.scratch_folder(mounted(tmp_path)) == usual


def test_without_a_disk_or_a_list_of_mounts_the_usual_folder_serves(usual, tmp_path, monkeypatch):
    monkeypatch.setattr(moved_frames, "ON_DISK", (tmp_path,))
    everywhere = mounted(tmp_path, "tmpfs / tmpfs rw 0 0")
    everywhere.write_text("tmpfs / tmpfs rw 0 0\n")
    assert moved_frames.scratch_folder(everywhere) == usual
    assert moved_frames.scratch_folder(tmp_path / "no such list") == usual
