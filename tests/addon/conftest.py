"""What every Blender test needs: a bpy that works, and Blender kept in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

RENDER_LIMIT_S = 120
HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PYTHON = os.environ.get("LANDSCAPE_BPY")  # the Python that has the bpy wheel; None: this one

# A script's first lines: what it can use. Its last: what it found, and everything unregistered.
BEFORE = """
import json, sys
from pathlib import Path
sys.path.insert(0, {here!r})
import bpy
from blender_scenes import *
import blender_scenes

job = {job!r}
folder = Path(job["folder"])
found = {{}}
register()
context = empty()
try:
"""
AFTER = """
finally:
    unregister()
Path(job["found"]).write_text(json.dumps(found), encoding="utf-8")
"""

# The same for a script with the whole add-on and its engine.
BEGIN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
given = json.loads(sys.argv[2])
os.environ["LANDSCAPE_PYTHON"] = given["python"]
import bpy, blender_addon
blender_addon.register()
from blender_addon import engine, jobs
told = {}

def refusal(operator, **arguments):
    try:
        operator(**arguments)
    except RuntimeError as error:
        return str(error)
    return None

bpy.ops.wm.read_homefile(use_empty=True)
try:
"""
END = """
finally:
    blender_addon.unregister()  # a timer or a class that is left lets Blender hang
print("TOLD", json.dumps(told))
"""


@pytest.fixture(scope="session")
def run_blender(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run a script with the bpy wheel; give back what it printed.

    Blender gets its own process: Torch imported beside it has crashed at exit, and a broken script
    then can't take the other tests with it. The skip is for machines that never had the wheel;
    a wheel that is there but does not load is a failure, else a missing system library would look
    like success. `LANDSCAPE_BPY` names the Python of another wheel.
    """
    if not PYTHON and importlib.util.find_spec("bpy") is None:
        pytest.skip("the bpy wheel is not installed, and LANDSCAPE_BPY names no Python that has it")
    user_folder = tmp_path_factory.mktemp("blender_user")
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(user_folder)}

    def run(script: Path, *arguments: object) -> str:
        finished = subprocess.run(
            [PYTHON or sys.executable, str(script), *map(str, arguments)],
            capture_output=True,
            text=True,
            errors="backslashreplace",  # names of files that aren't UTF-8
            timeout=RENDER_LIMIT_S,
            env=environment,
        )
        if finished.returncode != 0:
            raise AssertionError(
                f"{script.name} ended with {finished.returncode}:\n"
                f"{finished.stdout[-2000:]}\n{finished.stderr[-4000:]}"
            )
        return finished.stdout

    probe = user_folder / "probe.py"
    probe.write_text("import bpy\nprint(bpy.app.version_string)\n")
    run(probe)
    return run


@pytest.fixture(scope="session")
def blender_python() -> str:
    """The Python that has the bpy wheel."""
    return PYTHON or sys.executable


@pytest.fixture
def in_blender(run_blender: Callable[..., str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run lines in an empty file with all of `blender_scenes`; give back their `found`.

    The lines also have `folder`, a place for files whose name has a space and more than ASCII, and
    `job`, what the test hands them.
    """
    folder = tmp_path / "wölkchen über see"
    folder.mkdir()

    def run(lines: str, **job: object) -> dict[str, Any]:
        given = {**job, "folder": str(folder), "found": str(tmp_path / "found.json")}
        script = tmp_path / "script.py"
        body = "\n".join(f"    {line}" for line in lines.strip("\n").split("\n"))
        text = BEFORE.format(here=str(HERE), job=given) + body + AFTER
        script.write_text(text, encoding="utf-8")
        run_blender(script)
        return json.loads(Path(given["found"]).read_text(encoding="utf-8"))

    return run


@pytest.fixture
def told_by(run_blender: Callable[..., str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the text of a script; give back its `told`, which it prints."""

    def call(text: str, *arguments: object) -> dict[str, Any]:
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        printed = run_blender(script, *arguments)
        line = next(line for line in printed.splitlines() if line.startswith("TOLD"))
        return json.loads(line.removeprefix("TOLD "))

    return call


@pytest.fixture
def pictures_folder(tmp_path: Path) -> Path:
    """A folder whose name has a space and more than ASCII."""
    folder = tmp_path / "Bilder ü"
    folder.mkdir()
    return folder


@pytest.fixture
def told_in(
    told_by: Callable[..., dict[str, Any]], pictures_folder: Path
) -> Callable[[str, str], dict[str, Any]]:
    """Run lines within a scene, a script's text with places for them and for folders."""

    def call(scene: str, lines: str) -> dict[str, Any]:
        return told_by(
            scene.format(
                here=str(HERE),
                repository=str(REPOSITORY),
                folder=str(pictures_folder),
                lines=textwrap.indent(textwrap.dedent(lines), "    "),
            )
        )

    return call


@pytest.fixture
def run(told_by: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run lines with the add-on registered; give back their `told`."""

    def call(script: str, **given: object) -> dict[str, Any]:
        given = {"python": sys.executable, "folder": str(tmp_path), **given}
        text = BEGIN + textwrap.indent(script, "    ") + END
        return told_by(text, REPOSITORY, json.dumps(given))

    return call


@pytest.fixture
def picture(pictures_folder: Path) -> Path:
    """The example picture, small."""
    with Image.open(REPOSITORY / "landscape_engine" / "data" / "example.jpg") as example:
        example.resize((96, 54)).save(pictures_folder / "der See.jpg", quality=95)
    return pictures_folder / "der See.jpg"
