"""Directing: a predicted field bent to the arrows that lie where it moves."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import AnnotationError
from ..fitting import targets
from ..fitting.annotations import Arrow
from ..ops import warping
from ..settings.sentences import Sentence, say
from . import hints

WHERE_IT_MOVES = "draw it over moving sky or water, or add a region there."
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
    why: str = "",
) -> None:
    """Refuse arrows no part of which lies where anything moves.

    Args:
        arrows: the artist's.
        moving: where it moves.
        why: see `idle_sentence`.

    Raises:
        AnnotationError: there is such an arrow.
    """
    idle = [arrow for arrow in arrows if not _lies_in(arrow, moving)]
    if idle:
        raise AnnotationError(idle_sentence(idle, why or WHERE_IT_MOVES))


def idle_sentence(idle: Sequence[Arrow], why: str, left_out: bool = False) -> Sentence:
    """The sentence for arrows that lie where nothing moves.

    Args:
        idle: those arrows.
        why: the rest of the sentence: what says that nothing moves there, and what to do.
        left_out: whether the others are followed without them.
    """
    first = f"{idle[0]}, at the {place_of(idle[0])} of the picture,"
    said, verb, be = f"the {first}", "lies", "is"
    if len(idle) > 1:
        said, verb, be = f"{len(idle)} arrows, the first of them the {first}", "lie", "are"
    out = f" and {be} left out" if left_out else ""
    return say(f"{said} {verb} where nothing moves{out}: {why}")


def place_of(arrow: Arrow) -> str:
    """Where an arrow's middle lies: "upper left", "left", "middle", ..."""
    x, y = ((a + b) / 2 for a, b in zip(arrow.start_01, arrow.end_01, strict=True))
    across = ("left", "", "right")[min(int(3 * x), 2)]
    along = ("upper", "", "lower")[min(int(3 * y), 2)]
    if not across:
        return {"upper": "top", "": "middle", "lower": "bottom"}[along]
    return f"{along} {across}".strip()


def _lies_in(arrow: Arrow, moving: Tensor) -> bool:
    points = targets.stroke_points(arrow).to(moving.device)
    return float(warping.sample(moving, points.T[None, :, :, None]).amax()) >= MOVES
