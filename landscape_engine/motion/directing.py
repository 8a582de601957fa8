"""Directing: a predicted field bent to the arrows that lie where it moves."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import AnnotationError
from ..fitting import targets
from ..fitting.annotations import Arrow
from ..ops import warping
from . import hints

MOVES = 0.5  # share of a pixel that moves from which an arrow may lie there


def direct(
    field: Tensor,  # [1, 2, h, w] backward, normalised
    moving: Tensor,  # [1, 1, h, w] 0..1
    arrows: Sequence[Arrow],
    aspect: float,
    beta: float,
    speed: float = 1.0,
    among: Sequence[Arrow] = (),
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """Bend a field to arrows, each in its own way (`motion.hints`).

    Args:
        field: what is predicted, times `speed`.
        moving: where it counts.
        arrows: those to follow; none leave the field as it is.
        aspect: width / height of the picture as it is shown.
        beta: the predictor's.
        speed: factor on the arrows' speed, too.
        among: all arrows of the picture, to which their lengths are compared (default: `arrows`).
    """
    if not arrows:
        return field
    every = list(among) or list(arrows)
    vectors = targets.flow_vectors(every, aspect, beta) * speed
    chosen = vectors[[every.index(a) for a in arrows]]
    points = torch.cat([targets.stroke_points(a) for a in arrows])
    vectors = chosen.repeat_interleave(targets.POINTS, dim=0)
    return hints.spread(field, moving, points, vectors, aspect=aspect)


def lying_in(
    arrows: Sequence[Arrow],
    moving: Tensor,  # [1, 1, h, w] 0..1
) -> tuple[Arrow, ...]:
    """The arrows some part of which lies where it moves."""
    return tuple(a for a in arrows if _lies_in(a, moving))


def check_moving(
    arrows: Sequence[Arrow],
    moving: Tensor,  # [1, 1, h, w] 0..1
) -> None:
    """Refuse arrows no part of which lies where anything moves.

    Raises:
        AnnotationError: there is such an arrow.
    """
    for arrow in arrows:
        if not _lies_in(arrow, moving):
            raise AnnotationError(
                f"the {arrow} lies where nothing moves; draw it over moving sky or water, or "
                "add a region there."
            )


def _lies_in(arrow: Arrow, moving: Tensor) -> bool:
    points = targets.stroke_points(arrow).to(moving.device)
    return float(warping.sample(moving, points.T[None, :, :, None]).amax()) >= MOVES
