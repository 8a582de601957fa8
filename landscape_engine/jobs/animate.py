"""Animate: render one job's frames, with a report from which the job can be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import __version__, cpus, images, overwriting, sequence, staging
from ..animator import Animator, load_animator
from ..bundles import checkpoints
from ..fitting.annotations import read_arrows, read_patches
from ..landscape import Landscape
from ..light import cycles
from ..light.cycles import LightCycle
from ..loops import crossfade, travel
from ..motion import codes, movement
from ..motion.codes import Chosen
from ..motion.fields import MotionField
from ..ops import warping
from ..rendering.stopwatch import Stopwatch
from ..scene import region_files
from ..settings import DeviceName, documents, unused, wrapped
from ..settings.documents import Job
from ..settings.sentences import say
from . import live, read_files
from .progress import Progress, silent

SizeHW = tuple[int, int]  # height and width, pixels


def animate(
    job: Job,
    *,
    bundle: Path | None = None,
    device: DeviceName = "auto",
    animator: Animator | None = None,
    save_motion: Path | None = None,
    poster: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Do a job: load a bundle, read the picture, predict, render, write; prints nothing.

    Args:
        job: the picture, where its frames go, and all settings.
        bundle: folder of the weights; None for the ones that ship.
        device: where to compute.
        animator: one that is loaded, in place of a bundle and a device.
        save_motion: .npy for the field of one frame step, in pixels of the output.
        poster: file for the first frame.
        progress: wraps the frames, with their number and the stage's name, "frames"; what it
            raises ends the job, and nothing partial is left.

    Returns:
        What was done, as plain data: frames, paths, seconds of each stage, settings, the job that
        repeats it, the codes used, and under "notes" what the person should know.

    Raises:
        LandscapeError: the job can't be done; what is malformed is refused before anything loads.
    """
    watch = Stopwatch()
    with watch.stage("total"):
        check(job, save_motion, poster, bundle)
        with watch.stage("read"):
            stored = {"upright": job.clip.upright, "profile": job.clip.profile}
            image = images.load_image(job.path("picture"), **stored)
        with watch.stage("load"):
            animator = animator or load_animator(bundle, device)
    landscape, own_hw = animator.look_at(image, job.clip.wrap), (image.shape[2], image.shape[3])
    if job.clip.size_wh:
        landscape = landscape.at(*job.clip.size_wh)
    del image
    return render(
        job, animator, landscape, own_hw,
        save_motion=save_motion, poster=poster, progress=progress, watch=watch,
    )  # fmt: skip


def check(
    job: Job,
    save_motion: Path | None = None,
    poster: Path | None = None,
    bundle: Path | None = None,
) -> None:
    """Refuse a job that is malformed, can't be written, or would overwrite what it reads.

    The arguments are those of `animate`.

    Raises:
        LandscapeError: it is, or would.
    """
    job.path("picture")
    out = job.path("out")
    read_arrows(job.motion.arrows)
    read_patches(job.appearance.patches)
    if job.clip.wrap:
        wrapped.check_motion(job.motion)
        wrapped.check_regions(job.regions)
        wrapped.check_light(job.appearance)
        wrapped.check_output(job.output)
    if live.is_asked(job):
        live.check(job)
    sequence.check_target(out, job.output)
    if save_motion:
        staging.check_file(save_motion, ".npy")
    read_files.check_regions(job.regions)
    targets = [target for target in (out, save_motion, poster) if target]
    overwriting.check(targets, read_files.of_job(job, bundle))


