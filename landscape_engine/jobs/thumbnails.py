"""Thumbnails: small loops of one picture, one for each code."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import images
from ..animator import Animator
from ..landscape import Landscape
from ..light import color_maps, cycles
from ..motion import calm, codes
from ..motion.fields import MotionField
from ..ops import pointers
from ..rendering.compositing import render_frame
from ..rendering.lighting import Light, when_needed
from ..settings import (
    AppearanceSettings,
    ClipSettings,
    LoopSettings,
    MotionSettings,
    RegionSettings,
)
from .contact_sheet import paint_motion

MAPPED = 4  # looks of a day that are predicted; those between are interpolated
MAP_SIZE = 128  # side of the picture that they are predicted from, pixels; a quarter of the work
MOVED_FRAMES = 40  # enough for a loop to show its motion; longer ones would only jump
MOVING = 0.2  # share of the greatest speed from which a pixel counts for the course
LUMA = (0.2126, 0.7152, 0.0722)  # of red, green and blue


def draw_motion(
    animator: Animator,
    small: Landscape,
    positions: Sequence[float],
    frames: int,
    folder: Path,
    regions: RegionSettings,
) -> Iterator[dict[str, Any]]:
    """Draw motion codes: the flow in colors, and a loop of the picture moved by it.

    Each has its course (`course_of`), and the frames an arrow in that direction.
    """
    found = small.regions(regions)
    height, width = small.image.shape[2:]
    thinned = MotionSettings(speed=MOVED_FRAMES / frames)
    loop = LoopSettings(frames=max(2, frames), blend="plain")
    for k, position in enumerate(positions):
        code = codes.named(animator.bundle, str(float(position)))
        motion = animator.move(small, thinned, code, regions=found)
        flow = folder / f"{k:03d}_flow.png"
        images.save_image(paint_motion(motion, height, width), flow)
        # that of one frame at a speed of 1, not of the few frames that are shown
        direction_deg, speed = course_of(motion, width / height)
        speed *= frames / MOVED_FRAMES
        shown = animator.render(small, motion, None, loop, ClipSettings(frames=frames))
        if speed > 0:
            shown = (pointers.draw(frame[:, :3], direction_deg) for frame in shown)
        yield {
            "position": position,
            "direction_deg": direction_deg,
            "speed": speed,
            "flow": str(flow),
            "frames": _save(shown, folder, k),
        }


def draw_appearance(
    animator: Animator,
    small: Landscape,
    positions: Sequence[float],
    frames: int,
    folder: Path,
) -> Iterator[dict[str, Any]]:
    """Draw appearance codes: the picture through the light of each day, at rest.

    Each has the mean lightness (0..1) and warmth (red minus blue, -1..1) of its looks.
    """
    picture, inputs = small.picture, small.square(MAP_SIZE)
    predictor = color_maps.curve_predictor(small)
    for k, position in enumerate(positions):
        day = AppearanceSettings(code=str(float(position)), codes=min(MAPPED, frames))
        key_codes = cycles.key_codes(small, day, ClipSettings(frames=frames))
        lit = cycles.LightCycle(key_codes, lambda _, code: predictor(inputs, code))
        light = Light(lit, picture)
        maps = (light.keyed(n / frames, when_needed)() for n in range(frames))
        with torch.inference_mode():
            shown = [render_frame(picture, (), one, transfer=light.transfer) for one in maps]
        colors = [(frame[0, :3].mean((1, 2)) / 2 + 0.5).tolist() for frame in shown]
        yield {
            "position": position,
            "lightness": [math.fsum(map(math.prod, zip(LUMA, rgb, strict=True))) for rgb in colors],
            "warmth": [red - blue for red, _, blue in colors],
            "flow": None,
            "frames": _save(iter(shown), folder, k),
        }


def course_of(
    motion: MotionField,
    aspect: float,  # width / height
) -> tuple[float, float]:
    """Where most of a picture goes, and how fast.

    The direction in degrees, 0: right, 90: up; and the speed in shares of the picture's width per
    frame: the mean motion of the pixels that move.
    """
    forward = -calm.in_widths(motion.step, aspect)[0]  # [2, h, w]
    speeds = forward.norm(dim=0)
    moving = speeds > MOVING * speeds.max()
    if not bool(moving.any()):
        return 0.0, 0.0
    x, y = forward[:, moving].mean(1).tolist()
    return math.degrees(math.atan2(-y, x)), math.hypot(x, y)


def _save(shown: Iterator[Tensor], folder: Path, k: int) -> list[str]:
    paths = []
    with torch.inference_mode():
        for n, frame in enumerate(shown, 1):
            paths.append(str(folder / f"{k:03d}_{n:03d}.png"))
            images.save_image(frame.cpu(), paths[-1])
    return paths
