"""The paper's cross-fade: the end of a motion laid over its start (section 5)."""

from __future__ import annotations

import torch

from ..motion.fields import MotionField, Track, future, past
from ..settings.loop import StartKind
from .layers import Layers
from .places import Everywhere, Place


def steps(period: int, start: StartKind) -> int:
    """Frames that the motion goes on from the picture."""
    return 2 * (period - 1) if start == "blend" else period - 1


class CrossFade:
    """A loop of T frames from N = 2 (T - 1) motion frames.

    Of the frames M_1..M_N: `O_t = (1 - w) M_{t+1} + w M_{t+1+T}` with `w = max(0, 1 - (t + 1) /
    (T - 1))`, t = 0..T-1: the first T - 2 frames fade from the motion's tail, so that frame 0
    follows on frame T - 1.

    The paper moves the picture M_0 on from there ("blend"). With "picture", M_{T-1} is the picture,
    which moves both on and back from it, and the loop begins there, with a frame that is no blend.
    """

    def __init__(
        self, motion: MotionField, period: int, place: Place | Everywhere, start: StartKind
    ) -> None:
        self.period = period
        self.place = place
        onward = steps(period, start)
        self.picture = 2 * (period - 1) - onward  # the frame M_n that is the picture
        self.first = max(0, self.picture - 1)  # the frame O_t with which the loop begins
        after = past(motion, onward, place.most_fields)
        self.before: Track | None = None
        if self.picture > 1:
            self.before = future(motion, self.picture - 1, after, place.most_fields).cut(place.cut)
        self.after = after.cut(place.cut)

    def at(self, t: int) -> Layers:
        """Frame t, 0..T-1."""
        t = (t + self.first) % self.period
        share = 1 - (t + 1) / (self.period - 1)
        layers = Layers(self._moved(t + 1))
        if share > 0:
            second = self._moved(t + 1 + self.period)
            weight = torch.full((1, 1, 1, 1), share, device=second.device)
            layers = Layers(layers.first, second, weight)
        return self.place.put(layers)

    def _moved(self, n: int) -> torch.Tensor:  # [1, 2, h, w]
        """The flow from the motion's frame M_n, n = 1..N, to the picture."""
        n -= self.picture
        if n < 0 and self.before is not None:
            return self.before.at(-n)
        return self.after.at(n)
