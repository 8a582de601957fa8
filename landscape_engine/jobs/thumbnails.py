"""Thumbnails: small loops of one picture, one for each code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import images
from ..animator import Animator
from ..landscape import Landscape
from ..light import color_maps, cycles
from ..motion import codes
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


def draw_motion(
    animator: Animator,
    small: Landscape,
    positions: Sequence[float],
    frames: int,
    folder: Path,
    regions: RegionSettings,
) -> Iterator[dict[str, Any]]:
    """Draw motion codes: the flow in colors, and a loop of the picture moved by it."""
    found = small.regions(regions)
    height, width = small.image.shape[2:]
    thinned = MotionSettings(speed=MOVED_FRAMES / frames)
    loop = LoopSettings(frames=max(2, frames), blend="plain")
    for k, position in enumerate(positions):
        code = codes.named(animator.bundle, str(float(position)))
        motion = animator.move(small, thinned, code, regions=found)
        flow = folder / f"{k:03d}_flow.png"
        images.save_image(paint_motion(motion, height, width), flow)
        shown = animator.render(small, motion, None, loop, ClipSettings(frames=frames))
        yield {"position": position, "flow": str(flow), "frames": _save(shown, folder, k)}


def draw_appearance(
    animator: Animator,
    small: Landscape,
    positions: Sequence[float],
    frames: int,
    folder: Path,
) -> Iterator[dict[str, Any]]:
    """Draw appearance codes: the picture through the light of each day, at rest."""
    picture, inputs = small.picture, small.square(MAP_SIZE)
    predictor = color_maps.curve_predictor(small)
    for k, position in enumerate(positions):
        day = AppearanceSettings(code=str(float(position)), codes=min(MAPPED, frames))
        key_codes = cycles.key_codes(small, day, ClipSettings(frames=frames))
        lit = cycles.LightCycle(key_codes, lambda _, code: predictor(inputs, code))
        light = Light(lit, picture)
        maps = (light.keyed(n / frames, when_needed)() for n in range(frames))
        shown = (render_frame(picture, (), one, transfer=light.transfer) for one in maps)
        yield {"position": position, "flow": None, "frames": _save(shown, folder, k)}


def _save(shown: Iterator[Tensor], folder: Path, k: int) -> list[str]:
    paths = []
    with torch.inference_mode():
        for n, frame in enumerate(shown, 1):
            paths.append(str(folder / f"{k:03d}_{n:03d}.png"))
            images.save_image(frame.cpu(), paths[-1])
    return paths
