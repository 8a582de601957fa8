"""Unused settings: those that another setting leaves without effect."""

from __future__ import annotations

import dataclasses

from .appearance import AppearanceSettings
from .loop import LoopSettings
from .motion import MotionSettings
from .regions import RegionSettings
from .sentences import say

Group = MotionSettings | RegionSettings | LoopSettings | AppearanceSettings


def notes(
    motion: MotionSettings,
    regions: RegionSettings,
    loop: LoopSettings,
    appearance: AppearanceSettings,
) -> list[str]:
    """A sentence for each choice that leaves settings which aren't the defaults without effect."""
    found: list[str] = []
    of_copies = _changed("loop", loop, "blend", "phase_noise")
    recurrent = motion.kind == "recurrent"
    if recurrent or not regions.clean:
        asked = _changed("regions", regions, "still_mask", "moving_mask", "region", "horizon")
        asked += _changed("regions", regions, "clean") if recurrent else []
        asked += _changed("motion", motion, "water", "ripple", "layers") + of_copies
        choice = "<motion.kind> recurrent" if recurrent else "<regions.clean off>"
        found += _sentence(choice, "moves the whole picture", asked)
    elif loop.kind != "two-phase":
        reason = "has no two copies of a motion" if loop.kind == "none" else "fades once, uniformly"
        found += _sentence(f"<loop.kind> {loop.kind}", reason, of_copies)
    if loop.kind == "none":
        found += _sentence("<loop.kind> none", "has no period", _changed("loop", loop, "frames"))
    if loop.kind != "crossfade":
        asked = _changed("loop", loop, "start")
        found += _sentence(f"<loop.kind> {loop.kind}", "begins with the picture", asked)
    if appearance.kind == "per-frame":
        asked = _changed("appearance", appearance, "windows", "relative", "anchor", "correct")
        found += _sentence("<appearance.kind> per-frame", "is the paper's way", asked)
    if appearance.kind == "off":
        names = (
            "code",
            "cycles",
            "codes",
            "keys",
            "patches",
            "stars",
            "windows",
            "relative",
            "anchor",
            "correct",
        )
        asked = _changed("appearance", appearance, *names)
        found += _sentence("<appearance.kind> off", "leaves the colors as they are", asked)
    return found


def _changed(group: str, settings: Group, *names: str) -> list[str]:
    """The names of those fields that differ from their defaults, for a sentence."""
    found = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name in names and value != field.default:
            found.append(f"<{group}.{field.name}{' off' if value is False else ''}>")
    return found


def _sentence(choice: str, reason: str, asked: list[str]) -> list[str]:
    """One sentence; none if nothing was asked for."""
    if not asked:
        return []
    *others, last = asked
    names = f"{', '.join(others)} and {last} have" if others else f"{last} has"
    return [say(f"{names} no effect: {choice} {reason}.")]
