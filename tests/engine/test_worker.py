"""Facts about the worker: what each task gives, how jobs end, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from landscape_engine import images
from landscape_engine.errors import AnnotationError
from landscape_engine.jobs import animate as animation
from landscape_engine.jobs.preview import reduce
from landscape_engine.light import cycles
from landscape_engine.motion import codes
from landscape_engine.settings import AppearanceSettings, ClipSettings, MotionSettings, documents
from landscape_engine.worker import AGAIN, requests
from landscape_engine.worker.landscapes import KEPT, KeptLandscapes
from tests.conftest import NEVER_ENDING, PATIENCE_S, ROOT, make_picture

LONG = {"clip": {"frames": 5000}, "appearance": {"kind": "off"}}  # longer than any test waits


def job_of(picture, out=None, **groups):
    return {"version": 1, "picture": str(picture), **({"out": str(out)} if out else {}), **groups}


def test_it_says_who_it_is(worker, bundle_folder):
    about = worker.do({"task": "status"})["result"]
    assert about["device"] == "cpu" and about["bundle"] == str(bundle_folder)
    assert (about["motion_codes"], about["appearance_codes"]) == (6, 3)
    assert about["predicts_days"] is False
    assert (worker.folder / "worker.json").exists()


def test_animate_writes_what_the_command_does_and_says_how_far_it_is(worker, lake, tmp_path):
    groups = {"clip": {"frames": 5}, "loop": {"frames": 3}, "appearance": {"code": "random"}}
    job = worker.submit({"task": "animate", "job": job_of(lake, tmp_path / "out", **groups)})
    done = worker.wait_for(job, "done")["result"]
    assert [Path(p).name for p in done["paths"]] == [f"{n:04d}.png" for n in range(1, 6)]
    assert all(Path(p).is_file() for p in done["paths"])
    events = worker.events(job)
    assert [e["event"] for e in events if e["event"] != "progress"] == ["started", "note", "done"]
    assert "no whole number of loops" in next(e["text"] for e in events if e["event"] == "note")
    told = [e for e in events if e["event"] == "progress"]
    assert list(dict.fromkeys(e["stage"] for e in told)) == ["read", "predict", "frames"]
    assert (told[-1]["done"], told[-1]["total"], told[-1]["seconds_left"]) == (5, 5, 0)


def test_a_preview_is_small_and_moves_at_the_same_pace(worker, lake):
    document = job_of(
        lake, clip={"frames": 40, "size": "640x360"}, loop={"frames": 20}, output={"fps": 20}
    )
    job = worker.submit({"task": "preview", "job": document, "side": 64, "frames": 8})
    done = worker.wait_for(job, "done")["result"]
    assert (done["frames"], done["width"], done["height"], done["fps"]) == (8, 64, 36, 4)
    assert done["loop_frames"] == 4
    folder = worker.folder / "jobs" / job / "frames"
    assert done["folder"] == str(folder) and len(list(folder.iterdir())) == 8


@pytest.mark.parametrize("kind", ["motion", "appearance"])
def test_thumbnails_show_each_code(worker, lake, kind):
    done = worker.do(
        {
            "task": "thumbnails",
            "picture": str(lake),
            "kind": kind,
            "positions": [0, 1],
            "side": 32,
            "frames": 3,
        }
    )["result"]
    assert [row["position"] for row in done["thumbnails"]] == [0, 1]
    for row in done["thumbnails"]:
        files = row["frames"] + ([row["flow"]] if kind == "motion" else [])
        assert len(row["frames"]) == 3
        assert all(images.load_image(f).shape == (1, 3, 18, 32) for f in files)
    assert images.load_image(done["picture"]).shape == (1, 3, 18, 32)
    flows = [row["flow"] for row in done["thumbnails"]]
    if kind == "motion":
        assert not images.load_image(flows[0]).equal(images.load_image(flows[1]))
        assert all(-180 <= row["direction_deg"] <= 180 for row in done["thumbnails"])
        assert all(row["speed"] > 0 for row in done["thumbnails"])
    else:
        assert flows == [None, None]
        for row in done["thumbnails"]:
            assert len(row["lightness"]) == len(row["warmth"]) == 3
            assert all(0 <= lightness <= 1 for lightness in row["lightness"])


@pytest.mark.parametrize(
    "drawn", [{"arrows": ["0.3,0.3,0.6,0.3"]}, {"patches": [[0.5, 0.5, 0.1, "#ff9050"]]}]
)
def test_fit_finds_a_code_and_writes_it(worker, lake, tmp_path, drawn):
    out = tmp_path / "code.json"
    job = worker.submit({"task": "fit", "picture": str(lake), "out": str(out), **drawn})
    done = worker.wait_for(job, "done")["result"]
    assert len(done["code"]) == 8 and len(done["errors"]) == 1 and done["loss"] >= 0
    assert done["path"] == str(out) and out.is_file() and "note" in done
    assert any(e.get("stage") == "fit" and e["total"] for e in worker.events(job))


def test_regions_are_shown_in_their_colors(worker, lake, tmp_path):
    mask = make_picture(90, 160) * 0 - 1
    mask[:, :, :45] = 1
    images.save_image(mask, tmp_path / "upper.png")
    found = {"moving_mask": str(tmp_path / "upper.png")}
    done = worker.do({"task": "regions", "picture": str(lake), "regions": found})["result"]
    (region,) = done["regions"]
    assert region["name"] == "moving" and abs(region["share"] - 0.5) < 0.02
    assert abs(done["still"] + region["share"] - 1) < 1e-6
    label = images.to_uint8(images.load_image(done["path"]))
    assert tuple(label[10, 80]) == tuple(bytes.fromhex(region["color"][1:]))
    assert tuple(label[80, 80]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"task": "dance"}, "'dance'.*animate"),
        ({}, "task is None"),
        ({"task": "status", "protocol": 2}, "protocol 2 .*engine 1"),
        ({"task": "regions", "pictures": "x"}, "unknown field 'pictures'"),
        ({"task": "regions"}, "lacks the field 'picture'"),
        ({"task": "regions", "picture": "/nowhere/lake.png"}, "lake.png' isn't there"),
        ({"task": "regions", "picture": "lake.png"}, "absolute"),
        ({"task": "animate", "job": {"version": 1, "clipp": {}}}, "unknown field 'clipp'"),
        ({"task": "fit", "picture": __file__, "arrows": "0,0,1,1"}, "'arrows' .* a list"),
        ({"task": "regions", "picture": __file__}, "test_worker.py"),
    ],
)
def test_what_is_wrong_is_named_in_one_sentence(worker, task, says):
    end = worker.do(task)
    assert end["event"] == "failed" and end["kind"].endswith("Error")
    assert "\n" not in end["message"] and "Traceback" not in end["message"]
    assert re.search(says, end["message"]), end["message"]


def test_a_failure_carries_the_setting_that_it_is_about(worker, lake, tmp_path):
    job = job_of(lake, tmp_path / "frames", motion={"speed": 0})
    end = worker.do({"task": "animate", "job": job})
    assert end["message"].startswith("'motion.speed' is 0;") and end["setting"] == "motion.speed"
    named = [part["setting"] for part in end["parts"] if not isinstance(part, str)]
    assert named == ["motion.speed", "clip.frames"]
    missing = worker.do({"task": "regions", "picture": "/nowhere/lake.png"})
    assert missing["setting"] is None and missing["parts"] == [missing["message"]]


def test_a_note_names_settings_by_their_paths_too(worker, lake, tmp_path):
    job = job_of(lake, tmp_path / "frames", loop={"kind": "none", "frames": 2})
    identity = worker.submit({"task": "animate", "job": job})
    assert worker.wait_for(identity, "done", "failed")["event"] == "done"
    notes = [e for e in worker.events(identity) if e["event"] == "note"]
    note = next(e for e in notes if e["text"].startswith("--loop-frames has no effect: --loop"))
    assert note["parts"][0] == {"setting": "loop.frames", "off": False}


def test_a_target_has_to_be_absolute(worker, lake):
    end = worker.do({"task": "animate", "job": job_of(lake, "frames")})
    assert (end["event"], end["kind"]) == ("failed", "OutputError") and "absolute" in end["message"]


def test_what_is_no_request_is_passed_over(worker):
    for request in ("hello", {"job": "../../etc"}, {"job": 3}, {"fly": "x"}, {"job": "missing"}):
        worker.ask(request)
    assert worker.do({"task": "status"})["event"] == "done"


def test_jobs_wait_their_turn_and_can_be_cancelled_at_any_time(worker, lake, tmp_path):
    targets = [tmp_path / f"new/{n}" for n in range(3)]
    jobs = [worker.submit({"task": "animate", "job": job_of(lake, t, **LONG)}) for t in targets]
    last = worker.submit({"task": "status"})
    worker.ask({"cancel": jobs[1]})  # waits
    worker.wait_for(jobs[1], "cancelled")
    assert [e["event"] for e in worker.events(jobs[1])] == ["cancelled"]
    for job in (jobs[0], jobs[2]):  # each running
        worker.wait_for(job, "progress")
        worker.ask({"cancel": job})
        assert worker.wait_for(job, "cancelled", "done", "failed") == {"event": "cancelled"}
    worker.wait_for(last, "done")
    assert worker.process.poll() is None
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_cut_short_is_cancelled_all_the_same(talk, lake, tmp_path):
    """One large frame inside the palette filters takes seconds; this one takes for ever."""
    begun = tmp_path / "begun"
    one = talk(before=NEVER_ENDING.format(begun=str(begun)))
    job = one.submit({"task": "animate", "job": job_of(lake, tmp_path / "large.gif", **LONG)})
    deadline = time.monotonic() + PATIENCE_S
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    one.ask({"cancel": job})
    one.wait_for(job, "cancelled")
    assert one.process.wait(PATIENCE_S) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["begun", "worker"]


@pytest.fixture
def upper(tmp_path) -> dict:
    """Settings by which the upper half moves, and arrows there and below."""
    mask = make_picture(90, 160) * 0 - 1
    mask[:, :, :45] = 1
    images.save_image(mask, tmp_path / "upper.png")
    return {"moving_mask": str(tmp_path / "upper.png")}


INSIDE, OUTSIDE = "0.3,0.2,0.6,0.2", "0.7,0.9,0.9,0.9"


def test_an_arrow_where_nothing_moves_is_left_out_with_a_note(worker, lake, tmp_path, upper):
    job = job_of(lake, tmp_path / "out", clip={"frames": 2}, regions=upper)
    job["motion"] = {"arrows": [OUTSIDE, INSIDE]}
    identity = worker.submit({"task": "animate", "job": job})
    assert worker.wait_for(identity, "done", "failed")["event"] == "done"
    notes = [e["text"] for e in worker.events(identity) if e["event"] == "note"]
    (note,) = [note for note in notes if "arrow" in note]
    assert note.startswith("the arrow (0.7, 0.9) → (0.9, 0.9), at the lower right of the picture,")
    assert "and is left out: --moving-mask alone says what moves" in note


def test_arrows_none_of_which_moves_anything_are_refused_before_anything_is_predicted(
    animator, lake, tmp_path, upper, monkeypatch
):
    monkeypatch.setattr(animator, "light", lambda *_: pytest.fail("it was predicted"))
    job = job_of(lake, tmp_path / "out", regions=upper)
    job["motion"] = {"arrows": [OUTSIDE, "0.1,0.8,0.1,0.95"]}
    job = documents.parse(job)
    with pytest.raises(AnnotationError, match="^2 arrows, the first .*nothing moves") as refused:
        animation.render(job, animator, animator.look_at(images.load_image(lake)), (90, 160))
    assert refused.value.setting == "regions.moving_mask"


# Lines of a program with two more tasks: one uses a package whose parts import each other and that
# takes a moment to load, as torch's compiler does; one fails as nobody foresaw.
MORE_TASKS = """
import sys
import time
sys.path.insert(0, {folder!r})
from landscape_engine.worker import tasks

