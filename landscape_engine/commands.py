"""What the shell's commands do: each takes the parsed flags and gives an exit code."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from . import __version__, checkpoints, documents, images, region_files, sequence, staging
from .animator import Animator, load_animator
from .cli import settings_from
from .documents import Job
from .errors import AnnotationError, OutputError, SettingsError
from .fitting.annotations import read_arrows, read_patches
from .ops import warping
from .ops.motion_fields import MotionField
from .rendering import Stopwatch
from .settings import (
    ClipSettings,
    EvaluationSettings,
    LoopSettings,
    OutputSettings,
    RegionSettings,
    TrainAppearanceSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
    TrainSceneSettings,
)

MOST_ROWS = 256  # of a contact sheet
EXAMPLE = Path(__file__).parent / "data" / "example.jpg"


def animate(options: argparse.Namespace) -> int:
    """Animate one picture."""
    _animate(options, options.picture, options.out)
    return 0


def demo(options: argparse.Namespace) -> int:
    """Animate the picture that ships, and say where the video and its poster are."""
    output = settings_from(options, OutputSettings)
    kind = output.format or "mp4"
    video = options.out / (f"landscape.{kind}" if kind in ("mp4", "webm", "gif") else "frames")
    poster = options.out / "poster.jpg"
    _animate(options, EXAMPLE, video, poster)
    return 0


def codebook(options: argparse.Namespace) -> int:
    """Draw the contact sheets of Figures 14 and 15."""
    from .contact_sheet import draw_codebook

    _check_file(options.out, ".png")
    if not 1 <= options.rows <= MOST_ROWS:
        raise SettingsError(f"--rows is {options.rows}; expected 1 to {MOST_ROWS}.")
    image = images.load_image(options.picture)
    animator = load_animator(options.bundle, options.device)
    images.save_image(draw_codebook(animator, image, options.rows, _progress), options.out)
    print(options.out)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Measure stills, print the table, and write what was measured where that was asked for."""
    from .evaluation import protocol, report

    started = time.perf_counter()
    settings = settings_from(options, EvaluationSettings)
    where = settings_from(options, RegionSettings)
    loop = settings_from(options, LoopSettings)
    if options.out:
        report.check_folder(options.out)
    for picture in options.pictures:  # before the first still's minute, not after
        protocol.load_still(picture, options.masks, settings.width)
    animator = load_animator(options.bundle, options.device)
    stills = []
    for number, picture in enumerate(options.pictures, start=1):
        place = f"{number}/{len(options.pictures)} {picture.stem}, "

        def progress(
            items: Iterator[Any], count: int, stage: str, place: str = place
        ) -> Iterator[Any]:
            return _progress(items, count, place + stage)

        stills.append(
            protocol.evaluate(animator, picture, options.masks, settings, loop, where, progress)
        )
    described = report.describe(
        stills,
        version=__version__,
        bundle=str(options.bundle or checkpoints.DEFAULT),
        device=str(animator.device),
        masks=str(options.masks) if options.masks else None,
        settings={"evaluation": asdict(settings), "regions": asdict(where), "loop": asdict(loop)},
        seconds=round(time.perf_counter() - started, 1),
    )
    print(report.table(stills))
    for note in dict.fromkeys(note for still in stills for note in still.notes):
        print(f"landscape-engine: {note}", file=sys.stderr)
    if options.out:
        report.write(stills, options.out, described)
        described["files"] = [str(options.out / name) for name in report.FILES]
    if options.json:
        print(json.dumps(described))
    elif options.out:
        print(options.out)
    return 0


