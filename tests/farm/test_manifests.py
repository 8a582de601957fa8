"""Facts of manifests: what they say comes out, what they may not say is refused in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from landscape_engine.errors import DocumentError, ManifestError
from landscape_engine.farm import manifests
from landscape_engine.farm.roots import Roots


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "plates"
    folder.mkdir()
    for name in ("lake.jpg", "lake.png", "sea.png", ".hidden.png", "notes.txt"):
        (folder / name).write_bytes(b"any")
    return folder


def read(manifest: Path, *more: Path, usual: Path | None = None) -> list[manifests.Item]:
    home = manifest if manifest.is_dir() else manifest.parent
    return manifests.read(manifest, Roots.named([home, *more], home.parent / "out"), usual)


def write(home: Path, name: str, text: str | bytes) -> Path:
    path = home / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_folder_gives_its_pictures_and_each_an_output_of_its_own(home):
    write(
        home, "sea.job.json", '{"version": 1, "clip": {"frames": 7}, "output": {"format": "mp4"}}'
    )
    items = read(home)
    assert [item.name for item in items] == ["lake-jpg", "lake-png", "sea.mp4"]
    assert [item.job.clip.frames for item in items] == [400, 400, 7]
    assert len({item.key for item in items}) == 3


def test_lines_and_tables_say_the_same(home):
    lines = write(
        home,
        "a.jsonl",
        json.dumps(
            {"picture": "sea.png", "out": "x.mp4", "clip": {"frames": 9, "upright": False},
             "motion": {"speed": 0.5, "code": "0.3", "arrows": ["0,0,1,1"]},
             "regions": {"still_mask": "lake.png"}}
        ) + "\n\n" + json.dumps({"picture": "lake.jpg"}),
    )  # fmt: skip
    table = write(
        home,
        "a.csv",
        "picture,out,clip.frames,clip.upright,motion.speed,motion.code,motion.arrows,"
        "regions.still_mask\r\n"
        'sea.png,x.mp4,9,no,0.5,0.3,"[""0,0,1,1""]",lake.png\r\n'
        "\r\nlake.jpg,,,,,,,\r\n",
    )
    assert [(i.name, i.job) for i in read(lines)] == [(i.name, i.job) for i in read(table)]
    first = read(lines)[0].job
    assert first.picture == home / "sea.png" and first.out == home.parent / "out" / "x.mp4"
    assert first.regions.still_mask == str(home / "lake.png") and first.motion.code == "0.3"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_as_spreadsheets_save_them(home, encoding, separator):
    """With the separator of their country, Windows's line ends and columns without a name."""
    (home / "mër.png").write_bytes(b"any")
    text = 'picture,out,clip.frames,,\r\nmër.png,"a, b; c",5,,\r\n,,,,,,\r\n'
    text = text.replace(",", separator).replace(f"a{separator} b", "a, b")
    (item,) = read(write(home, "a.csv", text.encode(encoding)))
    assert item.name == "a, b; c" and item.job.clip.frames == 5


def test_a_cell_may_have_lines_and_a_bad_one_after_it_has_its_number(home):
    good = 'picture,out\r\nsea.png,"a\r\nb"\r\n'
    (item,) = read(write(home, "a.csv", good))
    assert item.name == "a\r\nb"
    with pytest.raises(ManifestError, match="line 4 of"):
        read(write(home, "a.csv", good + "lake.jpg,../x\r\n"))


def test_a_document_beside_a_picture_says_only_what_it_names(home):
    usual = write(home, "all.json", '{"version": 1, "clip": {"frames": 50}, "loop": {"frames": 9}}')
    write(home, "sea.job.json", '{"version": 1, "clip": {"seed": 3}, "loop": {}}')
    job = read(home, usual=usual)[2].job
    assert (job.clip.frames, job.clip.seed, job.loop.frames) == (50, 3, 9)


def test_an_item_says_more_than_the_document_of_all(home):
    usual = write(home, "all.json", json.dumps(
        {"version": 1, "picture": "other.jpg", "out": "other", "clip": {"frames": 50, "seed": 3},
         "motion": {"code": "sea.png"}}
    ))  # fmt: skip
    table = write(home, "a.csv", "picture,job,clip.frames\nsea.png,,8\nlake.jpg,own.json,\n")
    write(home, "own.json", '{"version": 1, "clip": {"frames": 60}}')
    sea, lake = (item.job for item in read(table, usual=usual))
    assert (sea.clip.frames, sea.clip.seed) == (8, 3)
    assert (lake.clip.frames, lake.clip.seed) == (60, 3)  # no default comes before what is said
    assert sea.motion.code == str(home / "sea.png") and sea.picture == home / "sea.png"


