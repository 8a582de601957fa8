# SPDX-License-Identifier: GPL-3.0-or-later
"""An image as a file that the engine can read, whatever Blender keeps it as."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import bpy

from .. import datablocks
from ..errors import AddonError
from . import sources
from .steps import Steps, at_once

READABLE = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".exr", ".bmp"}  # by the engine
SUFFIXES = {  # of packed images whose name says nothing
    "PNG": ".png",
    "JPEG": ".jpg",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "OPEN_EXR": ".exr",
    "BMP": ".bmp",
}

STEP_BYTES = 1 << 22  # of a packed file, that one step takes
_names: dict[str, str] = {}  # of the images that were written, by their files


def picture_file(image: bpy.types.Image, folder: Path) -> Path:
    """A file that holds what the image shows, written at once; else as `file_in_steps`."""
    return Path(at_once(file_in_steps(image, folder)))


def file_in_steps(
    image: bpy.types.Image, folder: Path, is_mask: bool = False
) -> Steps[Path | None]:
    """A file that holds what the image shows; the image stays as it is.

    A file on the disk is given as it is. A packed image is written as it was packed; one that was
    generated or painted, or that the engine has no decoder for, as PNG (8 bits) or as OpenEXR
    (floating point, scene-linear). The name carries a hash of the content: an unchanged image
    is not written again, and a changed one is another file.

    Args:
        image: a still picture or a mask.
        folder: where files are written; made when it is needed.
        is_mask: a mask that masks nothing has no file: no pixel is white, or grey, and opaque.

    Raises:
        AddonError: the image has nothing to show, or the folder can't be written to.
    """
    problem = sources.image_problem(image)
    if problem:
        raise AddonError(problem)
    # numpy is not imported before it is needed: it would slow down enabling the add-on
    from . import encoding

    uid, name = datablocks.uid_of(image), image.name
    pixels = None
    if is_mask:
        pixels = yield from encoding.read(uid, name)
        if (yield from encoding.is_black(pixels)):
            return None
        image = datablocks.image_of(uid) or image
    suffix = own_ending(image)
    if suffix and image.packed_file:
        content = _pieces(bytes(image.packed_file.data))
        return (yield from written(content, name, suffix, Path(folder)))
    if suffix:
        return sources.path_of(image)
    pixels = pixels or (yield from encoding.read(uid, name))
    content = encoding.encoded(pixels)
    return (yield from written(content, name, pixels.suffix, Path(folder)))


def png(image: bpy.types.Image) -> Steps[bytes]:
    """A PNG file with the very levels of an 8-bit image.

    Raises:
        AddonError: the image was removed.
    """
    from . import encoding

    pixels = yield from encoding.read(datablocks.uid_of(image), image.name)
    return (yield from encoding.png(pixels))


def smaller_mask(image: bpy.types.Image, width: int, height: int) -> Steps[bytes]:
    """A grey PNG file, 8 bits, of what the engine sees of a mask, made smaller; in pixels.

    Raises:
        AddonError: the image was removed.
    """
    from . import encoding

    pixels = yield from encoding.read(datablocks.uid_of(image), image.name)
    return (yield from encoding.smaller_grey(pixels, width, height))


def own_ending(image: bpy.types.Image) -> str:
    """The ending of the file that the engine gets as it is; empty: the pixels are written."""
    if image.is_dirty or image.source != "FILE":
        return ""
    suffix = Path(image.filepath).suffix.lower()
    if image.packed_file:
        suffix = suffix or SUFFIXES.get(image.file_format, "")
    return suffix if suffix in READABLE else ""


def by_their_names(sentence: str) -> str:
    """What the engine says of files that were written for it, said of the images in them."""
    for path, name in _names.items():
        sentence = sentence.replace(path, name)
    return sentence


def _pieces(content: bytes) -> Iterable[memoryview]:
    view = memoryview(content)
    return (view[start : start + STEP_BYTES] for start in range(0, len(view), STEP_BYTES))


def written(
    content: Iterable[bytes | memoryview], name: str, suffix: str, folder: Path
) -> Steps[Path]:
    """The content's file in the folder, written unless it is there; a piece at each step.

    Raises:
        AddonError: it can't be written.
    """
    digest, size = hashlib.sha256(), 0
    half_written = folder / f"{_ascii(name)}-{secrets.token_hex(4)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with half_written.open("wb") as file:
            for piece in content:
                digest.update(piece)
                size += file.write(piece)
                yield
        path = folder / f"{_ascii(name)}-{digest.hexdigest()[:12]}{suffix}"
        if not path.is_file() or path.stat().st_size != size:
            half_written.replace(path)
    except OSError as error:
        raise AddonError(
            f"'{name}' can't be written into '{folder}' for the engine ({error.strerror}); "
            "free some room, or choose another folder."
        ) from error
    finally:  # also where it is stopped halfway
        with suppress(OSError):
            half_written.unlink()
    _names[str(path.absolute())] = name
    return path.absolute()


def _ascii(name: str) -> str:
    """An image's name as every file system takes it."""
    stem = re.sub(r"\.[A-Za-z]{3,4}$", "", name)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40] or "picture"