def render(
    job: Job,
    animator: Animator,
    landscape: Landscape,
    own_hw: SizeHW,
    *,
    save_motion: Path | None = None,
    poster: Path | None = None,
    progress: Progress = silent,
    watch: Stopwatch | None = None,
) -> dict[str, Any]:
    """Do a checked job with a loaded bundle; otherwise as `animate`.

    Args:
        job: all settings.
        animator: what predicts.
        landscape: the job's picture at the size of the output.
        own_hw: height and width of the picture's file.
        save_motion: see `animate`.
        poster: see `animate`.
        progress: see `animate`.
        watch: has the seconds of what was done before.
    """
    watch = watch or Stopwatch()
    with watch.stage("total"):
        picture = job.path("picture")
        notes = images.notes(picture) + _notes(job, own_hw)
        notes += region_files.notes(job.regions, own_hw)
        notes += cycles.notes(animator.bundle, job.appearance)
        notes += unused.notes(job.motion, job.regions, job.loop, job.appearance)
        with watch.stage("predict"):
            foreseen = _predict(animator, landscape, job)
        notes += foreseen.notes + travel.notes(foreseen.motion) + _unmoved(foreseen.motion, job)
        notes += _starless(landscape, foreseen.light)
        write = _write_kit if live.is_asked(job) else _write_frames
        written = write(
            job, animator, landscape, foreseen,
            save_motion=save_motion, poster=poster, progress=progress, watch=watch,
        )  # fmt: skip
    return {
        **_describe(job, written, foreseen, watch),
        "device": str(animator.device),
        "bundle": str(animator.bundle.folder or checkpoints.DEFAULT),
        "version": __version__,
        "save_motion": str(save_motion) if save_motion else None,
        "notes": [*notes, *written.notes],
    }


class _Foreseen(NamedTuple):
    """The networks' predictions for a picture, before its first frame is rendered."""

    chosen: Chosen  # of the motion
    light: LightCycle | None
    motion: MotionField
    notes: list[str]


def _predict(animator: Animator, landscape: Landscape, job: Job) -> _Foreseen:
    seed, regions, asked = job.clip.seed, None, job.motion
    notes: list[str] = []
    if asked.kind == "steady":
        _ = landscape.seen  # which both of what follows ask for
    # neither knows of the other, and each leaves a core idle for much of its time
    with ThreadPoolExecutor(1, "light") as beside:
        lit = beside.submit(animator.light, landscape, job.appearance, job.clip)
        if animator.device.type != "cpu" or cpus.available() == 1:
            wait([lit])
        if asked.kind == "steady":
            regions = landscape.regions(job.regions)
            asked, notes = movement.followed(asked, regions, job.regions)
        chosen = codes.chosen(landscape, asked, seed, regions)
        motion = animator.move(landscape, asked, chosen, seed, regions)
        with torch.inference_mode():
            motion = travel.fit(motion, job.loop, job.period)
        return _Foreseen(chosen, lit.result(), motion, notes)


def _write_frames(
    job: Job,
    animator: Animator,
    landscape: Landscape,
    foreseen: _Foreseen,
    *,
    save_motion: Path | None,
    poster: Path | None,
    progress: Progress,
    watch: Stopwatch,
) -> sequence.WrittenSequence:
    motion = _followed(foreseen.motion, job, progress)
    frames = animator.render(landscape, motion, foreseen.light, job.loop, job.clip, watch)
    frames = progress(frames, job.clip.frames, "frames")
    if poster:
        frames = _keep_poster(frames, poster)
    if save_motion:
        frames = _keep_motion(frames, foreseen.motion, landscape, save_motion)
    space = images.color_space(job.path("picture"))
    return sequence.write_sequence(
        frames, job.path("out"), job.output, count=job.clip.frames, color_space=space
    )


def _write_kit(
    job: Job,
    animator: Animator,
    landscape: Landscape,
    foreseen: _Foreseen,
    *,
    save_motion: Path | None,
    poster: Path | None,
    progress: Progress,
    watch: Stopwatch,
) -> sequence.WrittenSequence:
    """Write a kit, whose poster is the picture."""

    def beside() -> None:
        if save_motion:
            _save_motion(foreseen.motion, landscape, save_motion)
        if poster:
            images.save_image(landscape.image[:, :3], poster)

    motion, light = foreseen.motion, foreseen.light
    with watch.stage("render"):
        return live.write(job, animator, landscape, motion, light, progress, beside)


def _followed(motion: MotionField, job: Job, progress: Progress) -> MotionField:
    """A motion that reports its steps, where a loop needs them all before its first frame."""
    if motion.steady or job.loop.kind == "none":
        return motion
    count = job.period
    if job.loop.kind == "crossfade":
        count = crossfade.steps(count, job.loop.start)

    def accumulated() -> Iterator[Tensor]:
        return progress(islice(motion.accumulated(), count), count, "motion")

    return replace(motion, accumulated=accumulated)


