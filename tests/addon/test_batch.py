"""The batch: pictures and .blend files without a window, resumed, and reported one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
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


@pytest.fixture
def picture_file():
    def write(path: Path, turned: bool = False) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(REPOSITORY / "landscape_engine" / "data" / "example.jpg") as example:
            small = example.resize((64, 36))
        (small.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if turned else small).save(path)
        return path

    return write


def reports_of(out: Path) -> list[dict]:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def stamps(*files: str | Path) -> list[int]:
    return [os.stat(file).st_mtime_ns for file in files]


def first_frame(report: dict) -> np.ndarray:
    file = Path(report["rendered"]) / "0001.png"
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


SCENE = """
import sys
sys.path.insert(0, {repository!r})
import bpy, blender_addon
from blender_addon import image_exchange
blender_addon.register()
bpy.ops.wm.read_homefile(use_empty=True)
plane = image_exchange.make_plane(bpy.context, {picture!r})
scene = bpy.context.scene
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
scene.collection.objects.link(scene.camera)
scene.camera.data.type, scene.camera.rotation_euler = "ORTHO", (1.5707963, 0, 0)
scene.camera.location = (0, -2, 0)
{lines}
bpy.ops.wm.save_as_mainfile(filepath={blend!r})
blender_addon.unregister()
"""


@pytest.fixture
def blend_file(run_blender, tmp_path):
    def write(path: Path, picture: Path, lines: str = "") -> Path:
        text = SCENE.format(
            repository=str(REPOSITORY), picture=str(picture), lines=lines, blend=str(path)
        )
        script = tmp_path / "make scene.py"
        script.write_text(text, encoding="utf-8")
        run_blender(script)
        return path

    return write


def test_pictures_of_the_same_name_have_a_clip_each_and_what_changes_is_made_anew(
    blender_python, run_blender, picture_file, tmp_path, monkeypatch
):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    left = picture_file(tmp_path / "x" / "lake.png")
    right = picture_file(tmp_path / "y" / "lake.png", turned=True)
    out = tmp_path / "clips"

    done = run_batch(blender_python, left, right, "--out", out)

    assert done.returncode == 0, done.stdout + done.stderr
    one, other = reports_of(out)
    assert [Path(r["blend"]).name for r in (one, other)] == ["lake.blend", "lake-2.blend"]
    difference = np.abs(first_frame(one) - first_frame(other)[:, ::-1]).mean()
    assert difference < 12 < np.abs(first_frame(one) - first_frame(other)).mean()
    assert "Render: 3/3" in done.stdout and "Sample" not in done.stdout
    assert "Saved: " not in done.stdout

    # each keeps its place, whatever the order; a picture that was changed is another one
    before = stamps(one["results"][0]["file"], Path(one["rendered"], "0001.png"))
    seen = first_frame(other)
    picture_file(right)
    again = run_batch(blender_python, right, left, "--out", out, "--verbose")
    assert again.returncode == 0, again.stdout + again.stderr
    changed, same = reports_of(out)
    assert [Path(r["blend"]).name for r in (changed, same)] == ["lake-2.blend", "lake.blend"]
    assert before == stamps(same["results"][0]["file"], Path(same["rendered"], "0001.png"))
    assert np.abs(first_frame(changed) - seen).mean() > 12
    assert "Saved: " in again.stdout  # which every Blender prints, but not every one "Sample"


def test_an_edited_blend_is_rendered_anew(
    blender_python, run_blender, picture_file, blend_file, tmp_path, monkeypatch
):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    picture = picture_file(tmp_path / "lake.png")
    blend = blend_file(tmp_path / "scene.blend", picture, "scene.camera.data.ortho_scale = 1.7")
    out = tmp_path / "clips"

    def render() -> dict:
        done = run_batch(blender_python, blend, "--out", out)
        assert done.returncode == 0, done.stdout + done.stderr
        return reports_of(out)[0]

    first = first_frame(render())
    blend_file(blend, picture, "scene.camera.data.ortho_scale = 0.2")
    made = render()
    assert np.abs(first_frame(made) - first).mean() > 5
    before = stamps(made["results"][0]["file"], Path(made["rendered"], "0001.png"))
    assert before == stamps(render()["results"][0]["file"], Path(made["rendered"], "0001.png"))


def test_what_cannot_be_done_is_said_in_one_sentence_before_the_work(
    blender_python, run_blender, picture_file, blend_file, tmp_path, monkeypatch
):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    picture = picture_file(tmp_path / "lake.png")
    (tmp_path / "a file").write_text("")

    refused = run_batch(blender_python, picture, "--out", tmp_path / "a file" / "clips")
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "clips' can't be written to" in refused.stderr and "--out" in refused.stderr

    report = tmp_path / "a file" / "report.json"
    unread = run_batch(blender_python, picture, "--out", tmp_path / "clips", "--report", report)
    assert unread.returncode == 1 and "Traceback" not in unread.stderr
    assert "report.json' can't be written" in unread.stderr
    assert list((tmp_path / "clips").iterdir()) == []

    blind = blend_file(tmp_path / "blind.blend", picture, "scene.camera = None")
    done = run_batch(blender_python, blind, "--out", tmp_path / "clips")
    [report] = reports_of(tmp_path / "clips")
    assert done.returncode == 1 and "has no camera; expected one" in report["error"]
    assert "results" not in report and "Animate" not in done.stdout

    script = tmp_path / "full.py"
    script.write_text(f"""
