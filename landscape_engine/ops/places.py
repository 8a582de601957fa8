"""Places: regions as places to sample from, into which what would come from outside is folded."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from . import masks, warping
from .layers import Layers
from .motion_fields import MovingPart
from .warping import Band

EDGE_PX = 20  # pixels of the grid from a region's edge over which its sources come to count fully
EDGE_WEIGHT = 0.03  # weight of a source at the edge or beyond it, mirrored
MARGIN_PX = 8  # rows of the grid beyond a region that its fields hold as well


class Place:
    """One region as a place to sample from, on the rows of the grid that it touches."""

    def __init__(self, part: MovingPart) -> None:
        self.alpha = part.region.alpha
        h, w = part.step.shape[2:]
        self.band = _band_of(self.alpha, h)
        # the nearer the edge, the less it counts: a line between two phases would show
        self.inside = masks.depth(part.region.core).div(EDGE_PX).clamp(EDGE_WEIGHT, 1)
        self.mirror = masks.mirror(part.region.core)
        self.pixels = warping.pixels_per_unit(h, w, part.step.device)
        self.identity = warping.identity_grid(h, w, part.step.device, self.band.rows)

    def cut(
        self,
        flow: Tensor,  # [1, 2, h, w]
    ) -> Tensor:  # [1, 2, b, w]
        """The region's rows of a flow."""
        return flow[:, :, self.band.rows]

    def fold(
        self,
        flow: Tensor,  # [1, 2, b, w]
    ) -> Tensor:  # [1, 2, b, w]
        """The flow whose sources all lie inside the region, mirrored at its edge where need be."""
        source = warping.reflect(self.identity + flow)
        folded = source + warping.sample(self.mirror, source) - self.identity
        return torch.where(flow == 0, flow, folded)

    def holds(
        self,
        flow: Tensor,  # [1, 2, b, w]
    ) -> Tensor:  # [1, 1, b, w]
        """1 where a flow's source lies well inside region and picture, less towards their edge.

        A source not yet moved by much still counts, or the loop would jump where it starts anew.
        """
        source = self.identity + flow
        within = warping.sample(self.inside, source)
        beyond = source.abs().amax(1, keepdim=True) > 1 + 1e-4
        within = torch.where(beyond, within.new_tensor(EDGE_WEIGHT), within)
        moved = (flow * self.pixels).square().sum(1, keepdim=True).sqrt()
        return 1 - (1 - within) * (moved / EDGE_PX).clamp(max=1)

    def put(self, layers: Layers) -> Layers:
        """The same layers, for this region."""
        return replace(layers, alpha=self.alpha, band=self.band)


def _band_of(
    alpha: Tensor,  # [1, 1, H, W]
    height: int,
) -> Band:
    """The rows of a grid that a region touches, and some more."""
    seen = torch.nonzero(alpha.amax((0, 1, 3))).flatten()
    if not len(seen):
        return Band(0, min(2, height), height)
    scale = (height - 1) / max(alpha.shape[2] - 1, 1)
    first = int((int(seen[0]) - 1) * scale) - MARGIN_PX
    last = int((int(seen[-1]) + 1) * scale) + MARGIN_PX + 2
    return Band(max(0, first), min(height, last), height)
