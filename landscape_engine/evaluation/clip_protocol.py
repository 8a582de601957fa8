"""Clip protocol: a clip's frames predicted from its first one, compared with those filmed.

After section 6.2 of the paper: some codes drawn from the codebook; RMSE and perceptual distance of
each predicted frame from the filmed one; mean, minimum and maximum over the codes. Beside them
stands "still", the first frame held: a prediction that nothing moves. Two more see the future and
say what the codes could do, not what they do by chance: "best", the code of the codebook that comes
nearest to the clip, and "encoded", the code of the clip's own motion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..animator import Animator
from ..bundles.codebook import CodeCycle
from ..errors import PictureError
from ..jobs.progress import Progress, silent
from ..light import cycles
from ..motion import codes, reference_clips
from ..motion.fields import MotionField, steady_motion
from ..networks.perceptual import PerceptualNetwork
from ..settings import (
    AppearanceSettings,
    ClipEvaluationSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
)
from . import clip_frames, clip_light, metrics, perceptual_distance, samplings
from .clip_frames import ClipFrames

AT = 10  # the frame whose figures the table shows, and by which the best code is chosen
FASTER = 20.0  # times, or as many times slower, is the most by which a speed is matched
MEASURES = ("rmse", "perceptual")
CURVES = ("still", "mean", "min", "max", "best", "encoded")

Values = list[float | None]  # of frames 1, 2, ...; None where there is no such frame to compare


@dataclass
class ClipEvaluation:
    """One clip's curves and figures, and its pictures for the sheet."""

    frames: ClipFrames
    codes: list[float]  # positions drawn from the codebook
    best: float | None = None  # position of the code nearest to the clip
    curves: dict[str, dict[str, Values]] = field(default_factory=dict)  # measure → curve → values
    each: list[dict[str, Values]] = field(default_factory=list)  # measure → values, of each code
    light: clip_light.LightFound | None = None
    shown: dict[str, Tensor] = field(default_factory=dict)  # predictions of the frame shown
    shown_at: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The clip's."""
        return self.frames.name


def rmse(
    predicted: Tensor,  # [1, 3, H, W] in [-1, 1]
    filmed: Tensor,  # [1, 3, H, W]
) -> float:
    """`√mean (P - G)²` over all pixels and channels, values taken in 0..1."""
    return float((predicted - filmed).square().mean().sqrt()) / 2


@torch.inference_mode()
def evaluate(
    animator: Animator,
    path: Path,
    settings: ClipEvaluationSettings | None = None,
    width: int = 480,
    where: RegionSettings | None = None,
    network: PerceptualNetwork | None = None,
    progress: Progress = silent,
) -> ClipEvaluation:
    """Evaluate one clip.

    Args:
        animator: the bundle to evaluate.
        path: the clip: a video, or a folder of frames.
        settings: which frames, codes and route.
        width: of the frames compared, pixels; smaller ones keep their own.
        where: what may move, which is asked once for each clip, of its first frame.
        network: of the perceptual distance, which is left out without one.
        progress: wraps each stage's items, with their number and the stage's name.

    Raises:
        PictureError: the clip can't be read, or has too few frames.
        RegionError: what the settings say of regions can't be used for its first frame.
    """
    settings = settings or ClipEvaluationSettings()
    frames = clip_frames.load(path, settings, width)
    trial = _Trial(animator, frames, settings, where, network)
    found = ClipEvaluation(frames, trial.draw(), notes=list(frames.notes))
    if settings.search:
        tries = trial.evenly(settings.search)
        found.best = trial.nearest(progress(iter(tries), len(tries), "codes"))
    sources = {f"code {p:.3f}": trial.code_at(p) for p in found.codes}
    if found.best is not None:
        sources["best"] = trial.code_at(found.best)
    try:
        sources["encoded"] = codes.encode(animator.bundle, [frames.first, *trial.filmed()])
    except PictureError as error:
        found.notes.append(f"'{path.name}' has no motion of its own to encode: {error}")
    steps = progress(iter(range(1, len(frames.following) + 1)), len(frames.following), "frames")
    measured, found.shown, found.shown_at = trial.follow(sources, steps)
    found.each = [measured[f"code {p:.3f}"] for p in found.codes]
    for measure in MEASURES:
        drawn = [one[measure] for one in found.each]
        found.curves[measure] = {
            "still": measured["still"][measure],
            "mean": _over(drawn, lambda values: sum(values) / len(values)),
            "min": _over(drawn, min),
            "max": _over(drawn, max),
            **{name: measured[name][measure] for name in ("best", "encoded") if name in measured},
        }
    if settings.lights and animator.bundle.appearance_codebook is not None:
        found.light = clip_light.evaluate(animator, frames, settings.lights, network, progress)
    return found


