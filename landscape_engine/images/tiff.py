"""TIFF: deep and floating-point ones by OpenCV, the rest by Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, BinaryIO

from PIL import TiffImagePlugin
from torch import Tensor

from ..errors import PictureError
from .curves import encode_scene
from .decoding import decode_with_opencv, fill_tensor
from .limits import check_size
from .pillow import load_with_pillow
from .profiles import apply_profile


def load_tiff(path: Path) -> Tensor:
    """Deep and floating-point TIFF by OpenCV, the rest by Pillow."""
    with path.open("rb") as file:
        tags = _read_tiff_tags(file)
    check_size(path, int(tags[256]), int(tags[257]))
    bits = max(_as_tuple(tags.get(258, 1)))
    samples = int(tags.get(277, 1))
    kind = _as_tuple(tags.get(339, 1))[0]  # 1 unsigned, 2 signed, 3 floating point
    photometric = int(tags.get(262, 1))  # 0 white is zero, 1 black is zero, 2 RGB
    if int(tags.get(254, 0)) & 1:
        raise PictureError(
            f"'{path}' begins with a preview, as camera raw files do; expected a finished picture: "
            "develop it to TIFF or PNG first."
        )
    if bits < 16 or photometric not in (0, 1, 2):
        return load_with_pillow(path)
    if (bits, kind) not in ((16, 1), (32, 3), (64, 3)) or samples not in (1, 3, 4):
        kinds = {1: "unsigned integer", 2: "signed integer", 3: "floating point"}
        raise PictureError(
            f"'{path}' has {samples} channels of {bits}-bit {kinds.get(kind, 'unknown')} numbers; "
            "expected 1, 3 or 4 channels of 8 or 16 bits or 32-bit floating point: export it so."
        )
    _check_tiff_is_whole(path, tags)
    pixels = decode_with_opencv(path)
    extra = _as_tuple(tags.get(338, 2))[0]  # 0 unspecified, 1 premultiplied, 2 straight alpha
    if pixels.shape[2] == 4 and extra == 0:
        pixels = pixels[..., :3]  # a saved selection, not transparency
    if kind == 3:
        tensor = fill_tensor(pixels, None)
        return encode_scene(path, tensor, premultiplied=extra == 1)
    tensor = fill_tensor(pixels, 32767.5)
    if photometric == 0:
        tensor.neg_()
    if tensor.shape[1] == 4 and extra == 1:
        alpha = tensor[:, 3:].add(1).div_(2).clamp_(min=1 / 65535)
        tensor[:, :3].add_(1).div_(alpha).sub_(1).clamp_(-1, 1)
    return apply_profile(tensor, tags.get(34675))


def tiff_orientation(path: Path) -> int:
    """The orientation of a TIFF, 1..8."""
    with path.open("rb") as file:
        return int(_read_tiff_tags(file).get(274, 1))


def _read_tiff_tags(file: BinaryIO) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The first directory of a TIFF, also of those that Pillow can't decode."""
    header = file.read(8)
    if header[2] == 43 or header[3] == 43:  # BigTIFF
        header += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    file.seek(tags.next)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tags.load(file)
    return tags


def _as_tuple(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _check_tiff_is_whole(path: Path, tags: TiffImagePlugin.ImageFileDirectory_v2) -> None:
    """OpenCV decodes a cut-off TIFF as far as it goes; we don't animate half a picture."""
    size = path.stat().st_size
    for offsets, counts in ((273, 279), (324, 325)):  # strips, tiles
        pairs = zip(_as_tuple(tags.get(offsets, ())), _as_tuple(tags.get(counts, ())), strict=False)
        if any(offset + count > size for offset, count in pairs):
            raise ValueError("pixels are missing")
