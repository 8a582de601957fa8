"""Unused settings: what was asked for beside a choice that leaves it without effect."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from .appearance import AppearanceSettings
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
    return list(_notes(motion, regions, loop, appearance))


def _notes(
    motion: MotionSettings,
    regions: RegionSettings,
    loop: LoopSettings,
    appearance: AppearanceSettings,
) -> Iterator[str]:
    whole = "moves the whole picture"
    if motion.kind == "recurrent":
        asked = _changed(regions, "still_mask", "moving_mask", "region", "horizon", "clean")
        asked += _changed(motion, "water", "ripple", "layers")
        asked += _changed(loop, "blend", "phase_noise")
        yield from _sentence("--motion recurrent", whole, asked)
    elif not regions.clean:
        asked = _changed(regions, "horizon") + _changed(motion, "water", "ripple", "layers")
        asked += _changed(loop, "blend", "phase_noise")
        yield from _sentence("--no-clean", whole, asked)
    elif loop.kind != "two-phase":
        reason = "has no two copies of a motion" if loop.kind == "none" else "fades once, alike"
        yield from _sentence(f"--loop {loop.kind}", reason, _changed(loop, "blend", "phase_noise"))
    if loop.kind == "none":
        yield from _sentence("--loop none", "has no period", _changed(loop, "frames"))
    if appearance.kind == "per-frame":
        asked = _changed(appearance, "relative", "anchor", "correct")
        yield from _sentence("--appearance per-frame", "is the paper's way", asked)
    if appearance.kind == "off":
        names = ("code", "cycles", "codes", "keys", "patches", "relative", "anchor", "correct")
        asked = _changed(appearance, *names)
        yield from _sentence("--appearance off", "leaves the colors as they are", asked)


def _changed(group: Group, *names: str) -> list[str]:
    """The flags of those fields that differ from their defaults."""
    found = []
    for field in dataclasses.fields(group):
        value = getattr(group, field.name)
        if field.name not in names or value == field.default:
            continue
        flag = field.metadata["flag"] or field.name.replace("_", "-")
        if value is False:
            found.append(f"--{field.metadata['opposite'] or 'no-' + flag}")
        else:
            found.append(f"--{flag}")
    return found


def _sentence(choice: str, reason: str, asked: list[str]) -> Iterator[str]:
    if asked:
        one = len(asked) == 1
        yield (
            f"{' and '.join([', '.join(asked[:-1]), asked[-1]] if not one else asked)} "
            f"{'has' if one else 'have'} no effect: {choice} {reason}."
        )
