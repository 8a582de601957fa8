"""Grading: one sheet with a still's default clip, for a person to grade."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from .. import images
from ..animator import Animator
from ..settings import EvaluationSettings, LoopSettings, RegionSettings
from .default_clip import LIT, SHOWN, DefaultClip
from .protocol import NAMES, Evaluation, look_at
from .reference_masks import has_mask, load_thin

COLUMNS = 4
TINTS = {"sky": (-0.6, -0.1, 1.0), "water": (1.0, -0.6, -0.6)}  # of the overlay
OTHER_TINT = (-0.5, 1.0, -0.5)
TINTED = 0.55  # how much of a tint's color is shown where all moves
LEGEND = "sky blue, water red, other green"


@torch.inference_mode()
def grade(
    animator: Animator,
    picture: Path,
    masks: Path | None = None,
    settings: EvaluationSettings | None = None,
    loop: LoopSettings | None = None,
    where: RegionSettings | None = None,
) -> tuple[Evaluation, Tensor]:  # and a sheet [1, 3, H', W']
    """Lay out one still's sheet for a person, with the figures of its default clip's eighths.

    Arguments as in `protocol.evaluate`; the masks serve torn, creep and reflection alone.

    Raises:
        PictureError: the picture, or its mask, can't be used.
        RegionError: what the settings say of regions can't be used for this picture.
    """
    settings = settings or EvaluationSettings()
    masked = masks if has_mask(masks, picture) else None
    landscape, mask = look_at(animator, picture, masked, settings.sheet_width)
    image = landscape.image
    clip = DefaultClip(animator, landscape, landscape.regions(where), loop or LoopSettings())
    still = Evaluation(picture.stem, image, None, image.new_empty(0, 2, *image.shape[2:]))
    thin = load_thin(masks, picture, (image.shape[2], image.shape[3]))
    still.figures = dict.fromkeys(NAMES) | clip.figures(thin, clip.period // SHOWN, mask)
    return still, draw(clip)


def draw(clip: DefaultClip) -> Tensor:  # [1, 3, H', W'] in [-1, 1]
    """Lay out one sheet: the input and what moves; eighths of the loop; quarters of the day.

    Nothing is enlarged or made smaller, and no figure is written on it that could sway a grade.
    """
    moving = f"what moves: {LEGEND}", paint_moving(clip.image, clip.moving)
    blank = torch.ones_like(clip.image)
    cells = [("input", clip.image), moving, *[("", blank)] * (COLUMNS - 2)]
    cells += [(f"loop, {k}/{SHOWN}", frame) for k, frame in enumerate(clip.eighths)]
    cells += [(f"loop and day, {k}/{LIT}", frame) for k, frame in enumerate(clip.lit_quarters())]
    return images.paste_cells(cells, COLUMNS)


def paint_moving(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
    moving: dict[str, Tensor],  # name → [1, 1, H, W] 0..1
) -> Tensor:  # [1, 3, H, W]
    """The picture in grey, tinted as far as each region moves."""
    painted = image[:, :3].mean(1, keepdim=True).expand(-1, 3, -1, -1)
    for name, alpha in moving.items():
        tint = painted.new_tensor(TINTS.get(name, OTHER_TINT)).view(1, 3, 1, 1)
        painted = torch.lerp(painted, tint.expand_as(painted), TINTED * alpha)
    return painted


def file_names(stems: list[str]) -> list[str]:
    """The name of each still's sheet; stills of the same name are told apart by numbers."""
    names: list[str] = []
    for stem in stems:
        plain = re.sub(r"[^\w.-]+", "-", stem)
        taken, number, name = set(names), 1, f"{plain}.jpg"
        while name in taken:
            number += 1
            name = f"{plain}-{number}.jpg"
        names.append(name)
    return names
