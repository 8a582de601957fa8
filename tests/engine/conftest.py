"""A worker to talk to, and the add-on's half that does so in Blender."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import PATIENCE_S, ROOT


class Talk:
    """One worker process, its stdin and its jobs' folders."""

    def __init__(self, folder: Path, *options: str, before: str = "") -> None:
        """Start it; `before` are lines of Python that it begins with."""
        self.folder = folder
        program = ["-m", "landscape_engine"]
        if before:
            program = ["-c", f"{before}\nfrom landscape_engine.shell.cli import entry\nentry()"]
        self.process = subprocess.Popen(
            [sys.executable, *program, "worker", "--folder", str(folder), *options],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._count = 0

    def ask(self, request) -> None:
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def submit(self, task: dict) -> str:
        self._count += 1
        job = f"job-{self._count}"
        folder = self.folder / "jobs" / job
        folder.mkdir(parents=True)
        (folder / "job.json").write_text(json.dumps({"protocol": 1, **task}), encoding="utf-8")
        self.ask({"job": job})
        return job

    def events(self, job: str) -> list[dict]:
        path = self.folder / "jobs" / job / "events.jsonl"
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for(self, job: str, *names: str) -> dict:
        """The job's first event of some names."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for event in self.events(job):
                if event["event"] in names:
                    return event
            time.sleep(0.02)
        raise AssertionError(f"{job} said only {self.events(job)}")

    def do(self, task: dict) -> dict:
        """A job's last event."""
        return self.wait_for(self.submit(task), "done", "failed", "cancelled")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def talk(bundle_folder, tmp_path):
    started = []

    def call(*options: str, before: str = "") -> Talk:
        options = ("--bundle", str(bundle_folder), *options)
        started.append(Talk(tmp_path / "worker", *options, before=before))
        return started[-1]

    yield call
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def worker(bundle_folder, tmp_path_factory):
    """One for all tests of a file that leave it as it is."""
    one = Talk(tmp_path_factory.mktemp("worker"), "--bundle", str(bundle_folder))
    yield one
    one.close()


@pytest.fixture(scope="session")
def engine_client():
    """The module, loaded without the add-on's `__init__`, which needs Blender."""
    name = "addon_without_blender"
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(ROOT / "blender_addon")]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    yield importlib.import_module(f"{name}.engine_client")
    for module in [m for m in sys.modules if m.split(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture
def script(tmp_path):
    """Make an interpreter of one's own: a shell script that gets Python's arguments."""
    if os.name == "nt":
        pytest.skip("needs a shell")

    def make(text: str, name: str = "python") -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def interpreter(script) -> Path:
    """Python with this repository's engine, which a client's clean environment wouldn't show."""
    root, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    return script(f'PYTHONPATH={root} exec {python} "$@"', "pythön 3")