def use(desk, events):
    import whole
    time.sleep(0.2)  # the interrupt comes again after the import
    return {{"value": whole.part.value()}}

def break_down(desk, events):
    raise AttributeError("half of it is missing")

tasks.TASKS.update(use=use, break_down=break_down)
"""


def slow_package(folder: Path) -> None:
    """A package that fails for good if its first import is cut short: its part knows it too."""
    (folder / "whole").mkdir()
    (folder / "whole" / "part.py").write_text(
        "import whole\ndef value():\n    return whole.loaded\n"
    )
    (folder / "whole" / "__init__.py").write_text(
        "import time\nfrom pathlib import Path\nfrom . import part\n"
        "Path(__file__).with_name('begun').touch()\n"
        "until = time.monotonic() + 0.4\nwhile time.monotonic() < until:\n    time.sleep(0.01)\n"
        "loaded = True\n"
    )


def until_there(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()


def test_what_a_cancelled_job_imports_is_whole_for_the_next(talk, tmp_path):
    slow_package(tmp_path)
    one = talk(before=MORE_TASKS.format(folder=str(tmp_path)))
    job = one.submit({"task": "use"})
    until_there(tmp_path / "whole" / "begun")
    one.ask({"cancel": job})
    assert one.wait_for(job, "cancelled", "done", "failed")["event"] == "cancelled"
    assert one.do({"task": "use"}).get("result") == {"value": True}
    assert one.process.poll() is None


def test_a_fit_loads_no_compiler(talk, lake, tmp_path):
    """Torch's own optimizers do, which takes seconds, and cut short nothing is fitted any more."""
    loaded = tmp_path / "loaded"
    tell = f"""
import sys
from pathlib import Path
def hook(event, args):
    if event == "import" and args[0] == "torch._dynamo":
        Path({str(loaded)!r}).touch()
sys.addaudithook(hook)
"""
    fit = {"task": "fit", "picture": str(lake), "arrows": ["0.3,0.3,0.6,0.3"]}
    assert talk(before=tell).do(fit)["event"] == "done"
    assert not loaded.exists()


