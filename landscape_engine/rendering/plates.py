"""Plates: the picture with everything outside a region painted over, to sample from.

What moves brings in what lay beyond the region's edge, which must be more of the region, never
land: close to the edge the region mirrored at it, farther out a smooth continuation that has the
mirrored region's fine detail. (Mirrored whole, forms would break where two mirrorings meet.)

Legend: H W pixels of the picture, h w of the masks.
"""

from __future__ import annotations

import threading
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..loops import exchange
from ..ops import masks, shrinking, warping
from ..ops.strips import strips
from ..scene import bases
from ..scene.bases import Base
from . import border_lines

SURELY_INSIDE = 0.9  # share of a pixel of the predictor's grid from which it shows the region alone
INSIDE = 0.5  # of the alpha from which a pixel lies in a region
FINE_PX = 6  # pixels of the masks: fine is what a blur of this radius takes away
MIRRORED_PX = 16  # ... from the edge over which mirrored forms give way to the smooth continuation
SMOOTH_PX = 20  # ... radius of the continuation's blur
COARSER = 4  # ... pixels to one of the grid on which it is blurred


class Plates:
    """One picture's plates, each made when it is first asked for."""

    def __init__(
        self,
        picture: Tensor,  # [1, C, H, W]
    ) -> None:
        """Hold a picture; a region is known by its alpha, the very tensor."""
        self.picture = picture
        self._made: dict[int, tuple[Tensor, Tensor]] = {}  # by the alpha's id: alpha, plate
        # by the plate's id: plate, and the density and opacity of its forms
        self._forms: dict[int, tuple[Tensor, tuple[Tensor, Tensor]]] = {}
        self._behind: dict[int, tuple[Base, Tensor]] = {}  # by the base's id: base, and it extended
        self._premultiplied: dict[
            int, tuple[Tensor, Tensor]
        ] = {}  # by the plate's id: plate, for `translucent`
        self._turn = threading.Lock()

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """The least and the greatest value of each of the picture's channels."""
        lowest, highest = (bound.flatten().tolist() for bound in bounds_of(self.picture))
        return tuple(zip(lowest, highest, strict=True))

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Black and white or, where the picture goes beyond, its least and greatest value."""
        lowest, highest = zip(*self.bounds, strict=True)
        return min(-1.0, *lowest), max(1.0, *highest)

    def of(
        self,
        alpha: Tensor | None,  # [1, 1, h, w] of a region; None: all of the picture
        base: Base | None = None,  # the region's static layer
    ) -> Tensor:  # [1, C, H, W]
        """The layer to sample for a region: its plate or, with a base, the difference from it."""
        if alpha is None:
            return self.picture
        # frames are made in several threads
        with self._turn:
            if id(alpha) not in self._made:
                if base is None:
                    plate = fill(self.picture, alpha)
                else:
                    plate = bases.difference(self.picture, base, alpha)
                    border_lines.remove(plate)
                self._made[id(alpha)] = alpha, plate
            return self._made[id(alpha)][1]

    @cached_property
    def alpha(self) -> Tensor | None:  # [1, 1, H, W] 0..1
        """The picture's alpha; None where all of it is opaque."""
        if self.picture.shape[1] < 4:
            return None
        alpha = self.picture[:, 3:].add(1).div_(2).clamp_(0, 1)
        return None if bool((alpha == 1).all()) else alpha

    def premultiplied(
        self,
        plate: Tensor,  # [1, 4, H, W] that `of` gave, with or without a base
        base: Base | None,
    ) -> Tensor | None:  # [1, 8, H, W]; None where all of the picture is opaque
        """Colors times alpha, alpha 0..1, and the plate: for `translucent.sample`."""
        if self.alpha is None:
            return None
        with self._turn:
            if id(plate) not in self._premultiplied:
                # the fourth channel of a difference is a difference of alpha
                alpha = self.alpha if base else plate[:, 3:].add(1).div_(2).clamp_(0, 1)
                stacked = torch.cat([plate[:, :3] * alpha, alpha, plate], 1)
                self._premultiplied[id(plate)] = plate, stacked
            return self._premultiplied[id(plate)][1]

    def forms(
        self,
        plate: Tensor,  # [1, C, H, W] that `of` gave, with a base
    ) -> tuple[Tensor, Tensor]:  # [1, 1, h, w] each
        """The density and the opacity of the moving forms there, as `exchange` has them."""
        with self._turn:
            if id(plate) not in self._forms:
                self._forms[id(plate)] = plate, exchange.forms(plate)
            return self._forms[id(plate)][1]

    def behind(
        self,
        alpha: Tensor,  # [1, 1, h', w'] of a region
        base: Base,
        size_hw: tuple[int, int],
    ) -> Tensor:  # [1, 3, h, w]
        """The region's base on the predictor's grid, continued past the region's edge."""
        with self._turn:
            if id(base) not in self._behind:
                light, share = (shrinking.area(one, size_hw) for one in (base.light, alpha))
                inside = (share > SURELY_INSIDE).to(light)
                self._behind[id(base)] = base, masks.extend(light, inside)
            return self._behind[id(base)][1]


