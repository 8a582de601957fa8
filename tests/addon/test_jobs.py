"""A job belongs to its object; what was changed meanwhile is heeded, and nothing is lost."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

SCENE = """
import inspect, json, os, sys, time, types
from pathlib import Path
sys.path[:0] = [{here!r}, {repository!r}]
import bpy, blender_addon
from blender_addon import engine, jobs, previews
from panel_drawing import Layout, context_of, drawn
from blender_scenes import picture_on_disk
folder = {folder!r}
os.environ["LANDSCAPE_PYTHON"] = folder + "/python"
told = {{}}
blender_addon.register()

def plane(name):
    bpy.ops.landscape.make_plane(filepath=folder + "/lake.png")
    obj = bpy.context.object
    obj.name, obj.landscape.clip.frames = name, 3
    obj.landscape.output.folder = folder + "/frames"
    return obj

def press(operator, obj, **arguments):
    "Press a button for an object, as in the window; the job that it starts."
    with bpy.context.temp_override(object=obj, active_object=obj):
        kind = getattr(bpy.types, "LANDSCAPE_OT_" + operator)
        names = {{*dir(kind)}} - {{*dir(bpy.types.Operator), "bl_rna"}}
        own = {{name: inspect.getattr_static(kind, name) for name in names}}
        pressed = type("Pressed", (), {{**own, "bl_label": kind.bl_label, **arguments}})
        return pressed().begin(bpy.context, obj)

def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        jobs.follow()
        time.sleep(0.01)

def let_end(*those):
    for job in those:
        with open(folder + "/go", "a") as word:
            word.write("x")
        until(lambda: job.state != "running")

def listed(obj):
    "What the tab shows while an object is active."
    layout = Layout([])
    blender_addon.panels.progress.job_list(layout, context_of(obj))
    buttons = [[name, vars(held).get("job", "")] for name, held in layout.buttons
               if "job" in vars(held) or "load" in name]
    return [" ".join(layout.words), buttons]

def status():
    layout = Layout([])
    blender_addon.panels.progress.status(types.SimpleNamespace(layout=layout), context_of(None))
    return " ".join(layout.words)

def shown(obj):
    node = obj.active_material.node_tree.nodes["Image Texture"]
    return [node.image.source, len(obj.landscape.results)]

try:
    bpy.ops.wm.read_homefile(use_empty=True)
    picture_on_disk(Path(folder, "lake.png"))
{lines}
finally:
    blender_addon.unregister()
