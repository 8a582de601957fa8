# SPDX-License-Identifier: GPL-3.0-or-later
"""Live kits as the engine writes them: a document, and maps that Blender packs into the .blend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import bpy

from ..errors import AddonError

DOCUMENT = "live.json"
VERSION = 5  # of a kit, as `landscape_engine.rendering.kits` writes it
PLAIN = "Non-Color"


class LiveKit(NamedTuple):
    """A kit in the .blend."""

    document: dict[str, Any]
    images: dict[str, bpy.types.Image]  # packed, by the names of the kit's files

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, pixels."""
        return self.document["width"], self.document["height"]


def read(folder: Path, name: str) -> LiveKit:
    """Read a kit, and pack its pictures.

    Args:
        folder: where it lies; it may be removed afterwards.
        name: what its images are called after.

    Raises:
        AddonError: there is no kit, it is another version's, or a part of it is missing.
    """
    file = folder / DOCUMENT
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        version = document["version"]
        files = sorted(set(_files(document)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AddonError(
            f"'{file}' can't be read as a live loop ({type(error).__name__}); expected what Live "
            "on Plane makes: make it anew."
        ) from error
    if version != VERSION:
        raise AddonError(
            f"'{file}' is a live loop of version {version!r}; expected {VERSION}: install the "
            "add-on and the engine of one version (run install_addon.py)."
        )
    images: dict[str, bpy.types.Image] = {}
    try:
        for part in files:
            images[part] = _packed(folder / part, f"{name} {Path(part).stem}")
    except AddonError:
        for image in images.values():
            bpy.data.images.remove(image)
        raise
    return LiveKit(document, images)


def _files(value: Any) -> Iterator[str]:
    """The names of all maps in a document."""
    if isinstance(value, dict):
        if "file" in value:
            yield value["file"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _files(one)


def _packed(file: Path, name: str) -> bpy.types.Image:
    """A file's plain values as an image that needs the file no more."""
    try:
        image = bpy.data.images.load(str(file))
    except RuntimeError as error:
        raise AddonError(
            f"'{file}', a part of the live loop, isn't there; make it anew with Live on Plane."
        ) from error
    image.name = name
    image.colorspace_settings.name = PLAIN
    image.alpha_mode = "CHANNEL_PACKED"
    image.use_half_precision = False  # a flow's steps are finer
    image.pack()
    image.filepath_raw = f"//{file.name}"  # where Unpack puts it
    return image
