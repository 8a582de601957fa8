"""The nursery, whose children things are done to, and what is looked for afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PATIENCE_S, ROOT

from .commands import training_words


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not hasattr(os, "fork"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="signals and limits work otherwise there"))


@dataclass
class Child:
    """One command of the engine that the nursery started."""

    nursery: Nursery
    pid: int
    folder: Path  # of what it said

    def wait(self) -> int | None:
        """Its exit code, or less than 0 for a signal that ended it; None: it is stopped."""
        return self.nursery.ask({"wait": self.pid}).get("code")

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    @property
    def out(self) -> str:
        return (self.folder / "stdout").read_text(errors="surrogateescape")

    @property
    def err(self) -> str:
        return (self.folder / "stderr").read_text(errors="surrogateescape")

    @property
    def moments(self) -> int:
        """How many it has had."""
        return (self.folder / "moments").stat().st_size


class Nursery:
    """The process that has loaded the engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
        )  # fmt: skip
        self.process.stdout.readline()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def start(
        self,
        *arguments: object,
        folder: Path,
        within: Path | None = None,
        number: int = 0,
        at: int | None = None,
        closed: tuple[int, ...] = (),
        limits: dict[str, int] | None = None,
        **streams: str,
    ) -> Child:
        """Start a command; `moments.watch` and `nursery._be` say what can be done to it."""
        self.count += 1
        said = self.folder / str(self.count)
        said.mkdir()
        names = [streams.get("stdin", os.devnull)]
        names += [streams.get(name, str(said / name)) for name in ("stdout", "stderr")]
        request = {
            "arguments": [str(a) for a in arguments],
            "folder": str(folder),
            "streams": [None if n in closed else name for n, name in enumerate(names)],
            "limits": limits,
        }
        if within:
            counter = str(said / "moments")
            watched = {"within": str(within), "counter": counter, "number": number, "at": at}
            request["watched"] = watched
        return Child(self, self.ask(request)["pid"], said)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    one = Nursery(tmp_path_factory.mktemp("nursery"))
    yield one
    one.close()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a real disk in memory, where this process may."""
    mounts = []

    def mount(options: str) -> Path:
        disk = tmp_path / "disk"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(disk)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no disk can be mounted here")
        mounts.append(disk)
        return disk

    yield mount
    for disk in mounts:
        if subprocess.run(["umount", str(disk)]).returncode:
            subprocess.run(["umount", "-l", str(disk)], check=True)
            pytest.fail(f"a file of '{disk}' is still open")


@pytest.fixture
def small_disk(mounted: Callable[[str], Path]) -> Path:
    """A disk of 1 MiB."""
    return mounted("size=1m")


@dataclass
class Unbroken:
    """A training run that nothing disturbed, and what others are held against."""

    home: Path
    moments: int
    second: int  # the moment at which it begins to save the second checkpoint

    def check(self, home: Path, hint: object = None) -> None:
        """A run came to the same weights, and left nothing else."""
        for name in ("run/losses.csv", *(f"bundle/{n}" for n in os.listdir(self.home / "bundle"))):
            assert (home / name).read_bytes() == (self.home / name).read_bytes(), (name, hint)
        left = {p.relative_to(home) for p in home.rglob("*")}
        assert left == {p.relative_to(self.home) for p in self.home.rglob("*")}, hint

    def check_resumed(self, nursery: Nursery, home: Path, hint: object = None) -> None:
        """The same command goes on to the same weights."""
        child = nursery.start(*training_words(home), folder=home)
        assert child.wait() == 0 and not child.err, (hint, child.err)
        self.check(home, hint)


@pytest.fixture(scope="session")
def unbroken(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    home = tmp_path_factory.mktemp("unbroken")
    child = nursery.start(*training_words(home), folder=home, within=home)
    assert child.wait() == 0, child.err
    return Unbroken(home, child.moments, 16)


@pytest.fixture
def start():
    """Start processes that hear Ctrl-C, also where this one, run in the background, ignores it."""
    started = []

    def call(*command):
        earlier = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignoring is inherited
        try:
            started.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        finally:
            signal.signal(signal.SIGINT, earlier)
        return started[-1]

    yield call
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()
