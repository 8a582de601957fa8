"""TIFF: 8-bit ones by Pillow, deep ones by OpenCV, what both misread by `tiff_pixels`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ..errors import PictureError
from .curves import encode_scene
from .decoding import decode_with_opencv, fill_tensor
from .limits import check_size
from .pillow import load_with_pillow, take_pixels
from .profiles import apply_profile
from .tiff_pixels import COMPRESSIONS, check_is_whole, read_pixels
from .tiff_tags import TiffTags, read_tags

_PILLOW_BITS = (1, 2, 4, 8)
_OPENCV_COMPRESSIONS = (1, 5, 8, 32946, 32773)  # none, LZW, ZIP, PackBits
_KINDS = {1: "unsigned integer", 2: "signed integer", 3: "floating point"}


def load_tiff(
    path: Path,
    profiled: bool = True,  # whether it is converted by its profile
) -> Tensor:  # [1, 3|4, H, W]
    """The first picture of a TIFF."""
    tags = read_tags(path)
    check_size(path, tags.number(256, 0), tags.number(257, 0))
    photometric = tags.number(262, 1)  # 0 white is zero, 1 black is zero, 2 RGB, 3 palette
    if tags.number(254, 0) & 1:
        raise PictureError(
            f"'{path}' begins with a preview, as camera raw files do; expected a finished picture: "
            "develop it to TIFF or PNG first."
        )
    if photometric not in (0, 1, 2, 3) or _is_plain(tags):
        return load_with_pillow(path, profiled)
    bits, samples = _check_numbers(path, tags)
    orientation = tags.number(274, 1)
    if _is_deep(tags):
        check_is_whole(path, tags)
        pixels, orientation = decode_with_opencv(path), 1  # which turns it
    else:
        pixels = read_pixels(path, tags)
    if photometric == 3:
        colors = np.array(tags.numbers(320), np.uint16).reshape(3, -1)
        pixels, bits, samples = colors.T[pixels[..., 0]], 16, 3
    extra = tags.number(338, 2)  # 0 unspecified, 1 premultiplied, 2 straight alpha
    if samples == 4 and extra == 0:
        pixels = pixels[..., :3]  # a saved selection, not transparency
    if tags.number(339, 1) == 3:
        return encode_scene(path, fill_tensor(pixels, None, orientation), premultiplied=extra == 1)
    if bits == 8 and photometric > 0 and extra != 1:
        pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        picture = Image.fromarray(pixels)
        picture.info["icc_profile"] = tags.profile if profiled else None
        return fill_tensor(*take_pixels(path, picture), orientation)
    tensor = fill_tensor(pixels, (2**bits - 1) / 2, orientation)
    if photometric == 0:
        tensor[:, :3].neg_()
    if tensor.shape[1] == 4 and extra == 1:
        alpha = tensor[:, 3:].add(1).div_(2).clamp_(min=1 / 65535)
        tensor[:, :3].add_(1).div_(alpha).sub_(1).clamp_(-1, 1)
    return apply_profile(tensor, tags.profile if profiled else None, grey=samples == 1)


def tiff_orientation(path: Path) -> int:
    """The orientation of a TIFF, 1..8."""
    return read_tags(path).number(274, 1)


def _is_plain(tags: TiffTags) -> bool:
    """Whether it is one that Pillow reads as it is meant."""
    bits = tags.numbers(258, (1,))
    planar = tags.number(284, 1) == 2 and tags.number(277, 1) > 1
    return set(bits) <= set(_PILLOW_BITS) and not planar and not tags.big


def _is_deep(tags: TiffTags) -> bool:
    """Whether it is one that OpenCV reads as it is meant, and faster than we do."""
    photometric, planar = tags.number(262, 1), tags.number(284, 1) == 2
    odd = tags.number(266, 1) == 2 or planar or photometric == 3
    usual = tags.number(258, 1) in (16, 32, 64) and tags.number(259, 1) in _OPENCV_COMPRESSIONS
    return usual and not odd


def _check_numbers(path: Path, tags: TiffTags) -> tuple[int, int]:
    """The bits of a number, and the channels; others than we read are refused."""
    sizes, samples, kind = tags.numbers(258, (1,)), tags.number(277, 1), tags.number(339, 1)
    bits = max(sizes)
    known = bits <= 16 if kind == 1 else kind == 3 and bits in (32, 64)
    known_samples = (1, 2, 3, 4) if bits == 8 else (1, 3, 4)
    if not known or len(set(sizes)) > 1 or samples not in known_samples:
        raise PictureError(
            f"'{path}' has {samples} channels of {bits}-bit {_KINDS.get(kind, 'unknown')} numbers; "
            "expected 1, 3 or 4 channels of 8 to 16 bits or 32-bit floating point: export it so."
        )
    if tags.number(259, 1) not in COMPRESSIONS:
        raise PictureError(
            f"'{path}' is compressed in way {tags.number(259, 1)} of TIFF; expected none, LZW, "
            "PackBits, ZIP or Zstandard in a picture of this kind: export it so."
        )
    return bits, samples
