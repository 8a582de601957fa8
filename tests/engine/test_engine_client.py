"""Facts about the add-on's half: it never waits, and whatever happens to the worker is said."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from landscape_engine import images
from tests.conftest import make_picture

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


@pytest.fixture
def lake(tmp_path) -> Path:
    path = tmp_path / "Grüner See" / "bild 1.png"
    images.save_image(make_picture(90, 160), path)
    return path


@pytest.fixture
def connect(engine_client, bundle_folder, tmp_path):
    made = []

    def call(interpreter, **options):
        folder = tmp_path / "Blender läuft"
        made.append(engine_client.EngineClient(interpreter, folder, **options))
        return made[-1]

    yield call
    for client in made:
        client.stop(wait_s=10)


def until(client, is_enough) -> list:
    """Poll until an event, or the client's state, is what is waited for; gives all events."""
    events, deadline = [], time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        new = client.poll()
        events += new
        if any(is_enough(client, job, event) for job, event in new or [(None, {})]):
            return events
        time.sleep(0.02)
    raise AssertionError(f"{client.state}, {client.last_error}, {events}")


def ended(client, job, event):
    return event.get("event") in ("done", "failed", "cancelled")


def long_job(lake, out):
    light = {"kind": "off"}
    clip = {"frames": 5000}
    document = {"version": 1, "picture": str(lake), "out": str(out)}
    return {"task": "animate", "job": {**document, "clip": clip, "appearance": light}}


