"""A farm on loopback: real processes of Dask's scheduler, workers and of the shell's client."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from landscape_engine import images
from tests.conftest import PATIENCE_S, ROOT, make_picture
from tests.faults.conftest import mounted, small_disk  # noqa: F401 - fixtures

JOB = {
    "version": 1, "clip": {"frames": 6}, "appearance": {"kind": "off"}, "regions": {"clean": False},
}  # fmt: skip
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(ROOT),
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}  # fmt: skip
LONG_S = 4 * PATIENCE_S  # for a whole batch
HEARS_SIGINT = (  # which a shell's background processes, and theirs, ignore
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and "farm" in item.fixturenames:
            if not hasattr(os, "fork"):
                item.add_marker(pytest.mark.skip(reason="signals work otherwise there"))
            try:
                import distributed  # noqa: F401
            except ImportError:
                item.add_marker(pytest.mark.skip(reason="Dask isn't installed: [farm] brings it"))


def until(is_so: Callable[[], Any], what: str, patience_s: float = LONG_S) -> Any:
    """Wait for something; gives what it was."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain until {what}")


class Process:
    """A process whose words go to a file; `again` starts it anew whenever it ends."""

    def __init__(self, words: list[object], log: Path, again: bool = False, **env: str) -> None:
        self.words, self.log, self.again = [str(w) for w in words], log, again
        self.env = {**os.environ, **ENVIRONMENT, **env}
        self.out = log.with_suffix(".out")
        self.starting = threading.Lock()
        self._start()
        if again:  # what the manual tells users to have a supervisor for
            threading.Thread(target=self._supervise, daemon=True).start()

    def _start(self) -> None:
        with self.log.open("ab") as err, self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", HEARS_SIGINT, *self.words],
                cwd=self.log.parent, stdout=out, stderr=err, env=self.env, start_new_session=True,
            )  # fmt: skip

    def _supervise(self) -> None:
        while self.again:
            self.process.wait()
            time.sleep(0.2)
            with self.starting:
                if self.again:
                    self._start()

    def wait(self) -> int:
        return self.process.wait(LONG_S)

    def close(self) -> None:
        with self.starting:
            self.again = False
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(PATIENCE_S)

    @property
    def err(self) -> str:
        return self.log.read_text(errors="replace")

    def report(self) -> dict[str, Any]:
        """The JSON object of a client's last line."""
        return json.loads(self.out.read_text().splitlines()[-1])


class Farm:
    """A scheduler, its workers, and clients, all in a folder of their own."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder, self.bundle = folder, bundle
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.protocol, self.tls = "tcp", []
        self.started: list[Process] = []
        self.workers: list[Process] = []

    @property
    def address(self) -> str:
        return f"{self.protocol}://127.0.0.1:{self.port}"

    def start(
        self,
        words: list[object],
        name: str,
        again: bool = False,
        within: Sequence[object] = (),
        **env: str,
    ) -> Process:
        log = self.folder / f"{name}-{len(self.started)}.log"
        one = Process([*within, sys.executable, *words], log, again, **env)
        self.started.append(one)
        return one

    def scheduler(self) -> Process:
        words = ["-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", self.port]
        words += ["--protocol", self.protocol, "--no-dashboard", *self.tls]
        return self.start(words, "scheduler")

    def worker(self, *options: object, within: Sequence[object] = (), **env: str) -> Process:
        scratch = self.folder / f"scratch-{len(self.started)}"
        words = ["-m", "dask", "worker", self.address, "--nthreads", 1, "--nworkers", 1]
        words += ["--host", "127.0.0.1", "--no-dashboard", "--local-directory", scratch]
        words += ["--protocol", self.protocol, *self.tls, *options]
        one = self.start(words, "worker", again=True, within=within, **env)
        self.workers.append(one)
        return one

    def client(self, manifest: Path, out: Path, *options: object, local: bool = False) -> Process:
        words = ["-m", "landscape_engine", "batch", manifest, "--out", out, "--json"]
        words += ["--bundle", self.bundle, "--device", "cpu", "--job", self.job()]
        words += [] if local else ["--scheduler", self.address]
        return self.start([*words, *options], "client")

    def job(self, **changes: Any) -> Path:
        path = self.folder / "job.json"
        path.write_text(json.dumps({**JOB, **changes}))
        return path

    def close(self) -> None:
        for one in reversed(self.started):
            one.close()


@pytest.fixture
def farm(tmp_path: Path, bundle_folder: Path) -> Iterator[Farm]:
    (tmp_path / "logs").mkdir()
    one = Farm(tmp_path / "logs", bundle_folder)
    yield one
    one.close()


@pytest.fixture
def plates(tmp_path: Path) -> Callable[[int], Path]:
    """Make a folder of small pictures, each another."""

    def make(count: int) -> Path:
        folder = tmp_path / "plates"
        folder.mkdir()
        picture = make_picture(64, 96)
        for number in range(count):
            images.save_image(picture.roll(number, 3), folder / f"plate{number:02d}.png")
        return folder

    return make


def machine_without(folder: Path) -> list[object]:
    """Begins a command that finds an empty disk where others find a folder."""
    mount = 'mount -t tmpfs none "$0" && exec "$@"'
    words = ["unshare", "--mount", "sh", "-c", mount, folder]
    if subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("no disk can be mounted for one process here")
    return words


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let a folder be read-only in the block, also for those who write in it just now."""
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        remount = ["mount", "-o", "remount,ro,bind", folder]
        until(lambda: not subprocess.run(remount, capture_output=True).returncode, "it is")
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def finished(out: Path) -> list[Path]:
    """The records of what is finished."""
    return sorted((out / ".landscape-batch").glob("*/done.json"))


def lost(item: Path) -> int:
    """The attempts at an item that nobody ended."""
    begun = item / "begun.json"
    return sum(json.loads(begun.read_text()).values()) if begun.exists() else 0


def tree(out: Path) -> dict[str, bytes]:
    """All results of a batch, by their paths."""
    found = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file()}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if not name.startswith((".landscape-batch", "report."))
    }


def leftovers(out: Path) -> list[str]:
    """What is half-written."""
    return [str(path) for path in out.rglob(".*.part*")]


def worker_at_an_item(worker: Process) -> int | None:
    """The process of a worker that is at an attempt just now, stopped; else None.

    It holds the item's lock, and the attempt is begun and not ended: it is neither about to begin
    nor about to let go. The nanny's child does the work. It is stopped first, so that it is still
    at it when this says so.
    """
    import psutil

    for child in psutil.Process(worker.process.pid).children(recursive=True):
        try:
            child.suspend()
            held = [Path(file.path) for file in child.open_files()]
            items = [path.parent for path in held if path.name == "lock"]
            if any(item.parent.name == ".landscape-batch" and lost(item) for item in items):
                return child.pid
            child.resume()
        except psutil.Error:
            continue
    return None
