"""`evaluate`: stills measured, as a table and as files."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from .. import __version__, checkpoints
from ..animator import load_animator
from ..cli import settings_from
from ..evaluation import protocol
from ..evaluation import report as figures
from ..settings import EvaluationSettings, LoopSettings, RegionSettings
from . import progress, report


def run(options: argparse.Namespace) -> int:
    """Measure stills, print the table, and write what was measured where that was asked for."""
    started = time.perf_counter()
    settings = settings_from(options, EvaluationSettings)
    where = settings_from(options, RegionSettings)
    loop = settings_from(options, LoopSettings)
    if options.out:
        figures.check_folder(options.out)
    for picture in options.pictures:  # before the first still's minute, not after
        protocol.load_still(picture, options.masks, settings.width)
    animator = load_animator(options.bundle, options.device)
    stills = []
    for number, picture in enumerate(options.pictures, start=1):
        bar = partial(_bar, f"{number}/{len(options.pictures)} {picture.stem}, ")
        stills.append(
            protocol.evaluate(animator, picture, options.masks, settings, loop, where, bar)
        )
    described = figures.describe(
        stills,
        version=__version__,
        bundle=str(options.bundle or checkpoints.DEFAULT),
        device=str(animator.device),
        masks=str(options.masks) if options.masks else None,
        settings={"evaluation": asdict(settings), "regions": asdict(where), "loop": asdict(loop)},
        seconds=round(time.perf_counter() - started, 1),
    )
    print(figures.table(stills))
    report.note(dict.fromkeys(note for still in stills for note in still.notes))
    if options.out:
        figures.write(stills, options.out, described)
        described["files"] = [str(options.out / name) for name in figures.FILES]
    report.end(described, options.json, *([options.out] if options.out else []))
    return 0


def _bar(place: str, items: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    return progress.bar(items, count, place + stage)