def test_after_an_error_that_nobody_foresaw_the_process_ends(talk, tmp_path):
    one = talk(before=MORE_TASKS.format(folder=str(tmp_path)))
    end = one.do({"task": "break_down"})
    assert end["event"] == "failed" and end["fault"] and "AttributeError" in end["message"]
    assert one.process.wait(PATIENCE_S) == 0
    assert not (one.folder / "worker.json").exists()


def test_where_an_earlier_job_may_have_broken_it_the_next_process_does_the_job(talk, tmp_path):
    one = talk(before=MORE_TASKS.format(folder=str(tmp_path)))
    assert one.do({"task": "status"})["event"] == "done"
    job = one.submit({"task": "break_down"})
    assert one.process.wait(PATIENCE_S) == AGAIN
    assert [event["event"] for event in one.events(job)] == ["started"]


def test_with_stdin_the_process_ends_and_leaves_nothing(talk, lake, tmp_path):
    one = talk()
    out = tmp_path / "new" / "long.mp4"
    job = one.submit({"task": "animate", "job": job_of(lake, out, **LONG)})
    deadline = time.monotonic() + 60
    while not any(e.get("done") for e in one.events(job)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "new").exists()
    one.process.stdin.close()
    assert one.process.wait(PATIENCE_S) == 0
    assert not (tmp_path / "new").exists()
    assert one.events(job)[-1] == {"event": "cancelled"}
    assert not (one.folder / "worker.json").exists()


