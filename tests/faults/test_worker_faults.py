"""Facts about a worker that is ended, stopped or robbed of a folder in the middle of a job."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import PATIENCE_S

from .test_disks import fill
from .test_moments import FEW

ENDS = {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class Worker:
    """A worker's folder, stdin and job."""

    def __init__(self, nursery, home: Path, lake: Path, bundle: Path) -> None:
        self.nursery, self.home, self.bundle = nursery, home, bundle
        self.folder, self.place = home / "worker", home / "there" / "out"
        home.mkdir()
        self.place.parent.mkdir()
        clip = {"frames": 3, "size": "64x36"}
        self.job = {
            "version": 1, "picture": str(lake), "out": str(self.place), "clip": clip,
            "appearance": {"kind": "off"}, "loop": {"kind": "none"}, "regions": {"clean": False},
        }  # fmt: skip
        self.jobs = 0

    def start(
        self,
        number: int = 0,
        at: int | None = None,
        closed: tuple[int, ...] = (),
        **limits: int,
    ) -> None:
        """Start it; moments are those at the job's target."""
        pipe = self.home / f"pipe-{self.jobs}"
        os.mkfifo(pipe)
        self.child = self.nursery.start(
            "worker", "--folder", self.folder, "--bundle", self.bundle, folder=self.home,
            within=self.place.parent, number=number, at=at, stdin=str(pipe), limits=limits,
            closed=closed,
        )  # fmt: skip
        self.stdin = open(pipe, "wb", buffering=0)

    def submit(self) -> Path:
        """Ask for the job; gives its folder."""
        self.jobs += 1
        folder = self.folder / "jobs" / f"job-{self.jobs}"
        folder.mkdir(parents=True)
        task = {"protocol": 1, "task": "animate", "job": self.job}
        (folder / "job.json").write_text(json.dumps(task))
        self.stdin.write(json.dumps({"job": folder.name}).encode() + b"\n")
        return folder

    def end_of(self, folder: Path) -> str:
        """How the job ended."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            said = folder / "events.jsonl"
            lines = said.read_text().splitlines() if said.exists() else []
            names = [json.loads(line)["event"] for line in lines if line.endswith("}")]
            for name in ("done", "failed", "cancelled"):
                if name in names:
                    return name
            time.sleep(0.02)
        raise AssertionError(self.child.err)

    def check_next(self, hint: object) -> None:
        """The next worker does the job, and leaves nothing beside it."""
        self.start()
        assert self.end_of(self.submit()) == "done", hint
        assert os.listdir(self.place.parent) == ["out"], hint
        assert sorted(os.listdir(self.place)) == ["0001.png", "0002.png", "0003.png"], hint
        self.stop(hint)

    def stop(self, hint: object = None) -> None:
        self.stdin.close()
        assert self.child.wait() == 0, (hint, self.child.err)
        assert not (self.folder / "worker.json").exists()


@pytest.fixture(scope="module")
def moments(nursery, tmp_path_factory, lake, bundle_folder) -> int:
    worker = Worker(nursery, tmp_path_factory.mktemp("undisturbed") / "home", lake, bundle_folder)
    worker.start()
    assert worker.end_of(worker.submit()) == "done"
    worker.stop()
    return worker.child.moments


@pytest.mark.parametrize("number", ENDS, ids=lambda n: n.name)
def test_what_ends_it_leaves_nothing_to_the_next(
    nursery, lake, bundle_folder, tmp_path, moments, number
):
    rng = random.Random(f"worker {number.name}")
    for turn in range(FEW):
        worker = Worker(nursery, tmp_path / str(turn), lake, bundle_folder)
        at = rng.randrange(moments)
        worker.start(number, at)
        worker.submit()
        code, hint = worker.child.wait(), (at, worker.child.err)
        worker.stdin.close()
        assert code == ENDS[number] and "Traceback" not in worker.child.err, (code, hint)
        left = os.listdir(worker.place.parent)
        if number != signal.SIGKILL:
            assert left in ([], ["out"]) and not (worker.folder / "worker.json").exists(), hint
        worker.check_next(hint)


def test_one_that_stands_still_goes_on(nursery, lake, bundle_folder, tmp_path, moments):
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    worker.start(signal.SIGSTOP, random.Random("worker stopped").randrange(moments))
    job = worker.submit()
    assert worker.child.wait() is None
    worker.child.send(signal.SIGCONT)
    assert worker.end_of(job) == "done"
    worker.stop()


def test_a_target_that_is_deleted_meanwhile_is_that_jobs_error(
    nursery, lake, bundle_folder, tmp_path, moments
):
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    worker.start(signal.SIGSTOP, moments // 2)
    job = worker.submit()
    assert worker.child.wait() is None
    shutil.rmtree(worker.place.parent)
    worker.child.send(signal.SIGCONT)
    assert worker.end_of(job) == "failed"
    last = json.loads((job / "events.jsonl").read_text().splitlines()[-1])
    assert "can't be written" in last["message"]
    assert worker.end_of(worker.submit()) == "done"
    worker.stop()


def test_too_little_memory_is_that_jobs_error(nursery, lake, bundle_folder, tmp_path):
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    small = worker.job["clip"]
    worker.job["clip"] = {"frames": 3, "size": "8000x6000"}
    worker.start(AS=600 << 20)
    job = worker.submit()
    assert worker.end_of(job) == "failed"
    last = json.loads((job / "events.jsonl").read_text().splitlines()[-1])
    assert "memory is used up" in last["message"]
    worker.job["clip"] = small
    assert worker.end_of(worker.submit()) == "done"
    worker.stop()


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_targets_disk_that_takes_nothing_is_that_jobs_error(
    nursery, lake, bundle_folder, tmp_path, mounted, kind
):
    disk = mounted("ro" if kind == "read-only" else "size=64k")
    if kind == "full":
        fill(disk)
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    out = worker.job["out"]
    worker.job["out"] = str(disk / "out")
    worker.start()
    job = worker.submit()
    assert worker.end_of(job) == "failed"
    last = json.loads((job / "events.jsonl").read_text().splitlines()[-1])
    assert "can't be written" in last["message"] and not last.get("fault")
    worker.job["out"] = out
    assert worker.end_of(worker.submit()) == "done"
    worker.stop()


def test_a_target_whose_disk_fills_up_meanwhile_is_that_jobs_error(
    nursery, lake, bundle_folder, tmp_path, mounted, moments
):
    disk = mounted("size=1m")
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    worker.place = disk / "out"
    worker.job["out"] = str(worker.place)
    worker.start(signal.SIGSTOP, moments // 2)
    job = worker.submit()
    assert worker.child.wait() is None
    fill(disk)
    worker.child.send(signal.SIGCONT)
    assert worker.end_of(job) == "failed"
    last = json.loads((job / "events.jsonl").read_text().splitlines()[-1])
    assert "disk full" in last["message"]
    assert os.listdir(disk) == ["other"]
    (disk / "other").unlink()
    assert worker.end_of(worker.submit()) == "done"
    worker.stop()


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_worker_whose_own_disk_takes_nothing_says_so_and_ends(
    nursery, lake, bundle_folder, tmp_path, mounted, kind
):
    disk = mounted("ro" if kind == "read-only" else "size=64k")
    if kind == "full":
        (disk / "jobs").mkdir()
        fill(disk)
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    worker.folder = disk
    worker.start()
    assert worker.child.wait() == 2
    worker.stdin.close()
    assert "Traceback" not in worker.child.err
    assert "can't be written" in worker.child.err.splitlines()[-1], worker.child.err


def test_a_worker_whose_own_disk_fills_up_meanwhile_ends_with_stdin(
    nursery, lake, bundle_folder, tmp_path, mounted, moments
):
    """It can't say anything any more; the target is whole or isn't there."""
    disk = mounted("size=1m")
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    worker.folder = disk
    worker.start(signal.SIGSTOP, moments // 2)
    worker.submit()
    assert worker.child.wait() is None
    fill(disk)
    worker.child.send(signal.SIGCONT)
    worker.stdin.close()
    code = worker.child.wait()
    assert code in (0, 2), (code, worker.child.err)
    assert os.listdir(worker.place.parent) in ([], ["out"])


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2)], ids=str)
def test_a_worker_does_its_jobs_without_streams_to_say_anything(
    nursery, lake, bundle_folder, tmp_path, closed
):
    worker = Worker(nursery, tmp_path / "home", lake, bundle_folder)
    worker.start(closed=closed)
    assert worker.end_of(worker.submit()) == "done"
    worker.stop()
    assert sorted(os.listdir(worker.place)) == ["0001.png", "0002.png", "0003.png"]


def test_a_worker_without_stdin_ends(nursery, bundle_folder, tmp_path):
    words = ["worker", "--folder", tmp_path / "worker", "--bundle", bundle_folder]
    child = nursery.start(*words, folder=tmp_path, closed=(0,))
    assert child.wait() == 0 and "Traceback" not in child.err
    assert not (tmp_path / "worker" / "worker.json").exists()