print("TOLD", json.dumps(told))
"""


@pytest.fixture
def told(told_in, pictures_folder):
    words = [sys.executable, HERE / "fake_engine.py", pictures_folder / "lake.png"]
    for name in ("python", "other python"):
        line = " ".join(shlex.quote(str(word)) for word in words)
        (pictures_folder / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        (pictures_folder / name).chmod(0o755)
    return lambda lines: told_in(SCENE, lines)


def test_the_frames_come_to_a_renamed_object_and_not_to_who_took_its_name(told):
    found = told(
        """
        lake = plane("lake")
        bpy.ops.wm.save_as_mainfile(filepath=folder + "/one.blend")
        job = press("animate", lake)
        lake.name = "pond"
        other = plane("lake")
        told["names"] = [lake.name, other.name]
        told["running"] = [len(jobs.running(lake)), len(jobs.running(other))]
        let_end(job)
        told["job"] = [job.state, job.message]
        told["pond"], told["lake"] = shown(lake), shown(other)
        told["said of"] = [jobs.latest(o) is job for o in (lake, other)]
        """
    )
    assert found["names"] == ["pond", "lake"]
    assert found["running"] == [1, 0]
    assert found["job"][0] == "done", found["job"]
    assert found["pond"] == ["SEQUENCE", 1] and found["lake"] == ["FILE", 0]
    assert found["said of"] == [True, False]


def test_all_jobs_of_a_renamed_object_are_its_own(told):
    found = told(
        """
        lake = plane("lake")
        thumbnails = press("draw_thumbnails", lake, kind="motion")
        preview = press("preview", lake)
        lake.landscape.appearance.patch_items.add().radius = 0.2
        fit = press("fit_patches", lake)
        lake.name = "pond"
        other = plane("lake")
        let_end(thumbnails, preview, fit)
        told["states"] = [[job.state, job.message] for job in (thumbnails, preview, fit)]
        told["thumbnails"] = [len(previews.drawn(o, "motion")) for o in (lake, other)]
        told["shown"] = [shown(lake)[0], shown(other)[0]]
        told["codes"] = [bool(o.landscape.appearance.code_file) for o in (lake, other)]
        """
    )
    assert [state for state, _ in found["states"]] == ["done"] * 3, found["states"]
    assert found["thumbnails"] == [15, 0]
    assert found["shown"] == ["SEQUENCE", "FILE"]
    assert found["codes"] == [True, False]


def test_two_that_bear_a_name_in_turn_write_to_two_folders(told):
    found = told(
        """
        lake = plane("lake")
        first = press("animate", lake)
        lake.name = "pond"
        other = plane("lake")
        second = press("animate", other)
        let_end(first, second)
        told["states"] = [first.state, second.state]
        told["files"] = [str(o.landscape.results[0].file) for o in (lake, other)]
        """
    )
    assert found["states"] == ["done", "done"]
    assert [Path(file).parent.name for file in found["files"]] == ["lake-001", "lake-002"]


def test_where_frames_are_is_said_when_their_object_is_gone(told):
    found = told(
        """
        lake = plane("lake")
        bpy.ops.wm.save_as_mainfile(filepath=folder + "/one.blend")
        job = press("animate", lake)
        bpy.data.objects.remove(lake)
        other = plane("lake")
        let_end(job)
        told["deleted"] = [job.state, job.message, shown(other)]
        told["is there"] = os.path.isfile(folder + "/frames/lake-001/0003.png")
        job = press("animate", other)
        bpy.ops.wm.save_mainfile()
        bpy.ops.wm.open_mainfile(filepath=folder + "/one.blend")
        other = bpy.data.objects["lake"]
        let_end(job)
        told["opened"] = [job.state, job.message, shown(other)]
        """
    )
    state, message, shown = found["deleted"]
    assert state == "done" and "'lake' was deleted" in message and "lake-001'" in message
    assert shown == ["FILE", 0] and found["is there"]
    state, message, shown = found["opened"]
    assert state == "done" and "another file was opened" in message and "lake-002'" in message
    assert shown == ["FILE", 0]


def test_another_scene_and_a_scene_that_is_gone(told):
    found = told(
        """
        lake, first = plane("lake"), bpy.context.scene
        job = press("animate", lake)
        second = bpy.data.scenes.new("second")
        first.name = "first, renamed"
        let_end(job)
        told["renamed"] = [job.state, job.message, first.frame_start, first.frame_end]
        told["second"] = [second.frame_start, second.frame_end]
        job = press("animate", lake)
        second.collection.objects.link(lake)
        bpy.data.scenes.remove(first)
        let_end(job)
        told["gone"] = [job.state, job.message, second.frame_end, shown(lake)]
        """
    )
    assert found["renamed"][0] == "done" and found["renamed"][2:] == [1, 3], found["renamed"]
    assert found["second"] == [1, 250]
    assert found["gone"][0] == "done" and found["gone"][2:] == [3, ["SEQUENCE", 2]], found["gone"]


def test_preferences_wait_until_the_engine_is_idle(told):
    found = told(
        """
        lake, sea = plane("lake"), plane("sea")
        first = press("animate", lake)
        until(lambda: first.done)
        pid = engine.client_if_any().about["pid"]
        os.environ["LANDSCAPE_PYTHON"] = folder + "/other python"
        second = press("animate", sea)
        jobs.follow()
        told["meanwhile"] = [first.state, second.stage, engine.client_if_any().about["pid"] == pid]
        let_end(first, second)
        told["states"] = [first.state, second.state]
        told["another"] = engine.client_if_any().about["pid"] != pid
        told["shown"] = [shown(lake), shown(sea)]
        """
    )
    assert found["meanwhile"] == ["running", "waiting", True]
    assert found["states"] == ["done", "done"] and found["another"]
    assert found["shown"] == [["SEQUENCE", 1]] * 2


def test_all_jobs_are_seen_whatever_object_is_active(told):
    found = told(
        """
        lake, sea = plane("lake"), plane("sea")
        empty = bpy.data.objects.new("empty", None)
        told["none"] = [*listed(None), status()]
        first, second = press("animate", lake), press("animate", sea)
        until(lambda: first.done)
        lake.name = "pond"
        told["ids"] = [first.id, second.id]
        told["running"] = [listed(obj) for obj in (lake, sea, empty, None)]
        told["panels"] = [" ".join(drawn(blender_addon, obj)) for obj in (sea, empty, None)]
        told["status"] = status()
        bpy.ops.landscape.cancel(job=second.id)
        let_end(first)
        until(lambda: second.state != "running")
        told["states"] = [first.state, second.state]
        told["ended"], told["notice"] = listed(None), status()
        first.ended_at -= 60
        second.ended_at -= 60
        told["later"] = [status(), listed(None)[0] == told["ended"][0], listed(sea)[0]]
        for job in (first, second):
            bpy.ops.landscape.dismiss(job=job.id)
        told["dismissed"] = listed(sea)
        """
    )
    first, second = found["ids"]
    assert found["none"] == ["", [], ""]
    of_lake, of_sea = "frames 1 of 4, 75 s left", "waiting"
    texts = [
        f"Animate {of_lake} Animate 'sea' {of_sea}",  # its own name needs not be said
        f"Animate 'pond' {of_lake} Animate {of_sea}",
        *[f"Animate 'pond' {of_lake} Animate 'sea' {of_sea}"] * 2,
    ]
    buttons = [["landscape.cancel", first], ["landscape.cancel", second]]
    assert found["running"] == [[text, buttons] for text in texts]
    assert all(text in words for text, words in zip(texts[1:], found["panels"], strict=True))
    assert found["status"] == "Animate 'pond': frames 1 of 4, 75 s left and 1 more"
    assert found["states"] == ["done", "cancelled"]
    assert "Animate 'pond': 3 frames in 1 s" in found["ended"][0]
    assert "Animate 'sea': cancelled" in found["ended"][0]
    assert "Animate" in found["notice"] and found["later"] == ["", True, "Animate: cancelled"]
    assert found["dismissed"] == ["", []]


def test_frames_of_an_object_that_is_gone_are_loaded_with_one_click(told):
    found = told(
        """
        lake = plane("lake")
        bpy.ops.wm.save_as_mainfile(filepath=folder + "/one.blend")
        job = press("animate", lake)
        bpy.ops.wm.open_mainfile(filepath=folder + "/one.blend")
        lake = bpy.data.objects["lake"]
        let_end(job)
        told["listed"] = listed(lake)
        bpy.context.view_layer.objects.active = lake
        bpy.ops.landscape.load_frames(filepath=job.frames)
        told["shown"] = shown(lake)
        bpy.ops.wm.open_mainfile(filepath=folder + "/one.blend")
        told["still listed"] = listed(None)[0] == told["listed"][0]
        """
    )
    said, buttons = found["listed"]
    assert "another file was opened meanwhile" in said
    assert [name for name, _ in buttons] == ["landscape.dismiss", "landscape.load_frames"]
    assert found["shown"] == ["SEQUENCE", 1] and found["still listed"]


def test_an_engine_that_died_is_said_once_and_waiting_jobs_go_on(told):
    found = told(
        """
        lake, sea = plane("lake"), plane("sea")
        first, second = press("animate", lake), press("animate", sea)
        until(lambda: first.done)
        Path(folder, "die").touch()
        until(lambda: first.state != "running")
        told["first"], told["second"] = [first.state, first.message], second.state
        let_end(second)
        told["went on"] = [second.state, shown(sea)]
        until(lambda: engine.client_if_any().state == "ready")
        third = press("animate", lake)
        until(lambda: third.done)
        Path(folder, "die").touch()
        until(lambda: third.state != "running")
        words = drawn(blender_addon, lake)
        told["said"] = " ".join(words).count("SIGKILL")
        told["buttons"] = "find_engine" in str(listed(lake)[1])
        jobs.dismiss(third.id)
        told["dismissed"] = " ".join(drawn(blender_addon, lake)).count("SIGKILL")
        told["engine"] = [word for word in words if "ngine" in word]
        """
    )
    state, message = found["first"]
    assert state == "failed" and "SIGKILL" in message and "smaller frames" in message
    assert found["second"] == "running" and found["went on"] == ["done", ["SEQUENCE", 1]]
    assert found["said"] == 1 and found["dismissed"] == 0
    assert "The engine starts when needed" in found["engine"]


def test_an_engine_that_cannot_start_is_said_once_with_what_helps(told):
    found = told(
        """
        def told_of(script):
            Path(folder, "python").write_text("#!/bin/sh\\n" + script)
            lake, sea = plane("lake"), plane("sea")
            those = [press("animate", lake), press("animate", sea)]
            until(lambda: all(job.state == "failed" for job in those))
            layout = Layout([])
            blender_addon.panels.picture._engine(layout, context_of(lake))
            blender_addon.panels.progress.job_list(layout, context_of(lake))
            helps = [name for name, _ in layout.buttons if "dismiss" not in name]
            [dismiss] = [held.job for name, held in layout.buttons if "dismiss" in name]
            bpy.ops.landscape.dismiss(job=dismiss)
            return [" ".join(layout.words), helps, len(jobs.ended())]
        told["lacks"] = told_of("echo \\"No module named 'landscape_engine'\\"; exit 1")
        told["device"] = told_of("echo 'landscape-engine: this machine has no GPU.'; exit 2")
        """
    )
    said, helps, left = found["lacks"]
    assert said.count("has no landscape_engine") == 1, said
    assert helps == ["landscape.find_engine"] and left == 0
    said, helps, left = found["device"]
    assert said.count("this machine has no GPU") == 1, said
    assert helps == ["preferences.addon_show"] and left == 0


def test_each_selected_plane_has_a_job_with_its_own_settings(told):
    found = told(
        """
        one, two = plane("one"), plane("two")
        two.landscape.clip.frames = 5
        bpy.ops.mesh.primitive_cube_add()
        cube = bpy.context.object
        for obj in (one, two, cube):
            obj.select_set(True)
        bpy.context.view_layer.objects.active = two
        told["button"] = "Animate 2" in drawn(blender_addon, two)
        Path(folder, "go").write_text("xx")
        told["said"] = list(bpy.ops.landscape.animate())
        told["shown"] = [shown(one), shown(two)]
        told["frames"] = [o.landscape.results[0].frames for o in (one, two)]
        told["files"] = sorted(os.listdir(folder + "/frames"))
        one.landscape.motion.speed = 0
        Path(folder, "go").write_text("x")
        try:
            bpy.ops.landscape.animate()
        except RuntimeError as error:
            told["refused"] = str(error)
        told["after"] = [shown(one), shown(two)]
        two.landscape.motion.speed = 0
        try:
            bpy.ops.landscape.animate()
        except RuntimeError as error:
            told["both"] = str(error)
        cube.select_set(False)
        one.select_set(False)
        told["one"] = "Animate" in drawn(blender_addon, two)
        """
    )
    assert found["button"] and found["one"] and found["said"] == ["FINISHED"]
    assert found["shown"] == [["SEQUENCE", 1]] * 2 and found["frames"] == [3, 5]
    assert found["files"] == ["one-001", "two-001"]
    assert "'one': the speed" in found["refused"] and "'two'" not in found["refused"]
    assert found["after"] == [["SEQUENCE", 1], ["SEQUENCE", 2]]
    assert "'one'" in found["both"] and "'two'" in found["both"]


PAINTED = """
        from blender_addon import exchange_folder
        from blender_scenes import painted
        jobs.PREPARE_S = 0
        lake = plane("lake")
        lake.landscape.picture = painted("large", 1024, 1024)
        job = press("animate", lake)
        told["begun"] = [job.state, job.stage, jobs.running(lake) == [job]]
        told["worker"] = engine.client_if_any() is not None
        def written():
            return sorted(path.suffix for path in exchange_folder.pictures().glob("*"))
