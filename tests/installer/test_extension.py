"""The extension: its zip, and Blender with it installed, brought up to date and without it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.installer.checkout import BLENDER_PYTHON, EXTENSION, RECORD, ROOT, refusal


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


def extension_tool(*arguments: object) -> str:
    """What Blender's own tool prints."""
    where = "import importlib.util; print(importlib.util.find_spec('bpy').origin)"
    found = subprocess.run([BLENDER_PYTHON, "-c", where], capture_output=True, text=True)
    bpy = Path(found.stdout.strip()).parent
    tool = next(bpy.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    command = [BLENDER_PYTHON, str(tool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def validate(archive: Path) -> None:
    """Let Blender's own tool judge the zip."""
    assert "Success" in extension_tool("validate", archive)


def test_a_repository_gives_blenders_the_add_on_and_its_updates(checkout, blender):
    folder, local = checkout.user / "shared ü", checkout.user / "local"
    words = "--repository", folder, "--blender", BLENDER_PYTHON
    for version in ("0.1.0", "0.1.1"):
        checkout.write(version=version)
        assert checkout.run(*words, "--dry-run").returncode == 0
        done = checkout.run(*words)
        assert done.returncode == 0, done.stderr
        address = (folder / "index.json").as_uri()
        assert address in done.stdout and "done" not in done.stdout
        [listed] = json.loads((folder / "index.json").read_text())["data"]
        assert listed["version"] == version
        assert [path.name for path in folder.glob("*.zip")] == [f"landscape-{version}.zip"]
        where = "--remote-url", address, "--local-dir", local
        extension_tool("sync", *where)
        extension_tool("install", *where, "landscape")
        assert f'"{version}"' in (local / "landscape" / "blender_manifest.toml").read_text()
    assert (folder / "index.html").exists()
    assert not (checkout.user / EXTENSION).exists()


def test_a_repository_needs_a_blender(checkout):
    words = "--repository", "here", "--blender"
    refusal(checkout.run(*words, shutil.which("true")), "repository", "didn't list", "--blender")


def test_the_manifest_names_no_made_up_address_and_says_that_a_program_is_started():
    text = (ROOT / "blender_addon" / "blender_manifest.toml").read_text(encoding="utf-8")
    assert re.search(r'(?m)^maintainer = "\S.+"', text)
    assert not re.search(r"\.(example|invalid|test|localhost)\b|\bexample\.(com|net|org)\b", text)
    [said] = re.findall(r'(?m)^files = "(.+)"$', text)
    assert "program" in said and len(said) <= 64 and not said.endswith(".")


def test_blenders_own_tool_finds_the_zip_valid(checkout, blender):
    checkout.run("--zip-only", "--out", "out")
    validate(checkout.user / "out" / "landscape-0.1.0.zip")


def test_the_add_on_of_this_repository_makes_a_valid_zip(tmp_path, blender):
    if not (ROOT / "blender_addon" / "blender_manifest.toml").exists():
        pytest.skip("the add-on has no manifest yet")
    command = [sys.executable, str(ROOT / "install_addon.py"), "--zip-only", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    validate(next(tmp_path.glob("landscape-*.zip")))


def test_a_zip_that_cannot_be_written_is_refused(checkout):
    (checkout.user / "file").write_text("")
    refusal(checkout.run("--zip-only", "--out", "file"), "package", "give another --out")


def test_half_a_checkout_is_refused(checkout):
    (checkout.addon / "blender_manifest.toml").unlink()
    refusal(checkout.install(), "repository", "blender_manifest.toml", "whole checkout")


def test_a_dry_run_says_the_plan_and_touches_nothing(checkout, blender):
    done = checkout.install("--dry-run")
    assert done.returncode == 0, done.stderr
    assert "install " in done.stdout and "would be written" in done.stdout
    assert not checkout.files()  # Blender itself makes a cache of thumbnails at every start


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

    dry = checkout.run("--uninstall", "--blender", BLENDER_PYTHON, "--dry-run")
    assert dry.returncode == 0 and checkout.files() == files
    done = checkout.run("--uninstall", "--blender", BLENDER_PYTHON)
    assert done.returncode == 0, done.stderr
    assert not (checkout.user / EXTENSION).exists() and not (checkout.user / RECORD).exists()
    assert checkout.run("--uninstall", "--blender", BLENDER_PYTHON).returncode == 0


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


def test_an_unreadable_add_on_is_refused_and_leaves_nothing(checkout, blender):
    (checkout.addon / "__init__.py").write_text("this is no Python")
    done = checkout.install()
    assert done.returncode == 1 and "give another" not in done.stderr
    assert not (checkout.user / EXTENSION).exists()
