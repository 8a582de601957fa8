"""Templates for render farms: checked by their own tools where those are here."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from landscape_engine import images
from landscape_engine.shell import cli
from tests.conftest import ROOT, make_picture

from .conftest import ENVIRONMENT, JOB, LONG_S, until

FARM = ROOT / "examples" / "farm"
TEMPLATES = sorted(FARM.glob("*.yaml"))
SETTINGS = json.dumps({**JOB, "clip": {"frames": 3}})


@pytest.fixture
def command() -> str:
    """The command line of Open Job Description; its environment is one of its own."""
    command = os.environ.get("LANDSCAPE_OPENJD") or shutil.which("openjd")
    if not command:
        pytest.skip("openjd isn't here: LANDSCAPE_OPENJD names the one of openjd-cli")
    return command


@pytest.fixture
def openjd(command):
    """Run it to its end."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *map(str, words)],
            capture_output=True, text=True, timeout=LONG_S, env={**os.environ, **ENVIRONMENT},
        )  # fmt: skip

    return run


@pytest.fixture
def blender() -> str:
    command = os.environ.get("LANDSCAPE_BPY")
    if not command:
        pytest.skip("LANDSCAPE_BPY isn't set to a Python with Blender's wheel")
    return command


@pytest.fixture
def lake(tmp_path) -> Path:
    path = tmp_path / "lake.png"
    images.save_image(make_picture(48, 64), path)
    return path


