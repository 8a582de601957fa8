"""Movement: a predicted step made into the motion of a picture, its regions, or frame after frame.

Legend: h w pixels of the predictor's grid; a step is one frame's flow, backward and normalised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..bundles.checkpoints import ModelBundle
from ..fitting.annotations import Arrow, read_arrows
from ..networks.inputs import predictor_input
from ..ops import warping
from ..scene import bases, falls, region_files
from ..scene import regions as regions_of
from ..scene.regions import FALLS, Region
from ..settings import MotionSettings
from . import calm, directing, hints, moving_water
from . import codes as motion_codes
from . import fields as motion_fields
from .codes import AUTO, Chosen
from .fields import MotionField, MovingPart
from .moving_water import is_water


def predict_step(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    code: Tensor,  # [1, Z]
    speed: float,
) -> Tensor:  # [1, 2, h, w]
    """The step that a code predicts for a picture."""
    predictor = bundle.network("motion_predictor")
    return predictor(predictor_input(image, bundle.device), code) * speed


# ------------------------------------------------------------- the whole picture


def steady(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    step: Tensor,  # [1, 2, h, w]
    settings: MotionSettings,
) -> MotionField:
    """The whole picture moved by one field, which follows the arrows."""
    return motion_fields.steady_motion(_direct(bundle, image, step, settings))


def recurrent(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    step: Tensor,  # [1, 2, h, w]
    code: Tensor,  # [1, Z]
    settings: MotionSettings,
) -> MotionField:
    """The whole picture moved by Algorithm 1."""

    def accumulate() -> Iterator[Tensor]:
        return _recur(bundle, image.to(bundle.device), code, settings)

    return MotionField(_direct(bundle, image, step, settings), accumulate, steady=False)


def _direct(
    bundle: ModelBundle, image: Tensor, step: Tensor, settings: MotionSettings
) -> Tensor:  # [1, 2, h, w]
    """Let a field of the whole picture follow the arrows, where it moves by itself."""
    arrows = read_arrows(settings.arrows)
    if not arrows:
        return step
    moving = hints.moving_part(step)
    directing.check_moving(arrows, moving)
    if settings.arrows_as == "code":
        return step
    return _follow(bundle, image, step, moving, arrows, settings)


def _recur(
    bundle: ModelBundle, image: Tensor, code: Tensor, settings: MotionSettings
) -> Iterator[Tensor]:
    """Algorithm 1, lines 2 to 8: each step is predicted from the frame before.

    The accumulated flow is kept on the predictor's grid and resized to warp the picture.
    """
    height, width = image.shape[2:]
    arrows = read_arrows(settings.arrows if settings.arrows_as != "code" else ())
    frame, flow = image, None
    while True:
        # never yield in inference mode: it would leak into the caller
        with torch.inference_mode():
            step = predict_step(bundle, frame, code, settings.speed)
            if arrows:  # where each frame moves; one that has come to rest leaves an arrow idle
                moving = hints.moving_part(step)
                step = _follow(bundle, image, step, moving, arrows, settings)
            flow = step if flow is None else warping.compose(step, flow)
        yield flow
        with torch.inference_mode():
            frame = warping.warp(image[:, :3], warping.enlarge(flow, height, width))


# ------------------------------------------------------------------- its regions


def in_regions(
    bundle: ModelBundle,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    step: Tensor,  # [1, 2, h, w]
    regions: Sequence[Region],
    settings: MotionSettings,
    seed: int,
    chosen: Chosen | None = None,
) -> MotionField:
    """Each region moved by a field of its own, and water as the settings say.

    Of the codes that were chosen, `step` is what the picture's predicts.
    """
    arrows = read_arrows(settings.arrows)
    directing.check_moving(arrows, sum(r.core.float() for r in regions))
    of_water = step
    if chosen and chosen.water is not None:
        of_water = predict_step(bundle, image, chosen.water, settings.speed)
    suits = chosen is not None and chosen.calm
    parts = []
    for region in regions:
        if region.kind == FALLS and suits:
            predicted = falls.step(image, region.core) * settings.speed
        else:
            predicted = of_water if is_water(region) or region.kind == FALLS else step
        with region_files.naming(region):
            parts.append(_move(bundle, image, region, predicted, settings, seed))
    parts = [_at_pace(part, regions, image, settings, suits) for part in parts]
    parts = moving_water.answer(parts, settings)
    if settings.layers:
        parts = [_on_base(image, part, settings) for part in parts]
    return motion_fields.motion_of_parts(parts, predictor_input(image, bundle.device))


def _move(
    bundle: ModelBundle,
    image: Tensor,
    region: Region,
    step: Tensor,
    settings: MotionSettings,
    seed: int,
) -> MovingPart:
    guide, own = region.guide, read_arrows(region.guide.arrows)
    step = _own_step(bundle, image, region, settings, seed, step)
    field = regions_of.motion_within(region, step)
    core, every = region.core.float(), own or read_arrows(settings.arrows)
    directing.check_moving(own, core)
    if settings.arrows_as != "code":
        here = directing.lying_in(every, core)
        # beyond the region the field goes on, for what comes in from there
        field = _follow(bundle, image, field, torch.ones_like(core), here, settings, every)
    return MovingPart(region, field * guide.speed)


def _on_base(image: Tensor, part: MovingPart, settings: MotionSettings) -> MovingPart:
    """A part with what of it stays; of water that mirrors the moving sky as little as of a sky."""
    kind = part.region.kind
    if kind == "water" and settings.water == "mirrored":
        kind = "sky"
    return replace(part, base=bases.base_of(image, part.region.alpha, kind, part.region.foam))


def _at_pace(
    part: MovingPart,
    regions: Sequence[Region],
    image: Tensor,
    settings: MotionSettings,
    suits: bool,
) -> MovingPart:
    """A part at a calm pace, if its code suits the picture by itself and no arrow leads it."""
    region, guide = part.region, part.region.guide
    core, arrows = region.core, read_arrows(settings.arrows)
    suits = guide.code == AUTO or (suits and guide.code is None)
    if (
        not suits
        or guide.arrows
        or region.kind == FALLS
        or directing.lying_in(arrows, core.float())
    ):
        return part
    aspect, speed = image.shape[3] / image.shape[2], settings.speed * guide.speed
    if not is_water(region):
        return replace(part, step=calm.at_pace(part.step, core, aspect, speed))
    horizon = moving_water.horizon(core, [r.core for r in regions if r.name == "sky"])
    step = calm.towards_viewer(part.step, core, aspect, horizon, speed)
    return replace(part, step=step)


def _own_step(
    bundle: ModelBundle,
    image: Tensor,
    region: Region,
    settings: MotionSettings,
    seed: int,
    step: Tensor,
) -> Tensor:  # [1, 2, h, w]
    """The step of a region's own code or arrows; the picture's `step` if it has neither."""
    guide = region.guide
    if guide.code is None and not (guide.arrows and settings.arrows_as != "field"):
        return step
    if guide.code == AUTO and not guide.arrows:
        suited = motion_codes.suitable(bundle, image, [region])
        return predict_step(bundle, image, motion_codes.drawn(suited, seed).code, settings.speed)
    wanted = replace(settings, code=guide.code or settings.code, arrows=guide.arrows)
    code = motion_codes.choose(bundle, wanted, seed, image)
    return predict_step(bundle, image, code, settings.speed)


def _follow(
    bundle: ModelBundle,
    image: Tensor,
    field: Tensor,
    moving: Tensor,
    arrows: Sequence[Arrow],
    settings: MotionSettings,
    among: Sequence[Arrow] = (),
) -> Tensor:  # [1, 2, h, w]
    aspect = image.shape[3] / image.shape[2]
    beta = bundle.network("motion_predictor").beta
    return directing.direct(field, moving, arrows, aspect, beta, settings.speed, among)
