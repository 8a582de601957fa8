"""A job's document comes back as it went, and says which field is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from landscape_engine import regular_files
from landscape_engine.errors import DocumentError, SettingsError
from landscape_engine.light import cycles
from landscape_engine.settings import ClipSettings, MotionSettings, RegionSettings, documents
from landscape_engine.settings.documents import Job
from landscape_engine.shell import cli


def test_there_and_back():
    job = Job(
        clip=ClipSettings(frames=12, size="64x48"),
        motion=MotionSettings(code="0.25", speed=-2),
        regions=RegionSettings(region=("a.json", "b.json")),
    )
    assert documents.parse(json.loads(json.dumps(documents.write(job)))) == job


def test_what_is_left_out_has_its_default(tmp_path):
    path = tmp_path / "job.json"
    path.write_text('{"version": 1, "picture": "lake.jpg", "motion": {"code": 0.5}}')
    job = documents.read(path)
    assert job.motion == MotionSettings(code="0.5") and job.clip == ClipSettings()
    assert job.picture == tmp_path / "lake.jpg" and job.out is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected an object"),
        ("{", "can't be read"),
        ("[" * 100_000, "can't be read"),
        ('{"version": 2}', "'version' is 2"),
        ('{"version": 1, "sound": {}}', "unknown field 'sound'"),
        ('{"version": 1, "motion": {"sped": 2}}', "unknown field 'motion.sped'"),
        ('{"version": 1, "motion": {"speed": "fast"}}', "'motion.speed' is 'fast'"),
        ('{"version": 1, "motion": {"speed": true}}', "'motion.speed' is True"),
        (f'{{"version": 1, "motion": {{"speed": 1{"0" * 400}}}}}', "'motion.speed' is beyond"),
        ('{"version": 1, "motion": {"speed": 0}}', "'motion.speed' is 0; .* use 'clip.frames' 1"),
        ('{"version": 1, "loop": {"kind": "spiral"}}', "'loop.kind' is 'spiral'"),
        ('{"version": 1, "regions": {"region": [3, []]}}', r"'regions.region\[1\]'"),
        ('{"version": 1, "clip": {"frames": 1.5}}', "'clip.frames' is 1.5"),
        (f'{{"version": 1, "clip": {{"size": "{"9" * 5000}x2"}}}}', "'clip.size' is '9"),
        ('{"version": 1, "clip": {"size": "2\\n3"}}', r"'clip.size' is '2\\n3'"),
        (f'{{"version": 1, "appearance": {{"keys": ["{"9" * 5000}=0"]}}}}', "'appearance.keys' is"),
        ('{"version": 1, "clip": {"fra\\nmes": 2}}', r"unknown field 'clip.fra\\nmes'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    path = tmp_path / "job.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=said):
        documents.read(path)


def test_a_frame_beyond_all_numbers_is_refused_where_the_clip_is_known(landscape):
    patched = {"patches": ["0.5,0.5,0.1,#ff8040"], "patch_frame": 10**400}
    settings = documents.parse({"version": 1, "appearance": patched}).appearance
    with pytest.raises(SettingsError, match="outside the light's cycle of 400 frames"):
        cycles.key_codes(landscape, settings, ClipSettings())


def test_paths_start_from_the_documents_folder(tmp_path, monkeypatch):
    folder = tmp_path / "shot"
    folder.mkdir()
    document = {
        "version": 1,
        "picture": "lake.jpg",
        "out": str(tmp_path / "out"),
        "motion": {"code": "codes/slow.json"},
        "appearance": {"keys": ["0=input", "3=0.4", "5=looks/dusk.jpg"]},
        "regions": {"still_mask": "still.png", "region": ["a.json"]},
    }
    (folder / "job.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    for path in (folder / "job.json", "shot/job.json"):
        job, base = documents.read(path), folder if path == folder / "job.json" else Path("shot")
        assert job.picture == base / "lake.jpg" and job.out == tmp_path / "out"
        assert job.motion.code == str(base / "codes/slow.json")
        assert job.appearance.keys == ("0=input", "3=0.4", f"5={base / 'looks/dusk.jpg'}")
        assert job.regions.still_mask == str(base / "still.png")
        assert job.regions.region == (str(base / "a.json"),)
    document["motion"], document["appearance"] = {"code": "auto"}, {"code": "0.25"}
    (folder / "job.json").write_text(json.dumps(document))
    job = documents.read(folder / "job.json")
    assert job.motion.code == "auto" and job.appearance.code == "0.25"
    assert documents.parse(document).picture == Path("lake.jpg"), "without a file, as it is"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_may_be_in_unicode_of_any_width(tmp_path, encoding):
    text = '{"version": 1, "clip": {"frames": 7}, "out": "küste"}'
    (tmp_path / "job.json").write_bytes(text.encode(encoding))
    job = documents.read(tmp_path / "job.json")
    assert job.clip.frames == 7 and job.out == tmp_path / "küste"


@pytest.mark.parametrize("damage", ["pipe", "bounds"])
def test_a_pipe_or_an_endless_file_is_no_job(tmp_path, damage, unhung, capsys):
    path = tmp_path / "job.json"
    if damage == "pipe":
        unhung(path)
    else:
        path.write_text("{}")
        os.truncate(path, regular_files.MOST_JSON + 1)  # of which nothing is on the disk
    assert cli.main(["animate", "--job", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "job.json" in line and ("pipe" in line or "expected at most" in line)