class _Trial:
    """One clip under test: the animator's predictions from its first frame."""

    def __init__(
        self,
        animator: Animator,
        frames: ClipFrames,
        settings: ClipEvaluationSettings,
        where: RegionSettings | None = None,
        network: PerceptualNetwork | None = None,
    ) -> None:
        self.animator = animator
        self.frames = frames
        self.settings = settings
        self.network = network
        self.landscape = animator.look_at(frames.first)
        self.regions = self.landscape.regions(where)
        self.count = len(frames.following)
        self.clip_speed: float | None = None  # to be matched
        if settings.match_speed:
            with suppress(PictureError):  # of a clip that doesn't move, which is said elsewhere
                flow = reference_clips.common_flow([frames.first, *self.filmed()])
                self.clip_speed = self.speed_of(steady_motion(flow))

    def filmed(self) -> list[Tensor]:
        return [frame for frame in self.frames.following if frame is not None]

    def draw(self) -> list[float]:
        """Positions of codes drawn from the codebook, none twice."""
        count = len(self.animator.bundle.motion_codes)
        drawn = np.random.default_rng(self.settings.seed).permutation(count)
        return [round(k / max(count - 1, 1), 5) for k in sorted(drawn[: self.settings.codes])]

    def evenly(self, most: int) -> list[float]:
        """Positions of all codes of the codebook, or of `most` evenly spaced ones."""
        count = min(most, len(self.animator.bundle.motion_codes))
        return [round(k / max(count - 1, 1), 5) for k in range(count)]

    def code_at(self, position: float) -> Tensor:  # [1, Z]
        return codes.named(self.animator.bundle, str(position))

    def motion(self, code: Tensor, speed: float) -> MotionField:
        asked = MotionSettings(kind=self.settings.motion, speed=min(max(speed, -100), 100))
        return self.animator.move(self.landscape, asked, code=code, regions=self.regions)

    def speed_of(self, motion: MotionField) -> float:
        """The mean length of a motion's step over the picture, pixels of the reference width."""
        step = samplings.step_of(motion, *self.frames.first.shape[2:])
        return float(metrics.speed_of(metrics.in_pixels(step.cpu())).mean())

    def predictions(
        self, code: Tensor, count: int, days: Tensor | CodeCycle | None = None
    ) -> Iterator[Tensor]:  # frames 1, 2, ..., each [1, 3, H, W]
        """The frames that follow the first, by the animator's own route."""
        motion = self.motion(code, self.settings.speed)
        if self.clip_speed is not None:
            speed = self.speed_of(motion)
            factor = min(max(self.clip_speed / max(speed, 1e-6), 1 / FASTER), FASTER)
            motion = self.motion(code, self.settings.speed * factor)
        # the light's cycle is twice as long, so that it doesn't turn back within the clip
        clip = ClipSettings(frames=count + 1 if days is None else 2 * count)
        light = None if days is None else self.animator.light(self.landscape, codes=days)
        loop = LoopSettings(kind="none")
        frames = self.animator.render(self.landscape, motion, light, loop, clip)
        next(frames)  # the first frame itself
        for _ in range(count):
            yield next(frames)[:, :3].cpu()

    def nearest(self, positions: Iterator[float]) -> float:
        """The position of the code nearest to the clip at frame `AT`, or at its last frame."""
        there = [k for k, f in enumerate(self.frames.following, start=1) if f is not None]
        at = max([k for k in there if k <= AT], default=there[0])
        filmed = self.frames.following[at - 1]
        assert filmed is not None
        errors = {}
        for position in positions:
            *_, last = self.predictions(self.code_at(position), at)
            errors[position] = rmse(last, filmed)
        return min(errors, key=lambda position: errors[position])

    def days(self, number: int) -> Tensor | CodeCycle | None:
        """The light for the Nth code, by the settings."""
        if self.settings.light == "off":
            return None
        if self.settings.light == "random":
            seed = self.settings.seed + number
            return cycles.sequence(self.animator.bundle, AppearanceSettings(code="random"), seed)
        last = self.animator.look_at(self.filmed()[-1])
        ends = [self.landscape.own_look, last.own_look]
        return CodeCycle(torch.cat(ends), (0.0, 0.5))

    def follow(
        self, sources: dict[str, Tensor], steps: Iterator[int]
    ) -> tuple[dict[str, dict[str, Values]], dict[str, Tensor], int]:
        """Measure all predictions side by side, so that no frame is kept.

        Gives the values by source and measure, and the predictions of the frame that is shown.
        """
        predictions = {
            name: self.predictions(code, self.count, self.days(number))
            for number, (name, code) in enumerate(sources.items())
        }
        measured: dict[str, dict[str, Values]] = {
            name: {measure: [] for measure in MEASURES} for name in ("still", *sources)
        }
        shown: dict[str, Tensor] = {}
        shown_at = 0
        held = self._taps(self.frames.first)
        for t in steps:
            filmed = self.frames.following[t - 1]
            wanted = None if filmed is None else self._taps(filmed)
            predicted = {name: next(frames) for name, frames in predictions.items()}
            for name, frame in {"still": self.frames.first, **predicted}.items():
                error = None if filmed is None else rmse(frame, filmed)
                apart = None
                taps = held if name == "still" or wanted is None else self._taps(frame)
                if wanted is not None and taps is not None:
                    apart = perceptual_distance.distance(taps, wanted)
                measured[name]["rmse"].append(error)
                measured[name]["perceptual"].append(apart)
            if filmed is not None and (t <= AT or not shown):
                shown, shown_at = predicted, t
        return measured, shown, shown_at

    def _taps(self, image: Tensor) -> perceptual_distance.Taps | None:
        if self.network is None:
            return None
        return perceptual_distance.features(self.network, image, self.animator.device)


