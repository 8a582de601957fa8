# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preferences choose: which interpreter has the engine, and where it computes.

Each function reads the preferences as they are now; what was left empty there is filled in here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import bpy

from . import disk

PACKAGE = __package__
INTERPRETER_VARIABLE = "LANDSCAPE_PYTHON"  # for farms and tests; it comes before the preferences
IDLE_MINUTES = 15
RECORD = "engine.json"  # in the user's folder; install_addon.py writes it


@dataclass(frozen=True)
class Choices:
    """What the preferences come to."""

    interpreter: str  # path; empty where none is known
    device: str
    bundle: str  # path; empty for the one that ships
    idle_minutes: int


def made() -> Choices:
    """All choices."""
    chosen = _preferences()
    return Choices(
        interpreter=interpreter() or "",
        device=chosen.device if chosen else "auto",
        bundle=bpy.path.abspath(chosen.bundle) if chosen and chosen.bundle else "",
        idle_minutes=chosen.idle_minutes if chosen else IDLE_MINUTES,
    )


def interpreter(ask: disk.Ask = disk.now) -> str | None:
    """The path of the interpreter that has the engine; empty where there is none.

    Panels ask for what is kept of the disk, which is None until that was looked at.
    """
    chosen = _preferences()
    return (
        os.environ.get(INTERPRETER_VARIABLE, "")
        or (bpy.path.abspath(chosen.interpreter) if chosen else "")
        or ask(recorded_interpreter)
    )


def _preferences() -> bpy.types.AddonPreferences | None:
    """The add-on's preferences; None where it is not enabled, but run from its folder."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences if addon else None


def recorded_interpreter() -> str:
    """The interpreter that install_addon.py recorded, or an empty text."""
    try:
        record = json.loads((user_folder() / RECORD).read_text(encoding="utf-8"))
        return str(record["interpreter"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def record_interpreter(path: str) -> None:
    """Record the interpreter that has the engine, as install_addon.py does."""
    folder = user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(json.dumps({"interpreter": path}) + "\n", encoding="utf-8")
    disk.doubt()


def user_folder() -> Path:
    """The folder that is the add-on's own to write to."""
    try:
        return Path(bpy.utils.extension_path_user(PACKAGE, create=True))
    except ValueError:  # not loaded as an extension: by `python -m blender_addon.batch`, say
        return Path(bpy.utils.user_resource("DATAFILES", path="landscape", create=True))
