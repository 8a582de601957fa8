"""`train`: the motion, the appearance, the scene network or the code LSTM of a bundle."""

from __future__ import annotations

import argparse

from ..cli import settings_from
from ..devices import choose_device
from ..settings import (
    TrainAppearanceSettings,
    TrainCodesSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
    TrainSceneSettings,
)
from ..training import bundling, train_appearance, train_codes, train_motion, train_scene


def run(options: argparse.Namespace) -> int:
    """Train one part of a bundle and write it there; the other parts are kept."""
    loop = settings_from(options, TrainingLoopSettings)
    device = choose_device(options.device)
    limits = {"minutes": options.minutes, "start": options.start}
    if options.part == "motion":
        what = settings_from(options, TrainMotionSettings)
        networks = train_motion.train(options.run, what, loop, options.photos, device, **limits)
        bundling.add_motion(options.bundle, networks, what)
    elif options.part == "scene":
        labels = settings_from(options, TrainSceneSettings)
        networks = train_scene.train(options.run, labels, loop, options.photos, device, **limits)
        bundling.add_scene(options.bundle, networks, labels)
    elif options.part == "codes":
        light = settings_from(options, TrainCodesSettings)
        known = train_codes.load_days(options.bundle, options.clips)
        networks = train_codes.train(options.run, light, loop, known, device, **limits)
        bundling.add_codes(options.bundle, networks, light)
    else:
        kind = settings_from(options, TrainAppearanceSettings)
        scenes = train_appearance.load_clips(options.clips, kind)
        networks = train_appearance.train(options.run, kind, loop, scenes, device, **limits)
        bundling.add_appearance(options.bundle, networks, kind, scenes)
    print(options.bundle)
    return 0
