# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails of the codebook on the artist's picture, as icons; they move if asked to.

They are sorted by what they do: motions by direction, then pace; days by how dark they get.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import bpy
import bpy.utils.previews

from . import datablocks, window

FPS = 8


DIRECTIONS = "→↗↑↖←↙↓↘"  # in eighths of a turn
# widths of the picture per frame, below which a motion is called so
PACES = ((2e-4, "Still"), (1.2e-3, "Slow"), (2.4e-3, "Medium"), (math.inf, "Fast"))
# the share of the lightness at its beginning that a day keeps in its darkest look
DARKEST = ((0.65, "To Night"), (0.9, "To Dusk"), (math.inf, "Bright"))
TINTED = 0.08  # change of warmth from which a day is called warm or cold
AUTOMATIC, OTHER = 0, 20_001  # numbers of choices beside those of positions
LOOKS = 6  # of a day, in a row

Choice = tuple[str, str, str, int, int]  # of an enumeration: id, name, description, icon, number


@dataclass
class Thumbnail:
    """One place of the codebook."""

    position: float
    frames: list[int] = field(default_factory=list)  # icons
    name: str = ""  # what it does
    order: tuple[float, ...] = ()  # its place among others


_icons: bpy.utils.previews.ImagePreviewCollection | None = None
_drawn: dict[tuple[int, str], list[Thumbnail]] = {}  # by the object's number and kind
_pictures: dict[int, int] = {}  # icons of the objects' own pictures
_offered: dict[int, list[Choice]] = {}  # Blender needs their texts for as long as they are shown


def take(uid: int, kind: str, positions: list[float], result: dict[str, Any]) -> None:
    """Load the pictures that the worker has drawn, in place of earlier ones, sorted."""
    thumbnails = []
    for position, made in zip(positions, result["thumbnails"], strict=True):
        frames = [_load(uid, kind, file) for file in made["frames"]]
        name, order = described(made)
        thumbnails.append(Thumbnail(position, frames, name, order))
    if result.get("picture"):
        _pictures[uid] = _load(uid, kind, result["picture"])
    _drawn[uid, kind] = sorted(thumbnails, key=lambda t: (t.order, t.position))
    _tell_apart(_drawn[uid, kind])


def _tell_apart(thumbnails: list[Thumbnail]) -> None:
    """Number those that have one name."""
    seen: dict[str, int] = {}
    for thumbnail in thumbnails:
        name = thumbnail.name
        seen[name] = seen.get(name, 0) + 1
        if name and seen[name] > 1:
            thumbnail.name = f"{name} {seen[name]}"


def described(made: dict[str, Any]) -> tuple[str, tuple[float, ...]]:
    """What a code does, in words, and its place among others."""
    if made.get("lightness"):
        return _day(made["lightness"], made["warmth"])
    if "speed" in made:
        return _course(made["direction_deg"], made["speed"])
    return "", ()


def _course(direction_deg: float, speed: float) -> tuple[str, tuple[float, ...]]:
    pace = next(name for below, name in PACES if speed < below)
    if pace == PACES[0][1]:
        return pace, (-1.0, speed)
    eighth = round(direction_deg / 45) % 8
    return f"{DIRECTIONS[eighth]} {pace}", (float(eighth), speed)


def _day(lightness: list[float], warmth: list[float]) -> tuple[str, tuple[float, ...]]:
    kept = min(lightness) / max(lightness[0], 1e-6)
    dark = next(number for number, (below, _) in enumerate(DARKEST) if kept < below)
    most = max(warmth, key=lambda value: abs(value - warmth[0])) - warmth[0]
    tint = ", Warm" if most > TINTED else ", Cold" if most < -TINTED else ""
    return DARKEST[dark][1] + tint, (float(-dark), -most)


def _load(uid: int, kind: str, file: str) -> int:
    return _icons.load(f"{len(_icons)}/{uid}/{kind}/{file}", file, "IMAGE", True).icon_id


def is_at(settings: Any, position: float) -> bool:
    """Whether a code of the codebook is the one that is set."""
    return settings.code_from == "POSITION" and abs(settings.position - position) < 1e-3


def offered(self: Any, context: bpy.types.Context | None) -> list[Choice]:
    """The motions that an object's thumbnails offer, as the items of an enumeration."""
    obj = self.id_data
    shown = drawn(obj, "motion")
    moving = bool(context and context.window_manager.landscape_play)
    still = _pictures.get(datablocks.uid_of(obj), 0)
    choices: list[Choice] = [
        ("AUTO", "Automatic", "A motion that suits this picture", still, AUTOMATIC)
    ]
    for thumbnail in shown:
        identifier = f"{thumbnail.position:.4f}"
        name = thumbnail.name or identifier
        picture = icon(thumbnail, moving)
        choices.append((identifier, name, "Use this motion", picture, _number(thumbnail.position)))
    if _taken(self) == OTHER:
        choices.append(("OTHER", "Other", "The motion that is set below", still, OTHER))
    _offered[datablocks.uid_of(obj)] = choices
    return choices


def _number(position: float) -> int:
    return 1 + round(position * 10_000)


def _taken(self: Any) -> int:
    """The number of the choice that the settings come to."""
    motion = self.motion
    if motion.code_from == "AUTO":
        return AUTOMATIC
    found = [t for t in drawn(self.id_data, "motion") if is_at(motion, t.position)]
    return _number(found[0].position) if found else OTHER


def _take(self: Any, number: int) -> None:
    if number == AUTOMATIC:
        self.motion.code_from = "AUTO"
    elif number != OTHER:
        self.motion.code_from = "POSITION"
        self.motion.position = (number - 1) / 10_000


def motion_choice() -> Any:
    """The motion, chosen by its picture."""
    return bpy.props.EnumProperty(
        name="Wind",
        description="Choose a motion by its picture; the arrow shows its direction",
        items=offered,
        get=_taken,
        set=_take,
        override={"LIBRARY_OVERRIDABLE"},  # else it is grey there
    )


def drawn(obj: bpy.types.Object, kind: str) -> list[Thumbnail]:
    """The thumbnails of an object; none if they were never drawn."""
    return _drawn.get((datablocks.uid_of(obj), kind), [])


def icon(thumbnail: Thumbnail, moving: bool) -> int:
    """The icon that is shown now."""
    if not thumbnail.frames:
        return 0
    return thumbnail.frames[int(time.monotonic() * FPS) % len(thumbnail.frames) if moving else 0]


def _play(self: bpy.types.WindowManager, context: bpy.types.Context) -> None:
    if self.landscape_play:
        window.start_timer(_tick, 0.0)


def _tick() -> float | None:
    if not bpy.context.window_manager.landscape_play:
        return None
    window.redraw()
    return 1 / FPS


def register() -> None:
    """Make room for icons."""
    global _icons
    _icons = bpy.utils.previews.new()
    bpy.types.WindowManager.landscape_play = bpy.props.BoolProperty(
        name="Play", description="Show how the thumbnails move", update=_play
    )


def unregister() -> None:
    """Free the icons."""
    global _icons
    window.stop_timer(_tick)
    del bpy.types.WindowManager.landscape_play
    _drawn.clear()
    _offered.clear()
    _pictures.clear()
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
    _icons = None
