"""Data folders: what a training run reads lies in one, and nothing that it writes does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...errors import TrainingError


def check(folder: Path, holds: str) -> None:
    """Refuse what is no folder.

    Args:
        folder: what was named as one.
        holds: what is expected in it, in a word or two.

    Raises:
        TrainingError: it is a file, or isn't there.
    """
    if folder.is_dir():
        return
    if folder.exists():
        raise TrainingError(
            f"{folder} is a file; expected a folder with {holds}: name the folder that it lies in."
        )
    raise TrainingError(
        f"{folder} doesn't exist; expected a folder with {holds}: check the spelling."
    )


def check_apart(data: Iterable[Path], written: Iterable[Path]) -> None:
    """Refuse a run or a bundle in a folder of data: its pictures would be learned from, too.

    Raises:
        TrainingError: one would lie in such a folder, or be it.
    """
    folders = [(folder, Path(os.path.realpath(folder))) for folder in data]
    for place in written:
        real = Path(os.path.realpath(place))
        for folder, its in folders:
            if its in (real, *real.parents):
                raise TrainingError(
                    f"{place} lies in {folder}, which is learned from; expected a folder "
                    "elsewhere: choose another."
                )