def bounds_of(
    picture: Tensor,  # [1, C, H, W]
) -> tuple[Tensor, Tensor]:  # [1, C, 1, 1] each
    """The least and the greatest value of each channel."""
    lowest, highest = picture.flatten(2).aminmax(dim=2)
    return lowest[:, :, None, None], highest[:, :, None, None]


def fill(
    picture: Tensor,  # [1, C, H, W]
    alpha: Tensor,  # [1, 1, h, w]
) -> Tensor:  # [1, C, H, W]
    """Paint over everything outside a region.

    With q the pixel mirrored at the region's edge, L the picture's local mean within the region, S
    the colors of the nearest edge, blurred, and m falling from 1 at the edge to 0 at `MIRRORED_PX`,
    what lies outside becomes `I(q) - L(q) + m L(q) + (1 - m) S`, within the picture's range. Where
    no pixel inside lies so that it could be mirrored, that is S.
    """
    height, width = picture.shape[2:]
    inside = _inside(warping.enlarge(alpha, height, width))
    if inside.all() or not inside.any():
        return picture
    low, smooth, formless = _continue(picture, alpha)
    edge = masks.Edge(inside)
    lowest, highest = bounds_of(picture)
    plate = picture.clone()
    for rows in strips(range(height), width, picture.device):
        beyond = torch.from_numpy(~inside[rows]).to(picture.device)
        if not beyond.any():
            continue
        source, found = edge.mirrored(rows)
        index = torch.from_numpy(source[..., 0] * width + source[..., 1]).to(picture.device)
        mirrored = picture[0].flatten(1)[:, index.flatten()].view(1, -1, *index.shape)
        at = torch.from_numpy(source[..., ::-1].copy()).permute(2, 0, 1)[None].to(low)
        mean = warping.sample(low, at / warping.pixels_per_unit(height, width, low.device) - 1)
        calm = warping.enlarge(smooth, height, width, rows)
        filled = mirrored + warping.enlarge(formless, height, width, rows) * (calm - mean)
        filled = torch.where(torch.from_numpy(found).to(picture.device), filled, calm)
        filled = filled.clamp(lowest, highest)
        plate[:, :, rows] = torch.where(beyond, filled, plate[:, :, rows])
    return plate


def _continue(
    picture: Tensor,  # [1, C, H, W]
    alpha: Tensor,  # [1, 1, h, w]
) -> tuple[Tensor, Tensor, Tensor]:  # [1, C, h, w], [1, C, h', w'], [1, 1, h, w]
    """L, S (on a coarser grid) and 1 - m of `fill`."""
    inside = _inside(alpha)
    kept = torch.from_numpy(inside)[None, None].to(picture)
    small = shrinking.area(picture, alpha.shape[2:])
    low = masks.extend(masks.blur_within(small, kept, FINE_PX), kept)
    edge = masks.Edge(inside)
    at = torch.from_numpy(edge.nearest(slice(None))).to(picture.device)
    coarse = max(2, inside.shape[0] // COARSER), max(2, inside.shape[1] // COARSER)
    smooth = shrinking.area(low[:, :, at[..., 0], at[..., 1]], coarse)
    smooth = masks.blur(smooth, SMOOTH_PX // COARSER)
    formless = torch.from_numpy(edge.distance / MIRRORED_PX).clamp(max=1)
    return low, smooth, formless[None, None].to(picture)


def _inside(alpha: Tensor) -> np.ndarray:  # bool [H, W]
    """The pixels of a region; for a thin one, all that it touches."""
    values = alpha[0, 0].cpu().numpy()
    inside = values >= INSIDE
    return inside if inside.any() else values > 0