import collections, shutil, sys
sys.path.insert(0, {str(REPOSITORY)!r})
from blender_addon import batch
usage = collections.namedtuple("usage", "total used free")
shutil.disk_usage = lambda path: usage(9e9, 9e9, 2e6)
code = batch.main([{str(picture)!r}, "--out", {str(tmp_path / "full")!r}, "--set",
    "clip.size_from=EXACT", "--set", "clip.width=1920", "--python", {sys.executable!r}])
assert code == 1
""")
    assert "Animate" not in run_blender(script)
    [report] = reports_of(tmp_path / "full")
    assert "has 2 MB of room, and the frames take" in report["error"]


def test_no_frame_stays_that_was_written_to_a_full_disk(
    run_blender, picture_file, tmp_path, monkeypatch
):
    """Blender says nothing and leaves the frame that found no room, cut off."""
    picture, out = picture_file(tmp_path / "lake.png"), tmp_path / "clips"
    script = tmp_path / "full.py"
    script.write_text(f"""
import collections, os, shutil, sys
sys.path.insert(0, {str(REPOSITORY)!r})
from blender_addon import batch
usage = collections.namedtuple("usage", "total used free")
second = {str(out / "lake" / "0002.png")!r}
shutil.disk_usage = lambda path: usage(9e9, 0, 1000 if os.path.exists(second) else 9e9)
code = batch.main([{str(picture)!r}, "--out", {str(out)!r}, "--samples", "1",
    "--set", "clip.frames=2", "--set", "appearance.kind=off", "--python", {sys.executable!r}])
assert code == 1
""")
    run_blender(script)
    [report] = reports_of(out)
    assert "clips/lake' is full; free some room" in report["error"].replace(os.sep, "/")
    assert [file.name for file in (out / "lake").iterdir()] == ["0001.png"]
    assert Path(report["results"][0]["file"]).is_file() and report["rendered"]


def test_the_report_of_a_failed_item_lists_what_was_made(
    blender_python, run_blender, picture_file, tmp_path, monkeypatch
):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    out = tmp_path / "clips"
    out.mkdir()
    (out / "lake").write_text("no folder to render into")
    done = run_batch(blender_python, picture_file(tmp_path / "lake.png"), "--out", out)
    [report] = reports_of(out)
    assert done.returncode == 1 and report["error"] and "\n" not in report["error"]
    assert report["blend"].endswith("lake.blend")
    assert Path(report["results"][0]["file"]).is_file()
    assert "rendered" not in report
