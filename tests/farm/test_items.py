"""Facts of one item on a worker: locks, records, hashes, attempts that nobody ended."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from landscape_engine import __version__, images
from landscape_engine.errors import OutputError
from landscape_engine.farm import content_hashes, items, kept_bundles, manifests
from landscape_engine.farm.ledger import Ledger, mark_of, marked
from landscape_engine.farm.roots import Roots
from landscape_engine.settings import documents
from tests.conftest import make_picture

from .conftest import JOB, leftovers, tree


class Bench:
    """A batch's folder, without machines."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.bundle, self.plates, self.out = bundle, folder / "plates", folder / "out"
        self.plates.mkdir()
        images.save_image(make_picture(48, 64), self.plates / "lake.png")
        self.usual = folder / "all.json"
        self.usual.write_text(json.dumps({**JOB, "clip": {"frames": 3}}))

    def order(self, **changes):
        roots = Roots.named([self.plates], self.out)
        (item,) = manifests.read(self.plates, roots, self.usual)
        order = {
            "engine": __version__, "run": "one", "name": item.name, "key": item.key,
            "job": documents.write(item.job), "seen": True, "roots": [str(self.plates)],
            "out": str(self.out),
            "bundle": str(self.bundle), "weights": content_hashes.of_bundle(self.bundle),
            "device": "cpu", "losses": 2, "attempt": 1, **changes,
        }  # fmt: skip
        mark = mark_of(self.out, order["run"])
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        return order

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.out, self.order()["key"])


@pytest.fixture
def bench(tmp_path, bundle_folder) -> Bench:
    return Bench(tmp_path, bundle_folder)


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_lies_in_the_place_of_a_lock_is_refused(bench, tmp_path, kind, unhung):
    """It is neither waited for nor followed."""
    ledger = bench.ledger
    ledger.folder.mkdir(parents=True)
    if kind == "pipe":
        unhung(ledger.folder / "lock")
    else:
        (ledger.folder / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="lock"), ledger.held():
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_an_item_is_made_once_and_then_found(bench):
    heard = []
    first = items.do(bench.order(), lambda *frames: heard.append(frames))
    assert first["state"] == "made" and heard[0] == (1, 3)
    assert sorted(tree(bench.out)) == [
        "lake/0001.png", "lake/0002.png", "lake/0003.png", first["record"]["poster"],
    ]  # fmt: skip
    again = items.do(bench.order(run="two"))
    assert (again["state"], again["record"]) == ("found", first["record"])
    assert again["worker"]["loads"] == first["worker"]["loads"]


@pytest.mark.parametrize("format", ["png", "live"])
def test_a_poster_shows_no_color_that_is_hidden(bench, format):
    """Under clear pixels: neither there nor along their edge."""
    usual = {**JOB, "clip": {"frames": 3}, "output": {"format": format}}
    bench.usual.write_text(json.dumps(usual))
    posters = []
    for hidden in (-1.0, 1.0):
        picture = make_picture(48, 900, 4)
        picture[:, 3] = 1
        picture[:, 3, :, 401:] = -1
        picture[:, :3, :, 401:] = hidden
        images.save_image(picture, bench.plates / "lake.png")
        done = items.do(bench.order(run=f"{hidden}"))
        posters.append(images.load_image(bench.out / done["record"]["poster"]))
    assert posters[0].shape[3] < 900 and posters[0].equal(posters[1])


def test_a_result_that_lost_a_file_is_made_again(bench):
    items.do(bench.order())
    (bench.out / "lake" / "0002.png").unlink()
    assert items.do(bench.order(run="two"))["state"] == "made"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', "\0"])
def test_a_damaged_record_is_none(bench, text):
    items.do(bench.order())
    (bench.ledger.folder / "done.json").write_text(text)
    (bench.ledger.folder / "begun.json").write_text(text)
    assert items.do(bench.order(run="two"))["state"] == "made"


@pytest.mark.parametrize(
    "change",
    [{"seconds": "long"}, {"notes": 5}, {"notes": [5]}, {"width": None}, {"files": {}}]
    + [{"format": 2}, {"format": 2, "engine": "2.0"}],
)
def test_a_record_of_other_values_or_of_another_version_is_none(bench, change):
    """What the report and its page would stumble over, or a later engine has written."""
    record = items.do(bench.order())["record"]
    (bench.ledger.folder / "done.json").write_text(json.dumps({**record, **change}))
    again = items.do(bench.order(run="two"))
    assert again["state"] == "made" and again["record"]["run"] == "two"


def test_an_item_that_another_holds_is_left_to_it(bench):
    with bench.ledger.held() as held:
        assert held
        assert items.do(bench.order())["state"] == "busy"
    assert items.do(bench.order())["state"] == "made"


def test_an_item_whose_workers_end_is_given_up_but_by_its_own_run_alone(bench):
    for _ in range(2):
        with bench.ledger.held():
            bench.ledger.begin("one")
    lost = items.do(bench.order())
    assert lost["state"] == "lost" and "2 workers have ended" in lost["sentence"]
    assert items.do(bench.order(run="two"))["state"] == "made"


