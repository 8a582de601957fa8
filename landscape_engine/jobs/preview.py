"""Previews: a job at reduced size and length, with the look of the full one."""

from __future__ import annotations

from dataclasses import replace

from ..settings import AppearanceSettings, parse_key
from ..settings.documents import Job

LEAST_PERIOD = 2
FASTEST = 100.0  # the largest speed that the settings take


def reduce(job: Job, picture_wh: tuple[int, int], side: int, frames: int) -> Job:
    """Shrink a job to fewer, smaller frames with the same overall motion and light.

    The clip is thinned: a loop of fewer frames moves faster, so that what passes by in it stays the
    same, and is shown at fewer frames a second. Where nothing but the motion changes, one loop
    stands for the clip.

    Args:
        job: what is to be made.
        picture_wh: width and height of its picture.
        side: the longest that a side may be, pixels; a smaller picture keeps its size.
        frames: the most that are made.
    """
    period, count = job.period, job.clip.frames
    if job.appearance.kind == "off" and job.loop.kind != "none":
        count = min(count, period)
    made = min(count, frames)
    if job.loop.kind != "none" and count >= period:  # a whole number of loops stays one
        loops = max(1, round(count / period))
        made = max(1, made // loops) * loops if made >= LEAST_PERIOD * loops else made
    share = made / count
    width, height = fit_within(job.clip.size_wh or picture_wh, side)
    loop = replace(job.loop, frames=max(LEAST_PERIOD, round(period * share)))
    haste = 1 / share if job.loop.kind == "none" else period / loop.period(made)
    speed = max(-FASTEST, min(FASTEST, job.motion.speed * haste))
    return replace(
        job,
        clip=replace(job.clip, frames=made, size=f"{width}x{height}"),
        motion=replace(job.motion, speed=speed),
        loop=loop,
        appearance=_thin_keys(job.appearance, share, made),
        output=replace(job.output, format="png", fps=max(0.1, job.output.fps * share)),
    )


def fit_within(size_wh: tuple[int, int], side: int) -> tuple[int, int]:
    """Shrink a size to a longer side of `side`, keeping its aspect; never enlarge it."""
    scale = min(1.0, side / max(size_wh))
    return max(2, round(size_wh[0] * scale)), max(2, round(size_wh[1] * scale))


def _thin_keys(light: AppearanceSettings, share: float, frames: int) -> AppearanceSettings:
    """Move keys to their frames in the shorter clip; drop those without a frame."""
    keys: dict[int, str] = {}
    for frame, value in map(parse_key, light.keys):
        at = max(round(frame * share), max(keys, default=-1) + 1)
        if at < frames / light.cycles:
            keys[at] = value
    patches_at = light.patch_frame
    if patches_at is not None:
        wanted = round(patches_at * share)
        free = [n for n in range(int(frames / light.cycles)) if n not in keys]
        patches_at = min(free, key=lambda n: abs(n - wanted), default=wanted)
    cycles = min(light.cycles, frames)
    thinned = tuple(f"{at}={value}" for at, value in keys.items())
    return replace(light, keys=thinned, patch_frame=patches_at, cycles=cycles)
