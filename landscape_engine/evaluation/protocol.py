"""Protocol: the codes, loops, lights and arrows tested on one still, and their figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import images
from ..animator import Animator
from ..errors import AnnotationError
from ..jobs.progress import Progress, silent
from ..landscape import Landscape
from ..light import color_maps, cycles
from ..loops import travel
from ..motion.fields import MotionField
from ..ops import color, warping
from ..settings import (
    AppearanceSettings,
    ClipSettings,
    EvaluationSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
)
from . import default_clip, drawn_arrows, metrics, samplings
from .default_clip import DefaultClip
from .reference_masks import ReferenceMask, at_width, load_thin, mask_at, read_still

MARK = 1 / 256  # of alpha, 0..1, by which land is more opaque than the rest: all is, to the eye
STRETCHED_EVERY = 5  # frames between those whose stretch is measured
NAMES = (  # of the figures of a still, in the order of tables
    "leak", "reach", "reach_sky", "reach_water", "variety", "steer_field", "steer_code",
    "steer_refused", "seam", "sharpness", "sharpness_cv", "stretch", "intrusion",
    "edges", "edges_worst", *default_clip.NAMES,
)  # fmt: skip
NO_MASK = (
    "without a mask, leak, reach, steer and intrusion are left out, and variety, sharpness and "
    "stretch are measured where the codes themselves move something."
)


@dataclass
class Loop:
    """One rendered loop and its pictures for the sheet."""

    position: float  # of its code
    figures: dict[str, float | None]
    worst: Tensor  # [1, 3, H, W] the frame whose sharpness is furthest from the input's
    worst_at: int  # its number


@dataclass
class Evaluation:
    """One still's figures, and its pictures for the sheet."""

    name: str
    image: Tensor  # [1, 3, H, W] at the size evaluated
    mask: ReferenceMask | None
    flows: Tensor  # [N, 2, H, W] of the codes, backward, px at the reference width
    figures: dict[str, float | None] = field(default_factory=dict)  # see NAMES
    codes: list[dict[str, float | None]] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@torch.inference_mode()
