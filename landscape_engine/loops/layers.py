"""Layers: one region's part of a frame, as samplings of the input picture that are blended."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..ops import warping
from ..ops.warping import Band
from ..scene.bases import Base
from ..settings import SamplingKind


@dataclass(frozen=True)
class Layers:
    """One region's part of a frame: `O = (1 - share) I(first) + share I(second)`, corrected.

    I is the picture or, of a region, its plate (`plates`), so that sources may lie outside. What is
    shown is `g O - correction` (see `contrast.corrected`); with a base, I is what differs from it,
    and the base is added to what is shown. With a `band` all fields hold
    these rows of the predictor's grid alone, b of its h.
    """

    first: Tensor  # [1, 2, b, w] backward, normalised, from this frame to the input picture
    second: Tensor | None = None  # [1, 2, b, w]
    share: Tensor | None = None  # [1, 1, b, w] or [1, 1, 1, 1], of the second; 0..1
    leeway: Tensor | None = None  # [1, 1, b, w] how surely both copies have a source, 0..1; less
    # than 0 where the older copy is the second
    begun: Tensor | None = None  # [1, 1, b, w] `exchange.planned`: of the share that is shown
    contrast: Tensor | None = None  # [1, 4, b, w] g - 1, then the correction
    found: Tensor | None = None  # [1, 1, b, w] share of the blend that has a source, 0..1
    alpha: Tensor | None = None  # [1, 1, H, W] the region; None for the whole picture
    base: Base | None = None  # the static layer; None: nothing stays
    breath: Tensor | None = None  # [1, 2, b, w] backward, normalised, by which the base itself goes
    mirror: Tensor | None = None  # [1, 2, h, w] `masks.mirror` of the region
    touched: Band | None = None  # the rows in which alpha isn't 0
    band: Band | None = None
    sampling: SamplingKind = "bilinear"  # of the input picture

    @property
    def held(self) -> Band:
        """The rows of the grid that the fields hold."""
        return self.band or Band(0, self.first.shape[2], self.first.shape[2])

    def folded(self) -> Layers:
        """The same with all sources inside the region; those outside are mirrored at its edge.

        For what is sampled coarsely from something that has no plate.
        """
        if self.mirror is None:
            return self
        mirror = self.mirror
        h, w = mirror.shape[2:]
        identity = warping.identity_grid(h, w, self.first.device, self.held.rows)

        def fold(flow: Tensor) -> Tensor:
            source = warping.reflect(identity + flow)
            inside = source + warping.sample(mirror, source) - identity
            return torch.where(flow == 0, flow, inside)

        second = None if self.second is None else fold(self.second)
        return replace(self, first=fold(self.first), second=second)
