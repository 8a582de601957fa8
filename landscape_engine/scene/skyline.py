"""Skyline: tone curves that end where the sky does, so that no light crosses from it to the land.

Curves lie on a small grid, and beside a skyline those of both sides are mixed: by the predictor, in
the mean colors that they go through, and where they are enlarged. That is seen as a rim along the
ridge. Here nothing is mixed: near the skyline the sky's curves go on from the sky alone, all others
from what is no sky, and each pixel of the picture takes as much of both as its share of sky says.

Curves of sky and water know no forms (`tone_curves.formless`), so that they need not follow what
moves. Those of two parts are one tensor, [1, 7, h + b, w]: those of all but the sky, and under them
the sky's in the b rows that the skyline reaches. Elsewhere both are the same.

Legend: h w pixels of the curves' grid.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..ops import masks, shrinking, warping
from ..ops.warping import Band
from .regions import Region

REACH = 6  # half the way beside an edge over which curves are mixed, pixels of the grid
CLEAN, MIXED = 0.02, 0.08  # variance of the share there, up to and from which curves are so
CLEAR = 0.15  # share of sky below which a pixel has none, and above 1 - which nothing else
FAINT = 1e-3  # weight of mixed curves, for where there are no clean ones nearby


class Skyline:
    """The lower edge of a picture's sky, and the tone curves there."""

    def __init__(
        self,
        share: Tensor,  # [1, 1, H, W] how much of a pixel is sky, 0..1, at any size of the picture
        grid_hw: tuple[int, int],
    ) -> None:
        """Find where curves of a grid are mixed."""
        self.share = ((share - CLEAR) / (1 - 2 * CLEAR)).clamp(0, 1)
        self.height = grid_hw[0]
        self.sky = shrinking.area(self.share, grid_hw)
        variance = masks.blur(self.sky.square(), REACH) - masks.blur(self.sky, REACH).square()
        # a wide soft border has little variance, and no side of it is told from the other
        self.mixed = masks.soft_threshold(variance, (CLEAN, MIXED))
        self.exists = bool(self.mixed.any())
        reached = masks.rows_of(self.mixed)
        self.band = Band(max(0, reached.first - 1), min(reached.last + 1, self.height), self.height)

    @classmethod
    def of(cls, regions: Iterable[Region]) -> Skyline | None:
        """The skyline of a picture's regions; None where there is none."""
        for one in regions:
            if one.kind == "sky":
                share = one.alpha if one.share is None else one.share
                line = cls(share, (one.core.shape[2], one.core.shape[3]))
                return line if line.exists else None
        return None

    def part(
        self,
        curves: Tensor,  # [1, 7, h, w]
    ) -> Tensor:  # [1, 7, h + b, w]
        """Curves of two parts, each without what is the other's."""
        land, sky = (self._cleaned(curves, one) for one in (1 - self.sky, self.sky))
        return torch.cat([land, sky[:, :, self.band.rows]], dim=2)

    def enlarge(
        self,
        curves: Tensor,  # [1, 7, h + b, w]
        height: int,
        width: int,
        rows: slice = slice(None),
    ) -> Tensor:  # [1, 7, R, width]
        """Curves of two parts at the picture's size, as `warping.enlarge`."""
        land, sky = self._split(curves)
        enlarged = warping.enlarge(land, height, width, rows)
        start, stop, _ = rows.indices(height)
        reached = self.band.around(height)
        first, last = max(start, reached.first), min(stop, reached.last)
        if first >= last:
            return enlarged
        if enlarged.data_ptr() == land[:, :, rows].data_ptr():  # of the same size: it is the land's
            enlarged = enlarged.clone()
        both = slice(first, last)
        share = warping.enlarge(self.share, height, width, both)
        above = warping.enlarge(sky, height, width, both, self.band)
        enlarged[:, :, first - start : last - start].lerp_(above, share)
        return enlarged

    def _cleaned(
        self,
        curves: Tensor,  # [1, 7, h, w]
        own: Tensor,  # [1, 1, h, w] share of what they are for
    ) -> Tensor:  # [1, 7, h, w]
        """Curves that, where mixed, are extrapolated from where they are clean."""
        identity = curves.new_tensor([1, 1, 1, 0, 0, 0, 1]).view(1, 7, 1, 1)
        weight = own * (1 - self.mixed).clamp(min=FAINT)
        # of what they differ by from the identity, which stays itself to the bit
        return torch.lerp(curves, masks.extend(curves - identity, weight) + identity, self.mixed)

    def _split(self, curves: Tensor) -> tuple[Tensor, Tensor]:
        return curves[:, :, : self.height], curves[:, :, self.height :]
