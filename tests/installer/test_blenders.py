"""The Blenders: which are found, and which are refused."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.installer.checkout import BLENDER_PYTHON, EXTENSION, refusal


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


def test_every_given_blender_is_looked_at_before_anything_is_made(checkout, old_blender, blender):
    for given in (["/no/such blender"], [BLENDER_PYTHON, old_blender]):
        words = [word for one in given for word in ("--blender", one)]
        done = checkout.run(*words, "--environment", "new")
        refusal(done, "blender", str(given[-1]))
        assert not (checkout.user / "new").exists() and "environment" not in done.stdout
        assert not (checkout.user / EXTENSION).exists()


def test_a_download_is_named_and_not_run(checkout, blender):
    path = checkout.user / "Downloads" / "blender-9.9-linux-x64" / "blender"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho ran > '{checkout.user}/ran'\n")
    path.chmod(0o755)
    done = checkout.run("--python", sys.executable, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f'{path} is left alone, a download; to use it give --blender "{path}"' in done.stdout
    assert not (checkout.user / "ran").exists()
    asked = checkout.run("--python", sys.executable, "--dry-run", "--blender", path)
    assert asked.returncode == 1 and (checkout.user / "ran").exists()
