"""Border lines: bright or dark lines along a picture's border, which cropping or scaling left.

They are a defect of a few pixels that nobody sees until it moves: carried along by clouds, a line
crosses the sky.
"""

from __future__ import annotations

from torch import Tensor

WIDEST = 4  # pixels
INNER = 40  # pixels from the border within which a picture's own changes are measured
TIMES, LEAST = (
    4.0,
    0.015,
)  # a line differs so many times as much as they, and by that, of 2, at least


def remove(
    rest: Tensor,  # [1, C, H, W] what differs from a base; changed in place
) -> None:
    """Let what lies beside a border line go on to the border; other borders stay as they are."""
    for axis in (2, 3):
        side = rest.shape[axis]
        if side < 2 * (INNER + WIDEST):
            continue
        for first in (0, side - WIDEST):
            last = first > 0
            near = rest.narrow(axis, side - INNER - WIDEST if last else 0, INNER + WIDEST)
            if _has_line(near.flip(axis) if last else near, axis):
                beside = rest.narrow(axis, first - 1 if last else WIDEST, 1)
                rest.narrow(axis, first, WIDEST).copy_(beside)


def _has_line(
    near: Tensor,  # [1, C, ...] the pixels at a border, from it inwards along the axis
    axis: int,
) -> bool:
    """Whether the outermost pixels differ from those beside them by far more than others do."""
    profile = near[0, :3].mean(4 - axis)  # [3, INNER + WIDEST] means along the border
    steps = (profile[:, WIDEST:] - profile[:, :-WIDEST]).abs().amax(0)  # [INNER]
    usual = float(steps[WIDEST:].median())
    return float(steps[0]) > max(TIMES * usual, LEAST)
