"""A small checkout with a stand-in add-on, and a user who runs its installer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# the Python with the bpy wheel, which may have an environment of its own
BLENDER_PYTHON = os.environ.get("LANDSCAPE_BPY") or sys.executable
EXTENSION = "extensions/user_default/landscape"
RECORD = "extensions/.user/user_default/landscape/engine.json"
MANIFEST = """\
schema_version = "1.0.0"
id = "landscape"
version = "{version}"
name = "Stand-in"
tagline = "What the installer needs of an add-on, without an engine"
maintainer = "Tests"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]

[build]
paths_exclude_pattern = [
  "__pycache__/",
  "/drafts/",
  "*.blend1",
]
"""
ADDON = '''
"""Operators with the names of the real add-on's; a frame is a copy of the picture."""
import os
import shutil

import bpy


class Clip(bpy.types.PropertyGroup):
    frames: bpy.props.IntProperty(default=400)
    size_from: bpy.props.StringProperty()
    width: bpy.props.IntProperty()
    height: bpy.props.IntProperty()


class Output(bpy.types.PropertyGroup):
    folder: bpy.props.StringProperty()


class Settings(bpy.types.PropertyGroup):
    clip: bpy.props.PointerProperty(type=Clip)
    output: bpy.props.PointerProperty(type=Output)
    file: bpy.props.StringProperty()


class LANDSCAPE_OT_make_plane(bpy.types.Operator):
    bl_idname, bl_label = "landscape.make_plane", "Make Plane"
    filepath: bpy.props.StringProperty()

    def execute(self, context):
        bpy.ops.mesh.primitive_plane_add()
        context.object.landscape.file = self.filepath
        return {"FINISHED"}


class LANDSCAPE_OT_animate(bpy.types.Operator):
    bl_idname, bl_label = "landscape.animate", "Animate"

    def execute(self, context):
        settings = context.object.landscape
        if FAILS:
            self.report({"ERROR"}, "The engine has no sky today.")
            return {"CANCELLED"}
        folder = f"{settings.output.folder}/{context.object.name}-001"
        os.makedirs(folder)
        for number in range(settings.clip.frames):
            shutil.copy(settings.file, f"{folder}/{number + 1:04}.png")
        return {"FINISHED"}


classes = Clip, Output, Settings, LANDSCAPE_OT_make_plane, LANDSCAPE_OT_animate


def register():
    for each in classes:
        bpy.utils.register_class(each)
    bpy.types.Object.landscape = bpy.props.PointerProperty(type=Settings)


def unregister():
    del bpy.types.Object.landscape
    for each in reversed(classes):
        bpy.utils.unregister_class(each)
'''


class Checkout:
    """A small repository with a stand-in add-on, and the folders of a user who runs its script."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "kept in Träume"
        self.user = folder / "user ☁"
        self.addon = self.root / "blender_addon"
        self.engine = self.root / "landscape_engine" / "__init__.py"
        self.addon.mkdir(parents=True)
        self.engine.parent.mkdir()
        self.user.mkdir()
        for name in ("install_addon.py", "pyproject.toml", "landscape_engine/__init__.py"):
            shutil.copy(ROOT / name, self.root / name)
        self.write()

    def write(self, version: str = "0.1.0", fails: bool = False) -> None:
        (self.addon / "blender_manifest.toml").write_text(MANIFEST.format(version=version))
        (self.addon / "__init__.py").write_text(f"FAILS = {fails}\n{ADDON}")

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the script as its user would."""
        homes = {"HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "BLENDER_USER_RESOURCES"}
        environment = os.environ | dict.fromkeys(homes, str(self.user))
        environment["PATH"] = ""  # the machine's own Blenders are left alone
        command = [BLENDER_PYTHON, str(self.root / "install_addon.py"), *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=300, cwd=self.user
        )

    def install(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Install into the bpy wheel beside the tests, whose environment has the engine."""
        return self.run("--blender", BLENDER_PYTHON, "--python", sys.executable, *arguments)

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Everything that the user has, with the times of writing."""
        found = {}
        for path in self.user.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and ".cache" not in path.parts:
                written = path.stat().st_mtime_ns
                found[str(path.relative_to(self.user))] = written, path.read_bytes()
        return found


def refusal(done: subprocess.CompletedProcess[str], step: str, *words: str) -> None:
    """The run failed in one sentence, which names the step and holds the words."""
    assert done.returncode == 1, done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"failed at {step}: "), done.stderr
    for word in words:
        assert word in lines[0]