@pytest.mark.parametrize("while_loading", [True, False])
def test_where_imports_wait_for_stdin_it_listens_after_them(while_loading, bundle_folder, tmp_path):
    """On Windows a thread that reads stdin holds up numpy's import for ever."""
    program = f"""
import sys
from pathlib import Path
from landscape_engine.worker import process
process.LISTENS_WHILE_LOADING = {while_loading}
process.requests.listen = lambda *_: print("numpy" in sys.modules, flush=True)
process.Worker(Path("w"), Path({str(bundle_folder)!r}), "cpu", 1e-4).run()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == [str(not while_loading)], done.stderr


def test_without_a_job_it_ends_by_itself(talk):
    one = talk("--idle-minutes", "0.001")
    assert one.process.wait(PATIENCE_S) == 0
    assert not (one.folder / "worker.json").exists()


# ------------------------------------------------------------------- previews, what is kept


def test_a_preview_thins_the_clip_and_moves_as_far_in_a_loop(tmp_path):
    job = documents.parse(
        {
            "version": 1,
            "clip": {"frames": 400},
            "loop": {"frames": 100},
            "motion": {"speed": 0.5},
            "appearance": {"keys": ["0=input", "4=0.1", "200=0.5"]},
        }
    )
    small = reduce(job, (1600, 900), 384, 48)
    assert (small.clip.frames, small.clip.size, small.loop.frames) == (48, "384x216", 12)
    assert small.motion.speed * small.loop.frames == pytest.approx(0.5 * 100)
    assert small.appearance.keys == ("0=input", "1=0.1", "24=0.5")
    assert small.output.fps == pytest.approx(30 * 48 / 400)
    still_light = replace(job, appearance=AppearanceSettings(kind="off"))
    one_loop = reduce(still_light, (200, 300), 384, 48)
    assert (one_loop.clip.frames, one_loop.loop.frames, one_loop.clip.size) == (48, 48, "200x300")
    assert one_loop.motion.speed == pytest.approx(0.5 * 100 / 48)


def test_a_moved_slider_predicts_nothing_anew(animator, lake, monkeypatch):
    kept, asked = KeptLandscapes(animator), []
    network = animator.bundle.motion_predictor
    usual = network.forward
    monkeypatch.setattr(network, "forward", lambda *a: asked.append(1) or usual(*a))

    def predict(speed):
        landscape = kept.of(lake, (64, 36))
        regions = landscape.regions()
        settings = MotionSettings(code="0.3", speed=speed)
        code = codes.choose(landscape, settings)
        return animator.move(landscape, settings, code, regions=regions)

    first, passes = predict(1.0), len(asked)
    assert passes
    faster = predict(2.0)
    assert len(asked) == passes
    anew = animator.look_at(images.load_image(lake)).at(64, 36)
    usual_one = animator.move(anew, MotionSettings(code="0.3", speed=2.0))
    assert len(asked) > passes
    assert faster.step.equal(usual_one.step) and not faster.step.equal(first.step)


def test_other_light_predicts_no_motion_anew_and_the_same_no_map(animator, lake, monkeypatch):
    kept, moved, lit = KeptLandscapes(animator), [], []
    for network, asked in (
        (animator.bundle.motion_predictor, moved),
        (animator.bundle.appearance_predictor, lit),
    ):
        usual = network.forward
        count = lambda *a, asked=asked, usual=usual: asked.append(1) or usual(*a)  # noqa: E731
        monkeypatch.setattr(network, "forward", count)

    def render(code):
        landscape, clip = kept.of(lake, (64, 36)), ClipSettings(frames=4)
        light = animator.light(landscape, AppearanceSettings(code=code), clip)
        list(animator.render(landscape, animator.move(landscape), light, clip=clip))
        return len(moved), len(lit)

    first, same, other = render("0"), render("0"), render("1")
    assert first == same and min(first) > 0
    assert other[0] == first[0] and other[1] > first[1]


def test_patches_and_arrows_are_fitted_once(animator, lake, monkeypatch):
    kept, asked = KeptLandscapes(animator), []
    for network in (animator.bundle.motion_predictor, animator.bundle.appearance_predictor):
        usual = network.forward
        count = lambda *a, usual=usual: asked.append(1) or usual(*a)  # noqa: E731
        monkeypatch.setattr(network, "forward", count)
    arrows = MotionSettings(arrows=("0.2,0.3,0.6,0.3",), arrows_as="code")
    patches = AppearanceSettings(patches=("0.5,0.3,0.1,#804020",))

    def fit():
        landscape = kept.of(lake)
        cycle = cycles.key_codes(landscape, patches, ClipSettings(20))
        return codes.choose(landscape, arrows), cycle.codes

    first, passes = fit(), len(asked)
    again = fit()
    assert passes and len(asked) == passes
    assert all(one is same for one, same in zip(first, again, strict=True))


def test_a_picture_that_was_written_anew_is_read_anew(animator, tmp_path):
    path, kept = tmp_path / "lake.png", KeptLandscapes(animator)
    images.save_image(make_picture(20, 30), path)
    first = kept.of(path)
    assert kept.of(path) is first and kept.of(path, (15, 10)) is kept.of(path, (15, 10))
    assert kept.of(path, (15, 10)).image.shape == (1, 3, 10, 15)
    images.save_image(-make_picture(20, 30), path)
    os.utime(path, ns=(1, 1))
    assert torch.allclose(kept.of(path).image, -first.image, atol=1e-6)


def test_the_last_sizes_of_a_picture_are_kept(animator, lake):
    kept = KeptLandscapes(animator)
    own, small = kept.of(lake), kept.of(lake, (16, 9))
    others = [kept.of(lake, (width, 9)) for width in range(17, 17 + KEPT)]
    assert kept.of(lake) is own and kept.of(lake, (17 + KEPT - 1, 9)) is others[-1]
    assert kept.of(lake, (16, 9)) is not small


# ------------------------------------------------------------------- odd requests, jobs, folders


def raw(one, content: bytes):
    one.process.stdin.write(content)
    one.process.stdin.flush()


def test_lines_of_any_kind_and_length_leave_it_listening(worker):
    for line in (b"[" * 100_000, b"x" * 3_000_000, b"\xff\xfe", b"null", b'{"job": [1]}', b"1e999",
                 b'{"job": "\\udcff"}', b'{"cancel": {}}', b'[{"job": "a"}]', b"{}"):  # fmt: skip
        raw(worker, line + b"\n")
    assert worker.do({"task": "status"})["event"] == "done"


def test_a_line_without_end_takes_no_memory_and_is_no_request(capsys):
    """It is passed over as it comes; whoever asks after it is heard."""
    source, sink = os.pipe()
    heard, ended = [], threading.Event()
    requests.listen(heard.append, ended.set, source)
    with open(sink, "wb") as asking:
        asking.write(b'{"job": "' + b"x" * 3_000_000)
        asking.flush()
        asking.write(b'"}\n{"job": "next"}\n{"job": "' + b"y" * 1000 + b'"}\n')
    assert ended.wait(PATIENCE_S)
    os.close(source)
    assert heard == [{"job": "next"}, {"job": "y" * 1000}]
    said = capsys.readouterr().err.splitlines()
    assert said == ["landscape-engine: no request: a line is longer than 1048576 bytes"]


@pytest.mark.parametrize(
    "fields",
    [
        {"task": "thumbnails", "picture": 5, "kind": "motion", "positions": [0]},
        {"task": "thumbnails", "picture": "LAKE", "kind": ["motion"], "positions": [0]},
        {"task": "thumbnails", "picture": "LAKE", "kind": "motion", "positions": [10**400]},
        {"task": "thumbnails", "picture": "LAKE", "kind": "motion", "positions": {"a": 0}},
        {"task": "thumbnails", "picture": "LAKE", "kind": "motion", "positions": [0], "side": 1e9},
        {"task": "thumbnails", "picture": "LAKE", "kind": "motion", "positions": [0],
         "regions": [1]},
        {"task": "regions", "picture": "LAKE", "upright": "yes"},
        {"task": "regions", "picture": "\ud800"},
        {"task": "regions", "picture": "/\ud800.png"},
        {"task": "regions", "picture": "/a\0b.png"},
        {"task": "regions", "picture": "LAKE", "regions": {"region": ["/dev/zero"]}},
        {"task": "fit", "picture": "LAKE", "arrows": ["0.3,0.3,0.6,0.3"], "start": 5},
        {"task": "fit", "picture": "LAKE", "arrows": [None]},
        {"task": "fit", "picture": "LAKE", "patches": [[0.5, 0.5, 0.1, [10**400, 0, 0]]]},
        {"task": "fit", "picture": "LAKE", "arrows": ["0.3,0.3,0.6,0.3"], "out": "/\ud800"},
        {"task": "animate", "job": 7},
        {"task": "animate", "job": {"version": 1, "picture": "LAKE", "out": "/\ud800"}},
        {"task": "animate", "job": {"version": 1, "picture": "LAKE", "out": "/x"},
         "save_motion": ["a"]},
        {"task": "preview", "job": {"version": 1, "picture": "LAKE"}, "frames": True},
        {"task": ["status"]},
        {"task": "status", "protocol": {}},
    ],
    ids=str,
)  # fmt: skip
def test_a_job_of_odd_types_is_that_jobs_error(worker, lake, fields):
    def put(value):
        if isinstance(value, dict):
            return {key: put(one) for key, one in value.items()}
        return str(lake) if value == "LAKE" else value

    end = worker.do(put(fields))
    assert end["event"] == "failed" and end["kind"] != "Exception"
    assert "the engine failed" not in end["message"] and end["message"].isprintable()


@pytest.mark.skipif(os.name == "nt", reason="needs links, pipes and names that are no UTF-8")
def test_a_picture_whose_name_is_not_utf_8_is_animated(worker, lake, tmp_path):
    picture = tmp_path / os.fsdecode(b"caf\xe9.png")
    picture.write_bytes(lake.read_bytes())
    job = job_of(picture, tmp_path / os.fsdecode(b"out\xe9"), clip={"frames": 2})
    done = worker.do({"task": "animate", "job": job})
    assert done["event"] == "done" and len(os.listdir(os.fsencode(tmp_path / "out\udce9"))) == 2


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")
def test_links_and_pipes_in_a_jobs_folder_are_refused(worker, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    jobs = worker.folder / "jobs"
    (jobs / "linked").symlink_to(tmp_path)
    (jobs / "to").mkdir()
    (jobs / "to" / "events.jsonl").symlink_to(secret)
    (jobs / "piped").mkdir()
    os.mkfifo(jobs / "piped" / "events.jsonl")
    for name in ("linked", "to", "piped"):
        worker.ask({"job": name})
    (jobs / "inside").mkdir()
    (jobs / "inside" / "job.json").write_text('{"protocol": 1, "task": "status"}')
    (jobs / "inside" / "regions.png").symlink_to(secret)
    worker.ask({"job": "inside"})
    end = worker.wait_for("inside", "failed", "done")
    assert end["event"] == "failed" and "is a link" in end["message"]
    (jobs / "waits").mkdir()
    os.mkfifo(jobs / "waits" / "job.json")
    worker.ask({"job": "waits"})
    assert "no regular file" in worker.wait_for("waits", "failed")["message"]
    assert secret.read_text() == "mine" and sorted(os.listdir(tmp_path)) == ["secret"]


def test_the_same_id_twice_is_refused(worker):
    job = worker.submit({"task": "status"})
    worker.wait_for(job, "done")
    worker.ask({"job": job})
    worker.do({"task": "status"})
    assert [e["event"] for e in worker.events(job)] == ["started", "done"]


def test_it_ends_with_stdin_whatever_happened_to_its_folder(talk, lake, tmp_path):
    one = talk()
    job = one.submit({"task": "animate", "job": job_of(lake, tmp_path / "x.mp4", **LONG)})
    one.wait_for(job, "progress")
    shutil.rmtree(one.folder)
    one.folder.write_text("no folder any more")
    one.process.stdin.close()
    assert one.process.wait(10) == 0
    assert not list(tmp_path.glob(".x.mp4*"))


def test_it_ends_though_what_is_unfinished_can_never_be_removed(tmp_path):
    """As on a disk that is gone, where the system lets nobody go on."""
    program = f"""
