"""The door: which decoder reads a file, and what every file must pass."""

from __future__ import annotations

import stat
from pathlib import Path

from torch import Tensor

from ..errors import PictureError, is_out_of_memory
from . import exr
from .color_spaces import LINEAR_SRGB, ColorSpace
from .decoding import turn_back
from .pillow import exif_orientation, load_with_pillow
from .tiff import load_tiff, tiff_orientation

_EXR_MAGIC = b"\x76\x2f\x31\x01"
_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def load_image(path: str | Path, *, upright: bool = True, profile: bool = True) -> Tensor:
    """Read a picture file as a tensor.

    Handles JPEG, PNG, TIFF (8, 16 bit, floating point), WebP, EXR and a few more; of an animated
    file, the first frame. EXIF orientation is applied, ICC profiles are converted to sRGB. 8-bit
    values v become v / 127.5 - 1, 16-bit ones v / 32767.5 - 1, exactly. EXR and floating-point TIFF
    are scene-linear: encoded with the sRGB curve, which goes on above 1; premultiplied alpha is
    divided out. Of an EXR the beauty layer is taken, in whatever part it lies (`notes` tells it),
    and converted to sRGB's primaries (`color_space` tells which it had).

    Args:
        path: the file.
        upright: turn it as its EXIF orientation says; False: as it is stored.
        profile: convert it by its ICC profile; False: RGB and grey values as they are stored.

    Returns:
        float32 `[1, 3, H, W]`, or `[1, 4, H, W]` if the file has alpha; R, G, B(, A) in [-1, 1],
        above 1 only in scene-linear files.

    Raises:
        PictureError: the file can't be read, or what it holds can't be animated.
    """
    path = Path(path)
    magic = _read_magic(path)
    try:
        if magic.startswith(_EXR_MAGIC):
            return exr.load_exr(path)
        tiff = magic.startswith(_TIFF_MAGICS)
        image = load_tiff(path, profile) if tiff else load_with_pillow(path, profile)
        if upright:
            return image
        orientation = tiff_orientation(path) if tiff else exif_orientation(path)
        return turn_back(image, orientation)
    except PictureError:
        raise
    except PermissionError as error:
        raise PictureError(_say_forbidden(path)) from error
    except Exception as error:  # decoders raise nearly every kind of error on a damaged file
        if is_out_of_memory(error):
            raise PictureError(
                f"'{path}' doesn't fit into memory; expected room for 12 bytes per pixel and the "
                "file: use a smaller picture."
            ) from error
        raise PictureError(
            f"'{path}' is damaged or cut off; expected a whole picture: copy or export it again."
        ) from error


def color_space(path: str | Path) -> ColorSpace:
    """The color space of a scene-linear file, which its frames are written in; reads headers alone.

    It is linear sRGB for what isn't an EXR, or can't be read: `load_image` says what is wrong.
    """
    path = Path(path)
    try:
        return exr.color_space(path) if _read_magic(path).startswith(_EXR_MAGIC) else LINEAR_SRGB
    except Exception:
        return LINEAR_SRGB


def notes(path: str | Path) -> list[str]:
    """What a person should know of how a file was read, a sentence each; reads headers alone."""
    path = Path(path)
    try:
        return exr.layer_notes(path) if _read_magic(path).startswith(_EXR_MAGIC) else []
    except Exception:  # whoever reads it says what is wrong with it
        return []


def _read_magic(path: Path) -> bytes:
    """The first bytes of a file, after the checks that every file must pass."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PictureError(f"'{path}' is a folder; expected a picture file: name the file.")
        if not stat.S_ISREG(mode):  # a pipe or a device could be read for ever
            raise PictureError(f"'{path}' is not a regular file; expected a picture file.")
        with path.open("rb") as file:
            magic = file.read(16)
    except FileNotFoundError as error:
        raise PictureError(
            f"'{path}' doesn't exist; expected a picture file: check the spelling and the folder."
        ) from error
    except PermissionError as error:
        raise PictureError(_say_forbidden(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise PictureError(
            f"'{path}' can't be opened ({_reason(error)}); expected a picture file: check the path."
        ) from error
    if not magic:
        raise PictureError(f"'{path}' is empty (0 bytes); expected a picture: export it again.")
    return magic


def _say_forbidden(path: Path) -> str:
    return (
        f"'{path}' may not be read (permission denied); expected a file that you may read: "
        "change its permissions or copy it."
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or "unknown reason"
