"""The installer: what it writes, what it takes back, and what each of its failures says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = """\
schema_version = "1.0.0"
id = "landscape"
version = "{version}"
name = "Stand-in"
tagline = "What the installer needs of an add-on, without an engine"
maintainer = "Tests"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]

[build]
paths_exclude_pattern = [
  "__pycache__/",
  "/drafts/",
  "*.blend1",
]
"""
ADDON = '''
"""Operators with the names of the real add-on's; a frame is a copy of the picture."""
import os
import shutil

import bpy


class Clip(bpy.types.PropertyGroup):
    frames: bpy.props.IntProperty(default=400)
    size_from: bpy.props.StringProperty()
    width: bpy.props.IntProperty()
    height: bpy.props.IntProperty()


class Output(bpy.types.PropertyGroup):
    folder: bpy.props.StringProperty()


class Settings(bpy.types.PropertyGroup):
    clip: bpy.props.PointerProperty(type=Clip)
    output: bpy.props.PointerProperty(type=Output)
    file: bpy.props.StringProperty()


class LANDSCAPE_OT_make_plane(bpy.types.Operator):
    bl_idname, bl_label = "landscape.make_plane", "Make Plane"
    filepath: bpy.props.StringProperty()

    def execute(self, context):
        bpy.ops.mesh.primitive_plane_add()
        context.object.landscape.file = self.filepath
        return {"FINISHED"}


class LANDSCAPE_OT_animate(bpy.types.Operator):
    bl_idname, bl_label = "landscape.animate", "Animate"

    def execute(self, context):
        settings = context.object.landscape
        if FAILS:
            self.report({"ERROR"}, "The engine has no sky today.")
            return {"CANCELLED"}
        folder = f"{settings.output.folder}/{context.object.name}-001"
        os.makedirs(folder)
        for number in range(settings.clip.frames):
            shutil.copy(settings.file, f"{folder}/{number + 1:04}.png")
        return {"FINISHED"}


classes = Clip, Output, Settings, LANDSCAPE_OT_make_plane, LANDSCAPE_OT_animate


def register():
    for each in classes:
        bpy.utils.register_class(each)
    bpy.types.Object.landscape = bpy.props.PointerProperty(type=Settings)


def unregister():
    del bpy.types.Object.landscape
    for each in reversed(classes):
        bpy.utils.unregister_class(each)