def at_shown(values: Values) -> tuple[float, int] | None:
    """A curve's value at frame `AT`, or the last one before it, and its frame."""
    there = [(v, t) for t, v in enumerate(values[:AT], start=1) if v is not None]
    return there[-1] if there else None


def longest(found: Sequence[ClipEvaluation]) -> list[ClipEvaluation]:
    """The clips that have the most frames: a mean over them has no jumps where one ends."""
    most = max(len(clip.frames.following) for clip in found)
    return [clip for clip in found if len(clip.frames.following) == most]


def mean_curves(found: Sequence[ClipEvaluation]) -> dict[str, dict[str, Values]]:
    """Each curve's mean over the longest clips, as Figure 10 shows it."""
    means: dict[str, dict[str, Values]] = {}
    for measure in MEASURES:
        means[measure] = {}
        for name in CURVES:
            every = longest(found)
            curves = [c.curves[measure][name] for c in every if name in c.curves[measure]]
            if len(curves) == len(every):
                means[measure][name] = _over(curves, lambda values: sum(values) / len(values))
    return means


def _over(curves: list[Values], sum_up: Callable[[list[float]], float]) -> Values:
    """Sum up curves frame by frame, over those that have a value there."""
    summed: Values = []
    for k in range(max(map(len, curves))):
        there = [v for one in curves if k < len(one) and (v := one[k]) is not None]
        summed.append(sum_up(there) if there else None)
    return summed