def evaluate(
    animator: Animator,
    picture: Path,
    masks: Path | None = None,
    settings: EvaluationSettings | None = None,
    loop: LoopSettings | None = None,
    where: RegionSettings | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Evaluate one still.

    Args:
        animator: the bundle to evaluate.
        picture: the still's file.
        masks: folder of reference masks, each named after its picture.
        settings: how thoroughly.
        loop: how loops close; the period is that of the default clip.
        where: what may move, which is asked once for each still.
        progress: wraps each stage's items, with their number and the stage's name.

    Raises:
        PictureError: the picture, or its reference mask, can't be used.
        RegionError: what the settings say of regions can't be used for this picture.
    """
    settings, loop = settings or EvaluationSettings(), loop or LoopSettings()
    landscape, mask = look_at(animator, picture, masks, settings.width)
    trial = _Trial(animator, landscape, mask, where, progress)
    image = landscape.image
    flows = trial.fields(settings.codes)
    still = Evaluation(picture.stem, image, mask, flows)
    still.figures = dict.fromkeys(NAMES)
    speed = metrics.speed_of(flows)
    if mask is None:
        still.notes.append(NO_MASK)
        trial.moving = speed.mean(0, keepdim=True) >= metrics.SLOWEST
        if not bool(trial.moving.any()):
            trial.moving[:] = True
        still.figures["variety"] = metrics.variety(flows, trial.moving)
    else:
        still.figures["variety"] = metrics.variety(flows, mask.leading)
        still.codes = [_describe_code(p, s[None], mask) for p, s in zip(
            positions(settings.codes), speed, strict=True)]  # fmt: skip
        still.figures["leak"] = metrics.leak(speed, mask.land, mask.moving)
        for name in ("reach", "reach_sky", "reach_water"):
            still.figures[name] = mean([code[name] for code in still.codes])
        _steer(still, trial, settings)
    still.loops = [trial.loop(p, loop) for p in trial.stage(_middles(settings.loops), "loops")]
    for name, value in _sum_up(still.loops).items():
        still.figures[name] = value
    found = [trial.recolored(p) for p in trial.stage(_middles(settings.lights), "lights")]
    kept = [e for e in found if e is not None]
    still.figures["edges"], still.figures["edges_worst"] = mean(kept), min(kept, default=None)
    thin = load_thin(masks, picture, (image.shape[2], image.shape[3]))
    default = DefaultClip(animator, trial.landscape, trial.regions, loop)
    for clip in trial.stage([default], "defaults"):
        still.figures |= clip.figures(thin, mask=mask)
    return still


def look_at(
    animator: Animator, picture: Path, masks: Path | None, width: int
) -> tuple[Landscape, ReferenceMask | None]:
    """A picture and its mask as `load_still` gives them; what moves is found on more pixels.

    Raises:
        PictureError: one of them can't be used.
    """
    own, drawn = read_still(picture, masks)
    landscape = animator.look_at(images.opaque(own)).at(*at_width(own, width))
    return landscape, mask_at(drawn, own, landscape.image)


class _Trial:
    """One still under test: the animator's predictions for it."""

    def __init__(
        self,
        animator: Animator,
        landscape: Landscape,
        mask: ReferenceMask | None,
        where: RegionSettings | None = None,
        progress: Progress = silent,
    ) -> None:
        self.animator = animator
        self.landscape, image = landscape, landscape.image
        self.image = image
        self.mask = mask
        self.moving = mask.moving if mask else torch.ones_like(image[:, :1], dtype=torch.bool)
        self.progress = progress
        self.height, self.width = image.shape[2:]
        self.regions = self.landscape.regions(where)

    def stage(self, items: list[Any], name: str) -> Iterator[Any]:
        return self.progress(iter(items), len(items), name)

    def motion(self, **settings: Any) -> MotionField:
        asked = MotionSettings(**settings)
        return self.animator.move(self.landscape, asked, regions=self.regions)

    def flow(self, motion: MotionField) -> Tensor:  # [1, 2, H, W]
        return metrics.in_pixels(samplings.step_of(motion, self.height, self.width).cpu())

    def fields(self, count: int) -> Tensor:  # [N, 2, H, W]
        codes = self.stage(positions(count), "codes")
        return torch.cat([self.flow(self.motion(code=str(p))) for p in codes])

    def loop(self, position: float, loop: LoopSettings) -> Loop:
        """Render one period and measure each frame once it is rendered.

        What comes from land is told by the alpha channel, which the renderer moves as it moves the
        colors: land is opaque, all else by `MARK` less, so that the colors stay the picture's.
        """
        period = loop.period(ClipSettings().frames)
        clip = ClipSettings(frames=period)
        motion = travel.fit(self.motion(code=str(position)), loop, period)
        land = self.mask.land if self.mask else torch.zeros_like(self.moving)
        marked = torch.cat([self.image, 1 - 2 * MARK * (~land).float()], dim=1)
        frames = self.animator.render(self.animator.look_at(marked), motion, None, loop, clip)
        of_input = metrics.detail(self.image, self.moving)
        details, changes, intrusions = [], [], []
        first = before = worst = None
        worst_at, furthest = 0, -1.0
        for n, on_device in enumerate(frames):
            frame = on_device.cpu()
            now = frame[:, :3]
            details.append(metrics.detail(now, self.moving))
            if abs(details[-1] - of_input) > furthest:
                furthest, worst, worst_at = abs(details[-1] - of_input), now.clone(), n
            if before is None:
                first = now.clone()
            else:
                changes.append(metrics.change(before, now))
            if self.mask:
                of_land = (1 - (1 - frame[:, 3:]) / (2 * MARK)).clamp(0, 1)
                intrusions.append(metrics.intrusion(of_land, self.mask.moving))
            before = now.clone()
        assert first is not None and before is not None and worst is not None
        changes.append(metrics.change(before, first))
        sharp, variation = metrics.sharpness(details, of_input)
        figures = {
            "seam": metrics.seam(changes) if loop.kind != "none" else None,
            "sharpness": sharp,
            "sharpness_cv": variation,
            "stretch": mean(self.stretches(motion, loop, period)),
            "intrusion": mean(intrusions),
        }
        return Loop(position, figures, worst, worst_at)

    def stretches(self, motion: MotionField, loop: LoopSettings, period: int) -> Iterator[float]:
        size = self.height, self.width
        for stretch in samplings.stretches(motion, loop, period, *size, STRETCHED_EVERY):
            yield float(stretch.cpu()[self.moving].mean())

    def recolored(self, position: float) -> float | None:
        """How well edges survive the middle look of one codebook sequence."""
        settings = AppearanceSettings(code=str(position), codes=3)
        code = cycles.sequence(self.animator.bundle, settings)[1:2]
        color_map = color_maps.transfer_maps(self.landscape)(code).cpu()
        enlarged = warping.enlarge(color_map, self.height, self.width)
        return metrics.edges(self.image, color.transfer(self.image, enlarged))

    def steering_errors(
        self, points: list[drawn_arrows.Point], kind: str
    ) -> Iterator[float | None]:
        """The angle in degrees between each arrow, used alone, and the motion; None if refused."""
        aspect = self.width / self.height
        tries = [(point, way) for point in points for way in drawn_arrows.directions()]
        code = "random" if kind == "code" else "0.5"  # a named code would be where the fit begins
        for point, way in self.stage(tries, f"arrows as {kind}"):
            arrow = drawn_arrows.draw(point, way, aspect)
            try:
                flow = self.flow(self.motion(code=code, arrows=(arrow,), arrows_as=kind))
            except AnnotationError:  # drawn on what the engine takes for land
                yield None
            else:
                got = metrics.direction_at(flow, point, drawn_arrows.RADIUS_01)
                yield float(metrics.angle_between(way[None], got))


def positions(count: int) -> list[float]:
    """Positions in a codebook, evenly, from its first code to its last."""
    return [round(k / max(count - 1, 1), 4) for k in range(count)]


def _middles(count: int) -> list[float]:
    return [round((k + 0.5) / count, 4) for k in range(count)]


def mean(values: Any) -> float | None:
    """The mean of those values that there are; None where there is none."""
    there = [v for v in values if v is not None]
    return sum(there) / len(there) if there else None


def _describe_code(position: float, speed: Tensor, mask: ReferenceMask) -> dict[str, float | None]:
    described: dict[str, float | None] = {
        "position": position,
        "leak": metrics.leak(speed, mask.land, mask.moving),
        "speed": float(speed[mask.moving].mean()),
    }
    reached, area = 0.0, 0
    for name, region in (("reach_sky", mask.sky), ("reach_water", mask.water)):
        described[name] = metrics.reach(speed, region) if bool(region.any()) else None
        reached += (described[name] or 0.0) * int(region.sum())
        area += int(region.sum())
    described["reach"] = reached / area  # each region by its own speed: water is slower than sky
    return described


def _sum_up(loops: list[Loop]) -> dict[str, float | None]:
    """Means over loops; of the seam and of the sharpness' variation the worst."""
    summed = {name: mean(one.figures[name] for one in loops) for name in loops[0].figures}
    for name in ("seam", "sharpness_cv"):
        summed[name] = max(
            (v for one in loops if (v := one.figures[name]) is not None), default=None
        )
    return summed


def _steer(still: Evaluation, trial: _Trial, settings: EvaluationSettings) -> None:
    if settings.steer == "none" or still.mask is None:
        return
    points = drawn_arrows.choose_points(still.mask, settings.steer_points)
    for kind in ("field", "code") if settings.steer == "both" else (settings.steer,):
        errors = list(trial.steering_errors(points, kind))
        still.figures[f"steer_{kind}"] = mean(errors)
        still.figures["steer_refused"] = errors.count(None) / len(errors)
