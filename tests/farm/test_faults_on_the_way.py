"""What is lost on the way is made again, once: workers, schedulers, clients, disks, memory."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

from landscape_engine import __version__
from tests.conftest import PATIENCE_S, ROOT, make_picture

from .conftest import (
    finished,
    leftovers,
    lost,
    machine_without,
    read_only,
    tree,
    until,
    worker_at_an_item,
)

PAUSE_S = 20.0


def lost_of(out) -> int:
    """The attempts that nobody ended, in all."""
    return sum(map(lost, (out / ".landscape-batch").iterdir()))


def test_a_killed_worker_a_paused_one_and_a_new_scheduler_change_no_result(farm, plates, tmp_path):
    """Sixty plates, each made once, and byte for byte as on one machine."""
    folder = plates(60)
    alone = farm.client(folder, tmp_path / "alone", "--workers", 1, "--threads", 1, local=True)
    out = tmp_path / "out"
    scheduler = farm.scheduler()
    for _ in range(3):
        farm.worker()
    client = farm.client(folder, out)

    until(lambda: len(finished(out)) >= 4, "some are finished")
    killed = until(lambda: worker_at_an_item(farm.workers[0]), "a worker is at an item")
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(finished(out)) >= 12, "more are finished")
    paused = until(lambda: worker_at_an_item(farm.workers[1]), "another is at an item")
    resume = threading.Timer(PAUSE_S, os.kill, (paused, signal.SIGCONT))
    resume.start()
    until(lambda: len(finished(out)) >= 20, "more are finished beside the paused one")
    scheduler.close()
    until(lambda: "waiting for it" in client.err, "the client has seen it")
    assert len(finished(out)) < 60
    farm.scheduler()

    assert client.wait() == 0, client.err
    assert alone.wait() == 0, alone.err
    resume.join()
    assert "the scheduler is there again" in client.err
    assert lost_of(out) >= 1  # the killed worker's
    report = client.report()
    assert report["counts"] == {"made": 60, "found": 0, "failed": 0, "open": 0}
    assert tree(out) == tree(tmp_path / "alone")
    assert not leftovers(out)
    records = [json.loads(path.read_text()) for path in finished(out)]
    assert len(records) == 60 and {r["run"] for r in records} == {report["run"]}
    assert report == json.loads((out / "report.json").read_text())
    assert all(worker["loads"] == 1 for worker in report["workers"])


def test_a_worker_that_pauses_goes_on_where_it_was(farm, plates, tmp_path):
    """Nobody makes its plate meanwhile, and it is made at the first attempt."""
    folder, out = plates(6), tmp_path / "out"
    farm.scheduler()
    for _ in range(2):
        farm.worker()
    client = farm.client(folder, out)
    paused = until(lambda: worker_at_an_item(farm.workers[0]), "a worker is at an item")
    # one more may wait for it: Dask gives a worker its next plate before it needs it
    until(lambda: len(finished(out)) >= 4, "the others are finished")
    assert len(finished(out)) < 6
    os.kill(paused, signal.SIGCONT)
    assert client.wait() == 0, client.err
    assert {i["attempts"] for i in client.report()["items"]} == {1}
    assert lost_of(out) == 0 and not leftovers(out)


def test_a_killed_client_goes_on_and_two_clients_share(farm, plates, tmp_path):
    """What was finished is not made again; two clients of one manifest make each plate once."""
    folder, out = plates(16), tmp_path / "out"
    farm.scheduler()
    for _ in range(2):
        farm.worker()
    first = farm.client(folder, out)
    until(lambda: len(finished(out)) >= 3, "some are finished")
    os.kill(first.process.pid, signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_ino for path in finished(out)}
    both = [farm.client(folder, out) for _ in range(2)]
    for client in both:
        assert client.wait() == 0, client.err
    assert before == {path: path.stat().st_ino for path in before}
    reports = [client.report() for client in both]
    made = [{i["name"] for i in r["items"] if i["state"] == "made"} for r in reports]
    assert not made[0] & made[1]
    for report in reports:
        assert report["counts"]["made"] + report["counts"]["found"] == 16
    assert len(finished(out)) == 16 and len(tree(out)) == 16 * 7  # six frames and a poster
    assert not leftovers(out)


def test_what_fails_is_tried_as_often_as_asked_and_stops_nothing(farm, plates, tmp_path):
    folder, out = plates(4), tmp_path / "out"
    plate = folder / "plate01.png"
    plate.write_bytes(plate.read_bytes()[:2000])
    client = farm.client(folder, out, "--workers", 2, "--attempts", 3, local=True)
    assert client.wait() == 1
    report = client.report()
    assert report["counts"] == {"made": 3, "found": 0, "failed": 1, "open": 0}
    (failed,) = [item for item in report["items"] if item["state"] == "failed"]
    assert failed["attempts"] == 3 and "plate01.png' is damaged" in failed["sentence"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 3 and "is damaged or cut off" in page


def test_one_that_takes_too_much_memory_takes_no_others_along(farm, plates, tmp_path):
    """Its worker is ended as often as the settings say; the others come out."""
    folder, out = plates(6), tmp_path / "out"
    huge = {"clip": {"frames": 2, "size": "12000x8000"}}
    (folder / "plate02.job.json").write_text(json.dumps({"version": 1, **huge}))
    options = ["--workers", 2, "--memory", "1.2", "--losses", 2]
    client = farm.client(folder, out, *options, local=True)
    assert client.wait() == 1, client.err
    report = client.report()
    assert report["counts"] == {"made": 5, "found": 0, "failed": 1, "open": 0}, report
    (failed,) = [item for item in report["items"] if item["state"] == "failed"]
    assert failed["name"] == "plate02" and "workers have ended" in failed["sentence"]


def test_a_full_disk_ends_a_batch_in_a_sentence_and_it_goes_on(farm, plates, tmp_path, small_disk):
    folder, out = plates(8), small_disk / "out"
    farm.scheduler()
    farm.worker()
    (out / "x").mkdir(parents=True)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(600_000))
    client = farm.client(folder, out)
    assert client.wait() == 2
    (line,) = [said for said in client.err.splitlines() if "disk full" in said]
    assert "free some space" in line and "Traceback" not in client.err
    done = len(finished(out))
    assert 0 < done < 8
    assert f"{done} of 8 pictures are finished" in client.err
    filler.unlink()
    again = farm.client(folder, out)
    assert again.wait() == 0, again.err
    assert again.report()["counts"] == {"made": 8 - done, "found": done, "failed": 0, "open": 0}
    assert not leftovers(out)


def test_a_read_only_share_is_refused_before_anything(farm, plates, mounted):
    out = mounted("ro") / "out"
    client = farm.client(plates(1), out, local=True)
    assert client.wait() == 2
    (line,) = client.err.splitlines()
    assert "permission denied" in line and str(out) in line


def test_a_share_that_turns_read_only_ends_a_batch_in_a_sentence_and_it_goes_on(
    farm, plates, tmp_path
):
    folder, out = plates(8), tmp_path / "out"
    out.mkdir()
    farm.scheduler()
    workers = [farm.worker().process.pid for _ in range(2)]
    client = farm.client(folder, out)
    until(lambda: len(finished(out)) >= 2, "some are finished")
    for pid in workers:  # or they might have done all before it is
        os.killpg(pid, signal.SIGSTOP)
    with read_only(out):
        for pid in workers:
            os.killpg(pid, signal.SIGCONT)
        assert client.wait() == 2, client.err
        done = len(finished(out))
        assert 2 <= done < 8 and f"{done} of 8 pictures are finished" in client.err
        assert "permission denied" in client.err and "Traceback" not in client.err
    again = farm.client(folder, out)
    assert again.wait() == 0, again.err
    assert again.report()["counts"] == {"made": 8 - done, "found": done, "failed": 0, "open": 0}
    assert len(tree(out)) == 8 * 7 and not leftovers(out)


def other_version(folder: Path) -> Path:
    """The engine with another version's number; gives the folder to import it from."""
    package = ROOT / "landscape_engine"
    copy = folder / "landscape_engine"
    copy.mkdir(parents=True)
    for path in package.iterdir():
        if path.name not in ("__init__.py", "__pycache__"):
            (copy / path.name).symlink_to(path)
    text = (package / "__init__.py").read_text()
    (copy / "__init__.py").write_text(text.replace(__version__, "0.0.9"))
    return folder


