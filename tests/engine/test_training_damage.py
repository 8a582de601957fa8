"""Facts about runs and data that are damaged: a sentence names the file, and no run is lost."""

from __future__ import annotations

import csv
import json
import os
import shutil

import pytest
import torch
from PIL import Image

from landscape_engine import regular_files
from landscape_engine.bundles import checkpoints
from landscape_engine.errors import LandscapeError, PictureError, TrainingError
from landscape_engine.images import save_image
from landscape_engine.settings import MotionClipSettings, TrainCodesSettings
from landscape_engine.shell import cli
from landscape_engine.training.data import drawn_regions, footage, labelled, stills
from landscape_engine.training.data import lit_clips as clips
from landscape_engine.training.runs import (
    bundling,
    records,
    train_codes,
    train_motion,
    training_loop,
)
from landscape_engine.training.runs.training_loop import append, cut_after
from tests.conftest import make_picture

from .test_training import CPU, TINY, loop


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train_motion.train(folder, TINY, loop(2, log_every=1), None, CPU)
    return folder


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def other_moments(state):
    state["optimizer"]["state"][0]["exp_avg"] = torch.zeros(2)
    return state


def endless(state):
    """Moments of more numbers than any memory has, in a few bytes."""
    state["optimizer"]["state"][0]["exp_avg"] = torch.zeros(1, dtype=torch.float64).expand(1 << 40)
    return state


def cut(content):
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(cut(path.read_bytes())),
        lambda path: path.write_bytes(b"no checkpoint"),
        lambda path: torch.save([1, 2], path),
        lambda path: torch.save({"described": "{", "step": 1}, path),
        lambda path: torch.save({"described": 5}, path),
        lambda path: torch.save(torch.load(path, weights_only=True) | {"modules": {}}, path),
        lambda path: torch.save(torch.load(path, weights_only=True) | {"step": "two"}, path),
        lambda path: torch.save(torch.load(path, weights_only=True) | {"step": -1}, path),
        lambda path: torch.save(torch.load(path, weights_only=True) | {"step": float("inf")}, path),
        lambda path: torch.save(torch.load(path, weights_only=True) | {"optimizer": 1}, path),
        lambda path: torch.save(other_moments(torch.load(path, weights_only=True)), path),
        lambda path: torch.save(endless(torch.load(path, weights_only=True)), path),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["empty", "cut", "text", "a list", "its description", "another kind", "no weights",
         "its step", "a step below 0", "an endless step", "its optimizer",
         "its optimizer's moments", "tensors without end", "a folder", "a pipe"],
)  # fmt: skip
def test_a_damaged_checkpoint_is_named_with_what_to_do(run, damage):
    damage(run / "checkpoint.pt")
    with pytest.raises(TrainingError, match=r"checkpoint.pt' is damaged .*remove it") as refused:
        train_motion.train(run, TINY, loop(3), None, CPU)
    assert str(refused.value).isprintable()


def test_a_record_that_a_kill_cut_off_does_not_end_the_run(run, capsys):
    (run / "settings.json").write_text('{"loop": {')
    train_motion.train(run, TINY, loop(3), None, CPU)
    assert "settings.json' is damaged" in capsys.readouterr().err
    assert json.loads((run / "settings.json").read_text())["loop"]["steps"] == 3


