"""Facts about a command whose caller left it without streams, room, memory or a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from landscape_engine import images
from landscape_engine.errors import LandscapeError, is_out_of_memory, printable
from landscape_engine.jobs import animate as animation
from landscape_engine.settings.sentences import Sentence
from landscape_engine.shell import cli

from .conftest import PATIENCE_S, ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="descriptors are closed otherwise there")


def shell(text, **changes):
    return subprocess.run(
        ["sh", "-c", text], capture_output=True, env=ENVIRONMENT | changes, timeout=PATIENCE_S
    )


@pytest.fixture
def animate(lake, bundle_folder, tmp_path):
    """The command line of a short animation, to go on with in a shell."""
    return (
        f"{sys.executable} -m landscape_engine animate {lake} --bundle {bundle_folder} --frames 2 "
        f"--appearance off --size 64x36 --out {tmp_path}/out"
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_frames_are_made_whatever_streams_there_are(animate, tmp_path, closed):
    assert shell(f"{animate} {closed}").returncode == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["0001.png", "0002.png"]


def test_a_video_is_whole_where_stdout_is_closed(animate, tmp_path):
    """Its descriptor would be the video's, and what a library prints in the middle of it."""
    assert shell(f"{animate}.mp4 >&-").returncode == 0
    assert (tmp_path / "out.mp4").stat().st_size > 500


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
    done = shell(f"cd {tmp_path} && {animate.rsplit(' ', 1)[0]} {name}", PYTHONIOENCODING=encoding)
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


def test_a_terminal_that_goes_takes_what_is_partial_with_it(start, lake, bundle_folder, tmp_path):
    process = start(
        sys.executable, "-m", "landscape_engine", "animate", lake, "--frames", "100000",
        "--out", tmp_path / "new" / "long.mp4", "--bundle", bundle_folder,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while not any(tmp_path.glob("new/.*.part*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=20)
    assert process.returncode == 129 and not os.listdir(tmp_path)


def test_what_a_killed_run_left_goes_with_the_next(start, lake, bundle_folder, tmp_path, animate):
    out = tmp_path / "out"
    process = start(
        sys.executable, "-m", "landscape_engine", "animate", lake, "--frames", "100000",
        "--out", out, "--bundle", bundle_folder,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while not any(tmp_path.glob(".out.*.part/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert len(os.listdir(tmp_path)) == 2
    assert shell(animate).returncode == 0
    assert os.listdir(tmp_path) == ["out"]


MEMORY = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"


@pytest.mark.parametrize(
    "error, used_up",
    [
        (RuntimeError(MEMORY), True),
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError(MEMORY), False),
    ],
)
def test_memory_that_is_used_up_is_told_from_faults(error, used_up):
    assert is_out_of_memory(error) is used_up


def test_memory_that_is_used_up_is_one_sentence(lake, tmp_path, bundle_folder, monkeypatch, capsys):
    def fail(*_, **__):
        raise RuntimeError(f"{MEMORY}\nmore\nlines")

    monkeypatch.setattr(animation, "render", fail)
    arguments = ["animate", lake, "--out", tmp_path / "out", "--bundle", bundle_folder]
    assert cli.main([str(a) for a in arguments]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "memory is used up" in err


LONG = "y" * 300


@pytest.mark.parametrize(
    "flags",
    [
        ["--out", LONG], ["--out", f"{LONG}.mp4"], ["--save-motion", f"{LONG}.npy"],
        ["--bundle", LONG], ["--motion-code", LONG], ["--appearance-code", LONG],
        ["--job", LONG], ["--region", LONG], ["--still-mask", LONG], ["--motion-code", "/dev/zero"],
        ["--frames", "9" * 400], ["--frames", "9" * 5000], ["--fps", "9" * 400], ["--fps", "inf"],
        ["--motion-speed", "-inf"], ["--seed", "9" * 400], ["--stars", "nan"],
        ["--arrow", f"0,0,{'9' * 400},1"], ["--appearance-key", f"{'9' * 400}=0.1"],
        ["--size", f"{'9' * 400}x4"], ["--motion-code", "9" * 400],
    ],
    ids=lambda flags: " ".join(f[:20] for f in flags),
)  # fmt: skip
def test_names_and_numbers_beyond_all_measure_get_a_sentence(
    lake, tmp_path, bundle_folder, flags, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    arguments = ["animate", lake, "--out", "out", "--bundle", bundle_folder, "--frames", "2"]
    try:
        code = cli.main([str(a) for a in (*arguments, *flags)])
    except SystemExit as ended:
        code = ended.code
    err = capsys.readouterr().err
    assert code == 2 and len(err.splitlines()) == 1 and len(err) < 2500, err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", [str, Sentence])
def test_a_sentence_is_one_printable_line_whatever_is_in_it(kind):
    said = LandscapeError(kind("'a\nb\x1b[31m\u202e\udcff' is " + "x" * 5000 + "; rename it."))
    assert str(said).isprintable() and len(str(said)) < 2100
    assert str(said).startswith("'a b\\x1b[31m\\u202e\\udcff'")
    assert str(said).endswith("rename it.")
    assert printable("schön: 雪.png") == "schön: 雪.png"


def test_a_motion_that_cannot_be_saved_leaves_the_earlier_frames(
    lake, tmp_path, bundle_folder, monkeypatch
):
    out, motion = tmp_path / "out", tmp_path / "motion.npy"
    arguments = ["animate", lake, "--out", out, "--bundle", bundle_folder, "--frames", "2"]
    assert cli.main([str(a) for a in arguments]) == 0
    earlier = (out / "0001.png").stat().st_mtime_ns

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(animation.np, "save", fail)
    assert cli.main([str(a) for a in (*arguments, "--save-motion", motion)]) == 2
    assert (out / "0001.png").stat().st_mtime_ns == earlier and not motion.exists()


def test_what_is_staged_follows_no_link_and_honours_the_umask(tmp_path, monkeypatch):
    from landscape_engine import staging

    earlier = os.umask(0o027)
    try:
        images.save_image(torch.zeros(1, 3, 20, 20), tmp_path / "a.png")
    finally:
        os.umask(earlier)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640
    monkeypatch.setattr(staging.secrets, "token_hex", lambda _: "0" * 8)
    (tmp_path / ".b.png.00000000.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LandscapeError):
        images.save_image(torch.zeros(1, 3, 20, 20), tmp_path / "b.png")
    assert not (tmp_path / "elsewhere").exists()


def test_a_job_as_it_is_reported_has_no_lines_of_the_users_own(lake, tmp_path, bundle_folder):
    """A note's text is one line too."""
    name = tmp_path / "two\nlines.png"
    name.write_bytes(lake.read_bytes())
    done = shell(
        f"{sys.executable} -m landscape_engine animate '{name}' --bundle {bundle_folder} "
        f"--frames 2 --still-mask '{name}.gone' --out {tmp_path}/out --json"
    )
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
    assert not done.stdout or json.loads(done.stdout)
