"""A live kit in a folder: its pictures as PNG, and `live.json`, which says how they are played."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..settings import OutputSettings
from ..staging import explaining
from .folder import SOFTWARE, new_folder, write_png
from .target import check_target

DOCUMENT = "live.json"


@dataclass
class Kit:
    """Pictures and numbers from which a shader plays a loop; from `Animator.kit`.

    Attributes:
        document: what `live.json` holds, as plain data (`rendering.kits` says what it means).
        images: uint8 or uint16 [H, W, 1, 3 or 4], R G B(A), by the names of their files.
    """

    document: dict[str, Any]
    images: dict[str, NDArray[Any]] = field(default_factory=dict)


def write_kit(
    kit: Kit,
    target: str | Path,
    settings: OutputSettings = OutputSettings(),  # noqa: B008 - frozen
    beside: Callable[[], object] | None = None,
) -> tuple[Path, ...]:
    """Write a kit into a folder; an earlier one, or frames of the engine's, are replaced whole.

    Args:
        kit: the kit.
        target: the folder; missing parents are made.
        settings: their `force` replaces frames that the engine didn't write, their fps are noted.
        beside: writes what belongs to the kit, once that is whole and before it takes its place.

    Returns:
        The files, `live.json` first.

    Raises:
        OutputError: the target can't be written; nothing is left behind.
    """
    check_target(target, replace(settings, format="live"))
    target = Path(target)
    told = {"software": SOFTWARE, **kit.document, "fps": settings.fps}
    with new_folder(target) as staged:
        with explaining(target):
            for name, pixels in kit.images.items():
                write_png(staged / name, pixels)
            text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
            (staged / DOCUMENT).write_text(text, encoding="utf-8")
        if beside:
            beside()
    return tuple(target / name for name in (DOCUMENT, *sorted(kit.images)))