@pytest.mark.parametrize(
    "line, word",
    [
        ("[1]", "line 2 is no JSON object"),
        ("{", "line 2 is no JSON"),
        ('{"picture": "sea.png", "x": 1}', "line 2 of .*unknown field 'x'"),
        ('{"picture": "sea.png", "clip": {"frames": 0}}', "line 2 of .*'clip.frames' is 0"),
        ('{"out": "x"}', "line 2 of .*no 'picture'"),
        ('{"picture": "sea.png", "version": 9}', "line 2 of .*'version' is 9"),
        ('{"picture": "../secret.png"}', "outside of the folders"),
        ('{"picture": "/etc/passwd"}', "outside of the folders"),
        ('{"picture": "sea.png", "motion": {"code": "/etc/passwd"}}', "outside of the folders"),
        ('{"picture": "sea.png", "appearance": {"keys": ["3=/etc/passwd"]}}', "outside of the"),
        ('{"picture": "sea.png", "regions": {"region": ["r.json"]}}', "outside of the folders"),
        ('{"picture": "sea.png", "out": "../x"}', "'out' leads to"),
        ('{"picture": "sea.png", "out": "/tmp/x"}', "'out' leads to"),
        ('{"picture": "sea.png", "out": "."}', "'out' leads to"),
        ('{"picture": "sea.png", "out": "Posters/x"}', "needs itself"),
        ('{"picture": "sea.png", "out": ".landscape-batch/x"}', "needs itself"),
        ('{"picture": "lake.png", "out": "SEA"}', "as line 1 does"),
        ('{"picture": "lake.png", "out": "sea."}', "as line 1 does"),
        ('{"picture": "lake.png", "out": "x/../sea"}', "as line 1 does"),
        ('{"picture": "lake.png", "out": "posters./x"}', "needs itself"),
        ('{"picture": "lake.png", "picture": "sea.png"}', "line 2 .* has 'picture' twice"),
        ('{"picture": "sea.png", "clip": {"frames": 2, "frames": 3}}', "has 'frames' twice"),
        ('{"picture": "sea.png", "clip": {"frames": 1' + "0" * 400 + "}}", "'clip.frames' is 1000"),
        ('{"picture": "sea.png", "clip": ' + '{"a": ' * 3000 + "1" + "}" * 3001, "nested too deep"),
        ('{"picture": "lake.png", "out": "sea/x"}', "within the output of line 1"),
        ('{"picture": "a\\u0000b"}', "no system takes"),
    ],
)
def test_one_bad_line_is_refused_by_its_number(home, line, word):
    write(home, "r.json", '{"version": 1, "mask": "../../mask.png"}')
    manifest = write(home, "a.jsonl", f'{{"picture": "sea.png"}}\n{line}\n')
    with pytest.raises(ManifestError, match=word) as refused:
        read(manifest)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "holds no picture"),
        ("picture\n", "holds no picture"),
        ("picture,clip.frams\nsea.png,3\n", "unknown name 'clip.frams'"),
        ("picture,picture\nsea.png,3\n", "'picture' twice"),
        ("picture\nsea.png,3\n", "line 2 has 2 cells"),
        ("picture,\nsea.png,3\n", "line 2 has the cell '3' in a column without a name"),
        ('picture\n"sea.png\n', "can't be read"),
        ("picture,clip.frames\nsea.png,many\n", "line 2 of .*'clip.frames' is 'many'"),
        ("picture,clip.frames\nsea.png,true\n", "'clip.frames' is 'true'"),
        ("picture,clip.upright\nsea.png,maybe\n", "'clip.upright' is 'maybe'"),
        (b"picture\n\xff\xff\n", "can't be read"),
    ],
)
def test_tables_that_are_none(home, text, word):
    with pytest.raises(ManifestError, match=word):
        read(write(home, "a.csv", text))


@pytest.mark.parametrize("name", ["a.txt", "nowhere.csv", "nowhere"])
def test_what_is_no_manifest(home, name):
    write(home, "a.txt", "sea.png")
    with pytest.raises(ManifestError, match=r"expected a folder of pictures, a \.csv or a \.jsonl"):
        read(home / name)


def test_a_document_of_all_that_is_wrong_is_named(home):
    with pytest.raises(DocumentError, match=r"all\.json"):
        read(home, usual=home / "all.json")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_links_are_followed_before_they_are_judged(home, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.png").write_bytes(b"any")
    (home / "linked.png").symlink_to(secret / "a.png")
    manifest = write(home, "a.jsonl", '{"picture": "linked.png"}')
    with pytest.raises(ManifestError, match="outside of the folders"):
        read(manifest)
    assert read(manifest, secret)[0].name == "linked"
    out = home.parent / "out"
    out.mkdir()
    (out / "away").symlink_to(secret)
    manifest = write(home, "b.jsonl", '{"picture": "sea.png", "out": "away/x"}')
    with pytest.raises(ManifestError, match="'out' leads to"):
        read(manifest)
    (home / "round.png").symlink_to(home / "round.png")
    manifest = write(home, "c.jsonl", '{"picture": "round.png"}')
    with pytest.raises(ManifestError):
        read(manifest)


def test_nothing_is_written_by_reading(home, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    read(home)
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_that_any_item_reads_is_written_over(home):
    """Not its own files, nor another item's, whether the output is the file or holds it."""
    first = '{"picture": "sea.png", "motion": {"code": "clips/wind.mp4"}, "out": "a"}'
    (home / "clips").mkdir()
    (home / "clips" / "wind.mp4").write_bytes(b"any")
    roots = Roots.named([home], home)
    for out, refused in (("clips/wind.mp4", True), ("clips", True), ("clips/new", False)):
        other = json.dumps({"picture": "lake.jpg", "out": out})
        manifest = write(home, "a.jsonl", f"{first}\n{other}\n")
        if refused:
            with pytest.raises(ManifestError, match="line 2 of .*reads"):
                manifests.read(manifest, roots)
        else:
            assert len(manifests.read(manifest, roots)) == 2