def fit(options: argparse.Namespace) -> int:
    """Fit a motion code to arrows or an appearance code to patches, and write it."""
    arrows, patches = read_arrows(options.arrow), read_patches(options.patch)
    if bool(arrows) == bool(patches):
        raise AnnotationError(
            f"fit was given {len(arrows)} arrows and {len(patches)} patches; expected one kind: "
            "--arrow for a motion code or --patch for an appearance code."
        )
    _check_file(options.out, ".json")
    started = time.perf_counter()
    image = images.load_image(options.picture)
    animator = load_animator(options.bundle, options.device)
    kind = "motion" if arrows else "appearance"
    start = options.start and animator.read_code(options.start, kind)
    if arrows:
        fits: Iterator[Any] = animator.fit_motion_code(image, arrows, start)
    else:
        fits = animator.fit_appearance_code(image, patches, start)
    best = _last_with_progress(fits)
    with staging.explaining(options.out), staging.new_file(options.out) as staged:
        staged.write_text(json.dumps(best.code[0].tolist()) + "\n", encoding="utf-8")
    if best.note:
        print(f"landscape-engine: {best.note}", file=sys.stderr)
    if options.json:
        errors = (
            {"errors_deg": list(best.errors_deg)}
            if arrows
            else {"errors_levels": list(best.errors_levels)}
        )
        report = {
            "kind": kind,
            "code": best.code[0].tolist(),
            "loss": best.loss,
            **errors,
            "note": best.note,
            "path": str(options.out),
            "seconds": round(time.perf_counter() - started, 3),
            "version": __version__,
        }
        print(json.dumps(report))
    else:
        print(options.out)
    return 0


def import_authors(options: argparse.Namespace) -> int:
    """Turn the authors' files into a bundle."""
    from .authors import import_authors as read

    checkpoints.save(read(options.folder), options.out, torch.float32)
    print(
        f"{options.out}: the authors' weights are CC BY-NC-SA 4.0; so is what you make with them, "
        "not for commercial use."
    )
    return 0


def train(options: argparse.Namespace) -> int:
    """Train one half of a bundle and write it there; the other half is kept."""
    from .devices import choose_device
    from .training import bundling, train_appearance, train_motion, train_scene

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
    else:
        kind = settings_from(options, TrainAppearanceSettings)
        scenes = train_appearance.load_clips(options.clips, kind)
        networks = train_appearance.train(options.run, kind, loop, scenes, device, **limits)
        bundling.add_appearance(options.bundle, networks, kind, scenes)
    print(options.bundle)
    return 0


# ------------------------------------------------------------------------------


def _animate(
    options: argparse.Namespace, picture: Path, out: Path, poster: Path | None = None
) -> None:
    started = time.perf_counter()
    groups = {name: settings_from(options, kind) for name, kind in documents.GROUPS.items()}
    job = Job(picture, out, **groups)
    read_arrows(job.motion.arrows)  # what is malformed is refused before anything is loaded
    read_patches(job.appearance.patches)
    sequence.check_target(out, job.output)
    if options.save_motion:
        _check_file(options.save_motion, ".npy")

    watch = Stopwatch()
    with watch.stage("read"):
        image = images.load_image(picture)
        height, width = image.shape[2:]
        if job.clip.size_wh:
            image = images.resize(image, *job.clip.size_wh)
    with watch.stage("load"):
        animator = load_animator(options.bundle, options.device)
    notes = _notes(job.clip, job.loop, (width, height))
    notes += region_files.notes(job.regions, (height, width))
    with watch.stage("predict"):
        code = animator.motion_code(job.motion, job.clip.seed, image)
        codes = None
        if job.appearance.kind != "off":
            codes = animator.appearance_cycle(image, job.appearance, job.clip)
        regions = None
        if job.motion.kind == "steady":
            regions = animator.find_regions(image, job.regions)
        motion = animator.predict_motion(image, job.motion, code, job.clip.seed, regions)

    frames = animator.render(image, motion, job.appearance, job.loop, job.clip, watch, codes)
    frames = _progress(frames, job.clip.frames, "frames")
    if poster:
        frames = _keep_poster(frames, poster)
    written = sequence.write_sequence(frames, out, job.output, count=job.clip.frames)
    if options.save_motion:
        _save_motion(motion, image, options.save_motion)
    watch.seconds["total"] = time.perf_counter() - started
    for note in (*notes, *written.notes):
        print(f"landscape-engine: {note}", file=sys.stderr)
    if options.json:
        report = _report(animator, job, options, written, watch)
        report["codes"] = {
            "motion": code[0].tolist(),
            "appearance": None if codes is None else codes.codes.tolist(),
        }
        closes = job.loop.kind != "none"
        report["loop_frames"] = job.loop.period(job.clip.frames) if closes else None
        print(json.dumps(report))
    else:
        print(out)
        if poster:
            print(poster)


