# SPDX-License-Identifier: GPL-3.0-or-later
"""An image as a file that the engine can read, whatever Blender keeps it as."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from contextlib import suppress
from pathlib import Path

import bpy

from ..errors import AddonError
from . import sources

READABLE = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".exr", ".bmp"}  # by the engine
SUFFIXES = {  # of packed images whose name says nothing
    "PNG": ".png",
    "JPEG": ".jpg",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "OPEN_EXR": ".exr",
    "BMP": ".bmp",
}

_names: dict[str, str] = {}  # of the images that were written, by their files


def picture_file(image: bpy.types.Image, folder: Path) -> Path:
    """A file that holds what the image shows; the image stays as it is.

    A file on the disk is given as it is. A packed image is written as it was packed; one that was
    generated or painted, or that the engine has no decoder for, as PNG (8 bits) or as OpenEXR
    (floating point, scene-linear). The name carries a hash of the content: an unchanged image
    is not written again, and a changed one is another file.

    Args:
        image: a still picture or a mask.
        folder: where files are written; made when it is needed.

    Raises:
        AddonError: the image has nothing to show, or the folder can't be written to.
    """
    problem = sources.image_problem(image)
    if problem:
        raise AddonError(problem)
    if not image.is_dirty and image.source == "FILE":
        suffix = Path(image.filepath).suffix.lower()
        if image.packed_file:
            suffix = suffix or SUFFIXES.get(image.file_format, "")
            if suffix in READABLE:
                return _written(bytes(image.packed_file.data), image.name, suffix, Path(folder))
        elif suffix in READABLE:
            return sources.path_of(image)
    from . import encoding  # not before it is needed: numpy would slow down enabling the add-on

    pixels, suffix = encoding.encoded(image)
    return _written(pixels, image.name, suffix, Path(folder))


def is_black(image: bpy.types.Image) -> bool:
    """Whether a mask masks nothing: no pixel is white, or grey, and opaque.

    Raises:
        AddonError: the image has nothing to show.
    """
    problem = sources.image_problem(image)
    if problem:
        raise AddonError(problem)
    from . import encoding

    return encoding.is_black(image)


def by_their_names(sentence: str) -> str:
    """What the engine says of files that were written for it, said of the images in them."""
    for path, name in _names.items():
        sentence = sentence.replace(path, name)
    return sentence


def _written(content: bytes, name: str, suffix: str, folder: Path) -> Path:
    """The content's file in the folder, written unless it is there."""
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = folder / f"{_ascii(name)}-{digest}{suffix}"
    half_written = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if not path.is_file() or path.stat().st_size != len(content):
            folder.mkdir(parents=True, exist_ok=True)
            half_written.write_bytes(content)
            half_written.replace(path)
    except OSError as error:
        with suppress(OSError):
            half_written.unlink()
        raise AddonError(
            f"'{name}' can't be written into '{folder}' for the engine ({error.strerror}); "
            "free some room, or choose another folder."
        ) from error
    _names[str(path.absolute())] = name
    return path.absolute()


def _ascii(name: str) -> str:
    """An image's name as every file system takes it."""
    stem = re.sub(r"\.[A-Za-z]{3,4}$", "", name)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40] or "picture"
