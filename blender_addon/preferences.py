# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: which interpreter has the engine, and where it computes.

None of this lies in a .blend, so that a file from elsewhere can't name a program to run.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

PACKAGE = __package__
INTERPRETER_VARIABLE = "LANDSCAPE_PYTHON"  # for farms and tests; it comes before the preferences
DEVICES = (
    ("auto", "Automatic", "A GPU if the engine finds one, else the processor"),
    ("cpu", "Processor", "Compute on the processor"),
    ("cuda", "NVIDIA GPU", "Compute on an NVIDIA GPU"),
    ("mps", "Apple GPU", "Compute on an Apple GPU"),
)


class LandscapePreferences(bpy.types.AddonPreferences):
    """What the add-on keeps for this user."""

    bl_idname = PACKAGE

    interpreter: StringProperty(
        name="Engine's Python",
        description="Python interpreter that has landscape_engine; empty: the one that "
        "install_addon.py recorded",
        subtype="FILE_PATH",
    )
    device: EnumProperty(name="Device", description="Where the engine computes", items=DEVICES)
    bundle: StringProperty(
        name="Weights",
        description="Folder of a bundle of weights; empty: the one that ships with the engine",
        subtype="DIR_PATH",
    )
    idle_minutes: IntProperty(
        name="Idle Minutes",
        description="The engine ends after this long without a job, and frees its memory",
        default=15,
        min=1,
        soft_max=120,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        from . import jobs  # which needs the preferences
        from .panels.words import sentence

        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "interpreter")
        layout.prop(self, "device")
        layout.prop(self, "bundle")
        layout.prop(self, "idle_minutes")
        layout.operator("landscape.check_engine", icon="CHECKMARK")
        found = choices().interpreter
        sentence(
            layout,
            context,
            f"The engine runs in '{found}'."
            if found
            else "No interpreter with the engine is known: run install_addon.py, or choose one.",
        )
        checked = jobs.latest(None)
        if checked:
            sentence(layout, context, f"{checked.name}: {checked.message or checked.stage}")


@dataclass(frozen=True)
class Choices:
    """What the preferences come to."""

    interpreter: str  # path; empty where none is known
    device: str
    bundle: str  # path; empty for the one that ships
    idle_minutes: int
    folder: Path  # where jobs are exchanged with the worker


def choices() -> Choices:
    """The preferences, with what is left empty filled in."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    chosen = addon.preferences if addon else None
    interpreter = os.environ.get(INTERPRETER_VARIABLE, "")
    if not interpreter and chosen:
        interpreter = bpy.path.abspath(chosen.interpreter)
    return Choices(
        interpreter=interpreter or recorded_interpreter(),
        device=chosen.device if chosen else "auto",
        bundle=bpy.path.abspath(chosen.bundle) if chosen and chosen.bundle else "",
        idle_minutes=chosen.idle_minutes if chosen else 15,
        folder=user_folder() / "exchange",
    )


def recorded_interpreter() -> str:
    """The interpreter that install_addon.py recorded, or an empty text."""
    try:
        record = json.loads((user_folder() / "engine.json").read_text(encoding="utf-8"))
        return str(record["interpreter"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def record_interpreter(interpreter: str) -> None:
    """Record the interpreter that has the engine, as install_addon.py does."""
    folder = user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"interpreter": interpreter}) + "\n"
    (folder / "engine.json").write_text(text, encoding="utf-8")


def user_folder() -> Path:
    """The folder that is the add-on's own to write to."""
    try:
        return Path(bpy.utils.extension_path_user(PACKAGE, create=True))
    except ValueError:  # not loaded as an extension: by `python -m blender_addon.batch`, say
        return Path(bpy.utils.user_resource("DATAFILES", path="landscape", create=True))


classes = (LandscapePreferences,)
