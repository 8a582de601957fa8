# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's interpreter: found, checked, stopped."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

from .. import choices, engine, jobs, window
from ..errors import AddonError, printable
from .subject import reporting


def usual_interpreters() -> list[Path]:
    """Where an engine may be: install_addon.py's own environment, then what the shell would run."""
    home = Path.home()
    data = {
        "win32": Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")),
        "darwin": home / "Library" / "Application Support",
    }.get(sys.platform, Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share")))
    inside = Path("Scripts", "python.exe") if sys.platform == "win32" else Path("bin", "python")
    found = [data / "landscape-engine" / "venv" / inside]
    command = shutil.which("landscape-engine")
    if command:
        found.append(Path(command).resolve().parent / inside.name)
    return [path for path in found if path.is_file()]


class LANDSCAPE_OT_find_engine(bpy.types.Operator):
    """Search for the engine in the usual places; if not found, open the preferences"""

    bl_idname = "landscape.find_engine"
    bl_label = "Find Engine"

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Record what is found."""
        found = usual_interpreters()
        if found:
            choices.record_interpreter(str(found[0]))
            self.report({"INFO"}, printable(f"the engine runs in '{found[0]}'."))
            return bpy.ops.landscape.check_engine("INVOKE_DEFAULT")
        if not bpy.app.background:
            bpy.ops.preferences.addon_show(module=choices.PACKAGE)
        raise AddonError(
            "no engine was found in the usual places; run install_addon.py, or choose the Python "
            "that has landscape_engine in the add-on's preferences."
        )


class LANDSCAPE_OT_check_engine(bpy.types.Operator):
    """Start the engine, and report its version and device"""

    bl_idname = "landscape.check_engine"
    bl_label = "Check Engine"

    @reporting
    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask, and let the artist go on."""
        self._ask()
        return {"FINISHED"}

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask, and wait for the answer."""
        job = self._ask()
        jobs.wait(job)
        self.report({"INFO"}, job.message)
        return {"FINISHED"}

    def _ask(self) -> jobs.Job:
        def finish(about: dict[str, Any]) -> str:
            client = engine.client_if_any()
            version = client.about["version"] if client and client.about else ""
            return (
                f"landscape-engine {version} on {about['device']}, "
                f"{about['motion_codes']} motions, {about['appearance_codes']} days."
            )

        return jobs.start({"task": "status"}, self.bl_label, None, finish)


class LANDSCAPE_OT_stop_engine(bpy.types.Operator):
    """End the engine's process, which frees its memory and the GPU's"""

    bl_idname = "landscape.stop_engine"
    bl_label = "Stop Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only if it was started."""
        return engine.client_if_any() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End it."""
        engine.stop()
        jobs.follow()
        window.redraw()
        return {"FINISHED"}


classes = (LANDSCAPE_OT_find_engine, LANDSCAPE_OT_check_engine, LANDSCAPE_OT_stop_engine)
