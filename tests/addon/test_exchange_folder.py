"""A Blender that lives keeps its exchange folder, however long it was left open; others go."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

# One Blender asks for its engine, which lets it look for old folders; then it does some lines.
ASKING = """
import json, os, subprocess, sys, time
sys.path.insert(0, {repository!r})
os.environ["LANDSCAPE_PYTHON"] = "no such python"
import bpy, blender_addon
from pathlib import Path
from blender_addon import exchange_folder
told = {{}}
days = 86400

def age(folder, by_days):
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (time.time() - by_days * days,) * 2)

blender_addon.register()
try:
    bpy.ops.landscape.check_engine()
except RuntimeError:
    pass
own = exchange_folder.own()
try:
{lines}
finally:
    blender_addon.unregister()
print("TOLD", json.dumps(told))
"""


@pytest.fixture
def scripts(tmp_path):
    def write(name: str, lines: str) -> Path:
        body = "\n".join(f"    {line}" for line in lines.strip().split("\n"))
        script = tmp_path / f"{name}.py"
        script.write_text(ASKING.format(repository=str(REPOSITORY), lines=body), encoding="utf-8")
        return script

    return write


@pytest.fixture
def told(run_blender):
    def run(script: Path, *arguments: object) -> dict:
        printed = run_blender(script, *arguments)
        line = next(line for line in printed.splitlines() if line.startswith("TOLD"))
        return json.loads(line.removeprefix("TOLD "))

    return run


def test_a_blender_left_open_for_days_keeps_its_folder_and_a_dead_one_does_not(scripts, told):
    killed = scripts("killed", "print(own, flush=True)\nos._exit(0)  # a crash: nothing is tidied")
    other = scripts("other", 'told["own"] = str(own)')
    found = told(
        scripts(
            "open",
            """
for name in ("killed", "other"):
    script = str(Path(sys.argv[1], name + ".py"))
    printed = subprocess.run([sys.executable, script], capture_output=True, text=True).stdout
    if name == "killed":
        dead = Path(printed.split("\\n")[-2])
        told["dead was there"] = dead.is_dir()
        age(dead, 3)
        (own / "jobs").mkdir(exist_ok=True)
        age(own, 3)
told["own is there"], told["dead is there"] = (own / "jobs").is_dir(), dead.is_dir()
""",
        ),
        killed.parent,
    )
    assert other.exists() and found["dead was there"]
    assert found["own is there"] and not found["dead is there"]


def test_no_two_processes_share_a_folder_even_with_one_number(scripts, told):
    script = scripts("number", 'told["own"] = str(own)')
    script.write_text("import os\nos.getpid = lambda: 4711\n" + script.read_text(encoding="utf-8"))
    first, second = told(script)["own"], told(script)["own"]
    assert Path(first).parent == Path(second).parent and first != second


def test_a_folder_goes_once_it_is_old_and_its_lock_is_free(scripts, told):
    found = told(
        scripts(
            "others",
            """
from blender_addon import file_lock
names = ["young", "old", "without a lock", "young without a lock"]
folders = {name: own.parent / name for name in names}
for name, folder in folders.items():
    folder.mkdir()
    if "without" not in name:
        (folder / "lock").touch()
    age(folder, 1 if "young" in name else 3)
(own.parent / "a file").touch()
exchange_folder._remove_abandoned()
told["left"] = [name for name in names if folders[name].is_dir()]
age(own, 9)
before = (own / "lock").stat().st_mtime
told["again"] = exchange_folder._renew()
told["renewed"] = (own / "lock").stat().st_mtime > before + 8 * days
with (own / "lock").open("r+b") as file:
    told["locked"] = not file_lock.take(file)
blender_addon.unregister()
with (own / "lock").open("r+b") as file:
    told["free afterwards"] = file_lock.take(file)
blender_addon.register()
told["the same again"] = exchange_folder.own() == own
""",
        )
    )
    assert found["left"] == ["young", "young without a lock"]
    assert found["again"] <= 86400 and found["renewed"]
    assert found["locked"] and found["free afterwards"] and found["the same again"]


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="a refusal of Linux")
def test_a_file_system_without_locks_knows_of_none(monkeypatch, tmp_path):
    import errno
    import fcntl
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "file_lock", REPOSITORY / "blender_addon" / "file_lock.py"
    )
    file_lock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(file_lock)

    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (tmp_path / "lock").open("ab") as file:
        assert file_lock.take(file)