def test_the_animation_is_described_once():
    animations = [path.read_text().split("  - name: Animate\n")[1] for path in TEMPLATES]
    one, other = (text.split("  - name: Render\n")[0] for text in animations)
    assert len(TEMPLATES) == 2 and one.replace("Param.Texture", "Param.Out") == other.replace(
        "Param.Texture", "Param.Out"
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_templates_are_valid(openjd, path):
    done = openjd("check", path)
    assert done.returncode == 0, done.stdout


def test_an_animation_runs_and_tells_its_progress(openjd, lake, tmp_path):
    out = tmp_path / "frames"
    words = ["-p", f"Picture={lake}", "-p", f"Out={out}", "-p", f"Settings={SETTINGS}"]
    done = openjd("run", FARM / "animate.yaml", *words, "-p", f"Python={sys.executable}")
    assert done.returncode == 0, done.stdout
    assert sorted(os.listdir(out)) == ["0001.png", "0002.png", "0003.png"]
    assert "openjd_progress: 100" in done.stdout
    assert not re.search(r"progress.*(invalid|error)", done.stdout, re.IGNORECASE)
    lake.write_bytes(b"")
    done = openjd("run", FARM / "animate.yaml", *words, "-p", f"Python={sys.executable}")
    assert done.returncode != 0 and "is empty (0 bytes)" in done.stdout


def test_a_task_that_is_cancelled_ends_and_leaves_nothing(command, lake, tmp_path):
    settings = json.dumps({**JOB, "clip": {"frames": 20_000}})
    values = {
        "Picture": lake, "Out": tmp_path / "frames", "Settings": settings,
        "Python": sys.executable,
    }  # fmt: skip
    words = [word for name, value in values.items() for word in ("-p", f"{name}={value}")]
    runner = subprocess.Popen(
        [command, "run", FARM / "animate.yaml", *words],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip
    try:
        until(lambda: list(tmp_path.glob(".frames.*.part/*")), "frames are written")
        runner.send_signal(signal.SIGTERM)  # as for Ctrl-C, which background processes ignore
        said, _ = runner.communicate(timeout=LONG_S)
    finally:
        runner.kill()
        runner.wait()
    assert runner.returncode != 0 and "openjd_progress" in said
    assert "exited with code: 143" in said  # by itself, and not killed after the notice's period
    assert os.listdir(tmp_path) == ["lake.png"]


def test_three_stills_end_to_end(openjd, blender, lake, tmp_path):
    """Each still is the frame of its number, to the level."""
    frames, stills = tmp_path / "frames", tmp_path / "stills"
    values = {
        "Picture": lake, "Texture": frames, "Stills": stills, "Frames": "1-3", "Samples": 1,
        "Settings": SETTINGS, "Script": FARM / "render_still.py", "Python": sys.executable,
        "Blender": blender,
    }  # fmt: skip
    words = [word for name, value in values.items() for word in ("-p", f"{name}={value}")]
    template = FARM / "animate_and_render.yaml"
    done = openjd("run", template, "--step", "Render", "--run-dependencies", *words)
    assert done.returncode == 0, done.stdout
    assert sorted(os.listdir(stills)) == ["0001.png", "0002.png", "0003.png"]
    for number in (1, 2, 3):
        frame, still = (
            images.to_uint8(images.load_image(folder / f"{number:04d}.png"))[..., :3].astype(int)
            for folder in (frames, stills)
        )
        assert np.abs(frame - still).max() <= 1


def test_progress_is_told_in_whole_percents_that_never_go_back(
    lake, bundle_folder, tmp_path, capsys
):
    words = ["animate", lake, "--out", tmp_path / "out", "--bundle", bundle_folder, "--frames", 5]
    words += ["--appearance", "off", "--no-clean", "--progress", "openjd", "--json"]
    assert cli.main([str(word) for word in words]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["frames"] == 5
    told = [int(line.split(": ")[1]) for line in lines if line.startswith("openjd_progress")]
    assert told == [20, 40, 60, 80, 100]
    assert "openjd_status: frames" in lines


STUB = """
const fs = require("fs"), vm = require("vm");
const world = {
  author: {
    Task: (name, type) => ({
      name, type, commands: [], needs: [],
      addCommand(command) { this.commands.push(command); },
      addDependency(task) { this.needs.push(task.name); },
    }),
    Command: (name, parameters) => ({ name, parameters }),
  },
  frameChunker: (frames, size) => {
    const all = frames.split(",").flatMap((part) => {
      const [first, last] = part.trim().split("-").map(Number);
      return Array.from({ length: (last || first) - first + 1 }, (_, n) => first + n);
    });
    const chunks = [];
    for (let n = 0; n < all.length; n += size) {
      const chunk = all.slice(n, n + size);
      chunks.push(chunk.length > 1 ? `${chunk[0]}-${chunk[chunk.length - 1]}` : `${chunk[0]}`);
    }
    return chunks;
  },
};
vm.createContext(world);
vm.runInContext(fs.readFileSync(process.argv[2], "utf8"), world);
const type = vm.runInContext("JOB_TYPE", world);
world.job = {
  settings: JSON.parse(process.argv[3]), tasks: [], addTask(task) { this.tasks.push(task); },
};
vm.runInContext("compileJob(job)", world);
console.log(JSON.stringify({ type, tasks: world.job.tasks }));
"""
TYPES = {"string", "int32", "float", "bool"}
SUBTYPES = {None, "file_path", "dir_path", "hashed_file_path"}


def test_the_job_type_of_flamenco_compiles_into_tasks(tmp_path):
    """Against a stub of the documented interface, by Node; never against a Manager."""
    node = shutil.which("node")
    if not node:
        pytest.skip("Node isn't here")
    stub = tmp_path / "stub.js"
    stub.write_text(STUB)
    settings = {
        "picture": "/share/lake.jpg", "texture": "/share/frames", "clip_frames": 20,
        "job_document": "/share/job.json", "frames": "1-4, 9", "chunk_size": 2,
        "render_output_path": "/share/stills/######", "blendfile": "/share/a.blend",
        "format": "PNG",
    }  # fmt: skip
    script = FARM / "landscape_animation.js"
    done = subprocess.run(
        [node, str(stub), str(script), json.dumps(settings)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for setting in found["type"]["settings"]:
        assert setting["type"] in TYPES and setting.get("subtype") in SUBTYPES
        assert setting["key"] in settings and ("default" in setting or setting["required"])
    animate, *renders = found["tasks"]
    (command,) = animate["commands"]
    assert command["name"] == "exec" and animate["needs"] == []
    words = command["parameters"]["args"]
    assert words[:2] == ["-m", "landscape_engine"]
    job = tmp_path / "job.json"
    job.write_text('{"version": 1}')
    options = cli.parse([str(job) if w == "/share/job.json" else w for w in words[2:]])
    assert getattr(options, "ClipSettings.frames") == 20 and options.out == Path("/share/frames")
    assert [task["needs"] for task in renders] == [["animate"]] * 3
    ranges = [task["commands"][0]["parameters"]["args"][-1] for task in renders]
    assert ranges == ["1..2", "3..4", "9"]