'''


class Checkout:
    """A small repository with a stand-in add-on, and the folders of a user who runs its script."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "kept in Träume"
        self.user = folder / "user ☁"
        self.addon = self.root / "blender_addon"
        self.engine = self.root / "landscape_engine" / "__init__.py"
        self.addon.mkdir(parents=True)
        self.engine.parent.mkdir()
        self.user.mkdir()
        for name in ("install_addon.py", "pyproject.toml", "landscape_engine/__init__.py"):
            shutil.copy(ROOT / name, self.root / name)
        self.write()

    def write(self, version: str = "0.1.0", fails: bool = False) -> None:
        (self.addon / "blender_manifest.toml").write_text(MANIFEST.format(version=version))
        (self.addon / "__init__.py").write_text(f"FAILS = {fails}\n{ADDON}")

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the script as its user would."""
        homes = {"HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "BLENDER_USER_RESOURCES"}
        environment = os.environ | dict.fromkeys(homes, str(self.user))
        environment["PATH"] = ""  # the machine's own Blenders are left alone
        command = [sys.executable, str(self.root / "install_addon.py"), *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=300, cwd=self.user
        )

    def install(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Install into the bpy wheel beside the tests, whose environment has the engine."""
        return self.run("--blender", sys.executable, "--python", sys.executable, *arguments)

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Everything that the user has, with the times of writing."""
        found = {}
        for path in self.user.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and ".cache" not in path.parts:
                written = path.stat().st_mtime_ns
                found[str(path.relative_to(self.user))] = written, path.read_bytes()
        return found


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def blender() -> None:
    if importlib.util.find_spec("bpy") is None:
        pytest.skip('the bpy wheel is not installed: pip install ".[test]" on Python 3.11')


EXTENSION = "extensions/user_default/landscape"
RECORD = "extensions/.user/user_default/landscape/engine.json"


def test_a_dry_run_says_the_plan_and_touches_nothing(checkout, blender):
    done = checkout.install("--dry-run")
    assert done.returncode == 0, done.stderr
    assert "install " in done.stdout and "would be written" in done.stdout
    assert not checkout.files()  # Blender itself makes a cache of thumbnails at every start


def test_a_dry_run_names_the_environment_that_it_would_make(checkout, blender):
    done = checkout.run("--blender", sys.executable, "--dry-run", "--environment", "new")
    assert done.returncode == 0, done.stderr
    assert str(checkout.user / "new") in done.stdout
    assert not checkout.files()  # Blender itself makes a cache of thumbnails at every start


def test_the_zip_holds_what_the_manifest_does_not_exclude(checkout):
    for name in ("drafts/one.py", "deep/kept.py", "__pycache__/a.pyc", "deep/x.blend1", ".secret"):
        (checkout.addon / name).parent.mkdir(exist_ok=True)
        (checkout.addon / name).write_text("")
    for out in ("out", "again"):
        done = checkout.run("--zip-only", "--out", out)
        assert done.returncode == 0, done.stderr
    archive = checkout.user / "out" / "landscape-0.1.0.zip"
    with zipfile.ZipFile(archive) as opened:
        assert opened.namelist() == ["__init__.py", "blender_manifest.toml", "deep/kept.py"]
    assert archive.read_bytes() == (checkout.user / "again" / archive.name).read_bytes()
    told = (archive.parent / "INSTALL.txt").read_text()
    for word in ("pip wheel", "--no-index --find-links wheels", archive.name, str(checkout.root)):
        assert word in told


def validate(archive: Path) -> None:
    """Let Blender's own tool judge the zip."""
    bpy = Path(importlib.util.find_spec("bpy").origin).parent
    tool = next(bpy.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    done = subprocess.run(
        [sys.executable, str(tool), "validate", str(archive)], capture_output=True, text=True
    )
    assert done.returncode == 0 and "Success" in done.stdout, done.stdout + done.stderr


def test_blenders_own_tool_finds_the_zip_valid(checkout, blender):
    checkout.run("--zip-only", "--out", "out")
    validate(checkout.user / "out" / "landscape-0.1.0.zip")


def test_the_add_on_of_this_repository_makes_a_valid_zip(tmp_path, blender):
    if not (ROOT / "blender_addon" / "blender_manifest.toml").exists():
        pytest.skip("the add-on has no manifest yet")
    command = [sys.executable, str(ROOT / "install_addon.py"), "--zip-only", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    validate(next(tmp_path.glob("landscape-*.zip")))


def test_installing_twice_changes_nothing_the_second_time(checkout, blender):
    first = checkout.install()
    assert first.returncode == 0, first.stderr
    assert "made 4 frames" in first.stdout
    files = checkout.files()
    assert f"{EXTENSION}/blender_manifest.toml" in files
    record = json.loads(files[RECORD][1])
    assert record == {"interpreter": sys.executable, "version": "0.1.0"}

    second = checkout.install()
    assert second.returncode == 0, second.stderr
    assert "is up to date" in second.stdout
    assert {n: f for n, f in checkout.files().items() if "landscape" in n} == {
        n: f for n, f in files.items() if "landscape" in n
    }


def test_a_newer_add_on_replaces_the_earlier_one_and_uninstalling_leaves_none(checkout, blender):
    assert checkout.install("--no-check").returncode == 0
    checkout.write(version="0.1.1")
    (checkout.addon / "added.py").write_text("")
    done = checkout.install("--no-check")
    assert done.returncode == 0, done.stderr
    files = checkout.files()
    assert b'version = "0.1.1"' in files[f"{EXTENSION}/blender_manifest.toml"][1]
    assert f"{EXTENSION}/added.py" in files

    dry = checkout.run("--uninstall", "--blender", sys.executable, "--dry-run")
    assert dry.returncode == 0 and checkout.files() == files
    done = checkout.run("--uninstall", "--blender", sys.executable)
    assert done.returncode == 0, done.stderr
    assert not (checkout.user / EXTENSION).exists() and not (checkout.user / RECORD).exists()
    assert checkout.run("--uninstall", "--blender", sys.executable).returncode == 0


def test_a_failed_check_takes_the_new_add_on_back(checkout, blender):
    checkout.write(fails=True)
    done = checkout.install()
    assert done.returncode == 1
    assert re.match(r"failed at check: .*The engine has no sky today; mend that", done.stderr)
    assert not (checkout.user / EXTENSION).exists() and not (checkout.user / RECORD).exists()


def test_a_failed_check_puts_the_earlier_add_on_back(checkout, blender):
    assert checkout.install("--no-check").returncode == 0
    checkout.write(version="0.1.1", fails=True)
    assert checkout.install().returncode == 1
    manifest = (checkout.user / EXTENSION / "blender_manifest.toml").read_text()
    assert 'version = "0.1.0"' in manifest
    assert (checkout.user / RECORD).exists()


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


def refusal(done: subprocess.CompletedProcess[str], step: str, *words: str) -> None:
    """The run failed in one sentence, which names the step and holds the words."""
    assert done.returncode == 1, done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"failed at {step}: "), done.stderr
    for word in words:
        assert word in lines[0]


def test_a_blender_that_is_not_there_is_refused(checkout):
    done = checkout.run("--blender", "/no/such blender", "--python", sys.executable)
    refusal(done, "blender", "/no/such blender", "give another --blender")


def test_a_program_that_is_no_blender_is_refused(checkout):
    done = checkout.run("--blender", shutil.which("true"), "--python", sys.executable)
    refusal(done, "blender", "gave no answer", "--blender")


@pytest.fixture
def old_blender(checkout) -> Path:
    """A Blender of before there were extensions, where people unpack such things."""
    old = checkout.user / "blender-3.6.2-linux-x64" / "blender"
    answer = 'install_addon answers: {"version": [3, 6, 2]}'
    old.parent.mkdir()
    old.write_text(f"#!/bin/sh\necho '{answer}'\n")
    old.chmod(0o755)
    return old


def test_an_old_blender_is_refused(checkout, old_blender):
    done = checkout.run("--blender", old_blender.parent, "--python", sys.executable)
    refusal(done, "blender", "3.6.2", "expected 4.2 or later", "update it")


def test_blenders_in_usual_places_are_found_and_one_that_fails_stops_no_other(
    checkout, old_blender, blender
):
    done = checkout.run("--python", sys.executable, "--no-check")
    refusal(done, "blender", str(old_blender), "3.6.2")
    assert (checkout.user / EXTENSION).exists()  # in the wheel


def test_an_interpreter_without_the_engine_is_refused(checkout):
    done = checkout.run("--blender", "x", "--python", "/usr/bin/env")
    refusal(done, "environment", "has no landscape-engine", "pip install", "leave out --python")


def test_an_engine_of_another_version_is_refused(checkout):
    checkout.engine.write_text('__version__ = "9.0"\n')
    done = checkout.run("--blender", "x", "--python", sys.executable)
    refusal(done, "environment", "has landscape-engine 0.1.0, expected 9.0", "pip install")


def test_a_folder_of_someone_else_is_no_environment(checkout):
    (checkout.user / "mine").mkdir()
    (checkout.user / "mine" / "thesis.txt").write_text("")
    done = checkout.run("--blender", "x", "--environment", "mine")
    refusal(done, "environment", "isn't this script's", "--environment")
    assert (checkout.user / "mine" / "thesis.txt").exists()


def test_an_environment_that_cannot_be_filled_is_not_left(checkout, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    done = checkout.run("--blender", "x", "--environment", "new ü")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and last.startswith("failed at environment: ")
    assert "takes a network" in last and "--zip-only" in last
    assert not (checkout.user / "new ü").exists()


@pytest.fixture
def installer(monkeypatch):
    spec = importlib.util.spec_from_file_location("install_addon", ROOT / "install_addon.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_a_build_that_cannot_be_had_leaves_pips_own(installer, tmp_path, monkeypatch, capsys):
    asked = []

    def run(words, **options):
        asked.append([str(word) for word in words])
        failed = "--index-url" in words
        return subprocess.CompletedProcess(words, int(failed), stdout="")

    monkeypatch.setattr(installer.subprocess, "run", run)
    monkeypatch.setattr(installer, "torch_of", lambda asked: ("cpu", ["--index-url", "there/cpu"]))
    monkeypatch.setattr(installer, "said_by", lambda *words: "3.11")
    installer.make_environment(tmp_path / "new", "auto", dry=False)
    first, second = [words for words in asked if "pip" in words]
    assert "torch>=" in " ".join(first) and second[-1] == str(installer.REPOSITORY)
    printed = capsys.readouterr().out
    assert "there/cpu has none for cpu; pip's own is taken instead" in printed
    assert (tmp_path / "new" / installer.MARKER).read_text().endswith("torch for cpu")


def test_half_a_checkout_is_refused(checkout):
    (checkout.addon / "blender_manifest.toml").unlink()
    refusal(checkout.install(), "repository", "blender_manifest.toml", "whole checkout")


def test_a_zip_that_cannot_be_written_is_refused(checkout):
    (checkout.user / "file").write_text("")
    refusal(checkout.run("--zip-only", "--out", "file"), "package", "give another --out")


def test_an_unreadable_add_on_is_refused_and_leaves_nothing(checkout, blender):
    (checkout.addon / "__init__.py").write_text("this is no Python")
    done = checkout.install()
    assert done.returncode == 1 and "give another" not in done.stderr
    assert not (checkout.user / EXTENSION).exists()


def test_the_pythons_are_those_of_the_project():
    script = (ROOT / "install_addon.py").read_text(encoding="utf-8")
    pythons = re.findall(r'"(3\.\d+)"', re.search(r"PYTHONS = \((.*?)\)", script)[1])
    wanted = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text()
    )
    assert pythons == [f"3.{minor}" for minor in range(int(wanted[2]) - 1, int(wanted[1]) - 1, -1)]
