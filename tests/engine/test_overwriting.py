"""Nothing that a command, a worker's task or a job reads is written over."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from landscape_engine import images, overwriting
from landscape_engine.errors import OutputError
from landscape_engine.jobs import animate, read_files
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import documents
from landscape_engine.shell import apart, cli, commands, parsers
from landscape_engine.worker import tasks
from landscape_engine.worker.events import JobEvents
from landscape_engine.worker.landscapes import KeptLandscapes
from tests.conftest import make_picture

# Each line is a command that would destroy a file of `home`, or of a folder in it.
DESTROYING = """
animate lake.gif --out lake.gif --force
animate lake.gif --out link.gif --force
animate clip/0001.png --out clip --force
animate clip/0001.png --out ./clip/../clip --force
animate clip/0001.png --out clip-link --force
animate lake.png --motion-code clip --out clip --force
animate lake.png --motion-code clip-link --out clip --force
animate lake.png --motion-code linking --out clip --force
animate lake.png --motion-code clip.gif --out clip.gif
animate lake.png --motion-code code.npy --save-motion code.npy --out new
animate lake.png --appearance-code lake.gif --out lake.gif --force
animate lake.png --appearance-key 1=lake.gif --out lake.gif --force
animate lake.png --still-mask lake.gif --out lake.gif --force
animate lake.png --moving-mask lake.gif --out link.gif --force
animate lake.png --region slow.json --save-motion slow.npy --out new
animate lake.png --region region.gif --out region.gif --force
animate lake.png --region masked.json --out lake.gif --force
animate --job job.npy --save-motion job.npy
animate --job job.gif --out job.gif --force
animate lake.png --out new --save-motion new/field.npy
animate lake.png --out new --save-motion new/deep/field.npy
animate lake.png --out new.mp4 --save-motion new.mp4/field.npy
demo --out . --format png --save-motion frames/field.npy
fit lake.png --arrow 0.3,0.5,0.7,0.5 --start code.json --out code.json
fit look.json --arrow 0.3,0.5,0.7,0.5 --out look.json
fit lake.png --arrow 0.3,0.5,0.7,0.5 --out link.json
fit lake.png --arrow 0.3,0.5,0.7,0.5 --out bundle/bundle.json --bundle bundle
codebook lake.png --out lake.png
codebook evaluation.png --out link.png
evaluate evaluation.png --out .
evaluate lake.png evaluation.png --out .
evaluate lake.png link.png --out .
evaluate evaluation.png --masks . --out .
evaluate masks/evaluation.png --masks masks --out masks
evaluate sheets/lake.jpg --sheet --out .
evaluate clip --out clip
evaluate clip --out clip-link
evaluate lake.png --region evaluation.json --out .
evaluate clip --perceptual clips.json --out .
import-authors bundle --out bundle
import-authors bundle/authors --out bundle
train motion --photos photos --run photos --bundle new
train motion --clips clip --run clip --bundle new
train motion --clips clip --run new --bundle clip
train scene --photos bundle/authors --run new --bundle bundle
train scene --photos linking --run clip --bundle new
train appearance --clips clip --run run --start run --bundle new
train motion --run new/run --bundle new
train motion --run new --bundle new
train codes --run bundle/run --bundle bundle
"""
# … and these destroy nothing.
HARMLESS = """
animate lake.png --motion-code clip --out clip/new.mp4
animate lake.png --motion-code 0.3 --out 0.3
animate --job job.gif --out new
evaluate lake.png --out .
evaluate lake.png --masks . --out .
evaluate clip --out .
codebook --bundle bundle --out bundle/sheet.png
import-authors bundle/authors --out bundle/authors/new
train motion --run new --start bundle --bundle bundle
train motion --run new --bundle new/bundle
train scene --photos photos --run photos/run --bundle photos/bundle
worker --folder new --bundle bundle
"""


@pytest.fixture
def home(tmp_path, bundle_folder, monkeypatch) -> Path:
    """The working folder of the commands."""
    monkeypatch.chdir(tmp_path)
    Path("home").mkdir()
    monkeypatch.chdir("home")
    for name in ("clip", "masks", "sheets", "linking", "photos", "run"):
        Path(name).mkdir()
    frame = make_picture(24, 32)
    images.save_image(frame, "lake.png")
    for name in ("evaluation.png", "clip/0001.png", "photos/a.png", "masks/evaluation.png"):
        images.save_image(frame, name)
    images.save_image(frame.flip(3), "clip/0002.png")
    images.save_image(frame, "sheets/lake.jpg")
    shutil.copy("lake.png", "look.json")
    write_sequence([frame, frame.flip(3)], "clip.gif")
    shutil.copy("clip.gif", "lake.gif")
    np.save("code.npy", np.zeros(8, np.float32))
    shutil.copy("code.npy", "slow.npy")
    polygon = {"version": 1, "polygon": [[0, 0], [1, 0], [1, 1]]}
    documents_of = {
        "code.json": [0.0] * 8,
        "slow.json": {**polygon, "code": "slow.npy"},
        "region.gif": polygon,
        "masked.json": {"version": 1, "mask": "lake.gif"},
        "job.npy": {"version": 1, "picture": "lake.png", "out": "new"},
        "job.gif": {"version": 1, "picture": "lake.png"},
        "evaluation.json": polygon,
        "clips.json": {},
    }
    for name, value in documents_of.items():
        Path(name).write_text(json.dumps(value))
    shutil.copytree(bundle_folder, "bundle")
    shutil.copytree("photos", "bundle/authors")
    try:
        for link, real in LINKS.items():
            Path(link).symlink_to(real)
    except OSError:
        pytest.skip("no links here")
    return tmp_path / "home"


LINKS = {
    "link.gif": "lake.gif", "link.png": "evaluation.png", "link.json": "lake.png",
    "clip-link": "clip", "linking/a.png": "../clip/0001.png",
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes | str]:
    """All that is in a folder; of a link, where it leads."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("words", DESTROYING.strip().splitlines())
