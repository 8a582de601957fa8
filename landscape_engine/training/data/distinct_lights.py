"""Which frames of a clip show distinct lights (section 6.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import TrainingError
from ...settings import TrainAppearanceSettings
from .lit_clips import Clip


def distinct(
    frames: Tensor,  # [T, 3, H, W] uint8
    least_change: float,
) -> list[int]:
    """The first frame, and each whose mean color differs enough from the last one kept.

    The change is the sum over R G B, in [-1, 1], of the differences of the means.
    """
    means = frames.float().mean((2, 3)) / 127.5 - 1
    kept = [0]
    for t in range(1, len(means)):
        if float((means[t] - means[kept[-1]]).abs().sum()) >= least_change:
            kept.append(t)
    return kept


def stride(settings: TrainAppearanceSettings) -> int:
    """The stride that places sampled frames `sample_minutes` apart."""
    if not settings.frame_minutes:
        return 1
    return max(1, round(settings.sample_minutes / settings.frame_minutes))


def select(clips: list[Clip], settings: TrainAppearanceSettings) -> list[Clip]:
    """Drop near-duplicate frames, then clips with fewer than two frames left.

    Clips whose frames don't follow one another in time are left whole.

    Raises:
        TrainingError: nothing is left, or nothing of which the codebook could take a sequence.
    """
    selected = []
    for clip in clips:
        if clip.in_order and settings.least_change:
            kept = torch.tensor(distinct(clip.frames, settings.least_change))
            clip = Clip(clip.name, clip.frames[kept], in_order=True)
        if len(clip.frames) > 1:
            selected.append(clip)
    if not any(c.in_order and len(distinct(c.frames, settings.code_change)) > 1 for c in selected):
        raise TrainingError(
            f"none of the {len(clips)} clips is in order and changes by {settings.code_change:g} "
            "in its mean color, as the codebook's sequences must; add one, or lower --code-change "
            "and --least-change."
        )
    return selected
