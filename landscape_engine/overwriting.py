"""Nothing that is read is written over: targets apart from all sources, and from one another.

Links are followed on both sides. Of a folder that is read, what lies in it is read too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import OutputError
from .images.kinds import PICTURE_ENDINGS
from .staging import resolve

DESCRIPTION = "bundle.json"  # of whose folder it and the weights are read


def check(
    targets: Iterable[str | Path],
    sources: Iterable[str | Path],
    filled: Iterable[str | Path] = (),
) -> None:
    """Refuse targets that would destroy what they are made from, or one another.

    Args:
        targets: all files that will be written, and all folders that will be replaced whole.
        sources: all files and folders that are read; those that don't exist are passed over.
        filled: those of the targets that are folders in which others may lie.

    Raises:
        OutputError: a target is a source, or a folder that holds one; it would be a frame in a
            folder of frames that are read; or two targets are one, or lie in each other.
    """
    asked = [(Path(target), resolve(Path(target))) for target in targets]
    read = [Path(source) for source in sources]
    for target, place in asked:
        for source in read:
            with contextlib.suppress(OSError, ValueError):
                _check_apart(target, place, source)
    _check_each_other(asked, {resolve(Path(folder)) for folder in filled})


def _check_apart(target: Path, place: Path, source: Path) -> None:
    for read in _all_of(source):
        real = _real(read)
        if place == real or (place.exists() and place.samefile(real)):
            raise OutputError(
                f"'{target}' is read as well ('{read}'); expected another file or folder, so "
                "that nothing is lost: choose another name."
            )
        if place in real.parents:
            raise OutputError(
                f"the folder '{target}' holds '{read}', which is read; expected another "
                "folder, since its files would be replaced: choose another."
            )
    in_it = place.parent == _real(source) and not (source / DESCRIPTION).exists()
    if in_it and source.is_dir() and place.suffix.lower() in PICTURE_ENDINGS:
        raise OutputError(
            f"'{target}' would lie in '{source}', whose pictures are read; expected a file "
            "elsewhere: choose another folder."
        )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # which takes links that lead in a circle as they are


def _all_of(source: Path) -> Iterator[Path]:
    """A file or folder that is read; of a folder what leads elsewhere, of a bundle its files."""
    if not source.exists():
        return
    yield source
    if (source / DESCRIPTION).exists():
        yield source / DESCRIPTION
        yield from source.glob("*.safetensors")
    elif source.is_dir():
        with os.scandir(source) as entries:
            yield from [Path(entry.path) for entry in entries if entry.is_symlink()]


def _check_each_other(asked: list[tuple[Path, Path]], filled: set[Path]) -> None:
    for number, (target, place) in enumerate(asked):
        for other, its_place in asked[:number]:
            inner, outer = (target, other) if its_place in place.parents else (other, target)
            nested = place in its_place.parents or its_place in place.parents
            if place == its_place or (nested and resolve(outer) not in filled):
                raise OutputError(
                    f"'{inner}' and '{outer}' are both written"
                    + (", one in the other" if nested else "")
                    + "; expected each in a place of its own: choose another for one of them."
                )