def test_a_command_does_not_write_over_what_it_reads(home, words, capsys, monkeypatch):
    before = contents(home)
    monkeypatch.setattr(images, "load_image", None)  # nothing is loaded before
    assert cli.main(words.split()) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and ("is read" in err or "are read" in err or "both" in err)
    assert contents(home) == before


@pytest.mark.parametrize("words", HARMLESS.strip().splitlines())
def test_a_command_may_write_beside_what_it_reads(home, words):
    options = cli.parse(words.split())
    apart.check(options, commands.module_of(options))


def test_every_command_says_what_it_writes():
    """One that forgets it can't be run, and neither can one whose paths are all read."""
    (choices,) = (a.choices for a in parsers.build()._actions if a.dest == "command")
    for name, parser in choices.items():
        module = commands.module_of(argparse.Namespace(command=name))
        flags = {action.dest for action in parser._actions}
        if name != "train":  # whose flags are those of its parts
            assert module.WRITES and {*module.WRITES} <= flags, name


# ------------------------------------------------------------------------ the worker's tasks


@pytest.fixture
def desk(animator) -> tasks.Desk:
    return tasks.Desk(animator, KeptLandscapes(animator))


def do(desk, tmp_path: Path, task: dict) -> dict:
    folder = tmp_path / "jobs" / "one"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.json").write_text(json.dumps({"protocol": 1, **task}))
    events = JobEvents(folder)
    try:
        return desk.do(events)
    finally:
        events.end("cancelled")


@pytest.mark.parametrize(
    "task",
    [
        {"task": "fit", "picture": "look.json", "arrows": ["0,0,1,1"], "out": "look.json"},
        {"task": "fit", "picture": "lake.png", "arrows": ["0,0,1,1"], "start": "code.json",
         "out": "code.json"},
        {"task": "fit", "picture": "lake.png", "arrows": ["0,0,1,1"], "out": "link.json"},
        {"task": "fit", "picture": "lake.png", "arrows": ["0,0,1,1"], "out": "jobs/one/job.json"},
        {"task": "fit", "picture": "jobs/one/code.json", "arrows": ["0,0,1,1"]},
        {"task": "animate", "job": {"picture": "lake.gif", "out": "lake.gif"}},
        {"task": "animate", "job": {"picture": "lake.png", "out": "new"},
         "save_motion": "new/field.npy"},
        {"task": "animate", "job": {"picture": "lake.png", "motion": {"code": "code.npy"},
                                    "out": "new"}, "save_motion": "code.npy"},
        {"task": "preview", "job": {"picture": "jobs/one/frames/0001.png"}},
        {"task": "regions", "picture": "jobs/one/regions.png"},
        {"task": "regions", "picture": "lake.png",
         "regions": {"still_mask": "jobs/one/regions.png"}},
        {"task": "thumbnails", "picture": "jobs/one/picture.png", "kind": "motion",
         "positions": [0]},
        {"task": "thumbnails", "picture": "jobs/one/000_flow.png", "kind": "motion",
         "positions": [0]},
    ],
    ids=lambda task: task["task"],
)  # fmt: skip
def test_a_task_does_not_write_over_what_it_reads(home, desk, task):
    folder = home / "jobs" / "one"
    (folder / "frames").mkdir(parents=True)
    for name in ("regions.png", "picture.png", "000_flow.png", "frames/0001.png", "code.json"):
        shutil.copy("lake.png", folder / name)
    placed = _absolute(task, home)
    if "job" in placed:
        placed["job"] = {"version": 1, "output": {"force": True}, **placed["job"]}
    before = contents(home)
    with pytest.raises(OutputError, match="is read|both written"):
        do(desk, home, placed)
    after = contents(home)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    "out", ["jobs/two/job.json", "jobs/two/code.json", "jobs/new.json", "link/two/events.json"]
)
def test_a_task_writes_into_no_other_jobs_folder(home, desk, out):
    (home / "jobs" / "two").mkdir(parents=True)
    (home / "jobs" / "two" / "job.json").write_text('{"protocol": 1, "task": "status"}')
    (home / "link").symlink_to(home / "jobs")
    fit = {"task": "fit", "picture": "lake.png", "arrows": ["0,0,1,1"], "out": out}
    animation = {"version": 1, "picture": "lake.png", "out": out + ".d", "clip": {"frames": 2}}
    saved = {**animation, "out": "new"}
    before = contents(home)
    for task in (
        fit,
        {"task": "animate", "job": animation},
        {"task": "animate", "job": saved, "save_motion": out + ".npy"},
    ):
        with pytest.raises(OutputError, match="among the worker's jobs.*expected a place in this"):
            do(desk, home, _absolute(task, home))
        after = contents(home)
        assert {name: after[name] for name in before} == before
        assert not (home / "new").exists()