def test_an_attempt_that_ends_is_no_loss(bench):
    (bench.plates / "lake.png").write_bytes(b"")
    for _ in range(5):
        said = items.do(bench.order())
        assert said["state"] == "failed" and "is empty" in said["sentence"]
    assert bench.ledger.lost("one") == 0


def test_a_run_that_is_stopped_leaves_nothing_partial(bench):
    with bench.ledger.held():
        pass
    said = items.do(bench.order(run="three"), ending=lambda: True)
    assert said["state"] == "stopped" and bench.ledger.lost("three") == 0
    items.stop("four")
    assert items.do(bench.order(run="four"))["state"] == "stopped"
    assert not tree(bench.out) and not leftovers(bench.out)


@pytest.mark.parametrize(
    "change, word",
    [
        ({"engine": "0.0.1"}, "expected one version"),
        ({"weights": "0" * 64}, "expected the same"),
        ({"bundle": "/nowhere"}, "can't be read"),
        ({"roots": ["/nowhere"]}, "can be seen from here"),
        ({"job": {"version": 1, "picture": "/nowhere.png"}}, "can't be seen from here, although"),
    ],
)
def test_a_worker_that_is_not_fit_says_so(bench, change, word, monkeypatch):
    monkeypatch.setattr(kept_bundles, "_kept", {})
    said = items.do(bench.order(**change))
    assert said["state"] == "unfit" and word in said["sentence"]
    assert not tree(bench.out)


def test_a_worker_that_sees_another_folder_of_results_says_so_and_writes_nothing(bench):
    order = bench.order()
    mark_of(bench.out, "one").unlink()  # as where the share isn't mounted
    said = items.do(order)
    assert said["state"] == "unfit" and "isn't the folder here" in said["sentence"]
    assert not tree(bench.out) and not bench.ledger.folder.exists()


def test_an_order_that_leads_out_of_the_roots_is_refused_by_the_worker_too(bench, tmp_path):
    order = bench.order()
    outside = tmp_path / "outside.png"
    images.save_image(make_picture(48, 64), outside)
    order["job"]["picture"] = str(outside)
    said = items.do(order)
    assert said["state"] == "failed" and "outside of the folders" in said["sentence"]
    order = bench.order()
    order["job"]["out"] = str(tmp_path / "elsewhere")
    assert "'out' leads to" in items.do(order)["sentence"]
    assert not (tmp_path / "elsewhere").exists()


def test_the_hash_is_of_content_and_of_no_name_or_time(bench, tmp_path):
    def hash_of(**changes):
        job = documents.parse(bench.order()["job"])
        return content_hashes.of_job(dataclasses.replace(job, **changes), "bundle")

    first = hash_of()
    copy = tmp_path / "copy.png"
    copy.write_bytes((bench.plates / "lake.png").read_bytes())
    assert hash_of(picture=copy, out=tmp_path / "x") == first
    images.save_image(make_picture(48, 64).flip(3), copy)
    assert hash_of(picture=copy) != first
    job = documents.parse(bench.order()["job"])
    assert hash_of(clip=dataclasses.replace(job.clip, seed=1)) != first
    assert content_hashes.of_job(job, "another bundle") != first


def test_the_hash_is_of_the_content_of_masks_of_regions_and_of_keys_too(bench, tmp_path):
    mask, region, look = (tmp_path / n for n in ("mask.png", "region.json", "look.png"))
    region.write_text('{"version": 1, "mask": "mask.png"}')

    def hash_of():
        job = documents.parse(
            {**bench.order()["job"], "regions": {"region": [str(region)]},
             "appearance": {"keys": [f"3={look}"]}}
        )  # fmt: skip
        return content_hashes.of_job(job, "bundle")

    mask.write_bytes(b"one")
    look.write_bytes(b"one")
    first = hash_of()
    mask.write_bytes(b"two")
    assert hash_of() != first
    mask.write_bytes(b"one")
    assert hash_of() == first
    look.write_bytes(b"two")
    assert hash_of() != first
    look.unlink()
    with pytest.raises(OSError):
        hash_of()


def test_marks_of_runs_that_were_killed_go_and_those_of_living_ones_stay(tmp_path):
    """As where a client was killed: its mark lies there, and nobody holds its lock."""
    state = tmp_path / mark_of(tmp_path, "x").parent.name
    state.mkdir()
    killed = mark_of(tmp_path, "killed")
    killed.write_bytes(bytes(64))
    with marked(tmp_path, "first", 64):
        assert not killed.exists()
        with marked(tmp_path, "second", 64):
            marks = [mark_of(tmp_path, run) for run in ("first", "second")]
            assert all(mark.stat().st_size == 64 for mark in marks)
        assert [mark.exists() for mark in marks] == [True, False]
    assert not list(state.iterdir())


def test_what_a_full_disk_cut_off_goes_when_the_item_is_looked_at_again(bench):
    ledger = bench.ledger
    with ledger.held():
        pass
    cut = ledger.folder / ".begun.json.0123abcd.part"
    cut.write_text("{")
    (ledger.folder / ".begun.json.0123abcd.part.lock").touch()
    with ledger.held() as taken:
        assert taken and not list(ledger.folder.glob(".*.part*"))