def test_a_resumed_run_writes_no_step_twice(run):
    with (run / "losses.csv").open("a") as file:
        file.write("3,0.1,0.1,0.1\n4,0.1,0.1,0.1\n5,0.")  # steps after the checkpoint, and a kill
    train_motion.train(run, TINY, loop(4, log_every=1), None, CPU)
    rows = list(csv.DictReader((run / "losses.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]


def test_a_run_that_ended_before_its_first_checkpoint_writes_no_step_twice(tmp_path):
    (tmp_path / "losses.csv").write_text("step,flow,tv,code\n1,0.1,0.1,0.1\n2,0.1,0.1,0.1\n")
    train_motion.train(tmp_path, TINY, loop(2, log_every=1), None, CPU)
    rows = list(csv.DictReader((tmp_path / "losses.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "2"] and rows[0]["flow"] != "0.1"


def test_a_table_without_content_begins_with_its_names(tmp_path):
    path = tmp_path / "losses.csv"
    path.touch()
    cut_after(path, 3)
    append(path, 1, {"flow": 0.5})
    assert path.read_text().split() == ["step,flow", "1,0.500000"]


@pytest.mark.parametrize(
    "left", ["step,fl", "step", "step,flow", "step,fl3,0.100000\n4,0.100000\n", "\n1,2\n",
             "\0" * 40, "st\n1,0.5\n", "1,0.5\n2,0.5\n", "step,\n1,0.5\n"],
)  # fmt: skip
def test_a_table_whose_names_are_damaged_begins_anew(tmp_path, left):
    path = tmp_path / "losses.csv"
    path.write_text(left)
    cut_after(path, 3)
    append(path, 4, {"flow": 0.5})
    assert path.read_text().split() == ["step,flow", "4,0.500000"]


@pytest.mark.parametrize("flag", ["--run", "--bundle"])
def test_files_in_the_place_of_folders_are_refused_at_the_start(tmp_path, flag, capsys):
    (tmp_path / "file").write_text("mine")
    places = {"--run": "run", "--bundle": "bundle", flag: "file"}
    flags = [part for name, place in places.items() for part in (name, str(tmp_path / place))]
    assert cli.main(["train", "motion", *flags, "--steps", "1"]) == 2
    assert "file is a file; expected a folder" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_of_other_things_is_no_place_for_a_bundle(tmp_path, capsys):
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "diary.txt").write_text("dear diary")
    flags = ["--run", str(tmp_path / "run"), "--bundle", str(tmp_path / "things")]
    assert cli.main(["train", "motion", *flags]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_best_weights_of_an_lstm_that_are_damaged_are_named(tmp_path):
    with pytest.raises(TrainingError, match="best.pt' is damaged"):
        (tmp_path / "best.pt").write_bytes(b"PK")
        run = train_codes.CodesRun.__new__(train_codes.CodesRun)
        run.folder = tmp_path
        run._read_best()


@pytest.mark.parametrize("weights", [{}, 5, {"fc_in.weight": 1}, {"fc_in.weight": torch.ones(2)}])
def test_the_best_weights_of_another_lstm_are_named_before_the_first_step(tmp_path, weights):
    sequences = [torch.rand(6, 4, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    asked = TrainCodesSettings(hidden_size=4, day=3)
    train_codes.train(tmp_path, asked, loop(1), sequences, CPU)
    torch.save({"loss": 0.5, "code_lstm": weights}, tmp_path / "best.pt")
    table = (tmp_path / "losses.csv").read_text() if (tmp_path / "losses.csv").exists() else ""
    with pytest.raises(TrainingError, match="best.pt' is damaged; .* remove it, and the run goes"):
        train_codes.train(tmp_path, asked, loop(2), sequences, CPU)
    assert not table or (tmp_path / "losses.csv").read_text() == table
    (tmp_path / "best.pt").unlink()
    train_codes.train(tmp_path, asked, loop(2), sequences, CPU)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    save_image(make_picture(64, 96), folder / "a.png")
    (folder / "labels").mkdir()
    Image.new("L", (96, 64), 1).save(folder / "labels" / "a.png")
    return folder


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 96 64\n%%EndComments\nshowpage\n"


def test_no_other_program_is_started_for_a_picture(photos, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program was started"))
    assert len(labelled.load(photos)) == 1
    (photos / "a.png").write_bytes(EPS)
    with pytest.raises(PictureError, match="a.png"):
        labelled.load(photos)
    with pytest.raises(PictureError, match="a.png"):
        stills.load(photos)
    save_image(make_picture(64, 96), photos / "a.png")
    (photos / "labels" / "a.png").write_bytes(EPS)
    with pytest.raises(TrainingError, match="labels"):
        labelled.load(photos)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"text"])
@pytest.mark.parametrize("name", ["a.png", "labels/a.png"])
def test_damaged_stills_and_labels_are_named(photos, name, content):
    (photos / name).write_bytes(content)
    with pytest.raises(LandscapeError, match="a.png"):
        labelled.load(photos)


@pytest.mark.parametrize(
    "pictures",
    ["[]", '{"a.png": []}', '{"a.png": {"sky": 1}}', '{"a.png": {"sky": [[[0, 0], [1, 1]]]}}',
     '{"a.png": {"sky": [[[0, 0], [1, 1], [1e999, 0]]]}}', '{"a.png": {"sky_box": [[0, 0, 1]]}}',
     '{"a.png": {"sky": [[[0, 0], [1, 1], [NaN, 0]]]}}', '{"a.png": {"refine": ["land"]}}'],
)  # fmt: skip
def test_a_damaged_table_of_regions_is_named(photos, pictures):
    (photos / "regions.json").write_text(f'{{"version": 1, "pictures": {pictures}}}')
    with pytest.raises(TrainingError, match="regions.json"):
        drawn_regions.load_regions(photos / "regions.json")


@pytest.mark.parametrize(
    "table",
    ["[", "[]", '{"a.png": 1}', '{"a.png": {"place": [0, 0, 1, 1], "columns": 0, "rows": 1}}',
     '{"a.png": {"place": [0, 0, NaN, 1], "columns": 1, "rows": 1, "scene": "all"}}', "[" * 9999],
)  # fmt: skip
def test_a_damaged_table_of_sheets_is_named(photos, table):
    (photos / "sheets.json").write_text(table)
    with pytest.raises(TrainingError, match="sheets.json"):
        clips.load(photos, 32)


def test_a_sheet_that_leaves_its_scene_out_has_one_in_each_row(photos):
    sheet = '{"a.png": {"place": [0, 0, 1, 1], "columns": 3, "rows": 2}}'
    (photos / "sheets.json").write_text(sheet)
    assert [clip.frames.shape for clip in clips.load(photos, 16)] == [(3, 3, 16, 16)] * 2


# ------------------------------------------------------------------ what can't be known too soon


@pytest.mark.parametrize("damage", ["cut off", "no description", "hidden"])
@pytest.mark.parametrize("part", ["motion", "scene", "appearance", "codes"])
def test_a_damaged_bundle_is_found_before_the_first_step(
    tmp_path, bundle_folder, photos, part, damage, capsys, monkeypatch
):
    bundle = shutil.copytree(bundle_folder, tmp_path / "bundle")
    weights = bundle / "motion_predictor.safetensors"
    if damage == "cut off":
        weights.write_bytes(cut(weights.read_bytes()))
    elif damage == "no description":
        (bundle / "bundle.json").write_text("{")
    else:  # what a Mac leaves beside each file that it copies is no damage
        (bundle / "._codebooks.safetensors").write_bytes(b"no weights")
        checkpoints.load(bundle)
        return
    monkeypatch.setattr(training_loop.Run, "__init__", lambda *_, **__: pytest.fail("it began"))
    flags = ["--run", str(tmp_path / "run"), "--bundle", str(bundle), "--device", "cpu"]
    if part == "appearance":
        flags += ["--clips", str(photos)]
    assert cli.main(["train", part, *flags]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "bundle" in err and "copy the bundle anew" in err
    assert not (tmp_path / "run").exists()


def test_what_else_is_in_a_bundle_stays(tmp_path, bundle_folder):
    bundle = shutil.copytree(bundle_folder, tmp_path / "bundle")
    (bundle / "notes").mkdir()
    (bundle / "notes" / "diary.txt").write_text("dear diary")
    (bundle / "card.md").write_text("a card")
    (bundle / "link").symlink_to("card.md")
    checkpoints.save(checkpoints.load(bundle), bundle)
    assert (bundle / "notes" / "diary.txt").read_text() == "dear diary"
    assert (bundle / "card.md").read_text() == "a card" and os.readlink(
        bundle / "link"
    ) == "card.md"


def test_a_folder_of_litter_is_a_new_one(tmp_path, bundle_folder):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".DS_Store").touch()
    checkpoints.save(checkpoints.load(bundle_folder), tmp_path / "new")
    assert checkpoints.load(tmp_path / "new").networks


LITTER = "._a.png", "labels/._a.png", ".cache/a.png", ".cache/labels/a.png"


def test_what_is_hidden_beside_stills_is_passed_over(photos):
    for name in LITTER:
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"litter of a Mac")
    assert [still.name for still in labelled.load(photos)] == ["a.png"]
    assert len(stills.load(photos).photos) == 1
    assert [entry["name"] for entry in records._files(photos)] == ["a.png", "labels/a.png"]


def test_hidden_folders_beside_clips_are_passed_over(tmp_path):
    for name in ("clip/a.png", "clip/b.png", ".trash/a.png", ".trash/b.png", "clip/._a.png"):
        save_image(make_picture(64, 96), tmp_path / name)
    (tmp_path / "clip" / "._b.png").write_bytes(b"litter")
    (tmp_path / "._clip.mp4").write_bytes(b"litter")
    assert [clip.name for clip in clips.load(tmp_path, 16)] == ["clip"]
    film = footage.load(tmp_path, 16, MotionClipSettings(every=1, least_change=0, mirror=False))
    assert [clip.name for clip in film.clips] == ["clip"] and not film.remarks


def test_a_remark_on_a_clip_is_one_line_whatever_its_name(tmp_path, capsys, monkeypatch):
    for name in ("clip/a.png", "clip/b.png", "clip/c.png", "clip/d.png", "two\nlines\x1b[2J/a.png"):
        save_image(make_picture(64, 96), tmp_path / "clips" / name)
    monkeypatch.setattr(train_motion, "train", lambda *_, **__: None)
    monkeypatch.setattr(bundling, "add_motion", lambda *_, **__: None)
    monkeypatch.setattr(records, "write", lambda *_, **__: None)
    flags = ["--run", str(tmp_path / "run"), "--bundle", str(tmp_path / "bundle")]
    flags += ["--clips", str(tmp_path / "clips"), "--least-change", "0"]
    assert cli.main(["train", "motion", *flags, "--device", "cpu"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "two lines" in line and line.isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["losses.csv", "settings.json", "sheets"])
def test_a_pipe_in_the_place_of_a_runs_file_is_refused(run, name, unhung):
    (run / name).unlink(missing_ok=True)
    unhung(run / name)
    with pytest.raises(LandscapeError, match=name):
        train_motion.train(run, TINY, loop(3, log_every=1), None, CPU)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_place_of_a_table_or_a_record_is_refused(tmp_path, unhung):
    unhung(tmp_path / "held_out.csv")
    with pytest.raises(LandscapeError, match="held_out.csv"):
        cut_after(tmp_path / "held_out.csv", 3)
    with pytest.raises(LandscapeError, match="held_out.csv"):
        append(tmp_path / "held_out.csv", 3, {"code": 0.5})
    unhung(tmp_path / "settings.json")
    with pytest.raises(TrainingError, match="settings.json"):
        records.write(tmp_path, "motion", tmp_path, [])


@pytest.mark.parametrize("name", ["losses.csv", "checkpoint.pt"])
def test_a_runs_file_beyond_all_bounds_is_refused(run, name):
    os.truncate(run / name, regular_files.MOST_WEIGHTS + 1)  # of which nothing is on the disk
    with pytest.raises(TrainingError, match=f"{name}.* expected at most"):
        train_motion.train(run, TINY, loop(3), None, CPU)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_tables_may_be_in_unicode_of_any_width(photos, encoding):
    regions = {"version": 1, "pictures": {"a.png": {"sky": [[[0, 0], [1, 0], [1, 1]]]}}}
    (photos / "regions.json").write_bytes(json.dumps(regions).encode(encoding))
    assert drawn_regions.load_regions(photos / "regions.json").keys() == {"a.png"}
    sheets = {"a.png": {"place": [0, 0, 1, 1], "columns": 2, "rows": 1}}
    (photos / "sheets.json").write_bytes(json.dumps(sheets).encode(encoding))
    assert len(clips.load(photos, 16)[0].frames) == 2


@pytest.mark.parametrize("name", ["regions.json", "sheets.json"])
@pytest.mark.parametrize("damage", ["pipe", "bounds"])
def test_a_pipe_or_an_endless_file_is_no_table(photos, name, damage, unhung):
    if damage == "pipe":
        unhung(photos / name)
    else:
        (photos / name).write_text("{}")
        os.truncate(photos / name, regular_files.MOST_JSON + 1)
    read = labelled.load if name == "regions.json" else clips.load
    with pytest.raises(TrainingError, match=name):
        read(photos, 16)


@pytest.mark.parametrize("part", ["motion", "appearance", "scene", "codes"])
def test_what_a_run_begins_with_has_to_be_there(tmp_path, part, capsys):
    """Nothing of it is damaged, and nothing is begun."""
    (tmp_path / "things").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "data").mkdir()
    flags = ["train", part, "--run", str(tmp_path / "run"), "--bundle", str(tmp_path / "bundle")]
    flags += ["--steps", "1"]
    flags += ["--clips", str(tmp_path / "data")] if part in ("appearance", "codes") else []
    said = {
        "nope": "doesn't exist; expected a run or a bundle to start from: check the spelling",
        "things": "holds neither a bundle.json nor a checkpoint.pt",
        "file": "is a file; expected the folder of a run or a bundle",
    }
    for name, words in said.items():
        assert cli.main([*flags, "--start", str(tmp_path / name)]) == 2
        assert words in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["data", "file", "things"]


@pytest.mark.parametrize(
    ("part", "flag"),
    [("motion", "--photos"), ("motion", "--clips"), ("appearance", "--clips"),
     ("scene", "--photos")],
)  # fmt: skip
def test_data_are_a_folder(tmp_path, part, flag, capsys):
    save_image(make_picture(24, 32), tmp_path / "a.png")
    flags = ["train", part, "--run", str(tmp_path / "run"), "--bundle", str(tmp_path / "bundle")]
    for name, words in {"a.png": "is a file; expected a folder", "no": "doesn't exist"}.items():
        assert cli.main([*flags, flag, str(tmp_path / name), "--steps", "1"]) == 2
        said = capsys.readouterr().err
        assert words in said and ("photographs" if flag == "--photos" else "clips") in said


@pytest.mark.parametrize("place", ["data/new", "link/new"])
@pytest.mark.parametrize("flag", ["--run", "--bundle"])
@pytest.mark.parametrize("of", ["--photos", "--clips"])
def test_nothing_is_written_into_data(tmp_path, place, flag, of, capsys):
    """The sheets of a run are pictures, which the next one would learn from."""
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    save_image(make_picture(24, 32), tmp_path / "data" / "a.png")
    places = {"--run": "run", "--bundle": "bundle", flag: place}
    flags = [part for name, one in places.items() for part in (name, str(tmp_path / one))]
    asked = ["train", "motion", *flags, of, str(tmp_path / "data"), "--steps", "1"]
    assert cli.main(asked) == 2
    assert "data" in (said := capsys.readouterr().err) and "learned from" in said, said
    assert os.listdir(tmp_path / "data") == ["a.png"]
