"""Contact sheets: each code of a codebook applied to one picture (Figures 14 and 15)."""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor

from .. import images
from ..animator import Animator
from ..landscape import Landscape
from ..light import color_maps, cycles
from ..loops import looping
from ..motion.fields import MotionField
from ..ops import flow_colors, warping
from ..rendering.compositing import render_frame
from ..settings import AppearanceSettings, LoopSettings, MotionSettings
from .progress import Progress, silent

TILE_WIDTH = 240
MOTION_FRAMES = (20, 40, 60)  # frames shown of each motion code
DAY_TILES = 6  # pictures shown of each appearance sequence


def draw_codebook(
    animator: Animator,
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    rows: int,
    progress: Progress = silent,
) -> Tensor:  # [1, 3, H', W'] in [-1, 1]
    """Draw one sheet: a row for each of `rows` evenly spread codes of motion, then of light.

    A motion row shows the flow (legend: the wheel in the corner) and later frames; a light row
    shows the picture along the sequence.
    """
    height = max(16, round(TILE_WIDTH * image.shape[2] / image.shape[3]))
    small = animator.look_at(images.opaque(images.resize(image, TILE_WIDTH, height)))
    positions = [k / max(rows - 1, 1) for k in range(rows)]
    table: list[list[tuple[str, Tensor]]] = []
    bundle = animator.bundle
    jobs = []
    if bundle.motion_codebook:
        jobs += [("motion", p) for p in positions]
    if bundle.appearance_codebook:
        jobs += [("light", p) for p in positions]
    for kind, position in progress(iter(jobs), len(jobs), "codes"):
        tiles = _motion_row if kind == "motion" else _light_row
        first, *others = tiles(animator, small, position)
        row = [(f"{kind} code {position:.3f}", first), *(("", tile) for tile in others)]
        table.append(row)
    return images.paste_tiles(table)


@torch.inference_mode()
def _motion_row(animator: Animator, small: Landscape, position: float) -> list[Tensor]:
    motion = animator.move(small, MotionSettings(code=str(position)))
    height, width = small.image.shape[2:]
    painted = paint_motion(motion, height, width)
    side = min(40, height)
    painted[:, :, :side, :side] = flow_colors.wheel(side)
    loop = looping.frames(motion, LoopSettings("none"), 2)
    every = enumerate(islice(loop, max(MOTION_FRAMES) + 1))
    shown = [render_frame(small.picture, f).cpu() for t, f in every if t in MOTION_FRAMES]
    return [small.image, painted, *shown]


@torch.inference_mode()
def paint_motion(motion: MotionField, height: int, width: int) -> Tensor:  # [1, 3, H, W]
    """The flow of one frame step in colors, as in Figure 14, in [-1, 1] on the CPU."""
    flow = warping.enlarge(motion.step, height, width)
    return flow_colors.paint(flow * warping.pixels_per_unit(height, width, flow.device)).cpu()


@torch.inference_mode()
def _light_row(animator: Animator, small: Landscape, position: float) -> list[Tensor]:
    day = AppearanceSettings(code=str(position), codes=DAY_TILES)
    looks = cycles.sequence(animator.bundle, day)
    maps = map(color_maps.transfer_maps(small), torch.split(looks, 1))
    return [small.image, *(render_frame(small.picture, (), m).cpu() for m in maps)]
