"""The engine's environment: whose it is, what it is made from, and the build of torch in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installer.checkout import BLENDER_PYTHON, ROOT, refusal


def test_a_dry_run_names_the_environment_that_it_would_make(checkout, blender):
    done = checkout.run("--blender", BLENDER_PYTHON, "--dry-run", "--environment", "new")
    assert done.returncode == 0, done.stderr
    assert str(checkout.user / "new") in done.stdout
    assert not checkout.files()  # Blender itself makes a cache of thumbnails at every start


def test_uninstalling_removes_only_an_environment_of_its_own(checkout):
    for name, marked in (("own", True), ("other", False)):
        (checkout.user / name).mkdir()
        (checkout.user / name / "file").write_text("")
        if marked:
            (checkout.user / name / "made_by_install_addon.txt").write_text("")
        command = "--uninstall", "--environment", name
        checkout.run(*command, "--dry-run")
        assert (checkout.user / name).exists()
    assert checkout.run("--uninstall", "--environment", "own").returncode == 0
    assert checkout.run("--uninstall", "--environment", "other").returncode == 0
    assert not (checkout.user / "own").exists() and (checkout.user / "other" / "file").exists()


def test_an_interpreter_without_the_engine_is_refused(checkout):
    done = checkout.run("--blender", "x", "--python", "/usr/bin/env")
    refusal(done, "environment", "has no landscape-engine", "pip install", "leave out --python")


def test_an_engine_of_another_version_is_refused(checkout):
    checkout.engine.write_text('__version__ = "9.0"\n')
    done = checkout.run("--blender", "x", "--python", sys.executable)
    refusal(done, "environment", "has landscape-engine 0.1.0, expected 9.0", "pip install")


def test_a_python_that_is_not_there_is_said_to_be_missing(checkout):
    done = checkout.run("--blender", "x", "--python", "gone/bin/python")
    refusal(done, "environment", "gone/bin/python isn't there", "give its path")
    (checkout.user / "text").write_text("")
    done = checkout.run("--blender", "x", "--python", "text")
    refusal(done, "environment", "text is no program", "give its path")


def test_a_folder_of_someone_else_is_no_environment(checkout, blender):
    (checkout.user / "mine").mkdir()
    (checkout.user / "mine" / "thesis.txt").write_text("")
    done = checkout.run("--blender", BLENDER_PYTHON, "--environment", "mine")
    refusal(done, "environment", "isn't this script's", "--environment")
    assert (checkout.user / "mine" / "thesis.txt").exists()


def test_an_environment_that_cannot_be_filled_is_not_left(checkout, blender, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (checkout.user / "kept").mkdir()
    where = Path("kept", "new ü", "venv")
    done = checkout.run("--blender", BLENDER_PYTHON, "--environment", where)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and last.startswith("failed at environment: ")
    assert "takes a network" in last and "--zip-only" in last
    assert list((checkout.user / "kept").iterdir()) == []


@pytest.mark.parametrize(
    ("system", "machine", "driver", "asked", "kind", "build"),
    [
        ("linux", "x86_64", False, "auto", "cpu", "whl/cpu"),
        ("linux", "x86_64", True, "auto", "cuda", None),
        ("linux", "x86_64", True, "cpu", "cpu", "whl/cpu"),
        ("linux", "aarch64", False, "auto", "cpu", None),
        ("win32", "AMD64", False, "auto", "cpu", None),
        ("win32", "AMD64", True, "auto", "cuda", "whl/cu"),
        ("win32", "AMD64", False, "cuda", "cuda", "whl/cu"),
        ("darwin", "arm64", False, "auto", "apple", None),
    ],
)
def test_the_torch_of_a_machine(
    installer, monkeypatch, system, machine, driver, asked, kind, build
):
    monkeypatch.setattr(installer.sys, "platform", system)
    monkeypatch.setattr(installer, "WINDOWS", system == "win32")
    monkeypatch.setattr(installer.platform, "machine", lambda: machine)
    monkeypatch.setattr(installer, "has_nvidia", lambda: driver)
    found, index = installer.torch_of(asked)
    assert found == kind
    assert (build is None) == (not index) and (not index or build in index[-1])


@pytest.fixture
def pip(installer, monkeypatch) -> list[list[str]]:
    """The commands that the installer runs, of which none does anything; an index has nothing."""
    commands = []

    def run(words, **options):
        commands.append([str(word) for word in words])
        return subprocess.CompletedProcess(words, int("--index-url" in words), stdout="")

    monkeypatch.setattr(installer.subprocess, "run", run)
    monkeypatch.setattr(installer, "said_by", lambda *words: "3.11")
    return commands


def test_a_build_that_cannot_be_had_leaves_pips_own(installer, pip, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(installer, "torch_of", lambda asked: ("cpu", ["--index-url", "there/cpu"]))
    installer.make_environment(tmp_path / "new", "auto", dry=False)
    first, second = [words for words in pip if "pip" in words]
    assert "torch>=" in " ".join(first) and second[-1] == str(installer.REPOSITORY)
    printed = capsys.readouterr().out
    assert "there/cpu has none for cpu; pip's own is taken instead" in printed
    assert (tmp_path / "new" / installer.MARKER).read_text().endswith("torch for cpu")


@pytest.mark.parametrize(
    ("earlier", "anew"), [("1.0 torch for cpu", False), ("1.0 torch for cuda", True)]
)
def test_an_environment_is_brought_up_to_date_and_made_anew_for_another_torch(
    installer, pip, tmp_path, monkeypatch, earlier, anew
):
    monkeypatch.setattr(installer, "torch_of", lambda asked: ("cpu", []))
    (tmp_path / installer.MARKER).write_text(earlier)
    (tmp_path / "kept").write_text("")
    installer.make_environment(tmp_path, "auto", dry=False)
    assert (tmp_path / "kept").exists() != anew
    assert any("venv" in words for words in pip) == anew
    assert (tmp_path / installer.MARKER).read_text().endswith("torch for cpu")


def test_the_pythons_are_those_of_the_project():
    script = (ROOT / "install_addon.py").read_text(encoding="utf-8")
    pythons = re.findall(r'"(3\.\d+)"', re.search(r"PYTHONS = \((.*?)\)", script)[1])
    wanted = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text()
    )
    assert pythons == [f"3.{minor}" for minor in range(int(wanted[2]) - 1, int(wanted[1]) - 1, -1)]