def test_workers_that_are_not_fit_are_named_and_others_do_their_plates(farm, plates, tmp_path):
    """One sees no results' folder, one no bundle, one no pictures, one is of another version."""
    folder, out = plates(12), tmp_path / "out"
    out.mkdir()
    scheduler = farm.scheduler()
    for hidden in (out, farm.bundle, folder):
        farm.worker(within=machine_without(hidden))
    farm.worker(PYTHONPATH=str(other_version(tmp_path / "other")))
    there = "Starting worker compute stream"
    until(lambda: scheduler.err.count(there) >= 4, "all are there")
    alone = farm.client(folder, out, "--wait", 0)
    assert alone.wait() == 2, alone.err
    assert "0 of 12 pictures are finished" in alone.err.splitlines()[-1] and not tree(out)
    farm.worker()
    until(lambda: scheduler.err.count(there) >= 5, "a fit one is there")
    client = farm.client(folder, out)
    assert client.wait() == 0, client.err
    for word in ("isn't the folder here", "bundle.json", "png' can't be seen", "engine 0.0.9"):
        assert word in client.err
    report = client.report()
    assert report["counts"]["made"] == 12 and len(tree(out)) == 12 * 7
    assert len(report["workers"]) == 1


def test_a_worker_without_the_engine_ends_and_others_do_its_plates(farm, plates, tmp_path):
    """It can't say so itself: its log does, each time that it is given one and ends."""
    folder, out = plates(6), tmp_path / "out"
    broken = tmp_path / "broken" / "landscape_engine"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('not installed')\n")
    scheduler = farm.scheduler()
    without = farm.worker(PYTHONPATH=str(broken.parent))
    farm.worker()
    until(lambda: scheduler.err.count("Starting worker compute stream") >= 2, "both are there")
    client = farm.client(folder, out)
    assert client.wait() == 0, client.err
    assert client.report()["counts"]["made"] == 6 and len(tree(out)) == 6 * 7
    assert "ImportError: not installed" in without.err and "Traceback" not in client.err


