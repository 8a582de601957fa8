"""Live: a job whose result is a kit that a shader plays, in place of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

from .. import sequence
from ..animator import Animator
from ..errors import SettingsError
from ..landscape import Landscape
from ..light import highlights, windows
from ..light.cycles import LightCycle
from ..motion.fields import MotionField
from ..sequence import Kit, WrittenSequence
from ..settings import LoopSettings
from ..settings.documents import Job
from ..settings.sentences import say
from .progress import Progress


def is_asked(job: Job) -> bool:
    """Whether a job's format is a kit."""
    return job.output.format == "live"


def check(job: Job) -> None:
    """Refuse what no kit can play.

    Raises:
        SettingsError: the motion has another flow in each frame, or the loop is no two-phase one.
    """
    if job.motion.kind != "steady":
        raise SettingsError(
            say(
                f"<motion.kind> is {job.motion.kind}, with another flow in each frame; expected "
                "steady where <output.format> is live: choose it, or another format."
            )
        )
    if job.loop.kind != "two-phase":
        raise SettingsError(
            say(
                f"<loop.kind> is {job.loop.kind}; expected two-phase where <output.format> is "
                "live, which plays no other: choose it, or another format."
            )
        )


def write(
    job: Job,
    animator: Animator,
    landscape: Landscape,
    motion: MotionField,
    light: LightCycle | None,
    progress: Progress,
    beside: Callable[[], object],
) -> WrittenSequence:
    """Make a job's kit, and write it, with `beside` before it takes its place."""

    def made() -> Iterator[Kit]:
        yield animator.kit(landscape, motion, light, job.loop, job.clip)

    (kit,) = progress(made(), 1, "maps")
    paths = sequence.write_kit(kit, job.path("out"), job.output, beside)
    height, width = landscape.image.shape[2:]
    told = tuple(_notes(job, landscape, motion, light))
    return WrittenSequence(paths, job.clip.frames, width, height, "live", told)


def _notes(
    job: Job, landscape: Landscape, motion: MotionField, light: LightCycle | None
) -> Iterator[str]:
    """Where what is played differs from the frames that the job would have."""
    image, usual = landscape.image, {f.name: f.default for f in fields(LoopSettings)}
    for name in ("blend", "sampling"):
        value = getattr(job.loop, name)
        if value != usual[name] and value not in ("plain", "bilinear"):
            yield say(f"<loop.{name}> has no effect: a live kit is blended plainly, bilinearly.")
    if any(part.ripple or part.region.guide.ripple or part.region.guide.sway
           for part in motion.parts):  # fmt: skip
        yield "a live kit has no ripples and no sway."
    if any(part.mirror is not None for part in motion.parts):
        yield "in a live kit water that mirrors its shore stands still."
    if light and light.stars:
        yield say("a live kit has no stars: <appearance.stars> has no effect.")
    buildings = landscape.buildings if light and light.windows else None
    if buildings is not None and bool(windows.walls(buildings).any()):
        yield "in a live kit no windows are lit."
    if image.shape[1] > 3 and bool((image[:, 3:] < 1).any()):
        yield "in a live kit the picture's alpha stays where it is."
    if highlights.has_any(image):
        yield "a live kit ends at white: light above it is cut off."