"""


def test_a_painted_picture_is_written_between_redraws_before_the_engine_gets_the_job(told):
    found = told(
        PAINTED
        + """
        told["listed"] = listed(lake)[0]
        follows = 0
        while job.stage == jobs.PREPARING:
            jobs.follow()
            follows += 1
        told["follows"], told["written"] = follows, written()
        let_end(job)
        told["end"] = [job.state, shown(lake)]
        """
    )
    assert found["begun"] == ["running", "writing images", True] and not found["worker"]
    assert "writing images" in found["listed"]
    assert found["follows"] > 20 and found["written"] == [".png"]
    assert found["end"] == ["done", ["SEQUENCE", 1]]


def test_a_job_whose_picture_is_being_written_can_be_cancelled_and_may_lose_it(told):
    found = told(
        PAINTED
        + """
        for _ in range(12):
            jobs.follow()
        told["before"] = written()
        bpy.ops.landscape.cancel(job=job.id)
        told["cancelled"] = [job.state, jobs.running(), written()]
        again = press("animate", lake)
        bpy.data.images.remove(lake.landscape.picture)
        until(lambda: again.state != "running")
        told["removed"] = [again.state, again.message, written()]
        told["worker after"] = engine.client_if_any() is not None
        """
    )
    assert found["cancelled"] == ["cancelled", [], []] and found["before"] == [".part"]
    state, message, left = found["removed"]
    assert state == "failed" and "'large' was removed" in message and left == []
    assert not found["worker after"]
