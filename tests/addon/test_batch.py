"""The batch: pictures and .blend files without a window, resumed, and reported one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = [
    "clip.frames=3",
    "clip.size_from=EXACT",
    "clip.width=64",
    "clip.height=36",
    "appearance.kind=off",
]


def run_batch(blender_python: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    flags = [part for setting in SETTINGS for part in ("--set", setting)]
    return subprocess.run(
        [blender_python, "-m", "blender_addon.batch", *map(str, arguments), *flags]
        + ["--python", sys.executable, "--samples", "1"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=240,
    )


def test_a_batch_renders_resumes_and_reports(run_blender, blender_python, tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    picture = tmp_path / "der See.png"
    with Image.open(REPOSITORY / "landscape_engine" / "data" / "example.jpg") as example:
        example.resize((64, 36)).save(picture)
    out = tmp_path / "clips ü"

    done = run_batch(blender_python, picture, tmp_path / "gone.jpg", "--out", out)

    assert done.returncode == 1, done.stdout + done.stderr
    good, bad = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert good["error"] is None and "isn't there" in bad["error"]
    texture = Path(good["results"][0]["file"])
    rendered = Path(good["rendered"])
    assert sorted(p.name for p in texture.parent.iterdir()) == ["0001.png", "0002.png", "0003.png"]
    assert sorted(p.name for p in rendered.iterdir()) == ["0001.png", "0002.png", "0003.png"]
    seen = np.asarray(Image.open(rendered / "0002.png").convert("RGB")).astype(int)
    made = np.asarray(Image.open(texture.parent / "0002.png").convert("RGB")).astype(int)
    assert seen.shape == made.shape and np.abs(seen - made).mean() < 4

    # stopped after the texture and some of the frames: what is there stays
    (rendered / "0003.png").unlink()
    before = {p: os.stat(p).st_mtime_ns for p in (texture, rendered / "0001.png")}
    again = run_batch(blender_python, picture, "--out", out)
    assert again.returncode == 0, again.stdout + again.stderr
    assert before == {p: os.stat(p).st_mtime_ns for p in before}
    assert (rendered / "0003.png").is_file()

    # other settings: what was rendered of the frames before is no longer it; what wasn't stays
    foreign = [rendered / "2026 trip.png", rendered / "note.txt"]
    for file in foreign:
        file.write_bytes(b"mine")
    faster = run_batch(blender_python, picture, "--out", out, "--set", "motion.speed=2")
    assert faster.returncode == 0, faster.stdout + faster.stderr
    assert before[rendered / "0001.png"] < os.stat(rendered / "0001.png").st_mtime_ns
    assert all(file.read_bytes() == b"mine" for file in foreign)
    unknown = run_batch(blender_python, picture, "--out", out, "--set", "clip.size=480")
    assert unknown.returncode == 1
    assert "clip has no 'size'; expected one of frames, height," in unknown.stderr

    movie = run_batch(blender_python, out / "der See.blend", "--out", out, "--format", "mp4")
    assert movie.returncode == 0, movie.stdout + movie.stderr
    assert (out / "der See.mp4").stat().st_size > 500