def test_clocks_that_differ_do_not_matter(farm, plates, tmp_path):
    """Workers whose clocks are off by more than a day make the same, and it is known as made."""
    folder, out = plates(4), tmp_path / "out"
    farm.scheduler()
    for hours in (-30, 30):
        site = tmp_path / f"site{hours}"
        site.mkdir()
        (site / "sitecustomize.py").write_text(
            "import time\nreal = time.time\n"
            f"time.time = lambda: real() + {hours} * 3600\n"
            f"time.time_ns = lambda: int((real() + {hours} * 3600) * 1e9)\n"
        )
        farm.worker(PYTHONPATH=f"{site}{os.pathsep}{ROOT}")
    client = farm.client(folder, out)
    assert client.wait() == 0, client.err
    assert client.report()["counts"]["made"] == 4
    for path in out.rglob("*"):
        os.utime(path, (0, 0))  # as a share may say it
    again = farm.client(folder, out)
    assert again.wait() == 0, again.err
    assert again.report()["counts"]["found"] == 4


def test_what_has_changed_is_made_again_and_what_was_touched_is_not(farm, plates, tmp_path):
    from landscape_engine import images

    folder, out = plates(3), tmp_path / "out"
    farm.scheduler()
    farm.worker()
    assert farm.client(folder, out).wait() == 0
    os.utime(folder / "plate00.png")
    images.save_image(make_picture(64, 96).flip(3), folder / "plate01.png")
    (folder / "plate02.job.json").write_text(json.dumps({"version": 1, "clip": {"seed": 5}}))
    client = farm.client(folder, out)
    assert client.wait() == 0, client.err
    states = {item["name"]: item["state"] for item in client.report()["items"]}
    assert states == {"plate00": "found", "plate01": "made", "plate02": "made"}


def test_a_client_that_is_interrupted_leaves_nothing_partial(farm, plates, tmp_path):
    """Whether the workers are its own or a farm's, which drop what they were at."""
    folder = plates(2)
    for path in folder.glob("*.png"):
        path.with_suffix(".job.json").write_text(
            json.dumps({"version": 1, "clip": {"frames": 20_000}})
        )
    farm.scheduler()
    farm.worker()
    here, there = signal.SIGINT, signal.SIGTERM
    clients = {
        here: farm.client(folder, tmp_path / here.name, "--workers", 1, local=True),
        there: farm.client(folder, tmp_path / there.name),
    }
    for number in clients:
        until(lambda n=number: leftovers(tmp_path / n.name), "an item is being written")
    for number, client in clients.items():
        client.process.send_signal(number)
    for number, client in clients.items():
        out = tmp_path / number.name
        assert client.wait() == 128 + number, client.err
        assert not tree(out) and not leftovers(out)
        assert not list((out / ".landscape-batch").glob("run-*"))


def test_a_killed_client_takes_its_own_workers_along_and_goes_on(farm, plates, tmp_path):
    """No process of this machine's stays, and what was finished is not made again."""
    import psutil

    folder, out = plates(5), tmp_path / "out"
    client = farm.client(folder, out, "--workers", 1, local=True)
    until(lambda: finished(out), "one is finished")
    workers = psutil.Process(client.process.pid).children(recursive=True)
    os.kill(client.process.pid, signal.SIGKILL)
    client.wait()
    assert not psutil.wait_procs(workers, PATIENCE_S)[1]
    before = {path: path.stat().st_ino for path in finished(out)}
    again = farm.client(folder, out, "--workers", 1, local=True)
    assert again.wait() == 0, again.err
    assert before == {path: path.stat().st_ino for path in before}
    counts = again.report()["counts"]
    assert counts["found"] >= len(before) and counts["made"] + counts["found"] == 5
    assert len(tree(out)) == 5 * 7 and not leftovers(out)
