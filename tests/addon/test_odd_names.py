"""Pictures, frames and folders whose names are not UTF-8, as older systems have them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from landscape_engine.jobs.animate import animate
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import documents
from tests.conftest import make_picture

ODD = os.fsdecode(b"caf\xe9")  # Latin-1

BEGIN = """
given = {name: os.fsdecode(os.fsencode(text)) for name, text in given.items()}
from blender_addon import results
from blender_addon.errors import AddonError
scene = bpy.context.scene
def make(path):
    bpy.ops.landscape.make_plane(filepath=path)
    return bpy.context.object
"""


@pytest.fixture
def odd_folder(tmp_path) -> Path:
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("no such names here")
    return folder


@pytest.fixture
def odd_picture(odd_folder, picture) -> Path:
    return Path(shutil.copy(picture, odd_folder / f"{ODD}.jpg"))


def test_a_plane_is_made_of_such_a_picture(run, odd_picture):
    told = run(
        BEGIN
        + """
from blender_addon.image_exchange import path_of
plane = make(given["path"])
told["names"] = [plane.name, plane.data.name, plane.active_material.name]
image = plane.active_material.node_tree.nodes["Image Texture"].image
told["same"] = os.fsencode(path_of(image)) == os.fsencode(given["path"])
from blender_addon import image_exchange
told["engine's"] = os.fsencode(image_exchange.picture_file(image, "/nowhere")).decode("latin1")
""",
        path=str(odd_picture),
    )
    assert told["same"] and all("caf" in name for name in told["names"])
    assert told["engine's"] == os.fsencode(odd_picture).decode("latin1")


@pytest.mark.parametrize("movie", [False, True])
def test_a_result_of_such_a_picture_in_such_a_folder_is_listed_and_shown(
    run, odd_picture, odd_folder, bundle_folder, movie
):
    """The engine's report holds both, and the panel shows what is said of it."""
    out = odd_folder / ("clip-001.gif" if movie else f"{ODD}-001")
    asked = {"clip": {"frames": 2, "size": "32x18"}, "appearance": {"kind": "off"}}
    job = documents.parse({"version": 1, "picture": str(odd_picture), "out": str(out), **asked})
    report = animate(job, bundle=bundle_folder, device="cpu")
    told = run(
        BEGIN
        + """
plane = make(given["picture"])
told["said"] = results.take(plane, scene, json.loads(given["report"]))
told["said"].encode()
item = plane.landscape.results[0]
told["job"] = json.loads(item.job)["out"].encode("utf-8", "surrogateescape").decode("latin1")
told["item"] = item.name
told["file"] = os.fsencode(results.file_of(item)).decode("latin1")
""",
        picture=str(odd_picture),
        report=json.dumps(report),
    )
    assert "2 frames" in told["said"] and "caf" in told["said"]
    assert told["job"] == os.fsencode(out).decode("latin1")
    assert told["file"].startswith(told["job"])


def test_frames_in_such_a_folder_are_loaded(run, odd_folder, picture):
    write_sequence([make_picture(16, 32)] * 2, odd_folder)
    told = run(
        BEGIN
        + """
plane = make(given["picture"])
told["refused"] = refusal(bpy.ops.landscape.load_frames, filepath=given["frames"])
told["names"] = [item.name for item in plane.landscape.results]
""",
        picture=str(picture),
        frames=str(odd_folder),
    )
    assert told["refused"] is None and "caf" in told["names"][0]


def test_animate_puts_the_frames_of_such_a_picture_on_its_plane(
    run, odd_picture, odd_folder, bundle_folder
):
    told = run(
        BEGIN
        + """
plane = make(given["picture"])
plane.landscape.output.folder = given["folder"]
plane.landscape.clip.frames = 2
plane.landscape.appearance.kind = "off"
try:
    told["end"] = str(bpy.ops.landscape.animate())
except RuntimeError as error:
    told["end"] = str(error)
told["results"] = [item.frames for item in plane.landscape.results]
""",
        picture=str(odd_picture),
        folder=str(odd_folder),
    )
    assert told["results"] == [2], told


def test_what_is_handed_to_the_engine_and_written_down_may_have_such_names(run, odd_folder):
    told = run(
        BEGIN
        + """
from pathlib import Path
from blender_addon import batch, finished
from blender_addon.image_exchange import SettingsFile, at_once, with_files
task = {"region": SettingsFile("region", {"code": given["folder"] + "/code.npy"})}
task = at_once(with_files(task, Path(given["folder"]), []))
held = json.loads(Path(task["region"]).read_text())["code"]
told["code"] = os.fsencode(held).decode("latin1")
report = Path(given["folder"], "report.json")
batch._write_report(report, [{"item": given["folder"]}])
told["item"] = os.fsencode(json.loads(report.read_text())[0]["item"]).decode("latin1")
""",
        folder=str(odd_folder),
    )
    expected = os.fsencode(odd_folder).decode("latin1")
    assert told == {"code": f"{expected}/code.npy", "item": expected}


def test_a_batch_animates_such_a_picture(run_blender, odd_picture, odd_folder, tmp_path):
    script = tmp_path / "batch.py"
    root = Path(__file__).parents[2]
    words = ["--out", str(odd_folder / "made"), "--format", "none"]
    words += ["--set", "clip.frames=2", "--set", "appearance.kind=off", str(odd_picture)]
    given = [os.fsencode(word) for word in words]
    script.write_text(
        f"import os, sys\nsys.path.insert(0, {str(root)!r})\n"
        f"os.environ['LANDSCAPE_PYTHON'] = {sys.executable!r}\n"
        "from blender_addon import batch\n"
        f"code = batch.main([os.fsdecode(word) for word in {given!r}])\n"
        "print('TOLD', code)\n"
    )
    assert "TOLD 0" in run_blender(script)
