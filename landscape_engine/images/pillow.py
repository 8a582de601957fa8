"""What Pillow reads: JPEG, PNG, WebP, 8-bit TIFF and a few more; deep PNG goes on to OpenCV."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ..errors import PictureError
from . import jpeg2000
from .decoding import PROCESS_LOCK, decode_with_opencv, fill_tensor
from .limits import check_size
from .profiles import apply_profile, convert_by_profile

# Named, so that Pillow never starts Ghostscript for an EPS or guesses at scientific formats.
_FORMATS = (
    "JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "TGA", "PPM", "JPEG2000", "AVIF", "PSD",
)  # fmt: skip


def load_with_pillow(
    path: Path,
    profiled: bool = True,  # whether it is converted by its profile
) -> Tensor:  # [1, 3|4, H, W]
    """A picture of any of the formats named here, the right way up and in sRGB."""
    with unlimited():
        try:
            picture = Image.open(path, formats=_known_formats())
        except UnidentifiedImageError as error:
            raise PictureError(
                f"'{path}' is not a picture in a format that can be read; expected PNG, JPEG, "
                "TIFF, WebP or EXR: export it as one of them."
            ) from error
        with picture:
            check_size(path, *picture.size)
            if picture.format == "JPEG2000":
                jpeg2000.check_tiles(path)
            stored = str(picture.tile[0][3]) if picture.format == "PNG" else ""  # "RGB;16B"
            deep_png = stored.endswith("16B")
            picture.load()  # a deep PNG too: Pillow notices damage that OpenCV passes over
            orientation = _read_orientation(picture)  # after load, which turns TIFF itself
            if not profiled and picture.mode not in ("CMYK", "LAB"):  # which are no RGB without
                picture.info.pop("icc_profile", None)
            if not deep_png:
                return fill_tensor(*take_pixels(path, picture), orientation)
            profile = picture.info.get("icc_profile")
            grey = not stored.startswith("RGB")
            clear = picture.info.get("transparency") if grey else None
    pixels = decode_with_opencv(path)  # Pillow would keep 8 of the 16 bits
    if isinstance(clear, int) and pixels.shape[2] == 1:  # which OpenCV heeds in colors alone
        alpha = np.where(pixels == clear, 0, 65535).astype(pixels.dtype)
        pixels = np.concatenate([pixels, pixels, pixels, alpha], -1)
    tensor = fill_tensor(pixels, 32767.5, orientation)
    return apply_profile(tensor, profile, grey)


def exif_orientation(path: Path) -> int:
    """The EXIF orientation of a picture, 1..8."""
    with unlimited(), Image.open(path, formats=_known_formats()) as picture:
        return _read_orientation(picture)


@contextlib.contextmanager
def unlimited() -> Iterator[None]:
    """Lift Pillow's own limit on pixels (`check_size` is ours) and swallow its warnings."""
    with PROCESS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _known_formats() -> list[str]:
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]  # AVIF came late to Pillow


def _read_orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # an unreadable EXIF block is no reason to refuse the picture
        return 1


def take_pixels(path: Path, picture: Image.Image) -> tuple[NDArray[Any], float]:
    """The pixels `[H, W, 1|3|4]` of a loaded picture in sRGB, and half their largest value."""
    if picture.mode == "La":  # grey, premultiplied
        picture = picture.convert("LA")
    mode = picture.mode
    if mode.startswith("I;16") or (mode == "I" and picture.format == "PPM"):
        return np.asarray(picture)[..., None], 32767.5
    if mode in ("I", "F"):
        raise PictureError(
            f"'{path}' holds pixels of an unsupported kind (Pillow's mode '{mode}'); expected 8 or "
            "16 bits, or floating point in TIFF or EXR: export it as one of them."
        )
    alpha = picture.has_transparency_data
    profile = picture.info.get("icc_profile")
    if profile and (mode == "LA" or (mode == "L" and alpha)):  # no transform keeps their alpha
        transparency = picture.convert("RGBA").getchannel("A")
        picture = convert_by_profile(picture.convert("L"), profile, "RGB").convert("RGB")
        picture.putalpha(transparency)
        profile = None
    if mode in ("CMYK", "LAB") or (mode == "L" and not alpha):
        picture = convert_by_profile(picture, profile, "RGB")
        profile = None
    if picture.mode == "L" and not alpha:
        return np.asarray(picture)[..., None], 127.5
    wanted = "RGBA" if alpha else "RGB"
    if picture.mode != wanted:
        picture = picture.convert(wanted)
    return np.asarray(convert_by_profile(picture, profile, wanted)), 127.5
