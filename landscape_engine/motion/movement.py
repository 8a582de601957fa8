"""Movement: turn a predicted step into the motion of a picture or of its regions.

Legend: h w pixels of the predictor's grid; a step is one frame's flow, backward and normalised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..errors import AnnotationError
from ..fitting.annotations import Arrow, read_arrows
from ..landscape import Landscape
from ..networks.inputs import square
from ..ops import warping
from ..ops.wrapping import Wrap
from ..scene import bases, falls, region_files
from ..scene import regions as regions_of
from ..scene.regions import FALLS, Region
from ..scene.segmentation import GRID_HW
from ..settings import MotionSettings, RegionSettings
from . import beds, calm, codes, courses, directing, hints, mirrors, moving_water, plain_skies
from . import fields as motion_fields
from .codes import AUTO, Chosen
from .fields import MotionField, MovingPart
from .moving_water import is_water


def step_of(landscape: Landscape, code: Tensor) -> Tensor:  # [1, Z] → [1, 2, 256, 256]
    """The flow of one frame that a code predicts at the usual speed (section 4.1)."""
    return landscape.keep(("step", *code.flatten().tolist()), lambda: _step_of(landscape, code))


@torch.inference_mode()
def _step_of(landscape: Landscape, code: Tensor) -> Tensor:  # [1, 2, h, w]
    step = landscape.bundle.motion_predictor(landscape.input_of("motion_predictor"), code)
    return warping.enlarge(step, *GRID_HW)


def around(motion: MotionField, wrap: Wrap | None, height: int) -> MotionField:
    """The steady motion of an extended picture as on a sphere; that of another as it is.

    Args:
        motion: of the flat picture.
        wrap: how the picture is laid out; None: it doesn't wrap.
        height: the picture's, pixels.
    """
    if wrap is None:
        return motion
    if not motion.parts:
        return motion_fields.steady_motion(wrap.on_sphere(motion.step, height))
    assert motion.small is not None
    parts = [
        # the two copies of a border would not breathe alike
        replace(part, step=wrap.on_sphere(part.step, height), wrap=wrap, mirror=None)
        for part in motion.parts
    ]
    return motion_fields.motion_of_parts(parts, motion.small)


# ------------------------------------------------------------- the whole picture


def steady(
    landscape: Landscape,
    step: Tensor,  # [1, 2, h, w]
    settings: MotionSettings,
) -> MotionField:
    """The whole picture moved by one field, which follows the arrows."""
    return motion_fields.steady_motion(_direct(landscape, step, settings))


def recurrent(
    landscape: Landscape,
    step: Tensor,  # [1, 2, h, w]
    code: Tensor,  # [1, Z]
    settings: MotionSettings,
) -> MotionField:
    """The whole picture moved by Algorithm 1."""

    def accumulate() -> Iterator[Tensor]:
        return _recur(landscape, code, settings)

    return MotionField(_direct(landscape, step, settings), accumulate, steady=False)


def _direct(landscape: Landscape, step: Tensor, settings: MotionSettings) -> Tensor:  # [1, 2, h, w]
    """Let a field of the whole picture follow the arrows, where it moves by itself."""
    arrows = read_arrows(settings.arrows)
    if not arrows:
        return step
    moving = hints.moving_part(step)
    directing.check_moving(arrows, moving)
    if settings.arrows_as == "code":
        return step
    return _follow(landscape, step, moving, arrows, settings)


def _recur(landscape: Landscape, code: Tensor, settings: MotionSettings) -> Iterator[Tensor]:
    """Algorithm 1, lines 2 to 8: each step is predicted from the frame before.

    The accumulated flow is kept on the predictor's grid and resized to warp the picture.
    """
    image, predictor = landscape.picture, landscape.bundle.motion_predictor
    side = landscape.bundle.input_size("motion_predictor")
    height, width = image.shape[2:]
    arrows = read_arrows(settings.arrows if settings.arrows_as != "code" else ())
    frame, flow = image, None
    while True:
        # never yield in inference mode: it would leak into the caller
        with torch.inference_mode():
            small = square(frame, side, landscape.device)
            step = warping.enlarge(predictor(small, code), *GRID_HW) * settings.speed
            if arrows:  # where each frame moves; one that has come to rest leaves an arrow idle
                moving = hints.moving_part(step)
                step = _follow(landscape, step, moving, arrows, settings)
            flow = step if flow is None else warping.compose(step, flow)
        yield flow
        with torch.inference_mode():
            frame = warping.warp(image[:, :3], warping.enlarge(flow, height, width))


# ------------------------------------------------------------------- its regions


def in_regions(
    landscape: Landscape,
    step: Tensor,  # [1, 2, h, w]
    regions: Sequence[Region],
    settings: MotionSettings,
    seed: int,
    chosen: Chosen | None = None,
) -> MotionField:
    """Each region moved by a field of its own, and water as the settings say.

    Of the codes that were chosen, `step` is what the picture's predicts.
    """
    image = landscape.image
    directing.check_moving(read_arrows(settings.arrows), _cores(regions))
    regions = regions_of.filled(regions)
    of_water = step
    if chosen and chosen.water is not None:
        of_water = step_of(landscape, chosen.water) * settings.speed
    suits = chosen is not None and chosen.calm
    parts = []
    for region in regions:
        if region.kind == FALLS and suits:
            predicted = falls.step(image, region.core) * settings.speed
        else:
            predicted = of_water if is_water(region) or region.kind == FALLS else step
        with region_files.naming(region):
            parts.append(_move(landscape, region, predicted, settings, seed))
    parts = [_at_pace(part, regions, landscape, settings, suits) for part in parts]
    parts = moving_water.answer(parts, settings)
    if settings.layers:
        parts = [_on_base(image, part, settings) for part in parts]
    return motion_fields.motion_of_parts(parts, landscape.small)


def followed(
    settings: MotionSettings, regions: Sequence[Region], masks: RegionSettings
) -> tuple[MotionSettings, list[str]]:
    """The settings without the arrows that lie where nothing moves, and a note on these.

    Args:
        settings: with the artist's arrows.
        regions: what moves; with none the whole picture does.
        masks: the settings that the regions were found by.

    Raises:
        AnnotationError: none of the arrows lies where anything moves.
    """
    arrows = read_arrows(settings.arrows)
    if not arrows or not regions:
        return settings, []
    here = directing.lying_in(arrows, _cores(regions))
    kept = tuple(w for w, arrow in zip(settings.arrows, arrows, strict=True) if arrow in here)
    idle = [arrow for arrow in arrows if arrow not in here]
    if not idle:
        return settings, []
    why = _why_nothing_moves(masks)
    if not here:
        raise AnnotationError(directing.idle_sentence(idle, why))
    return replace(settings, arrows=kept), [directing.idle_sentence(idle, why, left_out=True)]


def _why_nothing_moves(masks: RegionSettings) -> str:
    """What says that nothing moves at an arrow, and what to do."""
    if masks.moving_mask:
        return (
            "<regions.moving_mask> alone says what moves; draw within its white, or paint it white "
            "there."
        )
    still = ", or <regions.still_mask> holds it" if masks.still_mask else ""
    return (
        f"neither sky nor water was found there{still}; draw over what moves, or paint "
        "<regions.moving_mask> over all that is to move."
    )


def _cores(regions: Sequence[Region]) -> Tensor:  # [1, 1, h, w] 0..1
    return torch.stack([region.core for region in regions]).any(0).float()


def _move(
    landscape: Landscape,
    region: Region,
    step: Tensor,
    settings: MotionSettings,
    seed: int,
) -> MovingPart:
    guide, own = region.guide, read_arrows(region.guide.arrows)
    step = _own_step(landscape, region, settings, seed, step)
    field = regions_of.motion_within(region, step)
    core, every = region.core.float(), own or read_arrows(settings.arrows)
    directing.check_moving(own, core)
    if settings.arrows_as != "code":
        here = directing.lying_in(every, core)
        # beyond the region the field goes on, for what comes in from there
        field = _follow(landscape, field, torch.ones_like(core), here, settings, every)
    return MovingPart(region, field * guide.speed)


def _on_base(image: Tensor, part: MovingPart, settings: MotionSettings) -> MovingPart:
    """Add its base to a part; water that mirrors the moving sky is treated like the sky."""
    kind = part.region.kind
    if kind == "water" and settings.water == "mirrored":
        kind = "sky"
    return replace(part, base=bases.base_of(image, part.region.alpha, kind, part.region.foam))


def _at_pace(
    part: MovingPart,
    regions: Sequence[Region],
    landscape: Landscape,
    settings: MotionSettings,
    suits: bool,
) -> MovingPart:
    """Slow a part to a calm pace, if its code was chosen automatically and no arrow applies.

    A sky without forms stands. A mirror stands and breathes, and so does the bed of clear water,
    seen from the side; what is white in its water takes its own course.
    """
    image = landscape.image
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
        step = calm.at_pace(part.step, core, aspect, speed)
        if region.name == "sky" and plain_skies.is_plain(landscape.pixels, core):
            step = torch.zeros_like(step)  # what an artist's mask names moves
        elif region.kind == "sky":
            step = calm.level_at_top(calm.over_horizon(step, core))
        return replace(part, step=step)
    skies = [other.core for other in regions if other.name == "sky"]
    horizon = moving_water.horizon(core, skies)
    step = calm.towards_viewer(part.step, core, aspect, horizon, speed)
    mirror = mirrors.mirrored(landscape.small, core)
    if skies:  # from above all waves are as high as they are wide
        mirror = torch.maximum(mirror, beds.seen(landscape.pixels, core, region.foam))
    step = step * (1 - mirror)
    course = courses.course_of(region, skies, aspect, horizon)
    if course:
        step = torch.lerp(step, course.step * speed, course.share)
        mirror = mirror * (1 - course.share)
    return replace(part, step=step, mirror=mirror if bool(mirror.any()) and speed else None)


def _own_step(
    landscape: Landscape,
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
        code = codes.drawn(codes.suitable(landscape, [region]), seed).code
        return step_of(landscape, code) * settings.speed
    wanted = replace(settings, code=guide.code or settings.code, arrows=guide.arrows)
    return step_of(landscape, codes.choose(landscape, wanted, seed)) * settings.speed


def _follow(
    landscape: Landscape,
    field: Tensor,
    moving: Tensor,
    arrows: Sequence[Arrow],
    settings: MotionSettings,
    among: Sequence[Arrow] = (),
) -> Tensor:  # [1, 2, h, w]
    beta = landscape.bundle.motion_predictor.beta
    return directing.direct(field, moving, arrows, landscape.aspect, beta, settings.speed, among)
