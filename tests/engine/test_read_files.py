"""Nothing that a job reads is written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from landscape_engine import images, staging
from landscape_engine.errors import OutputError
from landscape_engine.jobs import animate, read_files
from landscape_engine.settings import documents
from landscape_engine.shell.cli import main
from tests.conftest import make_picture


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
        staging.check_apart(tmp_path / "link.gif", [tmp_path / "real.gif"])


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


def test_a_contact_sheet_does_not_replace_what_it_shows(tmp_path, capsys):
    picture = tmp_path / "p.png"
    images.save_image(make_picture(24, 32), picture)
    before = picture.read_bytes()
    assert main(["codebook", str(picture), "--out", str(picture)]) == 2
    assert "is read as well" in capsys.readouterr().err and picture.read_bytes() == before