@pytest.mark.parametrize("name", ["engine_client", "engine_process", "errors", "leftovers"])
def test_it_needs_nothing_but_the_standard_library(name):
    tree = ast.parse((ROOT / "blender_addon" / f"{name}.py").read_text(encoding="utf-8"))
    names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    names += [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert not {"threading", "asyncio", "multiprocessing"} & set(names)


BREAKABLE = """
import sys
from pathlib import Path
sys.argv = ["landscape-engine", *sys.argv[3:]]  # without -m and the package's name
from landscape_engine.worker import tasks
broken = Path({broken!r})

def once(desk, events):
    if broken.exists():  # broken for as long as this process lives, as by an earlier job
        raise AttributeError("half of it is missing")
    return {{}}

def break_it(desk, events):
    broken.touch()
    return {{}}

def always(desk, events):
    raise AttributeError("a fault")

if broken.exists():
    broken.unlink()
tasks.TASKS.update(once=once, break_it=break_it, always=always)
from landscape_engine.shell.cli import entry
entry()
"""


@pytest.fixture
def breakable(script, tmp_path) -> Path:
    """An interpreter whose workers can be broken by a job."""
    program = tmp_path / "program.py"
    program.write_text(BREAKABLE.format(broken=str(tmp_path / "broken")))
    return script(f'PYTHONPATH={ROOT} exec {sys.executable} {program} "$@"')


def test_a_broken_worker_is_started_anew_and_its_job_done(connect, breakable, bundle_folder):
    client = connect(breakable, bundle=bundle_folder)
    client.submit({"task": "break_it"})
    until(client, ended)
    first = client.about["pid"]
    client.submit({"task": "once"})
    waits = client.submit({"task": "status"})
    events = until(client, lambda client, job, event: job == waits.id and ended(client, job, event))
    assert [event["event"] for _, event in events if event["event"] in ("done", "failed")] == [
        "done",
        "done",
    ]
    assert client.about["pid"] != first and client.last_error is None


def test_a_job_that_breaks_each_worker_is_tried_twice_and_names_the_log(
    connect, breakable, bundle_folder
):
    client = connect(breakable, bundle=bundle_folder)
    client.submit({"task": "status"})
    until(client, ended)
    client.submit({"task": "always"})
    _, end = until(client, ended)[-1]
    assert end["event"] == "failed" and end["message"].endswith(f"Its log: {client.log_path}")
    assert client.log_path.read_text().count("AttributeError: a fault") == 2
    client.submit({"task": "status"})
    assert until(client, ended)[-1][1]["event"] == "done"


def test_jobs_are_done_one_after_the_other_wherever_they_lie(
    connect, interpreter, bundle_folder, lake
):
    client = connect(interpreter, bundle=bundle_folder)
    assert (client.state, client.about, client.poll()) == ("off", None, [])
    out = lake.parent / "ein Film.gif"
    document = {"version": 1, "picture": str(lake), "out": str(out), "clip": {"frames": 3}}
    first = client.submit({"task": "animate", "job": document})
    second = client.submit({"task": "status"})
    assert client.state == "starting"
    events = until(client, lambda c, job, event: job == second.id and ended(c, job, event))
    assert [(j, e["event"]) for j, e in events if ended(client, j, e)] == [
        (first.id, "done"),
        (second.id, "done"),
    ]
    assert out.is_file() and client.about["pid"] and client.last_error is None
    assert client.state == "ready" and client.poll() == []
    client.stop(wait_s=10)
    assert client.state == "off" and not (client.folder / "worker.json").exists()


def test_a_killed_worker_is_said_and_the_next_job_starts_another(
    connect, interpreter, bundle_folder, lake
):
    client = connect(interpreter, bundle=bundle_folder)
    job = client.submit(long_job(lake, lake.parent / "frames"))
    until(client, lambda c, job, event: event.get("event") == "progress")
    pid = client.about["pid"]
    os.kill(pid, signal.SIGKILL)
    events = until(client, ended)
    assert events[-1][0] == job.id and events[-1][1]["event"] == "failed"
    assert "SIGKILL" in events[-1][1]["message"]
    assert str(client.log_path) in events[-1][1]["message"] and client.log_path.is_file()
    assert client.state == "failed" and client.last_error == events[-1][1]["message"]
    again = client.submit({"task": "status"})
    events = until(client, ended)
    assert events[-1][0] == again.id and events[-1][1]["event"] == "done"
    assert client.about["pid"] != pid and client.last_error is None


def test_what_a_killed_worker_had_not_begun_goes_to_the_next_and_nothing_is_left(
    connect, interpreter, bundle_folder, lake
):
    client = connect(interpreter, bundle=bundle_folder)
    running = client.submit(long_job(lake, lake.parent / "film.mp4"))
    waiting = client.submit({"task": "status"})
    until(client, lambda c, job, event: event.get("stage") == "frames" and event.get("done"))
    assert any(p.suffix == ".part" for p in lake.parent.iterdir())
    os.kill(client.about["pid"], signal.SIGKILL)
    events = until(client, lambda c, job, event: job == waiting.id and ended(c, job, event))
    ends = {job: event["event"] for job, event in events if ended(client, job, event)}
    assert ends == {running.id: "failed", waiting.id: "done"}
    assert [p.name for p in lake.parent.iterdir()] == [lake.name]


def test_a_killed_worker_leaves_nothing_in_its_jobs_own_folder(
    connect, interpreter, bundle_folder, lake
):
    """Of a preview, say, whose frames no later job will write again."""
    client = connect(interpreter, bundle=bundle_folder)
    task = {**long_job(lake, lake.parent / "film.mp4"), "task": "preview", "frames": 1000}
    job = client.submit(task)
    until(client, lambda c, job, event: event.get("stage") == "frames" and event.get("done"))
    assert any(p.suffix == ".part" for p in job.folder.iterdir())
    os.kill(client.about["pid"], signal.SIGKILL)
    until(client, ended)
    assert sorted(p.name for p in job.folder.iterdir()) == ["events.jsonl", "job.json"]


def test_a_job_that_no_worker_survives_is_handed_over_twice_at_most(connect, script):
    """They end before they say that they have begun."""
    client = connect(script("echo '{\"protocol\": 1}' > worker.json; read line; kill -9 $$"))
    job = client.submit({"task": "status"})
    events = until(client, ended)
    assert [(one, event["event"]) for one, event in events] == [(job.id, "failed")]
    assert "SIGKILL" in events[0][1]["message"] and client.state == "failed"


@pytest.mark.skipif(os.name == "nt", reason="names are UTF-16 there")
def test_a_name_that_is_not_utf_8_is_handed_over_and_said(engine_client, fake):
    name = os.fsdecode(b"/caf\xe9.png")
    job = fake.submit({"task": "regions", "picture": name})
    assert json.loads((job.folder / "job.json").read_text())["picture"] == name
    assert (
        str(engine_client.AddonError(f"'{name}' isn't there.")) == "'/caf\\udce9.png' isn't there."
    )


def test_cancelling_leaves_nothing_and_keeps_the_worker(connect, interpreter, bundle_folder, lake):
    client = connect(interpreter, bundle=bundle_folder)
    running = client.submit(long_job(lake, lake.parent / "frames"))
    never_sent = client.submit(long_job(lake, lake.parent / "other"))
    client.cancel(never_sent.id)
    assert (never_sent.id, {"event": "cancelled"}) in client.poll()
    until(client, lambda c, job, event: event.get("stage") == "frames")
    waiting = client.submit(long_job(lake, lake.parent / "third"))
    client.poll()
    client.cancel(waiting.id)
    client.cancel(running.id)
    events = until(client, lambda c, job, event: job == running.id and ended(c, job, event))
    events += client.poll()
    assert {j: e["event"] for j, e in events if ended(client, j, e)} == {
        running.id: "cancelled",
        waiting.id: "cancelled",
    }
    assert [p.name for p in lake.parent.iterdir()] == [lake.name]


BLENDER = """
import importlib, json, sys, time, types
package = types.ModuleType("addon")
package.__path__ = [sys.argv[1]]
sys.modules["addon"] = package
client = importlib.import_module("addon.engine_client").EngineClient(
    sys.argv[2], sys.argv[3], bundle=sys.argv[4]
)
client.submit(json.loads(sys.argv[5]))
while True:
    for _, event in client.poll():
        if event.get("done"):
            print(client.about["pid"], flush=True)
    time.sleep(0.05)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes there")
def test_when_blender_is_killed_nothing_stays(interpreter, bundle_folder, lake, tmp_path):
    task = json.dumps(long_job(lake, lake.parent / "new" / "film.mp4"))
    arguments = [ROOT / "blender_addon", interpreter, tmp_path / "rt", bundle_folder, task]
    blender = subprocess.Popen(
        [sys.executable, "-c", BLENDER, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    with blender:
        pid = int(blender.stdout.readline())
        assert is_running(pid) and (lake.parent / "new").exists()
        blender.kill()
    deadline = time.monotonic() + PATIENCE_S
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)
    assert [p.name for p in lake.parent.iterdir()] == [lake.name]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --------------------------------------------------------- interpreters of all kinds


@pytest.mark.parametrize(
    ("interpreter", "says"),
    [
        ("", "no interpreter is chosen"),
        ("/no/such/python", "'/no/such/python' doesn't exist"),
        (str(ROOT), "is not a file"),
        (str(ROOT / "README.md"), "may not be executed"),
    ],
)
def test_an_interpreter_that_cannot_be_one_is_refused_at_once(
    connect, engine_client, interpreter, says
):
    client = connect(interpreter)
    with pytest.raises(engine_client.AddonError, match=f"{says}.*install_addon.py"):
        client.submit({"task": "status"})
    assert client.state == "failed" and says in client.last_error and client.poll() == []


def test_a_folder_that_cannot_be_written_to_is_refused(engine_client, script, tmp_path):
    (tmp_path / "file").touch()
    client = engine_client.EngineClient(script("cat"), tmp_path / "file" / "rt")
    with pytest.raises(engine_client.AddonError, match="can't be written to"):
        client.submit({"task": "status"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'exec "{sys.executable}" -I -S "$@"', "has no landscape_engine; run install_addon.py"),
        ("echo \"landscape-engine: argument COMMAND: invalid choice: 'worker'\"; exit 2", "older"),
        ("echo \"ModuleNotFoundError: No module named 'torch'\"; exit 1", "lacks .* torch"),
        ('echo "landscape-engine: this machine has no cuda device."; exit 2', "no cuda device"),
        ("exit 0", "ended with exit code 0"),
        ('echo \'{"protocol": 9, "version": "8.1"}\' > worker.json; cat', "8.1.* protocol 9"),
    ],
)
def test_one_without_the_right_engine_is_said_and_never_started_twice(connect, script, text, says):
    client = connect(script(f"echo started >> starts\n{text}"))
    submitted = client.submit({"task": "status"})
    ((job, event),) = until(client, ended)
    assert (job, event["event"]) == (submitted.id, "failed") and client.poll() == []
    assert re.search(says, event["message"]), event["message"]
    assert client.state == "failed" and client.last_error == event["message"]
    assert (client.folder / "starts").read_text().count("started") == 1


def test_what_an_idle_worker_had_not_begun_goes_to_the_next(
    connect, script, interpreter, bundle_folder
):
    """Its last second and a new job may cross."""
    idle = "touch once; echo '{\"protocol\": 1}' > worker.json; read line; exit 0"
    client = connect(
        script(f'if [ ! -e once ]; then {idle}; fi\nexec "{interpreter}" "$@"'),
        bundle=bundle_folder,
    )
    job = client.submit({"task": "status"})
    events = until(client, ended)
    assert events[-1][0] == job.id and events[-1][1]["event"] == "done"


def test_a_worker_that_hangs_before_it_is_ready_is_left(
    connect, script, engine_client, monkeypatch
):
    monkeypatch.setattr(engine_client, "START_S", 0.3)
    client = connect(script("cat"))
    job = client.submit({"task": "status"})
    ((failed, event),) = until(client, ended)
    assert failed == job.id and "wasn't ready after" in event["message"]
    assert client.state == "failed"


def test_an_idle_worker_that_ends_is_no_failure(connect, script):
    client = connect(script("echo '{\"protocol\": 1}' > worker.json; sleep 0.2"))
    client.start()
    until(client, lambda c, job, event: c.about)
    until(client, lambda c, job, event: c.state == "off")
    assert client.last_error is None


# --------------------------------------------------------------------- small things


@pytest.fixture
def fake(connect, script):
    """A client whose worker is ready and does nothing."""
    client = connect(script("echo '{\"protocol\": 1}' > worker.json; env > env; cat > heard"))
    client.start()
    until(client, lambda c, job, event: c.about)
    return client


def test_half_a_line_is_read_when_it_is_whole(fake):
    job = fake.submit({"task": "status"})
    path = job.folder / "events.jsonl"
    path.write_text('{"event": "started"}\n{"event": "no', encoding="utf-8")
    assert fake.poll() == [(job.id, {"event": "started"})]
    with path.open("a", encoding="utf-8") as file:
        file.write('te", "text": "schön"}\n')
    assert fake.poll() == [(job.id, {"event": "note", "text": "schön"})]


def test_requests_are_lines_and_stop_cancels_what_is_open(fake):
    job = fake.submit({"task": "status"})
    fake.cancel(job.id)
    assert fake.state == "busy"
    fake.stop(wait_s=10)
    asked = (fake.folder / "heard").read_text().splitlines()
    assert list(map(json.loads, asked)) == [{"job": job.id}, {"cancel": job.id}]
    assert fake.poll() == [(job.id, {"event": "cancelled"})] and fake.state == "off"


def test_blenders_own_modules_stay_out_of_the_other_interpreter(connect, script, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/blender/modules")
    monkeypatch.setenv("PYTHONHOME", "/blender/python")
    client = connect(script("env > env; echo '{\"protocol\": 1}' > worker.json; cat"))
    client.start()
    until(client, lambda c, job, event: c.about)
    said = (client.folder / "env").read_text()
    assert "/blender/" not in said and "PYTHONUTF8=1" in said


def test_old_jobs_go_and_the_newest_stay(fake):
    long_ago = time.time() - 86400
    for n in range(30):
        folder = fake.folder / "jobs" / f"old-{n:02d}"
        folder.mkdir()
        os.utime(folder, (long_ago + n, long_ago + n))
    job = fake.submit({"task": "status"})
    left = sorted(p.name for p in (fake.folder / "jobs").iterdir())
    assert left == sorted([job.id, *(f"old-{n:02d}" for n in range(11, 30))])


def test_a_long_log_is_set_aside(fake):
    fake.stop(wait_s=10)
    fake.log_path.write_bytes(b"x" * 1_000_000)
    fake.start()
    assert fake.log_path.stat().st_size < 1000
    assert (fake.folder / "worker.old.log").stat().st_size == 1_000_000


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_job_whose_events_nobody_can_write_fails_with_the_reason(fake, kind, tmp_path):
    """The worker refuses it, and can't say so in its events."""
    job = fake.submit({"task": "status"})
    path = job.folder / "events.jsonl"
    path.unlink()
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere").write_text('{"event": "done", "result": {}}\n')
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    ((job_id, event),) = fake.poll()
    assert job_id == job.id and event["event"] == "failed"
    assert "is a link, a folder or a pipe; expected a file" in event["message"]
    assert fake.poll() == [] and fake.state == "ready"
