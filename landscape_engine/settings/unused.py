"""Unused settings: what was asked for beside a choice that leaves it without effect."""

from __future__ import annotations

import dataclasses

from .appearance import AppearanceSettings
from .fields import flag_of
from .loop import LoopSettings
from .motion import MotionSettings
from .regions import RegionSettings

Group = MotionSettings | RegionSettings | LoopSettings | AppearanceSettings


def notes(
    motion: MotionSettings,
    regions: RegionSettings,
    loop: LoopSettings,
    appearance: AppearanceSettings,
) -> list[str]:
    """A sentence for each choice that leaves settings which aren't the defaults without effect."""
    found: list[str] = []
    of_copies = _changed(loop, "blend", "phase_noise")
    recurrent = motion.kind == "recurrent"
    if recurrent or not regions.clean:
        asked = _changed(regions, "still_mask", "moving_mask", "region", "horizon")
        asked += _changed(regions, "clean") if recurrent else []
        asked += _changed(motion, "water", "ripple", "layers") + of_copies
        choice = "--motion recurrent" if recurrent else "--no-clean"
        found += _sentence(choice, "moves the whole picture", asked)
    elif loop.kind != "two-phase":
        reason = "has no two copies of a motion" if loop.kind == "none" else "fades once, alike"
        found += _sentence(f"--loop {loop.kind}", reason, of_copies)
    if loop.kind == "none":
        found += _sentence("--loop none", "has no period", _changed(loop, "frames"))
    if appearance.kind == "per-frame":
        asked = _changed(appearance, "relative", "anchor", "correct")
        found += _sentence("--appearance per-frame", "is the paper's way", asked)
    if appearance.kind == "off":
        names = ("code", "cycles", "codes", "keys", "patches", "relative", "anchor", "correct")
        asked = _changed(appearance, *names)
        found += _sentence("--appearance off", "leaves the colors as they are", asked)
    return found


def _changed(group: Group, *names: str) -> list[str]:
    """The flags of those fields that differ from their defaults."""
    found = []
    for field in dataclasses.fields(group):
        value = getattr(group, field.name)
        if field.name not in names or value == field.default:
            continue
        flag = flag_of(field)
        if value is False:
            found.append(f"--{field.metadata['opposite'] or 'no-' + flag}")
        else:
            found.append(f"--{flag}")
    return found


def _sentence(choice: str, reason: str, asked: list[str]) -> list[str]:
    """One sentence; none if nothing was asked for."""
    if not asked:
        return []
    *others, last = asked
    names = f"{', '.join(others)} and {last} have" if others else f"{last} has"
    return [f"{names} no effect: {choice} {reason}."]
