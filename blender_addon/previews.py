# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails of the codebook on the artist's picture, as icons; they move if asked to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import bpy
import bpy.utils.previews

from . import datablocks, window

FPS = 8


@dataclass
class Thumbnail:
    """One place of the codebook."""

    position: float
    still: int  # icon: the flow's colors, or the first frame of the light
    moving: list[int] = field(default_factory=list)  # icons of the frames


_icons: bpy.utils.previews.ImagePreviewCollection | None = None
_drawn: dict[tuple[int, str], list[Thumbnail]] = {}  # by the object's number and kind


def take(uid: int, kind: str, positions: list[float], result: dict[str, Any]) -> None:
    """Load the pictures that the worker has drawn, in place of earlier ones."""
    thumbnails = []
    for position, made in zip(positions, result["thumbnails"], strict=True):
        frames = [_load(uid, kind, file) for file in made["frames"]]
        still = _load(uid, kind, made["flow"]) if made.get("flow") else frames[0]
        thumbnails.append(Thumbnail(position, still, frames))
    _drawn[uid, kind] = thumbnails


def _load(uid: int, kind: str, file: str) -> int:
    return _icons.load(f"{uid}/{kind}/{file}", file, "IMAGE", True).icon_id


def drawn(obj: bpy.types.Object, kind: str) -> list[Thumbnail]:
    """The thumbnails of an object; none if they were never drawn."""
    return _drawn.get((datablocks.uid_of(obj), kind), [])


def icon(thumbnail: Thumbnail, moving: bool) -> int:
    """The icon that is shown now."""
    if not moving or not thumbnail.moving:
        return thumbnail.still
    return thumbnail.moving[int(time.monotonic() * FPS) % len(thumbnail.moving)]


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
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
    _icons = None