def test_a_task_may_write_into_its_own_folder(home, desk):
    out = home / "jobs" / "one" / "fitted.json"
    fit = {"task": "fit", "picture": "lake.png", "arrows": ["0,0,1,1"], "out": str(out)}
    assert do(desk, home, _absolute(fit, home))["path"] == str(out) and out.is_file()


def _absolute(value, folder: Path):
    """A task with absolute paths."""
    if isinstance(value, dict):
        return {key: _absolute(held, folder) for key, held in value.items()}
    named = isinstance(value, str) and ("." in value or value == "new") and "," not in value
    return str(folder / value) if named else value


def test_the_fields_of_every_task_are_known_to_read_or_to_write():
    plain = {"kind", "positions", "side", "frames", "upright", "profile", "arrows", "patches"}
    for task in tasks.TASKS.values():
        fields = {*list(inspect.signature(task).parameters)[2:]}
        assert fields <= {*tasks.READ, *tasks.WRITTEN, "job", "regions"} | plain, task
    assert {*tasks.MADE} == {task.__name__ for task in tasks.TASKS.values()}


# ------------------------------------------------------------------------------ jobs


@pytest.fixture
def shot(tmp_path) -> Path:
    """A folder of an artist's numbered pictures."""
    folder = tmp_path / "shot"
    for number in (1, 2):
        images.save_image(make_picture(24, 32), folder / f"000{number}.png")
    return folder


def job(picture: Path, out: Path, **groups) -> documents.Job:
    return documents.parse({"version": 1, "picture": str(picture), "out": str(out), **groups})


def refuse(asked: documents.Job, *words: str, **targets) -> None:
    with pytest.raises(OutputError) as caught:
        animate.check(asked, **targets)
    for word in words:
        assert word in str(caught.value)


def test_a_sequence_does_not_replace_its_own_picture(shot):
    force = {"output": {"force": True}}
    refuse(job(shot / "0001.png", shot, **force), "holds", "0001.png", "another folder")
    assert len(list(shot.iterdir())) == 2


def test_a_clip_does_not_replace_what_it_is_made_from(tmp_path):
    clip = tmp_path / "a.gif"
    clip.write_bytes(b"GIF89a")
    force = {"output": {"force": True}}
    refuse(job(clip, clip, **force), "is read as well")
    picture = tmp_path / "p.png"
    refuse(job(picture, clip, motion={"code": str(clip)}, **force), "is read as well")
    refuse(job(picture, clip, appearance={"keys": [f"3={clip}"]}, **force), "is read as well")
    refuse(job(picture, clip, regions={"still_mask": str(clip)}, **force), "is read as well")


def test_links_are_followed(tmp_path):
    (tmp_path / "real.gif").write_bytes(b"GIF89a")
    try:
        (tmp_path / "link.gif").symlink_to(tmp_path / "real.gif")
    except OSError:
        pytest.skip("no links here")
    with pytest.raises(OutputError, match="is read as well"):
        overwriting.check([tmp_path / "link.gif"], [tmp_path / "real.gif"])


def test_the_mask_that_a_region_names_is_read_too(tmp_path):
    mask = tmp_path / "bank.png"
    images.save_image(make_picture(24, 32), mask)
    region = tmp_path / "bank.json"
    region.write_text(json.dumps({"version": 1, "mask": "bank.png"}))
    asked = job(tmp_path / "p.png", tmp_path / "out", regions={"region": [str(region)]})
    assert mask in list(read_files.of_job(asked))
    refuse(asked, "is read as well", poster=mask)


def test_a_field_does_not_replace_the_code_it_is_made_of(tmp_path):
    code = tmp_path / "code.npy"
    code.write_bytes(b"\x93NUMPY")
    asked = job(tmp_path / "p.png", tmp_path / "out", motion={"code": str(code)})
    refuse(asked, "is read as well", save_motion=code)


def test_what_does_not_exist_is_no_source(tmp_path):
    animate.check(job(tmp_path / "0.3", tmp_path / "out", motion={"code": "0.3"}))
