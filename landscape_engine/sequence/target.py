"""The target: which format it asks for, and whether it can be written."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import get_args

from ..errors import OutputError
from ..images import clips, kinds
from ..images.kinds import is_hidden
from ..leftovers import is_staged
from ..settings import FormatName, OutputSettings
from ..settings.sentences import say
from ..staging import check_file, check_parents, check_writable, explaining, resolve
from . import folder, video

_OTHER_MEDIA = frozenset(
    ".avi .mkv .mov .m4v .mpg .mpeg .wmv .flv .ogv .ts .m2ts .3gp .mxf .y4m .h264 .h265 .hevc .av1 "
    ".apng .png .jpg .jpeg .tif .tiff .bmp .exr .hdr .tga .webp .avif .heic .jxl .jp2 .psd .dpx "
    ".cin .ppm".split()
)
_LITTER = frozenset({"Thumbs.db", "desktop.ini"})  # what Windows leaves in folders that it shows

FOLDERS = {*folder.ENDINGS, "live"}  # formats that need one

assert FOLDERS | set(video.CODECS) == set(get_args(FormatName))


def resolve_format(target: str | Path, settings: OutputSettings) -> FormatName:
    """The format that a target and the settings ask for together.

    Args:
        target: the file or folder that was asked for.
        settings: its `format` decides; without it the target's ending does, else it is png.

    Returns:
        The format.

    Raises:
        OutputError: the ending contradicts the format, or is of a kind that isn't written.
    """
    ending = Path(target).suffix.lower()
    of_ending = next((name for name in video.CODECS if ending == f".{name}"), None)
    if settings.format is None and of_ending:
        return of_ending
    chosen = settings.format or "png"
    if ending in folder.ENDINGS.values():
        raise OutputError(
            say(
                f"'{target}' names one picture, but frames need a folder; expected a folder such "
                f"as '{Path(target).with_suffix('')}' (with <output.format> png, png16, exr or "
                "live): leave the ending off."
            )
        )
    if ending in _OTHER_MEDIA:
        raise OutputError(
            f"'{target}' has the ending '{ending}', which can't be written; expected .mp4, .webm, "
            ".gif or a folder: choose one of them."
        )
    if of_ending and of_ending != chosen:
        raise OutputError(
            say(
                f"'{target}' ends in '{ending}', but <output.format> is {chosen}; expected both "
                "to agree: change one of them."
            )
        )
    return chosen


def check_target(target: str | Path, settings: OutputSettings) -> None:
    """Find out, before anything is rendered, whether a target can be written; changes nothing.

    Args:
        target: the file or folder that was asked for.
        settings: the format, if the target's ending doesn't tell.

    Raises:
        OutputError: it can't, and why.
    """
    chosen = resolve_format(target, settings)
    if not str(target) or "\0" in str(target):
        raise OutputError("The target has no usable name; expected a file or folder: name one.")
    place = resolve(Path(target))
    with explaining(Path(target)):
        if chosen in FOLDERS:
            _check_folder(target, place, settings.force)
        else:
            _check_video(target, place, chosen, settings.force)


def _check_folder(target: str | Path, place: Path, force: bool) -> None:
    if not place.exists():
        check_parents(target, place)
        return
    if not place.is_dir():
        raise OutputError(
            f"'{target}' is a file, but frames need a folder; expected a folder: choose another "
            "name, or .mp4, .webm or .gif for one file."
        )
    frames = []
    for entry in sorted(place.iterdir()):
        ours = entry.is_file() and folder.is_replaceable(entry)
        passed = entry.name in _LITTER or is_staged(entry)
        if not (ours or passed or (is_hidden(entry) and entry.is_file())):
            raise OutputError(
                f"'{target}' holds other things ('{entry.name}'); expected a new or empty folder, "
                "or an earlier sequence to replace: choose another folder."
            )
        if ours:
            frames.append(entry)
    foreign = next((entry for entry in frames if not folder.is_ours(entry)), None)
    if foreign and not force:
        raise OutputError(
            say(
                f"'{target}' holds numbered pictures that the engine didn't write "
                f"('{foreign.name}'); expected a new or empty folder, or an earlier sequence of "
                "its own: choose another folder, or give <output.force>."
            )
        )
    check_writable(target, place)


def _check_video(target: str | Path, place: Path, chosen: FormatName, force: bool) -> None:
    if place.is_dir() or str(target).endswith(("/", os.sep)):
        raise OutputError(
            f"'{target}' is a folder, but {chosen} is one file; expected a file such as "
            f"'{Path(target) / ('clip.' + chosen)}': name the file."
        )
    check_file(target)
    import av

    if place.exists() and place.stat().st_size and not force and not _is_film(place):
        raise OutputError(
            say(
                f"'{target}' exists and is no movie; expected a new name, or a movie to replace: "
                "choose another name, or give <output.force>."
            )
        )
    if video.CODECS[chosen] not in av.codecs_available:
        raise OutputError(
            f"This PyAV has no encoder for {chosen} ({video.CODECS[chosen]}); expected the one "
            "from PyPI: install it with 'pip install --force-reinstall av', or write png."
        )


def _is_film(place: Path) -> bool:
    """Whether a file holds moving pictures, by what is in it and not by its name.

    PyAV opens pictures as films of one frame, and music with a cover too.
    """
    import av
    from av.stream import Disposition

    try:
        animation = kinds.begins_as_gif(place)
        if not animation and not kinds.begins_as_video(place):
            return False
        with clips.opened(place) as container:
            cover = Disposition.attached_pic
            films = [s for s in container.streams.video if cover not in s.disposition]
            if not films or not animation:
                return bool(films)
            return len(list(islice((p for p in container.demux(films[0]) if p.size), 2))) > 1
    except (av.FFmpegError, OSError, ValueError):
        return False
