"""A live kit in a folder: its pictures as PNG, and `live.json`, which says how they are played."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..settings import OutputSettings
from ..staging import explaining
from .folder import SOFTWARE, new_folder, write_png
from .target import check_target

DOCUMENT = "live.json"


def write_kit(
    pictures: Mapping[str, NDArray[Any]],  # [H, W, 1|3|4] uint8 or uint16, by names of files
    document: Mapping[str, Any],
    target: str | Path,
    settings: OutputSettings = OutputSettings(),  # noqa: B008 - frozen
) -> tuple[Path, ...]:
    """Write a kit of `rendering.kits` into a folder; an earlier one, or frames, are replaced whole.

    Args:
        pictures: 16-bit maps, 8-bit mattes and the picture.
        document: plain data.
        target: the folder; missing parents are made.
        settings: their `force` replaces what the engine didn't write, their fps are noted.

    Returns:
        The files, `live.json` first.

    Raises:
        OutputError: the target can't be written; nothing is left behind.
    """
    check_target(target, replace(settings, format="live"))
    target = Path(target)
    told = {"software": SOFTWARE, **document, "fps": settings.fps}
    with new_folder(target) as staged, explaining(target):
        for name, pixels in pictures.items():
            write_png(staged / name, pixels)
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        (staged / DOCUMENT).write_text(text, encoding="utf-8")
    return tuple(target / name for name in (DOCUMENT, *sorted(pictures)))
