"""Panels drawn without a window, onto a layout that keeps their words; calls of the disk."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import bpy

SYSTEM = {"posix", "nt", "_io", "io"}
READS = {
    "access", "chmod", "listdir", "lstat", "mkdir", "open", "open_code", "readlink", "remove",
    "rename", "replace", "rmdir", "scandir", "stat", "statvfs", "unlink", "utime",
    "_path_exists", "_path_isdir", "_path_isfile",
}  # fmt: skip


class Layout:
    """Takes all that a panel asks of a layout."""

    def __init__(self, words: list[str], buttons: list[tuple[str, Layout]] | None = None) -> None:
        self.words = words
        self.buttons = [] if buttons is None else buttons  # operators, with what was set of them

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Layout:
            if named.get("text"):
                self.words.append(named["text"])
            made = Layout(self.words, self.buttons)
            if name == "operator":
                self.buttons.append((arguments[0], made))
            return made

        return call


def context_of(obj: bpy.types.Object | None) -> types.SimpleNamespace:
    """What panels and polls read of a context, with a sidebar."""
    names = ("window_manager", "scene", "screen", "mode", "area", "selected_objects")
    known = {name: getattr(bpy.context, name) for name in names}
    plain = types.SimpleNamespace
    known["preferences"] = plain(system=plain(ui_scale=1))  # without a window Blender's scale is 0
    return plain(object=obj, active_object=obj, region=plain(width=20_000), **known)


def drawn(addon: types.ModuleType, obj: bpy.types.Object | None) -> list[str]:
    """Draw all panels and lists that would be shown, and ask every poll; what is written there.

    The popover of the presets is left out: Blender draws it itself, after a click.
    """
    context, words = context_of(obj), []
    for cls in addon.CLASSES:
        if cls.__name__.endswith("presets") or cls is addon.presets.LANDSCAPE_OT_add_preset:
            continue
        shown = cls.poll(context) if hasattr(cls, "poll") else True
        if not shown or issubclass(cls, bpy.types.Operator | bpy.types.PropertyGroup):
            continue
        own = {k: v for k, v in vars(cls).items() if isinstance(v, types.FunctionType)}
        panel = type(cls.__name__, (), own)()  # a class of Blender's has no instances of ours
        panel.layout = Layout(words)
        for name in ("draw_header_preset", "draw_header", "draw"):
            if name in own:
                getattr(panel, name)(context)
        if "draw_item" in own:
            item = types.SimpleNamespace(frames=3)
            panel.draw_item(context, panel.layout, None, item, 0, None, "")
    return words


def disk_calls(act: Callable[[], Any]) -> list[str]:
    """The calls of the system's file functions while something is done, whoever makes them."""
    calls: list[str] = []

    def note(frame: types.FrameType, event: str, function: Any) -> None:
        if event == "c_call" and getattr(function, "__module__", None) in SYSTEM:
            if function.__name__ in READS:
                calls.append(f"{function.__name__} from {frame.f_code.co_filename}")

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls
