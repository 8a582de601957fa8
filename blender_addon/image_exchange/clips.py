# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips on the disk, whoever made them: numbered frames, or one movie."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import bpy

from ..errors import AddonError
from .files import READABLE

MOVIES = {".mp4", ".webm", ".gif", ".mov", ".m4v", ".avi", ".mkv", ".mpg", ".mpeg", ".ogv"}
FRAMES = READABLE | {".tga", ".hdr", ".dpx"}
NEED = "expected numbered frames, as 0001.png, or a movie"
NAMED = 3  # clips that a refusal names


class Clip(NamedTuple):
    """Frames on the disk."""

    first: Path  # the first frame, or the movie
    frames: int  # from the first to the last
    movie: bool


def clip_at(path: str | Path) -> Clip:
    """The clip that a movie, one of its frames or its folder stands for.

    Raises:
        AddonError: there is none, a folder holds several, or Blender can't read it.
    """
    return _as_read(_clip_at(path))


def _clip_at(path: str | Path) -> Clip:
    chosen = Path(os.path.abspath(path))
    if chosen.is_dir():
        return _only(chosen)
    if not chosen.is_file():
        raise AddonError(f"'{chosen}' isn't there; choose a folder of frames, a frame or a movie.")
    if is_movie(chosen):
        return Clip(chosen, 0, True)
    if chosen.suffix.lower() not in FRAMES:
        raise AddonError(f"'{chosen.name}' is no picture and no movie; {NEED}.")
    parts = _parts(chosen.name)
    if parts is None:
        raise AddonError(f"'{chosen.name}' has no number; {NEED}.")
    beside = _sequences(chosen.parent)[parts[0], parts[2]]
    return _clip(chosen.parent, parts[0], beside, parts[2], parts[1])


def _as_read(clip: Clip) -> Clip:
    """A clip that Blender can read; it knows how many frames a movie has."""
    size, duration = _read(clip.first)
    if not min(size):
        raise AddonError(
            f"'{clip.first}' can't be read by Blender; expected frames or a movie that it opens: "
            "choose another, or convert it."
        )
    return clip._replace(frames=duration) if clip.movie else clip


def size_of(clip: Clip) -> tuple[int, int]:
    """Width and height of a clip's first frame, in pixels; 0 if Blender can't read it."""
    return _read(clip.first)[0]


def _read(file: Path) -> tuple[tuple[int, int], int]:
    """The size of a file's picture, and how many frames it holds."""
    image = bpy.data.images.load(str(file))
    size, duration = tuple(image.size), image.frame_duration
    bpy.data.images.remove(image)
    return size, duration


def is_movie(file: str | Path) -> bool:
    """Whether a file holds a whole clip."""
    return Path(file).suffix.lower() in MOVIES


def _only(folder: Path) -> Clip:
    """The one clip of a folder."""
    found = _sequences(folder)
    if any(len(numbers) > 1 for numbers in found.values()):  # single pictures are no clip then
        found = {key: numbers for key, numbers in found.items() if len(numbers) > 1}
    clips = [_clip(folder, prefix, kept, ending) for (prefix, ending), kept in found.items()]
    clips += [Clip(folder / name, 0, True) for name in _names(folder) if is_movie(name)]
    if not clips:
        raise AddonError(f"'{folder}' holds no clip; {NEED}: choose another folder.")
    if len(clips) > 1:
        names = [f"'{clip.first.name}'" for clip in clips[:NAMED]]
        more = ", …" if len(clips) > NAMED else ""
        raise AddonError(
            f"'{folder}' holds {len(clips)} clips ({', '.join(names)}{more}); expected one: choose "
            "a frame of it, or the movie."
        )
    return clips[0]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise AddonError(f"'{folder}' can't be read ({error.strerror}); choose another.") from error


def _sequences(folder: Path) -> dict[tuple[str, str], list[str]]:
    """The numbers, as they are written, of a folder's frames, by what stands before and after."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in _names(folder):
        parts = _parts(name)
        if parts and parts[2].lower() in FRAMES:
            found.setdefault((parts[0], parts[2]), []).append(parts[1])
    return found


def _parts(name: str) -> tuple[str, str, str] | None:
    """What a frame's name is made of: a prefix, a number and an ending."""
    match = re.fullmatch(r"(.*?)([0-9]+)(\.[^.]+)", name)
    return (match[1], match[2], match[3]) if match else None


def _clip(
    folder: Path, prefix: str, written: Iterable[str], ending: str, chosen: str | None = None
) -> Clip:
    """The frames whose numbers are written as the smallest one, or as the chosen one."""
    numbers = sorted({int(text): text for text in written}.items())
    digits = len(numbers[0][1])
    if chosen and chosen != f"{int(chosen):0{digits}d}":
        digits = len(chosen)
    kept = [number for number, text in numbers if text == f"{number:0{digits}d}"]
    first = folder / f"{prefix}{kept[0]:0{digits}d}{ending}"
    return Clip(first, kept[-1] - kept[0] + 1, False)