import time
from pathlib import Path
from landscape_engine import staging
from landscape_engine.worker import process
staging.discard_unfinished = lambda *_: time.sleep(3600)
process.END_S = 0.1
process.Worker(Path({str(tmp_path)!r}), None, "cpu", 5)._end_at_once()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=PATIENCE_S)
    assert done.returncode == 0


LONG_NAME = "y" * 300


@pytest.mark.skipif(os.name == "nt", reason="names are of another kind there")
@pytest.mark.parametrize(
    "task",
    [
        {"task": "fit", "picture": LONG_NAME, "arrows": ["0,0.5,1,0.5"]},
        {"task": "regions", "picture": LONG_NAME},
        {"task": "thumbnails", "picture": LONG_NAME, "kind": "motion", "positions": [0]},
        {"task": "animate", "job": {"picture": LONG_NAME, "out": "out"}},
        {"task": "preview", "job": {"picture": LONG_NAME}},
        {"task": "fit", "picture": "lake", "arrows": ["0,0.5,1,0.5"], "start": LONG_NAME},
        {"task": "fit", "picture": "lake", "arrows": ["0,0.5,1,0.5"], "out": LONG_NAME + ".json"},
        {"task": "animate", "job": {"picture": "lake", "out": LONG_NAME}},
        {"task": "animate", "job": {"picture": "lake", "out": "out"},
         "save_motion": LONG_NAME + ".npy"},
        {"task": "animate", "job": {"picture": "lake", "out": "out",
                                    "motion": {"code": LONG_NAME}}},
        {"task": "animate", "job": {"picture": "lake", "out": "out",
                                    "regions": {"region": [LONG_NAME]}}},
        {"task": "regions", "picture": "lake", "regions": {"still_mask": LONG_NAME}},
        {"task": "animate", "job": {"picture": "lake", "out": "out",
                                    "appearance": {"keys": [f"1={LONG_NAME}"]}}},
    ],
)  # fmt: skip
def test_a_name_beyond_all_measure_is_said_in_the_words_for_what_it_is_for(
    worker, lake, tmp_path, task
):
    """What is read can't be "written"."""

    def placed(value, name=""):
        if isinstance(value, dict):
            return {key: placed(held, key) for key, held in value.items()}
        if name in ("picture", "out", "start", "save_motion"):
            return str(lake) if value == "lake" else str(tmp_path / value)
        return value

    task = placed(task)
    if "job" in task:
        task["job"] = {"version": 1, "clip": {"frames": 2}, **task["job"]}
    end = worker.do(task)
    assert end["event"] == "failed" and not end.get("fault"), end
    message = end["message"]
    assert len(message) < 2500 and message.isprintable()
    written = any(LONG_NAME in str(task.get(name, "")) for name in ("out", "save_motion"))
    written = written or LONG_NAME in task.get("job", {}).get("out", "")
    assert ("written" in message) == written, message
    assert not list(tmp_path.iterdir())
