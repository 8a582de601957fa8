"""Loop faults: what a loop does to clouds and water, and to all that should stay.

Each is told frame by frame, `see`, and summed up at the loop's end, `figure`; the loop's light is
to be the input's.

Legend: H W pixels, h w those of a smaller picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks, shrinking
from . import metrics
from .artifacts import LEVEL, Changed

RADII_WIDTH = 960  # of the picture for which radii are given, pixels
SCALES_PX = 2, 4, 8  # radii of the forms in which copies are looked for
AROUND_PX = 8  # radius over which detail has a direction
DETAIL_01 = 0.03  # radius of the blur that a reflection's detail is without, share of the width
SMALL = 320  # width of the picture in which reflections are looked for, pixels
BELOW_01 = 0.1  # how far below the shore's median a mirror's axis may lie, share of the height
ENOUGH = 0.2  # share of the water whose source has to be land
MIRRORS = 0.25  # least correlation of water that mirrors


class Twice:
    """Two copies of clouds or of a surface that are seen at once.

    At three scales (r = 2, 4, 8 px at 960 px width) the forms of a frame are `B = blur_r - blur_2r`
    of its mean channel, over what moves. Of two copies at half their strength the contrast
    `rms(B)` drops; where it was restored, there are twice as many forms, and `mean |B| / rms(B)`
    grows, since more of the picture is filled. The figure is the sum of both changes, relative to
    the input's and in the mean over the scales, at the frame where it is greatest. 0: no copy is
    seen through another.
    """

    def __init__(self, image: Tensor, moving: Tensor) -> None:
        """Take the input, [1, 3, H, W], and what moves, [1, 1, H, W] bool."""
        self.radii = [_pixels(radius, image) for radius in SCALES_PX]
        # forms at the edge of what moves are the land's too
        self.inside = metrics.erode(moving, 4 * self.radii[-1])
        self.of_input = self._forms(image) if bool(self.inside.any()) else []
        self.worst: float | None = None

    def see(self, frame: Tensor) -> None:
        """Take a frame of the loop, [1, 3, H, W]."""
        changes = [
            max(0.0, 1 - contrast / contrast_0) + max(0.0, filled / filled_0 - 1)
            for (contrast, filled), (contrast_0, filled_0) in zip(
                self._forms(frame) if self.of_input else [], self.of_input, strict=True
            )
            if contrast_0 > LEVEL / 4
        ]
        if changes:
            self.worst = max(self.worst or 0.0, sum(changes) / len(changes))

    def figure(self) -> float | None:
        """The greatest change, 0 or more; None where nothing that moves has any form."""
        return self.worst

    def _forms(self, image: Tensor) -> list[tuple[float, float]]:
        """The contrast, and how much of the picture is filled, at each scale."""
        grey = image.mean(1, keepdim=True)
        found = []
        for radius in self.radii:
            forms = (masks.blur(grey, radius) - masks.blur(grey, 2 * radius))[self.inside]
            contrast = float(forms.square().mean().sqrt())
            found.append((contrast, float(forms.abs().mean()) / max(contrast, 1e-6)))
        return found


class Streak:
    """Forms that are drawn out into streaks.

    The structure tensor J of the luma over windows (8 px at 960 px width) tells how much all
    gradients near a place have one direction: `sqrt((J_xx - J_yy)² + 4 J_xy²)`, summed over what
    moves, over the sum of `J_xx + J_yy`. The figure is the greatest of the frames' over the
    input's. 1: no more than in the picture.
    """

    def __init__(self, image: Tensor, moving: Tensor) -> None:
        """Take the input, [1, 3, H, W], and what moves, [1, 1, H, W] bool."""
        self.radius = _pixels(AROUND_PX, image)
        self.inside = metrics.erode(moving, self.radius)
        self.of_input = self._directed(image)
        self.worst: float | None = None

    def see(self, frame: Tensor) -> None:
        """Take a frame of the loop, [1, 3, H, W]."""
        if self.of_input:
            directed = self._directed(frame) or 0.0
            self.worst = max(self.worst or 0.0, directed / self.of_input)

    def figure(self) -> float | None:
        """The greatest ratio; None where nothing that moves has any detail."""
        return self.worst

    def _directed(self, image: Tensor) -> float | None:
        x, y = metrics.gradient(image).split(1, 1)
        products = masks.blur(torch.cat([x * x, y * y, x * y], 1), self.radius)
        xx, yy, xy = products.movedim(1, 0)[:, self.inside[:, 0]]
        much = float((xx + yy).sum())
        return float(((xx - yy).square() + 4 * xy.square()).sqrt().sum()) / much if much else None


class Creep(Changed):
    """Land that changes at all, thin things included: the share of its pixels, 0..1.

    A pixel changes if any channel differs from the input's by half a level of 8 bits or more in
    any frame.
    """

    def differs(self, difference: Tensor) -> Tensor:  # [1, 1, H, W] bool
        """Half a level or more."""
        return difference >= LEVEL / 2


class Reflection:
    """Whether water goes on mirroring the land above it.

    Water mirrors the picture about a level axis: that one near its far shore about which the detail
    of the water correlates most with the detail of land, upside down. The figure is the least of
    the frames' correlations over the input's. 1: the reflection stays.
    """

    def __init__(self, image: Tensor, water: Tensor, land: Tensor) -> None:
        """Take the input, [1, 3, H, W], its water and its land, [1, 1, H, W] bool each."""
        scale = min(1.0, SMALL / image.shape[3])
        self.size = max(2, round(image.shape[2] * scale)), max(2, round(image.shape[3] * scale))
        self.water, self.land = (
            shrinking.area(one.to(image), self.size) > 0.5 for one in (water, land)
        )
        self.above = self._detail(image, self.land)
        self.axis, self.of_input = self._find(image)
        self.ratios: list[float] = []

    def see(self, frame: Tensor) -> None:
        """Take a frame of the loop, [1, 3, H, W]."""
        if self.of_input >= MIRRORS:
            now = self._correlation(self._detail(frame, self.water), self.axis) or 0.0
            self.ratios.append(now / self.of_input)

    def figure(self) -> float | None:
        """The least ratio, 1 at the most; None where the water mirrors no land."""
        return min(1.0, *self.ratios) if self.ratios else None

    def _find(self, image: Tensor) -> tuple[int, float]:
        """Twice the row of the axis, and the correlation about it."""
        if not bool(self.water.any()) or not bool(self.land.any()):
            return 0, 0.0
        h = self.size[0]
        there = self.water[0, 0].any(0)
        shores = self.water[0, 0].float().argmax(0)[there]
        first, last = int(shores.min()), min(int(shores.median()) + round(BELOW_01 * h), h - 1)
        detail = self._detail(image, self.water)
        found = [(self._correlation(detail, a) or 0.0, a) for a in range(2 * first, 2 * last)]
        best, axis = max(found, default=(0.0, 0))
        return axis, best

    def _detail(self, image: Tensor, where: Tensor) -> Tensor:  # [1, 1, h, w]
        grey = shrinking.area(image, self.size).mean(1, keepdim=True)
        inside = where.to(grey)
        reach = max(1, round(DETAIL_01 * self.size[1]))
        return (grey - masks.blur_within(grey, inside, reach)) * inside

    def _correlation(self, detail: Tensor, axis: int) -> float | None:
        """That of the water with the land about an axis; None where too little of it is mirrored.

        A pixel of row y mirrors that of row `axis - y`.
        """
        y = torch.arange(self.size[0])
        source = axis - y
        there = (source >= 0) & (source < y)
        source = source.clamp(0, self.size[0] - 1)
        known = self.water & self.land[:, :, source] & there[:, None]
        if int(known.sum()) < max(1, ENOUGH * int(self.water.sum())):
            return None
        one, other = detail[known], self.above[:, :, source][known]
        return float(F.cosine_similarity(one, other, dim=0))


def _pixels(radius: float, image: Tensor) -> int:
    return max(1, round(radius * image.shape[3] / RADII_WIDTH))
