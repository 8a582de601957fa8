"""The only door for pixels: picture files in, tensors inside, arrays and small pictures out.

Inside the engine a picture is float32 `[1, C, H, W]`: channels R, G, B and, only where the file has
one, straight alpha; display-referred sRGB in [-1, 1] (alpha 0..1 is mapped to -1..1 as well). High
dynamic range runs on along the sRGB curve above 1, so that it survives from one EXR to another.

Integer files are taken as display-referred (their ICC profile, if any, is converted to sRGB); EXR
and floating-point TIFF are taken as scene-linear, the way Blender and Nuke read them.

Legend: B batch (here 1), C channels (3 or 4), H W pixels.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import threading
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageCms, TiffImagePlugin
from torch import Tensor

from .errors import OutputError, PictureError
from .settings import MAX_SIDE_PX

MIN_SIDE_PX = 16  # a landscape with fewer rows or columns is a slip, and the networks can't use it
MAX_ASPECT = 64  # longer side : shorter side
JPEG_QUALITY = 92

# Named, so that Pillow never starts Ghostscript for an EPS or guesses at scientific formats.
_PILLOW_FORMATS = (
    "JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "TGA", "PPM", "JPEG2000", "AVIF", "PSD",
)  # fmt: skip
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_EXR_MAGIC = b"\x76\x2f\x31\x01"
_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_HALF_MAX = 65504.0  # the largest finite half float
_SMALLEST_ALPHA = 2.0**-24  # the smallest half float: below it, color can't be un-premultiplied
_STRIP_ROWS = 256  # curves are applied in strips: an 8K picture then needs no full-size copies
_PROFILE_NODES = 86  # nodes of the table for deep pictures: every third 8-bit level
_PROCESS_LOCK = threading.Lock()  # for Pillow's size limit and stderr, which are global


# ----------------------------------------------------------------------------------------- loading


def load_image(path: str | Path) -> Tensor:
    """Read a picture file as a tensor.

    Handles JPEG, PNG, TIFF (8, 16 bit, floating point), WebP, EXR and a few more; of an animated
    file, the first frame. EXIF orientation is applied, ICC profiles are converted to sRGB. 8-bit
    values v become v / 127.5 - 1, 16-bit ones v / 32767.5 - 1, exactly. EXR and floating-point TIFF
    are scene-linear: encoded with the sRGB curve, which goes on above 1; premultiplied alpha is
    divided out.

    Args:
        path: the file.

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
            return _load_exr(path)
        if magic.startswith(_TIFF_MAGICS):
            return _load_tiff(path)
        return _load_with_pillow(path)
    except PictureError:
        raise
    except PermissionError as error:
        raise PictureError(_say_forbidden(path)) from error
    except MemoryError as error:
        raise PictureError(
            f"'{path}' doesn't fit into memory; expected room for 12 bytes per pixel and the file: "
            "use a smaller picture."
        ) from error
    except Exception as error:  # decoders raise nearly every kind of error on a damaged file
        raise PictureError(
            f"'{path}' is damaged or cut off; expected a whole picture: copy or export it again."
        ) from error


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


def _check_size(path: Path, width: int, height: int) -> None:
    """Refuse sizes that can't be animated, before any pixel is decoded."""
    short, long = sorted((width, height))
    found = f"'{path}' has {width}×{height} pixels"
    if short < MIN_SIDE_PX:
        raise PictureError(
            f"{found}; expected at least {MIN_SIDE_PX} on each side: use a larger picture."
        )
    if long > MAX_SIDE_PX:
        raise PictureError(
            f"{found}; expected at most {MAX_SIDE_PX} on each side: scale it down first."
        )
    if long > MAX_ASPECT * short:
        raise PictureError(
            f"{found}; expected sides in a ratio of at most {MAX_ASPECT}:1: crop it first."
        )


