# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that names images and files of settings, which are written before the engine gets it.

What a task needs is collected at once, when the button is pressed; the files are written in steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from .. import datablocks
from ..errors import AddonError
from . import sources
from .files import file_in_steps, written
from .steps import Steps


@dataclass(frozen=True)
class ImageFile:
    """The file of an image, which stands in a task as its path.

    Attributes:
        uid: the image's number.
        name: what messages call it.
        is_mask: where it is black all over, it is left out with what holds it.
        before: what stands before the path.
    """

    uid: int
    name: str
    is_mask: bool = False
    before: str = ""


@dataclass(frozen=True)
class SettingsFile:
    """A JSON file with some fields, which stands in a task as its path."""

    name: str
    fields: dict[str, Any]


class _LeftOut(Exception):
    """What is looked at holds a mask that masks nothing."""


def image_file(image: bpy.types.Image, is_mask: bool = False, before: str = "") -> ImageFile:
    """The file that an image will have.

    Raises:
        AddonError: the image has nothing to show.
    """
    problem = sources.image_problem(image)
    if problem:
        raise AddonError(problem)
    return ImageFile(datablocks.uid_of(image), image.name, is_mask, before)


def with_files(task: dict[str, Any], folder: Path, notes: list[str]) -> Steps[dict[str, Any]]:
    """The task with paths, after all its files are there.

    Args:
        task: plain data, with `ImageFile` and `SettingsFile` in it.
        folder: where files are written.
        notes: gets a sentence on each mask that is left out.

    Raises:
        AddonError: a file can't be written, or an image has gone.
    """
    return (yield from _filled(task, folder, notes, {}))


def _filled(
    value: Any, folder: Path, notes: list[str], known: dict[ImageFile, Path | None]
) -> Steps[Any]:
    """A value with paths.

    Raises:
        _LeftOut: it is an empty mask, or a file that names one.
    """
    if isinstance(value, ImageFile):
        return value.before + str((yield from _path(value, folder, notes, known)))
    if isinstance(value, SettingsFile):
        fields = {}
        for key, held in value.fields.items():
            fields[key] = yield from _filled(held, folder, notes, known)
        text = json.dumps(fields) + "\n"
        return str((yield from written([text.encode()], value.name, ".json", folder)))
    if isinstance(value, dict):
        made = {}
        for key, held in value.items():
            try:
                made[key] = yield from _filled(held, folder, notes, known)
            except _LeftOut:
                continue
        return made
    if isinstance(value, list):
        listed = []
        for held in value:
            try:
                listed.append((yield from _filled(held, folder, notes, known)))
            except _LeftOut:
                continue
        return listed
    return value


def _path(
    asked: ImageFile, folder: Path, notes: list[str], known: dict[ImageFile, Path | None]
) -> Steps[Path]:
    key = ImageFile(asked.uid, asked.name, asked.is_mask)
    if key not in known:
        image = datablocks.image_of(asked.uid)
        if image is None:
            raise AddonError(f"the image '{asked.name}' was removed meanwhile; start again.")
        known[key] = yield from file_in_steps(image, folder, asked.is_mask)
        if known[key] is None:
            notes.append(f"the mask '{asked.name}' is black all over, so it is left out.")
    path = known[key]
    if path is None:
        raise _LeftOut
    return path
