"""Who ends a job: ESC, which asks for an old one, the panel's button, and who ends the engine."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
WAITING = "#!/bin/sh\nexec sleep 100\n"  # an interpreter whose worker never gets ready

SCENE = """
import json, os, sys, types
sys.path.insert(0, {repository!r})
os.environ["LANDSCAPE_PYTHON"] = {python!r}
import bpy, blender_addon
from blender_addon import engine, jobs, keymaps, window
told = {{}}
blender_addon.register()

def started(name):
    return jobs.start({{"task": "status"}}, name, None, lambda result: "")

def pressed(name):
    "The operator that a key or a button calls: whether it may, and what it does."
    operator = getattr(bpy.ops.landscape, name)
    if operator.poll():
        operator()
        jobs.follow()
        return True
    return False

asked = []  # what ESC asked

def escaped(obj=None):
    "What ESC does: as `pressed`, or 'asks'; without a window Blender would ask nothing."
    from blender_addon.operators.rendering import LANDSCAPE_OT_escape as escape
    if not bpy.ops.landscape.escape.poll():
        return False
    ask = lambda *_, **words: asked.append(words) or "asks"
    manager = types.SimpleNamespace(invoke_confirm=ask)
    context = types.SimpleNamespace(object=bpy.context.object, window_manager=manager)
    said = escape.invoke(None, context, None)
    jobs.follow()
    return said if said == "asks" else True

try:
{lines}
finally:
    blender_addon.unregister()
print("TOLD", json.dumps(told))
"""


@pytest.fixture
def told(told_by, tmp_path):
    pythons = [tmp_path / "python", tmp_path / "other python"]
    for python in pythons:
        python.write_text(WAITING)
        python.chmod(0o755)

    def run(lines: str) -> dict:
        body = textwrap.indent(lines.replace("OTHER", repr(str(pythons[1]))), "    ")
        text = SCENE.format(repository=str(REPOSITORY), python=str(pythons[0]), lines=body)
        return told_by(text)

    return run


def test_escape_takes_back_a_new_job_and_asks_for_an_old_one(told):
    found = told(
        """
told["keys"] = [[map.name, item.type, item.idname] for map, item in keymaps._added]
told["nothing runs"] = escaped()
new = started("new")
told["new"] = [escaped(), new.state]
old = started("old")
old.started_at -= 60
old.done, old.total = 22, 250
told["old"] = [escaped(), old.state]
told["asked"] = asked[-1]
new = started("new beside it")
told["both"] = [escaped(), old.state, new.state]
new, window.is_playing = started("while it plays"), lambda: True
told["playing"] = [escaped(), new.state]
window.is_playing = lambda: False
for handler in bpy.app.handlers.animation_playback_post:  # as Blender does before it passes ESC on
    handler(bpy.context.scene)
told["just ended"] = [escaped(), new.state]
window._stopped_at = 0
told["confirmed"] = [pressed("escape"), old.state, new.state]
"""
    )
    assert found["keys"] in ([], [["3D View Generic", "ESC", "landscape.escape"]])
    assert not found["nothing runs"]
    assert found["new"] == [True, "cancelled"]
    assert found["old"] == ["asks", "running"]
    assert found["asked"]["title"] == "Stop this job?"
    assert found["asked"]["message"] == "old, 22 of 250"
    assert found["both"] == [True, "running", "cancelled"]
    assert found["playing"] == found["just ended"] == [False, "running"]
    assert found["confirmed"] == [True, "cancelled", "cancelled"]


def test_escape_never_takes_back_another_objects_job(told):
    found = told(
        """
def lake(name):
    obj = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    bpy.context.collection.objects.link(obj)
    return obj, jobs.start({"task": "status"}, "Animate", obj, lambda result: "")

(one, first), (two, second) = lake("one"), lake("two")
bpy.context.view_layer.objects.active = two
told["key"] = [escaped(), first.state, second.state]
told["key again"] = [escaped(), first.state]
second = jobs.start({"task": "status"}, "Animate", two, lambda result: "")
second.started_at -= 6
told["confirmed"] = [pressed("escape"), first.state, second.state]
bpy.ops.landscape.cancel(job=first.id)
jobs.follow()
told["its own button"] = first.state
"""
    )
    assert found["key"] == [True, "running", "cancelled"]
    assert found["key again"] == [False, "running"]
    assert found["confirmed"] == [True, "running", "cancelled"]
    assert found["its own button"] == "cancelled"


def test_jobs_end_with_the_engine_and_outlive_a_change_of_preferences(told):
    found = told(
        """
stopped = started("stopped")
told["stop"] = [pressed("stop_engine"), stopped.state, stopped.message]
told["left"] = [len(jobs.running()), engine.client_if_any() is None, engine.events()]
before = started("before")
os.environ["LANDSCAPE_PYTHON"] = OTHER
after = started("after")
jobs.follow()
told["another"] = [before.state, after.state, engine.client_if_any().interpreter == OTHER]
"""
    )
    said = "the engine was stopped."
    assert found["stop"] == [True, "cancelled", said]
    assert found["left"] == [0, True, []]
    assert found["another"] == ["running", "running", True]