def _load_with_pillow(path: Path) -> Tensor:
    with _pillow_without_warnings():
        try:
            picture = Image.open(path, formats=_known_formats())
        except Image.UnidentifiedImageError as error:
            raise PictureError(
                f"'{path}' is not a picture in a format that can be read; expected PNG, JPEG, "
                "TIFF, WebP or EXR: export it as one of them."
            ) from error
        with picture:
            _check_size(path, *picture.size)
            deep_png = picture.format == "PNG" and str(picture.tile[0][3]).endswith("16B")
            picture.load()  # a deep PNG too: Pillow notices damage that OpenCV passes over
            orientation = _read_orientation(picture)  # after load, which turns TIFF itself
            if not deep_png:
                return _fill_tensor(*_take_pillow_pixels(path, picture), orientation)
            profile = picture.info.get("icc_profile")
    pixels = _decode_with_opencv(path)  # Pillow would keep 8 of the 16 bits
    tensor = _fill_tensor(pixels, 32767.5, orientation)
    return _apply_profile(tensor, profile)


@contextlib.contextmanager
def _pillow_without_warnings() -> Iterator[None]:
    """Lift Pillow's own limit on pixels (`_check_size` is ours) and swallow its warnings."""
    with _PROCESS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _known_formats() -> list[str]:
    Image.init()
    return [name for name in _PILLOW_FORMATS if name in Image.OPEN]  # AVIF came late to Pillow


def _read_orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # an unreadable EXIF block is no reason to refuse the picture
        return 1


def _take_pillow_pixels(path: Path, picture: Image.Image) -> tuple[np.ndarray, float]:
    """The pixels `[H, W, 1|3|4]` of a loaded picture in sRGB, and half their largest value."""
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
    if mode in ("CMYK", "LAB") or (mode == "L" and not alpha):
        picture = _convert_by_profile(picture, profile, "RGB")
        profile = None
    if picture.mode == "L" and not alpha:
        return np.asarray(picture)[..., None], 127.5
    wanted = "RGBA" if alpha else "RGB"
    if picture.mode != wanted:
        picture = picture.convert(wanted)
    return np.asarray(_convert_by_profile(picture, profile, wanted)), 127.5


