"""Facts about fit, codebook, evaluate and import-authors that are ended, or find no room.

As those about `animate`: a target is whole or as it was, there is one sentence and a true code.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from landscape_engine import images
from tests.conftest import SHARED, make_picture

from .test_disks import fill
from .test_moments import ENDS, FEW

COMMANDS = ("fit", "codebook", "evaluate", "import-authors")


class Command:
    """A command and the folder that it writes into, over earlier files or where nothing is."""

    def __init__(self, nursery, name: str, sources: Path, lake: Path, bundle: Path) -> None:
        self.nursery, self.name, self.sources = nursery, name, sources
        self.lake, self.bundle = lake, bundle

    def words(self, home: Path) -> list[object]:
        common = ["--bundle", self.bundle, "--device", "cpu"]
        if self.name == "fit":
            target = home / "code.json"
            return ["fit", self.lake, "--patch", "0.5,0.5,0.2,#808080", "--out", target, *common]
        if self.name == "codebook":
            return ["codebook", self.lake, "--out", home / "sheet.png", "--rows", 1, *common]
        if self.name == "evaluate":
            return ["evaluate", self.sources / "clip", "--out", home / "report", *common,
                    "--clip-frames", 1, "--clip-codes", 1, "--clip-search", 0, "--clip-lights", 0,
                    "--perceptual", "none", "--width", 64]  # fmt: skip
        return ["import-authors", self.sources / "theirs", "--out", home / "bundle"]

    def start(self, home: Path, **how):
        return self.nursery.start(*self.words(home), folder=self.sources, **how)

    def succeeds(self, home: Path, **how):
        child = self.start(home, **how)
        assert child.wait() == 0, None if 2 in how.get("closed", ()) else child.err
        return child

    @staticmethod
    def made(home: Path) -> dict[str, int]:
        """The files that are there, also hidden ones, by their names; with their sizes."""
        files = (path for path in home.rglob("*") if path.is_file())
        return {str(path.relative_to(home)): path.stat().st_size for path in files}


@pytest.fixture(scope="module", params=COMMANDS)
def command(request, nursery, tmp_path_factory, lake, bundle_folder) -> Command:
    sources = tmp_path_factory.mktemp(request.param)
    if request.param == "evaluate":
        pytest.importorskip("matplotlib", reason="it draws the curves of clips")
        for number in range(3):
            frame = make_picture(48, 64).roll(number, 3)
            images.save_image(frame, sources / "clip" / f"{number}.png")
    if request.param == "import-authors":
        if not (SHARED / "parity").is_dir():
            pytest.skip("the shared parity folder isn't here")
        (sources / "theirs").mkdir()
        script = SHARED / "parity" / "seeded_checkpoint.py"
        subprocess.run([sys.executable, script, sources / "theirs"], check=True)
    return Command(nursery, request.param, sources, lake, bundle_folder)


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    """What the command makes, how many moments it has, and those in which it writes."""
    home = tmp_path_factory.mktemp("undisturbed")
    child = command.succeeds(home, within=home)
    return command.made(home).keys(), child.moments


@pytest.mark.parametrize("over", [False, True], ids=["new", "over earlier files"])
@pytest.mark.parametrize("number", ENDS, ids=lambda n: n.name)
def test_what_ends_it_leaves_each_file_whole_or_as_it_was(
    command, undisturbed, tmp_path, number, over
):
    names, moments = undisturbed
    rng = random.Random(f"{command.name} {number.name} {over}")
    for turn in range(FEW):
        home = tmp_path / str(turn)
        home.mkdir()
        if over:
            command.succeeds(home)
        earlier = command.made(home)
        at = rng.randrange(moments)
        child = command.start(home, within=home, number=number, at=at)
        code, hint = child.wait(), (at, child.err)
        assert code == ENDS[number] and "Traceback" not in child.err, (code, hint)
        left = command.made(home)
        if number != signal.SIGKILL:
            assert left.keys() <= names and (not over or left.keys() == names), hint
        for name in names & left.keys():
            assert left[name] > 0, (name, hint)
        command.succeeds(home)
        assert command.made(home).keys() == names | earlier.keys(), hint
        shutil.rmtree(home)  # some 100 MB of import-authors


def test_a_disk_that_takes_nothing_is_one_sentence(command, mounted):
    disk = mounted("size=64k")
    fill(disk)
    child = command.start(disk)
    assert child.wait() == 2
    (line,) = child.err.splitlines()
    assert "disk full" in line or "No space left" in line, line
    assert os.listdir(disk) == ["other"]


def test_a_disk_that_fills_up_meanwhile_is_one_sentence(command, undisturbed, mounted):
    _, moments = undisturbed
    if command.name == "import-authors":
        pytest.skip("the authors' weights are large for a disk in memory")
    disk = mounted("size=8m")
    child = command.start(disk, within=disk, number=signal.SIGSTOP, at=moments // 2)
    assert child.wait() is None
    fill(disk)
    child.send(signal.SIGCONT)
    code = child.wait()
    assert code in (0, 2) and len(child.err.splitlines()) == (1 if code else 0), child.err
    (disk / "other").unlink()
    command.succeeds(disk)


def test_a_read_only_disk_is_refused_in_one_sentence(command, mounted):
    disk = mounted("ro")
    child = command.start(disk)
    assert child.wait() == 2
    (line,) = child.err.splitlines()
    assert "permission denied" in line, line


def test_a_folder_that_is_deleted_meanwhile_is_one_sentence(command, undisturbed, tmp_path):
    names, moments = undisturbed
    rng = random.Random(f"{command.name} deleted")
    for turn in range(FEW):
        home = tmp_path / str(turn)
        home.mkdir()
        child = command.start(home, within=home, number=signal.SIGSTOP, at=rng.randrange(moments))
        assert child.wait() is None
        shutil.rmtree(home)
        child.send(signal.SIGCONT)
        code = child.wait()
        assert code in (0, 2) and len(child.err.splitlines()) == (1 if code else 0), child.err
        home.mkdir(exist_ok=True)
        command.succeeds(home)
        assert command.made(home).keys() == names
        shutil.rmtree(home)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_its_files_are_whole_whatever_streams_there_are(command, undisturbed, tmp_path, closed):
    command.succeeds(tmp_path, closed=closed)
    assert command.made(tmp_path).keys() == undisturbed[0]


def test_files_that_may_not_grow_are_one_sentence(command, tmp_path):
    if command.name == "fit":
        pytest.skip("a code is smaller than the sentence, which goes to a file here")
    child = command.start(tmp_path, limits={"FSIZE": 500})
    assert child.wait() == 2, child.err
    (line,) = child.err.splitlines()
    assert "File too large" in line, line
    assert not command.made(tmp_path)


def test_too_little_memory_is_one_sentence(command, tmp_path):
    child = command.start(tmp_path, limits={"AS": 2 << 20})
    code = child.wait()
    assert code in (0, 2) and len(child.err.splitlines()) == (1 if code else 0), child.err
    assert not code or ("memory" in child.err and not command.made(tmp_path)), child.err
