"""Kinds of files: pictures and videos, by their names or by what they begin with.

Of many files in a folder the name decides, and hidden ones (`._0001.png` beside each picture that a
Mac has copied) are none; of one file that a person names, what it holds.
"""

from __future__ import annotations

from pathlib import Path

VIDEO_ENDINGS = frozenset({".mp4", ".webm", ".mov", ".mkv", ".avi", ".gif"})
PICTURE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".exr", ".bmp", ".tga", ".jp2", ".avif"}
)
_PICTURES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\x76\x2f\x31\x01", b"GIF8", b"BM", b"8BPS",
    b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51",
    *(b"P%d" % n + space for n in range(1, 7) for space in (b"\n", b" ", b"\r", b"\t")),
)  # fmt: skip
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"jp2 ")  # of MP4's boxes
_VIDEOS = (b"\x1aE\xdf\xa3", b"OggS", b"FLV\x01", b"\0\0\x01\xba", b"\0\0\x01\xb3")
_TEXT = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"[", b"{")  # as JSON begins
_NUMPY = b"\x93NUMPY"
_GIF = b"GIF8"


def is_hidden(path: Path) -> bool:
    """Whether file browsers hide a file."""
    return path.name.startswith(".")


def is_hidden_in(folder: Path, path: Path) -> bool:
    """Whether a file in a folder is hidden, or lies in a hidden one of it."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def is_video(path: Path) -> bool:
    """Whether a path is a video by its name."""
    return path.suffix.lower() in VIDEO_ENDINGS and not is_hidden(path)


def is_picture(path: Path) -> bool:
    """Whether a path is a picture by its name."""
    return path.suffix.lower() in PICTURE_ENDINGS and not is_hidden(path)


def holds_picture(path: Path) -> bool:
    """Whether a file is a picture by what it begins with; by its name where that doesn't tell."""
    head = _head(path)
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12] in _PICTURE_BRANDS
    if head.startswith(_NUMPY) or head.lstrip().startswith(_TEXT):
        return False
    return is_picture(path)


def holds_numpy(path: Path) -> bool:
    """Whether a file is an array of numpy's."""
    return _head(path).startswith(_NUMPY)


def begins_as_gif(path: Path) -> bool:
    """Whether a file begins as GIFs do, still or moving."""
    return _head(path).startswith(_GIF)


def begins_as_video(path: Path) -> bool:
    """Whether a file begins as videos do."""
    head = _head(path)
    if head[4:8] == b"ftyp":
        return head[8:12] not in _PICTURE_BRANDS
    return head.startswith(_VIDEOS) or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")


def _head(path: Path) -> bytes:
    """The first bytes of a regular file; none of anything else."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(32)
    except (OSError, ValueError):
        return b""