def _decode_with_opencv(path: Path) -> np.ndarray:
    """Pixels `[H, W, C]` in the file's own type, R, G, B(, A); a TIFF comes the right way up."""
    import cv2

    data = np.fromfile(path, np.uint8)  # imread can't open every file name on Windows
    with _silenced():
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("OpenCV found no picture")
    if pixels.ndim == 2:
        return pixels[..., None]
    blue = pixels[..., 0].copy()
    pixels[..., 0] = pixels[..., 2]
    pixels[..., 2] = blue
    return pixels


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Close stderr to C code: OpenCV and OpenEXR report there what we say in our own words."""
    with _PROCESS_LOCK, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # no stderr at all, as in a Windows service
            kept = os.dup(2)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, 2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        yield


def _fill_tensor(
    pixels: np.ndarray,  # [H, W, 1|3|4] any number type
    half_of_largest: float | None,  # 127.5, 32767.5, or None for scene-linear pixels
    orientation: int = 1,  # EXIF, 1..8
) -> Tensor:  # [1, 3|4, H, W]
    """Copy pixels into a new tensor, plane by plane: the tensor is the only large allocation."""
    pixels = _turn(pixels, orientation)
    height, width, channels = pixels.shape
    # From numpy, because its out-of-memory error has a name.
    planes = np.empty((max(channels, 3), height, width), np.float32)
    with np.errstate(over="ignore"):  # a double too large for float32: refused later, as infinite
        for plane in range(len(planes)):
            planes[plane] = pixels[..., plane if channels > 1 else 0]
    if half_of_largest is not None:
        planes /= half_of_largest
        planes -= 1
    return torch.from_numpy(planes)[None]


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """A view of the picture the right way up."""
    if orientation == 2:
        return pixels[:, ::-1]
    if orientation == 3:
        return pixels[::-1, ::-1]
    if orientation == 4:
        return pixels[::-1]
    if orientation == 5:
        return pixels.swapaxes(0, 1)
    if orientation == 6:
        return np.rot90(pixels, -1)
    if orientation == 7:
        return pixels[::-1, ::-1].swapaxes(0, 1)
    if orientation == 8:
        return np.rot90(pixels)
    return pixels


# ------------------------------------------------------------------------------------ ICC profiles


def _convert_by_profile(picture: Image.Image, profile: bytes | None, mode: str) -> Image.Image:
    """Convert an 8-bit picture to sRGB; the same object if there is nothing to do or no way to."""
    transform = _build_transform(profile, picture.mode, mode)
    if transform is None:
        return picture
    if picture.mode != mode:
        return ImageCms.applyTransform(picture, transform) or picture
    ImageCms.applyTransform(picture, transform, inPlace=True)
    return picture


def _build_transform(profile: bytes | None, source_mode: str, mode: str) -> Any | None:
    """The way from a profile to sRGB; None for none, an unreadable or foreign one, or sRGB."""
    if not profile and source_mode != "LAB":
        return None
    spaces = {"L": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
    try:
        source = (
            ImageCms.createProfile("LAB")
            if source_mode == "LAB"
            else ImageCms.ImageCmsProfile(BytesIO(profile or b""))
        )
        found = getattr(source, "profile", source).xcolor_space.strip()
        if found != spaces[source_mode]:
            return None  # such as an RGB profile left in a picture made grey
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            source_mode,
            mode,
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if source_mode in ("RGB", "RGBA"):
            # Every camera embeds sRGB: leave those values alone rather than shake their last bit.
            probe = _color_grid(18)
            moved = _transform_colors(transform, probe, source_mode).astype(int) - probe
            if np.abs(moved).max() <= 1:
                return None
    except Exception:  # an unreadable profile is ignored, as viewers do
        return None
    return transform


def _color_grid(nodes: int) -> np.ndarray:  # [nodes³, 3] uint8, red fastest
    levels = np.linspace(0, 255, nodes).round().astype(np.uint8)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    return np.stack([red, green, blue], -1).reshape(-1, 3)


def _transform_colors(transform: Any, colors: np.ndarray, mode: str) -> np.ndarray:
    swatches = Image.fromarray(np.ascontiguousarray(colors[None])).convert(mode)
    return np.asarray(ImageCms.applyTransform(swatches, transform))[0, :, :3]


def _apply_profile(
    tensor: Tensor,  # [1, 3|4, H, W] in the profile's color space
    profile: bytes | None,
) -> Tensor:
    """Convert a deep picture to sRGB, in place.

    Pillow's color management stops at 8 bits. So the profile is sampled on a grid of colors, and
    the *difference* it makes is interpolated between them: smooth, and without 8-bit steps.
    """
    transform = _build_transform(profile, "RGB", "RGB")
    if transform is None:
        return tensor
    grid = _color_grid(_PROFILE_NODES)
    moved = _transform_colors(transform, grid, "RGB").astype(np.float32) - grid
    size = (1, _PROFILE_NODES, _PROFILE_NODES, _PROFILE_NODES, 3)
    table = torch.from_numpy(moved / 127.5).view(size).permute(0, 4, 1, 2, 3).contiguous()
    for strip in tensor[:, :3].split(_STRIP_ROWS, dim=-2):
        where = strip.permute(0, 2, 3, 1)[:, None]  # [1, 1, h, W, 3], red picks the fastest axis
        strip += F.grid_sample(
            table, where, mode="bilinear", padding_mode="border", align_corners=True
        )[:, :, 0]
    tensor[:, :3].clamp_(-1, 1)
    return tensor


# -------------------------------------------------------------------------------------------- TIFF


def _load_tiff(path: Path) -> Tensor:
    """Deep and floating-point TIFF by OpenCV, the rest by Pillow."""
    with path.open("rb") as file:
        tags = _read_tiff_tags(file)
    _check_size(path, int(tags[256]), int(tags[257]))
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
        return _load_with_pillow(path)
    if (bits, kind) not in ((16, 1), (32, 3), (64, 3)) or samples not in (1, 3, 4):
        kinds = {1: "unsigned integer", 2: "signed integer", 3: "floating point"}
        raise PictureError(
            f"'{path}' has {samples} channels of {bits}-bit {kinds.get(kind, 'unknown')} numbers; "
            "expected 1, 3 or 4 channels of 8 or 16 bits or 32-bit floating point: export it so."
        )
    _check_tiff_is_whole(path, tags)
    pixels = _decode_with_opencv(path)
    extra = _as_tuple(tags.get(338, 2))[0]  # 0 unspecified, 1 premultiplied, 2 straight alpha
    if pixels.shape[2] == 4 and extra == 0:
        pixels = pixels[..., :3]  # a saved selection, not transparency
    if kind == 3:
        tensor = _fill_tensor(pixels, None)
        return _encode_scene(path, tensor, premultiplied=extra == 1)
    tensor = _fill_tensor(pixels, 32767.5)
    if photometric == 0:
        tensor.neg_()
    if tensor.shape[1] == 4 and extra == 1:
        alpha = tensor[:, 3:].add(1).div_(2).clamp_(min=1 / 65535)
        tensor[:, :3].add_(1).div_(alpha).sub_(1).clamp_(-1, 1)
    return _apply_profile(tensor, tags.get(34675))


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


# ------------------------------------------------------------------------------- EXR, scene-linear


def _load_exr(path: Path) -> Tensor:
    import OpenEXR

    with _silenced(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in OpenEXR.File(str(path), header_only=True).parts:
            _check_size(path, *_window_size(part.header.get("displayWindow")))
            # A data window may hang over by any amount, and memory is taken for all of it.
            if max(_window_size(part.header["dataWindow"])) > 2 * MAX_SIDE_PX:
                raise ValueError("absurd data window")
        parts = OpenEXR.File(str(path), separate_channels=True).parts
    found: list[str] = []
    for part in parts:
        names = _pick_channels(list(part.channels))
        if names:
            planes = [part.channels.pop(name).pixels for name in names]
            tensor = _place_in_window(part.header, planes)
            return _encode_scene(path, tensor, premultiplied=True)
        found += list(part.channels)
    if not parts:
        raise ValueError("no part could be read")
    raise PictureError(
        f"'{path}' holds the channels {', '.join(found) or 'none'}; expected R, G, B (and A) or Y: "
        "export a color picture."
    )


def _window_size(window: Any) -> tuple[int, int]:
    (left, top), (right, bottom) = window
    return int(right) - int(left) + 1, int(bottom) - int(top) + 1


def _pick_channels(names: list[str]) -> list[str]:
    """The names of R, G, B(, A) or Y(, A) among a file's channels; empty if there are none.

    Plain names come first, then a layer's, Blender's `ViewLayer.Combined.R` before other passes.
    """
    prefixes = {name.rpartition(".")[0] for name in names}
    for prefix in sorted(prefixes, key=lambda p: (p != "", not p.endswith("Combined"), p)):
        dotted = f"{prefix}." if prefix else ""
        for colors in ("RGB", "Y"):
            wanted = [dotted + color for color in colors]
            if all(name in names for name in wanted):
                return wanted + [name for name in [dotted + "A"] if name in names]
    return []


def _place_in_window(
    header: dict,
    planes: list[np.ndarray],  # each [h, w], the data window: R, G, B(, A) or Y(, A)
) -> Tensor:  # [1, 3|4, H, W], the display window; black and clear where there is no data
    width, height = _window_size(header["displayWindow"])
    (display_left, display_top), _ = header["displayWindow"]
    (data_left, data_top), _ = header["dataWindow"]
    left, top = int(data_left) - int(display_left), int(data_top) - int(display_top)
    data_height, data_width = planes[0].shape
    if any(plane.shape != planes[0].shape for plane in planes):
        raise ValueError("subsampled channels")
    rows = slice(max(top, 0), max(min(top + data_height, height), 0))
    columns = slice(max(left, 0), max(min(left + data_width, width), 0))
    sources = [0, 0, 0, 1][: len(planes) + 2] if len(planes) < 3 else list(range(len(planes)))
    target = np.zeros((len(sources), height, width), np.float32)
    for channel, source in enumerate(sources):
        target[channel, rows, columns] = planes[source][
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return torch.from_numpy(target)[None]


def _encode_scene(
    path: Path,
    tensor: Tensor,  # [1, 3|4, H, W] scene-linear; alpha 0..1
    premultiplied: bool,
) -> Tensor:
    """Turn scene-linear values into our display-referred ones, in place."""
    bad = sum(
        int((~torch.isfinite(strip)).any(dim=1).sum()) for strip in tensor.split(_STRIP_ROWS, -2)
    )
    if bad:
        raise PictureError(
            f"'{path}' has {bad} pixel{'s' * (bad > 1)} with NaN or infinite values; expected "
            "finite numbers: repair the render or the export."
        )
    for strip in tensor.split(_STRIP_ROWS, dim=-2):
        color = strip[:, :3]
        if strip.shape[1] == 4:
            alpha = strip[:, 3:].clamp_(0, 1)
            if premultiplied:
                # Where alpha is 0, color is light that adds (a glow); it stays as it is.
                color /= torch.where(alpha > _SMALLEST_ALPHA, alpha, torch.ones_like(alpha))
            alpha.mul_(2).sub_(1)
        color.copy_(_encode_srgb(color)).mul_(2).sub_(1)
    return tensor


def _encode_srgb(linear: Tensor) -> Tensor:
    """IEC 61966-2-1, mirrored below 0 and continued above 1."""
    size = linear.abs()
    curve = size.pow(1 / 2.4).mul_(1.055).sub_(0.055)
    return torch.where(size <= 0.0031308, size.mul(12.92), curve).copysign_(linear)


def _decode_srgb(encoded: Tensor) -> Tensor:
    """The inverse of `_encode_srgb`."""
    size = encoded.abs()
    curve = size.add(0.055).div_(1.055).pow_(2.4)
    return torch.where(size <= 0.04045, size.div(12.92), curve).copysign_(encoded)


# ---------------------------------------------------------------------------- inside and out again


def resize(
    image: Tensor,  # [B, 3|4, H, W]
    width: int,
    height: int,
) -> Tensor:  # [B, 3|4, height, width]
    """Scale pictures; antialiased when a side shrinks, bicubic when both grow.

    Values stay within those of each picture's channel: bicubic overshoot is clamped. Colors are
    weighted by alpha, so that what hides under clear pixels doesn't bleed out.

    Args:
        image: float32 `[B, 3|4, H, W]`, straight alpha in the fourth channel.
        width: wanted, in pixels.
        height: wanted, in pixels.

    Returns:
        A tensor of the wanted size; the same object if it has that size already.
    """
    if image.shape[-2:] == (height, width):
        return image
    if image.shape[1] == 3:
        resized = _interpolate(image, width, height)
    else:
        # A little weight remains under clear pixels, for the places where nothing else is near.
        weight = image[:, 3:].add(1).div_(2).add_(1e-3)
        color = _interpolate(image[:, :3] * weight, width, height)
        color /= _interpolate(weight, width, height).clamp_(min=1e-4)
        resized = torch.cat([color, _interpolate(image[:, 3:], width, height)], dim=1)
    lowest, highest = image.amin((-2, -1), keepdim=True), image.amax((-2, -1), keepdim=True)
    return resized.clamp_(min=lowest, max=highest)


def _interpolate(image: Tensor, width: int, height: int) -> Tensor:
    # Scaling a picture is about areas, not points: here pixels have corners (align_corners=False),
    # unlike the sampling grids of ops.warping.
    grows = width >= image.shape[-1] and height >= image.shape[-2]
    mode = "bicubic" if grows else "bilinear"
    return F.interpolate(
        image, size=(height, width), mode=mode, align_corners=False, antialias=not grows
    )


def to_uint8(image: Tensor) -> np.ndarray:
    """Turn one picture into bytes.

    Args:
        image: float32 `[1, C, H, W]` in [-1, 1]; values outside are clamped; left as it is.

    Returns:
        uint8 `[H, W, C]` in 0..255, contiguous, display-referred, straight alpha.
    """
    levels = _scale_to_levels(image, 255).to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().cpu().numpy()


def to_uint16(image: Tensor) -> np.ndarray:
    """Turn one picture into 16-bit numbers.

    Args:
        image: float32 `[1, C, H, W]` in [-1, 1]; values outside are clamped; left as it is.

    Returns:
        uint16 `[H, W, C]` in 0..65535, contiguous, display-referred, straight alpha.
    """
    levels = _scale_to_levels(image, 65535).cpu().numpy()
    pixels = np.empty((*levels.shape[1:], levels.shape[0]), np.uint16)
    np.copyto(pixels, levels.transpose(1, 2, 0), casting="unsafe")
    return pixels


def _scale_to_levels(image: Tensor, largest: int) -> Tensor:  # [C, H, W] float32, whole numbers
    half = largest / 2
    return image.detach()[0].mul(half).add_(half).round_().clamp_(0, largest)


def to_linear_float16(image: Tensor) -> np.ndarray:
    """Turn one picture into scene-linear half floats, as EXR holds them.

    Args:
        image: float32 `[1, C, H, W]`, display-referred; values above 1 become light above 1; left
            as it is.

    Returns:
        float16 `[H, W, C]`, contiguous, finite; color premultiplied by alpha where there is alpha.
    """
    planes = image.detach()[0].add(1).div_(2)  # [C, H, W]
    color = _decode_srgb(planes[:3])
    if planes.shape[0] == 4:
        alpha = planes[3:].clamp_(0, 1)
        color = torch.cat([color.mul_(alpha), alpha])
    half = color.clamp_(-_HALF_MAX, _HALF_MAX).to(torch.float16)
    return half.permute(1, 2, 0).contiguous().cpu().numpy()


def save_image(
    image: Tensor,  # [1, 3|4, H, W]
    path: str | Path,
) -> None:
    """Write one picture as an 8-bit PNG or JPEG; folders on the way are made.

    The file is written beside its place and then renamed, so that nobody ever sees half of it. JPEG
    has no alpha: it is left out.

    Args:
        image: float32 `[1, 3|4, H, W]` in [-1, 1]; values outside are clamped.
        path: the file; its ending (.png, .jpg, .jpeg) decides the format.

    Raises:
        OutputError: the ending is another one, or the file can't be written.
    """
    path = Path(path)
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
    name = formats.get(path.suffix.lower())
    if name is None:
        raise OutputError(
            f"'{path}' has the ending '{path.suffix}'; expected .png, .jpg or .jpeg: rename it."
        )
    pixels = to_uint8(image if name == "PNG" else image[:, :3])
    options = {} if name == "PNG" else {"quality": JPEG_QUALITY, "subsampling": 0}
    unfinished = path.with_name(f".{secrets.token_hex(4)}.part")
    try:
        if path.exists() and not path.is_file():
            raise OutputError(f"'{path}' is not a regular file; expected a file: choose another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(unfinished, format=name, **options)
        os.replace(unfinished, path)
    except OSError as error:
        raise explain_write_failure(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def explain_write_failure(target: Path, error: OSError) -> OutputError:
    """Put what the system said about a failed write into one sentence.

    Args:
        target: the file or folder that was asked for.
        error: the system's error.

    Returns:
        The error to raise.
    """
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        what = "disk full; expected room for the output: free some space or choose another disk"
    elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
        what = "permission denied; expected a place that you may write to: choose another folder"
    else:
        what = f"{_reason(error)}; expected a place that can be written to: choose another"
    return OutputError(f"'{target}' can't be written: {what}.")