def _notes(
    clip: ClipSettings,
    loop: LoopSettings,
    picture_wh: tuple[int, int],
) -> list[str]:
    """What the person should know about the result, a sentence each."""
    notes = []
    period = loop.period(clip.frames)
    if loop.kind != "none" and clip.frames % period and clip.frames > 1:
        notes.append(
            f"{clip.frames} frames are no whole number of loops of {period}: the clip's end won't "
            f"meet its start (use --frames {max(1, round(clip.frames / period)) * period})."
        )
    if clip.size_wh:
        asked, own = clip.size_wh[0] / clip.size_wh[1], picture_wh[0] / picture_wh[1]
        if abs(asked / own - 1) > 0.01:
            notes.append(
                f"the picture ({picture_wh[0]}x{picture_wh[1]}) was stretched to {clip.size}."
            )
    return notes


def _report(
    animator: Animator,
    job: Job,
    options: argparse.Namespace,
    written: sequence.WrittenSequence,
    watch: Stopwatch,
) -> dict[str, Any]:
    """What was done, and under "settings" enough to do it again (with `animate --job`)."""
    document = documents.write(job)
    document["output"]["format"] = written.format
    return {
        "frames": written.frames,
        "paths": [str(p) for p in written.paths],
        "width": written.width,
        "height": written.height,
        "seconds": {stage: round(s, 3) for stage, s in watch.seconds.items()},
        "settings": {name: document[name] for name in documents.GROUPS},
        "job": document,
        "picture": str(job.picture),
        "device": str(animator.device),
        "bundle": str(options.bundle or checkpoints.DEFAULT),
        "version": __version__,
        "save_motion": str(options.save_motion) if options.save_motion else None,
    }


def _progress(frames: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """A bar with stage and time left on a terminal, quiet elsewhere."""
    return iter(tqdm(frames, total=count, desc=stage, unit="frame", disable=None, leave=False))


def _last_with_progress(fits: Iterator[Any]) -> Any:
    """The last of some fits, with a bar on a terminal."""
    with tqdm(desc="fit", unit="step", disable=None, leave=False) as bar:
        for best in fits:
            bar.total, bar.n = best.of, best.step
            bar.refresh()
    return best


def _keep_poster(frames: Iterator[Tensor], poster: Path) -> Iterator[Tensor]:
    """Pass frames on; the first is saved as the poster once all are through."""
    first = None
    for frame in frames:
        if first is None:
            first = frame[:, :3].cpu().clone()
        yield frame
    if first is not None:
        images.save_image(first, poster)


def _save_motion(motion: MotionField, image: Tensor, path: Path) -> None:
    height, width = image.shape[2:]
    field = warping.enlarge(motion.step, height, width)
    pixels = (field * warping.pixels_per_unit(height, width, field.device))[0].float().cpu()
    with staging.explaining(path), staging.new_file(path) as staged, staged.open("wb") as file:
        # to a real file numpy writes past Python, and then doesn't say that the disk is full
        np.save(SimpleNamespace(write=file.write), pixels.numpy())


def _check_file(path: Path, ending: str) -> None:
    if path.suffix.lower() != ending:
        raise OutputError(f"'{path}' has the ending '{path.suffix}'; expected {ending}: rename it.")
    staging.check_file(path)