def _notes(job: Job, picture_hw: SizeHW) -> list[str]:
    """Notes about the result for the person who asked, a sentence each."""
    notes: list[str] = []
    clip, period = job.clip, job.period
    asked = job.loop.period(clip.frames)
    if job.loop.kind != "none" and period < asked:
        notes.append(
            say(
                f"the loop of {asked} frames closes within {period}: recurrent motion is predicted "
                f"frame by frame, and no further than the clip shows (use <clip.frames> {asked} "
                "to see all of it)."
            )
        )
    if job.loop.kind != "none" and clip.frames % period and clip.frames > 1:
        notes.append(
            say(
                f"{clip.frames} frames are no whole number of loops of {period}: the clip's end "
                "won't meet its start (use <clip.frames> "
                f"{max(1, round(clip.frames / period)) * period})."
            )
        )
    if clip.size_wh:
        height, width = picture_hw
        if abs(clip.size_wh[0] / clip.size_wh[1] * height / width - 1) > 0.01:
            notes.append(f"the picture ({width}x{height}) was stretched to {clip.size}.")
    return notes


PLAIN_SKY = (
    "the picture's sky shows no forms that could move, so it stays; choose a code with "
    "<motion.code 0.5> or draw an arrow to move it all the same."
)


def _unmoved(motion: MotionField, job: Job) -> list[str]:
    """A note for a picture in which nothing was found that moves."""
    segmented = job.regions.clean and job.motion.kind == "steady"
    if not segmented or bool(motion.step.any()):
        return []
    if motion.parts:
        plain = all(part.region.kind == "sky" and part.slowed == 1 for part in motion.parts)
        return [say(PLAIN_SKY)] if plain and job.motion.speed and not job.motion.arrows else []
    return [
        say(
            "the picture shows neither sky nor water, so nothing moves; name what moves with "
            "<regions.moving_mask> or <regions.region>, or move all of it with <regions.clean off>."
        )
    ]


def _starless(landscape: Landscape, light: LightCycle | None) -> list[str]:
    """A note where stars are asked for and none can come out."""
    if light is None or not light.stars:
        return []
    if landscape.starry:
        return [say("the sky of the picture is full of stars: <appearance.stars> adds none.")]
    if landscape.skies:
        return []
    return [say("the picture shows no sky, so <appearance.stars> has no effect.")]


def _describe(
    job: Job, written: sequence.WrittenSequence, foreseen: _Foreseen, watch: Stopwatch
) -> dict[str, Any]:
    """The report, with the document under "job" that repeats it (`animate --job`)."""
    here = staging.working_folder() or Path()
    document = documents.write(documents.placed(job, here))  # wherever it is saved
    document["output"]["format"] = written.format
    light = foreseen.light and foreseen.light.codes.codes.tolist()
    water = None if foreseen.chosen.water is None else foreseen.chosen.water[0].tolist()
    return {
        "frames": written.frames,
        "paths": [str(p) for p in written.paths],
        "width": written.width,
        "height": written.height,
        "seconds": {stage: round(s, 3) for stage, s in watch.seconds.items()},
        "settings": {name: document[name] for name in documents.GROUPS},
        "job": document,
        "picture": str(job.picture),
        "codes": {
            "motion": foreseen.chosen.code[0].tolist(),
            "water": water,
            "appearance": light,
        },
        "loop_frames": None if job.loop.kind == "none" else job.period,
    }


def _keep_poster(frames: Iterator[Tensor], poster: Path) -> Iterator[Tensor]:
    """Pass frames on; the first is saved as the poster once all are through."""
    first = None
    for frame in frames:
        if first is None:
            first = frame[:, :3].cpu().clone()
        yield frame
    if first is not None:
        images.save_image(first, poster)


def _keep_motion(
    frames: Iterator[Tensor], motion: MotionField, landscape: Landscape, path: Path
) -> Iterator[Tensor]:
    """Pass frames on; the motion is saved once all are through, before they take their place."""
    yield from frames
    _save_motion(motion, landscape, path)


def _save_motion(motion: MotionField, landscape: Landscape, path: Path) -> None:
    height, width = landscape.image.shape[2:]
    field = warping.enlarge(motion.step, height, width)
    field = field * warping.pixels_per_unit(height, width, field.device)
    pixels = (landscape.wrap.close(field) if landscape.wrap else field)[0].float().cpu()
    with staging.explaining(path), staging.new_file(path) as staged, staged.open("wb") as file:
        # to a real file numpy writes past Python, and then doesn't say that the disk is full
        np.save(SimpleNamespace(write=file.write), pixels.numpy())
