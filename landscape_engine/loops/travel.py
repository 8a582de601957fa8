"""Travel: how far a region may move within a loop before it needs pixels that don't exist.

A two-phase loop of T frames shows at frame t what came from t frames ago and what will be T - t
frames ahead. Where both lie outside the region nothing that was photographed is left to show; what
a mast hides goes on behind it. This share grows with how far a region moves in a loop: one that
would lose more than `MOST_LOST` takes shorter loops, a whole number of them in the period, and then
moves more slowly.

Legend: T frames of the period, K leaps of a table, N pixels of a region that are counted, h w
pixels of the grid.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ..motion.fields import MotionField, MovingPart, motion_of_parts
from ..ops import warping
from ..scene.regions import FALLS, MASKED, NAMES
from ..settings import LoopSettings
from ..settings.sentences import say
from . import phase_noise as noise
from .places import known
from .two_phase import CELLS

MOST_LOST = 0.02  # share of a region that may have no source in either phase
LEAST_FRAMES = 24  # in one of several loops: shorter ones would flicker
SHORT_FRAMES = 40  # in one of the loops of water and falls, at least
LEAPS = 32
CAREFUL = 0.9 * MOST_LOST  # ... as counted: on every Nth frame, and on a coarse grid
COUNTED = 16384  # pixels of a region, evenly, at most


class Sources:
    """Which pixels of a region still have a source after each distance, forward and backward."""

    def __init__(
        self,
        step: Tensor,  # [1, 2, h, w] backward, normalised
        core: Tensor,  # [1, 1, h, w] bool
        frames: int,
        phase_noise: float = 0.0,
        known: Tensor | None = None,  # [1, 1, h, w] bool; the region, if not given
    ) -> None:
        """Follow a steady field over `frames` frames in K leaps, to sources that are known."""
        region = core[0, 0] if bool(core.any()) else torch.ones_like(core[0, 0])
        h, w = step.shape[2:]
        identity = warping.identity_grid(h, w, step.device)
        stride = -(-int(region.sum()) // COUNTED)
        points = identity[0, :, region][None, :, None, ::stride]  # [1, 2, 1, N]
        leap = step * (frames / LEAPS)
        there = (core if known is None else known).to(step.dtype)
        self.past = _lost_after(leap, there, points)
        self.future = _lost_after(-leap, there, points)
        scattered = noise.smooth(step, CELLS)[0, 0][region][::stride]
        self.offset = phase_noise / 2 * scattered  # [N]

    def lost(self, leaps: int) -> float:
        """The greatest share of the region without a source in a loop with this much travel.

        Args:
            leaps: 0..K, of the K that the whole travel has.
        """
        if leaps == 0:
            return 0.0
        times = torch.arange(2 * leaps, device=self.past.device)[:, None] / (2 * leaps)  # [t, 1]
        gone = ((times + self.offset) % 1.0) * leaps  # [t, N] 0..leaps
        # between two leaps the farther one is asked, of both ways
        lost = self.past.gather(0, gone.ceil().long())
        lost &= self.future.gather(0, (leaps - gone).ceil().long())
        return float(lost.float().mean(1).amax())


def fit(motion: MotionField, settings: LoopSettings, period: int) -> MotionField:
    """Limit the travel of each region in a loop of T frames; the motion records the changes.

    What was fitted to another period is fitted anew. Other loops than two-phase ones and motion of
    the whole picture are the paper's, and stay as they are.
    """
    if settings.kind != "two-phase" or not motion.parts or motion.period == period:
        return motion
    parts = [
        _fit_part(_as_asked(part), settings.varied(part.base is not None), period)
        for part in motion.parts
    ]
    if all(part.slowed == old.slowed for part, old in zip(parts, motion.parts, strict=True)):
        return replace(motion, parts=tuple(parts), period=period)
    assert motion.small is not None
    return replace(motion_of_parts(parts, motion.small), period=period)


def notes(motion: MotionField) -> list[str]:
    """Notes on the regions whose travel was limited, a sentence each."""
    changed = (part for part in motion.parts if _is_told(part))
    return [_note(part, motion.period) for part in changed]


def _is_texture(part: MovingPart) -> bool:
    """Whether a part takes short loops by itself: its forms stand, and its texture goes."""
    return part.region.kind == FALLS or part.waves


def _is_told(part: MovingPart) -> bool:
    """Whether a part takes more loops than it would by itself, or is slower."""
    return part.slowed != 1.0 or (part.rounds > 1 and not _is_texture(part))


def rounds(period: int) -> list[int]:
    """The numbers of loops that divide a period into whole frames, `LEAST_FRAMES` or more each."""
    return [1] + [n for n in range(2, period // LEAST_FRAMES + 1) if period % n == 0]


def _as_asked(part: MovingPart) -> MovingPart:
    """Undo the fitting of a part; a stilled part can't be restored."""
    if part.rounds == 1 and part.slowed == 1.0:
        return part
    step = part.step / part.slowed if part.slowed else part.step
    return replace(part, step=step, rounds=1, slowed=1.0)


def _fit_part(part: MovingPart, phase_noise: float, period: int) -> MovingPart:
    core = part.region.core
    if not bool(part.step.any()):
        return part
    there = known(part)
    sources = Sources(part.step, core, period, phase_noise, there)
    possible = rounds(period)
    if _is_texture(part):
        possible = [n for n in possible if n == 1 or period // n >= SHORT_FRAMES][-1:]
    for n in possible:
        if sources.lost(math.ceil(LEAPS / n)) <= CAREFUL:
            return replace(part, rounds=n)
    most = possible[-1]
    within = Sources(part.step, core, period // most, phase_noise, there)
    if within.lost(LEAPS) <= CAREFUL:
        return replace(part, rounds=most)
    low, high = 0, LEAPS  # the travel that is short enough, and the one that is too long
    while high - low > 1:
        middle = (low + high) // 2
        if within.lost(middle) <= CAREFUL:
            low = middle
        else:
            high = middle
    return replace(
        part, step=part.step * (low / LEAPS), rounds=most if low else 1, slowed=low / LEAPS
    )


def _lost_after(
    leap: Tensor,  # [1, 2, h, w] backward, normalised
    known: Tensor,  # [1, 1, h, w]
    points: Tensor,  # [1, 2, 1, N] normalised
) -> Tensor:  # [K + 1, N] bool
    """Whether each point's source lies outside the region after 0..K leaps."""
    lost = [torch.zeros_like(points[0, 0, 0], dtype=torch.bool)]
    for _ in range(LEAPS):
        # a steady field: to follow a point is to accumulate the flow there
        points = points + warping.sample(leap, points)
        found = warping.sample(known, points) > 0.5
        found &= points.abs().amax(1, keepdim=True) <= 1 + 1e-4
        lost.append(~found[0, 0, 0])
    return torch.stack(lost)


def _note(part: MovingPart, period: int | None) -> str:
    name = part.region.name
    who = f"the {name}" if name in (*NAMES.values(), FALLS) else f"the region '{name}'"
    if name == MASKED:
        who = "what <regions.moving_mask> marks"
    does = []
    if part.rounds > 1:
        assert period is not None
        does.append(f"takes {part.rounds} loops of {period // part.rounds} frames")
    if part.slowed == 0:
        does.append("stays still")
    elif part.slowed != 1.0:
        does.append(f"moves at {part.slowed:.2f} of its speed")
    return say(
        f"{who} {' and '.join(does)}: more than {MOST_LOST:.0%} of it would otherwise show what "
        "lies beyond its edge (a lower <motion.speed> or a shorter <loop.frames> avoids this)."
    )
