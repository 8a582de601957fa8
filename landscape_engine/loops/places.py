"""Places to sample from: a region, beyond whose edge sources count less, or all."""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..motion.fields import KEPT_FIELDS, STEADY_FIELDS, MovingPart
from ..ops import masks, warping
from .borders import Borders
from .layers import Layers

EDGE_PX = 20  # pixels of the grid from a region's edge over which its sources come to count fully
CARRIED_PX = 8  # ... by which what differs from a base has moved when its source decides alone
EDGE_WEIGHT = 0.03  # weight of a source at the edge or beyond it, mirrored
NEAR_PX, FAR_PX = 8, 24  # ... beyond it to where what goes on there fades as a source, and is none
MARGIN_PX = 8  # rows of the grid beyond a region that its fields hold as well
OUTSIDE = 1e-3  # weight of a source outside the picture: never zero, so that a blend always exists
SOFTENED_PX = 2  # pixels of the predictor's grid over which that weight fades


class Place:
    """One region as a place to sample from, on the rows of the grid that it touches."""

    most_fields = STEADY_FIELDS  # that a track of its motion holds

    def __init__(
        self,
        part: MovingPart,
        small: Tensor | None = None,  # [1, 3, h, w] the picture on the predictor's grid
        led: bool = True,
    ) -> None:
        """Hold a part; if `led`, what comes in at a border is led along it (`borders`)."""
        self.alpha = part.region.alpha
        self.base = part.base
        self.wrap = part.wrap
        self.decided = EDGE_PX if part.base is None else CARRIED_PX
        h, w = part.step.shape[2:]
        self.touched = masks.rows_of(self.alpha)
        self.band = self.touched.around(h, MARGIN_PX)
        # the nearer the edge, the less it counts: a line between two phases would show
        self.inside = masks.depth(known(part)).div(EDGE_PX).clamp(EDGE_WEIGHT, 1)
        self.mirror = masks.mirror(part.region.core)
        self.reached = None
        if part.base is not None:
            self.reached = _fading(masks.depth(~part.region.core, border=False))
        self.pixels = warping.pixels_per_unit(h, w, part.step.device)
        self.identity = warping.identity_grid(h, w, part.step.device, self.band.rows)
        self.borders = None
        if led and part.wrap is None:
            self.borders = Borders(part.region.core, small)

    def cut(
        self,
        flow: Tensor,  # [N, C, h, w]
    ) -> Tensor:  # [N, C, b, w]
        """The region's rows of a flow."""
        return flow[:, :, self.band.rows]

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
        return 1 - (1 - within) * (moved / self.decided).clamp(max=1)

    def found(
        self,
        flow: Tensor,  # [1, 2, b, w]
    ) -> Tensor | None:  # [1, 1, b, w] 0..1
        """The share of foreground in a flow's source: 1 within the region, ...

        ... less farther from its edge, or from the picture's; None where there is no base.
        """
        if self.reached is None:
            return None
        source = self.identity + flow
        over = (source.abs() - 1).clamp(min=0) * self.pixels
        return warping.sample(self.reached, source) * _fading(over.amax(1, keepdim=True))

    def slanted(
        self,
        flow: Tensor,  # [1, 2, b, w]
    ) -> Tensor:  # [1, 2, b, w]
        """The same flow, its sources outside the picture led along the border."""
        if self.borders is None:
            return flow
        return flow + self.borders.along(self.identity + flow, self.pixels)

    def put(self, layers: Layers) -> Layers:
        """The same layers, for this region."""
        return replace(
            layers,
            alpha=self.alpha,
            base=self.base,
            mirror=self.mirror,
            touched=self.touched,
            band=self.band,
        )


def known(
    part: MovingPart,
) -> Tensor:  # [1, 1, h, w] bool
    """Where there is something to sample: the region, and of a sky what masts and twigs hide of it.

    Clouds go on behind things no wider than 2 × `NEAR_PX`: a morphological closing.
    """
    core = part.region.core
    if part.base is None or not part.base.behind:
        return core
    grown = masks.highest(core.to(part.step.dtype), NEAR_PX)
    return masks.shrink(grown, NEAR_PX) > 0.5


def _fading(beyond: Tensor) -> Tensor:
    """1 up to `NEAR_PX` beyond an edge, 0 from `FAR_PX` on."""
    return 1 - masks.soft_threshold(beyond, (NEAR_PX, FAR_PX))


class Everywhere:
    """The whole picture as a place: nothing is mirrored, and what lies outside counts little."""

    base = wrap = None
    most_fields = KEPT_FIELDS

    def cut(self, flow: Tensor) -> Tensor:  # [N, C, h, w]
        """The flow as it is."""
        return flow

    def holds(
        self,
        flow: Tensor,  # [1, 2, h, w]
    ) -> Tensor:  # [1, 1, h, w]
        """1 where the source of a pixel lies inside the picture, `OUTSIDE` elsewhere, softened."""
        height, width = flow.shape[2:]
        source = warping.identity_grid(height, width, flow.device) + flow
        inside = (source.abs().amax(1, keepdim=True) <= 1 + 1e-4).to(flow.dtype)
        if bool((inside == 1).all()):
            return inside
        k = 2 * SOFTENED_PX + 1
        soft = F.avg_pool2d(inside, k, 1, SOFTENED_PX, count_include_pad=False)
        return soft.clamp(min=OUTSIDE)

    def found(self, flow: Tensor) -> None:
        """Nothing: all of the picture moves."""

    def slanted(self, flow: Tensor) -> Tensor:  # [1, 2, h, w]
        """The flow as it is."""
        return flow

    def put(self, layers: Layers) -> Layers:
        """The layers as they are."""
        return layers
