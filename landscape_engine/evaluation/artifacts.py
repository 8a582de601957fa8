"""Artifacts: things a loop shows that aren't in its picture, or that it breaks.

Each is told frame by frame, `see`, and summed up at the loop's end, `figure`.

Legend: H W pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from . import metrics

LEVEL = 2 / 255  # one of 8 bits
SMOOTH = 6 * LEVEL  # gradient per pixel from which the input is not smooth
REACH_01 = 0.02  # of the width, within which there may be none
LEAST_01 = 0.002  # share of the picture that has to be smooth, or nothing is told
PERCENTILE = 0.999
FAINTEST = LEVEL  # of the input's own percentile, so that flat skies can be divided by
BINS = 8192
STEEPEST = 8**0.5  # of luma in [-1, 1], from black to white to the right and downwards
TORN = 8 * LEVEL  # change from which a pixel of a thin thing is torn


class Ghost:
    """Edges that appear where the input has none: mountains in the sky, boxes, arcs, streaks.

    With g the gradient's magnitude (`metrics.gradient`) and S the pixels within `REACH_01` of whose
    place the input's g is nowhere above `SMOOTH`: the 99.9th percentile of g over S and all frames
    seen, over that of the input over S (or one level of 8 bits, if that is more). 1: nothing has
    appeared. A cloud with clear edges that drifts into clear sky counts as well; told where clouds
    have drifted to (`samplings.carried`), the figure leaves them out, and what remains is foreign.
    """

    def __init__(self, image: Tensor) -> None:
        """Take the input, [1, 3, H, W]."""
        self.smooth = smooth_part(image)
        self._counts = torch.zeros(BINS, dtype=torch.float64)
        self._of_input = self._count(image)

    def see(self, frame: Tensor, carried: Tensor | None = None) -> None:
        """Take a frame of the loop, [1, 3, H, W], its light the input's.

        What was `carried` to its place, [1, 1, H, W] bool, is left out.
        """
        self._counts += self._count(frame, carried)

    def figure(self) -> float | None:
        """The ratio, 0 or more; None where hardly anything is smooth or no frame was seen."""
        if float(self.smooth.float().mean()) < LEAST_01 or not float(self._counts.sum()):
            return None
        of_input = max(_percentile(self._of_input), FAINTEST)
        return max(_percentile(self._counts), FAINTEST) / of_input

    def _count(self, image: Tensor, but: Tensor | None = None) -> Tensor:  # [BINS] float64
        there = self.smooth if but is None else self.smooth & ~but
        steepness = steepness_of(image)[there]
        return torch.histc(steepness, BINS, 0, STEEPEST).double()


class Changed:
    """The share of some pixels, 0..1, that differ from the input in any frame."""

    def __init__(self, image: Tensor, where: Tensor) -> None:
        """Take the input, [1, 3, H, W], and the pixels that count, [1, 1, H, W] bool."""
        self.image = image
        self.where = where
        self.changed = torch.zeros_like(where)

    def see(self, frame: Tensor) -> None:
        """Take a frame of the loop, [1, 3, H, W]."""
        self.changed |= self.differs((frame - self.image).abs().amax(1, keepdim=True))

    def differs(self, difference: Tensor) -> Tensor:  # [1, 1, H, W] bool
        """Where the greatest difference of any channel, [1, 1, H, W] of 2, counts."""
        raise NotImplementedError

    def figure(self) -> float | None:
        """The share; None where no pixel counts."""
        if not bool(self.where.any()):
            return None
        return float((self.changed & self.where).sum() / self.where.sum())


class Torn(Changed):
    """Thin structures that move: rigging, masts, reeds, twigs, wires.

    The share of their pixels, 0..1, of which any channel differs from the input's by more than 8 of
    255 levels in any frame of the loop; its light is to be the input's. Waves behind don't count,
    for a mask holds the things alone.
    """

    def differs(self, difference: Tensor) -> Tensor:  # [1, 1, H, W] bool
        """More than 8 levels."""
        return difference > TORN


class Pulse:
    """How much a loop's sharpness varies: its minimum over its maximum.

    `min(d) / max(d)`, d being `metrics.detail` of each frame in what moves: 1 for a loop that never
    pulses, 0.5 for one that is half as sharp at one time as at another.
    """

    def __init__(self, moving: Tensor) -> None:
        """Take what moves, [1, 1, H, W] bool."""
        self.moving = moving
        self.details: list[float] = []

    def see(self, frame: Tensor) -> None:
        """Take a frame of the loop, [1, 3, H, W]."""
        if bool(self.moving.any()):
            self.details.append(metrics.detail(frame, self.moving))

    def figure(self) -> float | None:
        """The ratio, 0..1; None where nothing moves or nothing has any detail."""
        sharpest = max(self.details, default=0.0)
        return min(self.details) / sharpest if sharpest > 0 else None


def smooth_part(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
) -> Tensor:  # [1, 1, H, W] bool
    """The pixels with no gradient above `SMOOTH` within `REACH_01` of the width."""
    reach = max(1, round(REACH_01 * image.shape[3]))
    return F.max_pool2d(steepness_of(image), 2 * reach + 1, 1, reach) <= SMOOTH


def steepness_of(
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
) -> Tensor:  # [1, 1, H, W]
    """The magnitude of the luma's gradient, per pixel."""
    return metrics.gradient(image).square().sum(1, keepdim=True).sqrt()


def _percentile(counts: Tensor) -> float:  # of the values counted in `BINS` steps of 0..`STEEPEST`
    reached = counts.cumsum(0) >= PERCENTILE * counts.sum()
    return (int(reached.int().argmax()) + 0.5) * STEEPEST / BINS
