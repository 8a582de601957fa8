"""`train`: the motion, the appearance, the scene network or the code LSTM of a bundle."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import torch

from ...bundles.devices import choose_device
from ...errors import TrainingError
from ...settings import (
    MotionClipSettings,
    RegularizerSettings,
    TrainAppearanceSettings,
    TrainCodesSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
    TrainSceneLoopSettings,
    TrainSceneSettings,
)
from ...training.data import data_folders, footage
from ...training.runs import (
    bundling,
    ranks,
    records,
    train_appearance,
    train_codes,
    train_motion,
    train_scene,
    training_loop,
)
from .. import endings
from ..flags import settings_from

WRITES = ("run", "bundle")
FILLS = ("run",)  # a folder in which the bundle may lie
NARROWED = ("start",)  # a bundle may be trained on in its place


def read(options: argparse.Namespace) -> Iterator[Path]:
    """What a run begins with, and what in the folders of the data leads elsewhere."""
    if options.start and not _is_one(options.start, options.bundle):
        yield options.start
    for folder in (getattr(options, name, None) for name in ("photos", "clips")):
        yield from (p for p in folder.rglob("*") if p.is_symlink()) if folder else ()


def _is_one(folder: Path, other: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(other)


def run(options: argparse.Namespace) -> int:
    """Train one part of a bundle and write it there; the other parts are kept."""
    for place in (options.bundle, options.run):
        if place.exists() and not place.is_dir():
            raise TrainingError(f"{place} is a file; expected a folder: choose another name.")
    if options.start and not (options.run / "checkpoint.pt").exists():
        training_loop.check_start(options.start)
    data = [getattr(options, name, None) for name in ("photos", "clips")]
    data_folders.check_apart(filter(None, data), (options.run, options.bundle))
    bundling.check_target(options.bundle)
    with ranks.joined(choose_device(options.device)) as device:
        _train(options, device)
        if ranks.is_first():
            sources = [getattr(options, name, None) for name in ("photos", "clips")]
            records.write(options.bundle, options.part, options.run, [s for s in sources if s])
            print(options.bundle)
    return 0


def _train(options: argparse.Namespace, device: torch.device) -> None:
    limits = {"minutes": options.minutes, "start": options.start}
    if options.part == "scene":
        labels = settings_from(options, TrainSceneSettings)
        schedule = settings_from(options, TrainSceneLoopSettings)
        networks = train_scene.train(
            options.run, labels, schedule, options.photos, device, **limits
        )
        if ranks.is_first():
            bundling.add_scene(options.bundle, networks, labels)
        return
    loop = settings_from(options, TrainingLoopSettings)
    if options.part == "motion":
        _train_motion(options, loop, device)
    elif options.part == "codes":
        light = settings_from(options, TrainCodesSettings)
        known = train_codes.load_days(options.bundle, options.clips)
        networks = train_codes.train(options.run, light, loop, known, device, **limits)
        if ranks.is_first():
            bundling.add_codes(options.bundle, networks, light)
    else:
        what = settings_from(options, TrainAppearanceSettings)
        scenes = train_appearance.load_clips(options.clips, what)
        networks = train_appearance.train(
            options.run,
            what,
            loop,
            scenes,
            device,
            photos_folder=options.photos,
            regularizer=settings_from(options, RegularizerSettings),
            **limits,
        )
        if ranks.is_first():
            bundling.add_appearance(options.bundle, networks, what, scenes, options.photos)


def _train_motion(
    options: argparse.Namespace, loop: TrainingLoopSettings, device: torch.device
) -> None:
    what = settings_from(options, TrainMotionSettings)
    bundling.check_clustering()
    film = train_motion.NO_FILM
    if options.clips:
        of_clips = settings_from(options, MotionClipSettings)
        film = footage.load(options.clips, what.size, of_clips)
    if ranks.is_first():
        endings.note(film.remarks)
    networks = train_motion.train(
        options.run,
        what,
        loop,
        options.photos,
        device,
        options.minutes,
        options.start,
        film,
        settings_from(options, RegularizerSettings),
    )
    if ranks.is_first():
        bundling.add_motion(options.bundle, networks, what, film)
