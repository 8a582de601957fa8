"""`evaluate`: measure stills and clips, as tables and files."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from ... import __version__, images
from ...animator import Animator, load_animator
from ...bundles import checkpoints
from ...bundles.devices import choose_device
from ...errors import SettingsError
from ...evaluation import (
    clip_frames,
    clip_protocol,
    clip_report,
    grading,
    perceptual_distance,
    plots,
    protocol,
    reference_masks,
)
from ...evaluation import report as figures
from ...images.clips import is_clip
from ...jobs import read_files
from ...networks.perceptual import PerceptualNetwork
from ...settings import ClipEvaluationSettings, EvaluationSettings, LoopSettings, RegionSettings
from .. import bars, endings
from ..flags import settings_from

WRITES = ("out",)
NARROWED = ("masks",)  # of the folder those of the pictures are read
NO_NETWORK = (
    "without a perceptual network, whose weights are a file of their own (see --perceptual), the "
    "perceptual distance is left out."
)


def written(options: argparse.Namespace) -> Iterator[Path]:
    """The files that are put into the folder, in which others may lie."""
    for name in _files(options) if options.out else ():
        yield options.out / name


def read(options: argparse.Namespace) -> Iterator[Path]:
    """The masks of the pictures."""
    if options.masks:
        for picture in options.pictures:
            yield from reference_masks.files(options.masks, picture)


def _files(options: argparse.Namespace) -> tuple[str, ...]:
    """The names of the files that are written for stills and clips."""
    clips = [path for path in options.pictures if is_clip(path)]
    stills = [path for path in options.pictures if path not in clips]
    graded = settings_from(options, EvaluationSettings).sheet
    of_stills = _sheet_files(stills) if graded else figures.FILES
    return (*(of_stills if stills else ()), *(clip_report.FILES if clips else ()))


def run(options: argparse.Namespace) -> int:
    """Measure stills and clips, print tables, and write what was measured where asked for."""
    settings = settings_from(options, EvaluationSettings)
    asked = settings_from(options, ClipEvaluationSettings)
    read_files.check_regions(settings_from(options, RegionSettings))
    settings_from(options, LoopSettings)  # refuse early
    clips = [path for path in options.pictures if is_clip(path)]
    stills = [path for path in options.pictures if path not in clips]
    if settings.sheet and not options.out:
        raise SettingsError("--sheet needs a folder to write to; name one by --out.")
    if options.out:
        figures.check_folder(options.out, _files(options))
    for picture in stills:  # before the first still's minute, not after
        masks = None if settings.sheet else options.masks
        image, _ = reference_masks.load_still(picture, masks, settings.width)
        reference_masks.load_thin(options.masks, picture, (image.shape[2], image.shape[3]))
    for clip in clips:
        clip_frames.load(clip, asked, settings.width)
    if clips and options.out:
        plots.check()
    device = choose_device(options.device)
    network, name = perceptual_distance.find(asked.perceptual if clips else "none", device)
    animator = load_animator(options.bundle, device)
    described: dict[str, Any] = {}
    if stills:
        measure = _grade_stills if settings.sheet else _measure_stills
        described |= measure(options, animator, stills)
    if clips:
        if stills:
            print()
        if network is None and asked.perceptual != "none":
            endings.note([NO_NETWORK])
        described |= _measure_clips(options, animator, clips, network, name)
    if options.out:
        described["files"] = [str(options.out / name) for name in _files(options)]
    endings.end(described, options.json, *([options.out] if options.out else []))
    return 0


def _measure_stills(
    options: argparse.Namespace, animator: Animator, pictures: list[Path]
) -> dict[str, Any]:
    started = time.perf_counter()
    settings, where, loop = _asked_of_stills(options)
    stills = []
    for number, picture in enumerate(pictures, start=1):
        bar = partial(_bar, f"{number}/{len(pictures)} {picture.stem}, ")
        stills.append(
            protocol.evaluate(animator, picture, options.masks, settings, loop, where, bar)
        )
    described = _describe_stills(options, animator, started, stills)
    print(figures.table(stills))
    endings.note(dict.fromkeys(note for still in stills for note in still.notes))
    if options.out:
        figures.write(stills, options.out, described)
    return described


def _grade_stills(
    options: argparse.Namespace, animator: Animator, pictures: list[Path]
) -> dict[str, Any]:
    """Lay out sheets, each written as soon as it is there."""
    started = time.perf_counter()
    settings, where, loop = _asked_of_stills(options)
    stills = []
    places = list(zip(pictures, _sheet_files(pictures)[2:], strict=True))
    for picture, name in bars.bar(iter(places), len(places), "sheets"):
        still, sheet = grading.grade(animator, picture, options.masks, settings, loop, where)
        images.save_image(sheet, options.out / name)
        stills.append(still)
    described = _describe_stills(options, animator, started, stills)
    print(figures.table(stills))
    figures.write_figures(stills, options.out, described)
    return described


def _asked_of_stills(
    options: argparse.Namespace,
) -> tuple[EvaluationSettings, RegionSettings, LoopSettings]:
    return (
        settings_from(options, EvaluationSettings),
        settings_from(options, RegionSettings),
        settings_from(options, LoopSettings),
    )


def _describe_stills(
    options: argparse.Namespace,
    animator: Animator,
    started: float,
    stills: list[protocol.Evaluation],
) -> dict[str, Any]:
    settings, where, loop = _asked_of_stills(options)
    return figures.describe(
        stills,
        **_context(options, animator, started),
        masks=str(options.masks) if options.masks else None,
        settings={"evaluation": asdict(settings), "regions": asdict(where), "loop": asdict(loop)},
    )


def _sheet_files(pictures: list[Path]) -> tuple[str, ...]:
    """The files written for stills to grade: the figures, then a sheet for each."""
    names = grading.file_names([picture.stem for picture in pictures])
    return (*figures.FILES[:2], *(f"{figures.SHEETS}/{name}" for name in names))


def _measure_clips(
    options: argparse.Namespace,
    animator: Animator,
    paths: list[Path],
    network: PerceptualNetwork | None,
    name: str,
) -> dict[str, Any]:
    started = time.perf_counter()
    settings = settings_from(options, ClipEvaluationSettings)
    where = settings_from(options, RegionSettings)
    width = settings_from(options, EvaluationSettings).width
    clips = []
    for number, path in enumerate(paths, start=1):
        bar = partial(_bar, f"{number}/{len(paths)} {path.stem}, ")
        clips.append(clip_protocol.evaluate(animator, path, settings, width, where, network, bar))
    described = clip_report.describe(
        clips,
        **_context(options, animator, started),
        perceptual=name,
        clip_settings={"clip": asdict(settings), "regions": asdict(where), "width": width},
    )
    print(clip_report.tables(clips))
    endings.note(dict.fromkeys(note for clip in clips for note in clip.notes))
    if options.out:
        clip_report.write(clips, options.out, described)
    return described


def _context(options: argparse.Namespace, animator: Animator, started: float) -> dict[str, Any]:
    return {
        "version": __version__,
        "bundle": str(options.bundle or checkpoints.DEFAULT),
        "device": str(animator.device),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _bar(place: str, items: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    return bars.bar(items, count, place + stage)
