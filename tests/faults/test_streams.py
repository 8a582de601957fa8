"""Facts about a command whose caller left it without streams, or with full or odd ones."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import PATIENCE_S, ROOT

from .commands import animation_words
from .test_moments import content

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="descriptors are closed otherwise there")


def shell(text, **changes):
    return subprocess.run(
        ["sh", "-c", text], capture_output=True, env=ENVIRONMENT | changes, timeout=PATIENCE_S
    )


@pytest.fixture
def animate(lake, bundle_folder, tmp_path):
    """The command line of a short animation, to go on with in a shell."""
    words = animation_words(lake, bundle_folder, tmp_path / "out", frames=2)
    return " ".join(map(str, [sys.executable, "-m", "landscape_engine", *words]))


def test_frames_are_made_without_any_streams(animate, tmp_path):
    assert shell(f"{animate} <&- >&- 2>&-").returncode == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["0001.png", "0002.png"]


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (1, 2), "full"])
@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_what_is_made_is_whole_whatever_streams_there_are(
    nursery, lake, bundle_folder, tmp_path, name, closed
):
    """The descriptor of a closed one would be the video's, and what a library prints in it."""
    words = animation_words(lake, bundle_folder, tmp_path / name)
    options = {"stderr": "/dev/full"} if closed == "full" else {"closed": closed}
    assert nursery.start(*words, folder=tmp_path).wait() == 0
    expected = content(tmp_path / name)
    assert nursery.start(*words, folder=tmp_path, **options).wait() == 0
    assert content(tmp_path / name) == expected and os.listdir(tmp_path) == [name]


def test_a_full_stdout_is_said_and_the_frames_stay(animate, tmp_path):
    done = shell(f"{animate} --json >/dev/full")
    assert done.returncode == 1
    assert b"can't be told on stdout (No space left on device)" in done.stderr
    assert b"Traceback" not in done.stderr and len(os.listdir(tmp_path / "out")) == 2


@pytest.mark.parametrize(
    "encoding, name, said",
    [("ascii", "öß", b"\\xf6\\xdf"), ("utf-8", b"x\xff", b"x\xff")],
    ids=["ASCII", "not UTF-8"],
)
def test_a_name_that_stdout_cannot_say_is_said_all_the_same(
    animate, tmp_path, encoding, name, said
):
    name = os.fsdecode(name)
    done = shell(f"cd {tmp_path} && {animate} --out {name}", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout == said + b"\n" and (tmp_path / name).is_dir()


@pytest.mark.parametrize("verbose", [False, True])
def test_what_libraries_print_goes_nowhere_near_stdout(verbose):
    program = (
        "import os, sys; from landscape_engine.shell import streams; streams.prepare(sys.argv[1:]);"
        "os.write(1, b'noise of 1'); os.write(2, b'noise of 2'); print('said'); streams.finish()"
    )
    flags = ["animate", *(["--verbose"] if verbose else [])]
    done = subprocess.run(
        [sys.executable, "-c", program, *flags], capture_output=True, env=ENVIRONMENT
    )
    assert done.stdout == b"said\n"
    assert done.stderr == (b"noise of 1noise of 2" if verbose else b"")


@pytest.mark.parametrize("words", ["--help", "animate --help", "--version"])
def test_help_that_nobody_gets_is_no_success(words):
    done = shell(f"{sys.executable} -m landscape_engine {words} >/dev/full")
    assert done.returncode == 1
    assert b"can't be told on stdout (No space left on device)" in done.stderr
    assert shell(f"{sys.executable} -m landscape_engine {words} >/dev/null").returncode == 0
    assert shell(f"{sys.executable} -m landscape_engine --nope").returncode == 2
