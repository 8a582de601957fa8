"""What a killed writer left is its own target's, and no other's."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from landscape_engine import staging
from landscape_engine.errors import OutputError
from landscape_engine.leftovers import STAGED_NAME
from landscape_engine.sequence import write_sequence
from tests.conftest import PATIENCE_S, ROOT
from tests.engine.clips import make_frames

# A run of two frames whose process ends after the first of two renames, as by a kill.
KILLED_IN_THE_SWAP = """
import os, sys
from pathlib import Path
from landscape_engine import staging
from landscape_engine.sequence import write_sequence
from tests.engine.clips import make_frames

def cut_short(moves):
    source, goal = moves[0]
    source.rename(goal)
    os._exit(9)

staging.rename_all = cut_short
if len(sys.argv) > 2:
    os.chdir(sys.argv[2])
    from landscape_engine.sequence import folder
    folder.rename_all = cut_short
write_sequence(make_frames(2), sys.argv[1])
"""
LONG = "a" * 50
TARGETS = [("shot.v2", "shot"), (LONG + "1", LONG + "2"), ("shot.part", "shot")]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders are renamed otherwise there")


def kill_in_the_swap(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_SWAP, *map(str, arguments)],
        cwd=ROOT, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 9


def hidden(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if STAGED_NAME.fullmatch(name))


@pytest.fixture
def leftovers(engine_client):
    return importlib.import_module("addon_without_blender.leftovers")


@pytest.mark.parametrize("by", ["the engine", "the add-on"])
@pytest.mark.parametrize("names", TARGETS, ids=["a name after a dot", "long names", "a suffix"])
def test_the_earlier_frames_of_another_target_stay(tmp_path, names, by, leftovers):
    first, second = (tmp_path / name for name in names)
    write_sequence(make_frames(5), first)
    earlier = {path.name: path.read_bytes() for path in first.iterdir()}
    kill_in_the_swap(first)
    left = hidden(tmp_path)
    assert not first.exists() and any(name.endswith(".old") for name in left)
    if by == "the engine":
        write_sequence(make_frames(1), second)
        assert os.listdir(second) == ["0001.png"]
    else:
        leftovers.remove([second])
        assert not second.exists()
    assert hidden(tmp_path) == left
    if by == "the engine":
        write_sequence(make_frames(3), first)
        assert len(os.listdir(first)) == 3
    else:  # which puts back what there was
        leftovers.remove([first])
        assert {path.name: path.read_bytes() for path in first.iterdir()} == earlier
    assert not hidden(tmp_path)


@pytest.mark.parametrize("by", ["the engine", "the add-on"])
def test_a_leftover_beside_a_folder_goes_though_the_next_run_stands_in_it(
    tmp_path, monkeypatch, by, leftovers
):
    target = tmp_path / "shot"
    write_sequence(make_frames(5), target)
    kill_in_the_swap(target)
    assert hidden(tmp_path)
    target.mkdir()
    monkeypatch.chdir(target)
    if by == "the engine":
        write_sequence(make_frames(2), ".")
        assert len(os.listdir(target)) == 2
    else:
        leftovers.remove([target])
    assert not hidden(tmp_path) and not hidden(target)


@pytest.mark.parametrize("by", ["the engine", "the add-on"])
def test_a_leftover_in_a_folder_goes_though_the_next_run_stands_beside_it(tmp_path, by, leftovers):
    target = tmp_path / "shot"
    write_sequence(make_frames(5), target)
    inner = target / "shot"  # of the same name, in the same folder
    kill_in_the_swap(".", target)
    assert hidden(target)
    if by == "the engine":
        write_sequence(make_frames(1), inner)
        assert hidden(target)
    leftovers.remove([inner])
    assert hidden(target)
    (leftovers.remove if by == "the add-on" else _write)([target.parent / "shot"])
    assert not hidden(target) and not hidden(tmp_path)


def _write(targets: list[Path]) -> None:
    for target in targets:
        for inner in [path for path in target.iterdir() if path.is_dir()]:
            if not STAGED_NAME.fullmatch(inner.name):
                inner.rename(target.parent / "away")
        write_sequence(make_frames(2), target)


def test_a_lock_that_was_cut_short_goes_with_the_next_run(tmp_path):
    """Of an earlier engine too, whose locks said nothing."""
    (tmp_path / f".{LONG[:40]}.01234567.part.lock").touch()
    (tmp_path / ".shot.01234567.part.lock").touch()
    (tmp_path / ".shot.01234567.part").mkdir()
    (tmp_path / ".shot.v2.01234567.part.lock").touch()
    (tmp_path / ".shot.v2.01234567.part").mkdir()
    write_sequence(make_frames(1), tmp_path / "shot")
    assert hidden(tmp_path) == [".shot.v2.01234567.part", ".shot.v2.01234567.part.lock"]
    write_sequence(make_frames(1), tmp_path / "shot.v2")
    assert not hidden(tmp_path)


@pytest.mark.parametrize("stays", [False, True])
def test_what_only_has_a_hidden_name_of_the_engines_is_someone_elses(tmp_path, stays, monkeypatch):
    """Such as a browser's download; a folder is refused as others are."""
    target = tmp_path / "shot"
    write_sequence(make_frames(2), target)
    if stays:
        monkeypatch.chdir(target)
    for ending in ("", ".old", ".lock"):
        (target / f".film.01234567.part{ending}").write_text("precious")
    for _ in range(2):
        write_sequence(make_frames(3), target)
    assert [(target / name).read_text() for name in hidden(target)] == ["precious"] * 3
    (target / ".album.01234567.part").mkdir()
    with pytest.raises(OutputError, match=r"holds other things \('\.album"):
        write_sequence(make_frames(3), target)


@pytest.mark.parametrize("first_stands_in_it", [True, False])
def test_what_a_living_run_has_not_finished_stays(tmp_path, monkeypatch, first_stands_in_it):
    """Whichever of two runs to one folder stands in it: each leaves the other its own."""
    target = tmp_path / "shot"
    write_sequence(make_frames(5), target)
    places = (target, tmp_path) if first_stands_in_it else (tmp_path, target)

    def frames():
        yield from make_frames(1)
        monkeypatch.chdir(places[1])
        begun = hidden(places[0])
        write_sequence(make_frames(2), target)
        assert begun and hidden(places[0]) == begun
        yield from make_frames(3)

    monkeypatch.chdir(places[0])
    write_sequence(frames(), target)
    assert sorted(os.listdir(target)) == [f"000{n}.png" for n in range(1, 5)]
    assert os.listdir(tmp_path) == ["shot"]


def test_a_run_that_began_beside_a_folder_leaves_one_that_has_begun_in_it_since(tmp_path):
    target = tmp_path / "shot"
    write_sequence(make_frames(5), target)
    with contextlib.ExitStack() as other:

        def frames():
            yield from make_frames(1)
            staged = other.enter_context(staging.stage(target, target, target))
            staged.mkdir()
            (staged / "0001.png").write_text("unfinished")

        write_sequence(frames(), target)
        (staged,) = [target / name for name in hidden(target) if not name.endswith(".lock")]
        assert (staged / "0001.png").read_text() == "unfinished"
    assert os.listdir(target) == ["0001.png"] and os.listdir(tmp_path) == ["shot"]
