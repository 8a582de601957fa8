"""Wrapping: equirectangular pictures, whose left and right borders are one meridian.

Such a picture is cut where its columns hold the least detail, laid out from there, and extended to
the right by `OVERLAP` of its width, in which its beginning comes again. All is computed on that
extended picture. What is made on it, fields, mattes and frames, is cross-faded over the overlap and
rolled back, so that it closes around the horizon. The cut depends on what is seen alone: a picture
that is rolled is laid out as the same extended picture, so that its frames are rolled alike.

A pixel spans 2π/W radians both ways. Level motion of one speed on the sphere is `1 / cos(latitude)`
as fast in the picture, which has no bound at the poles: from `CALM_FROM_DEG` to `STILL_FROM_DEG`
motion fades, and beyond that nothing moves. (Beyond the paper.)

Legend: H W pixels of the picture, M of its overlap, h w pixels of a field of the extended picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..errors import PictureError
from ..settings.sentences import say

OVERLAP = 0.25  # of the width; the middle half of it is cross-faded, the rest is margin
MARGIN = 0.25  # of the overlap at either end, which what lies beyond the border may disturb
NARROWEST = 16  # pixels of a width that can be extended
CALM_FROM_DEG, STILL_FROM_DEG = 60.0, 85.0
MOST_COMPARED = 64  # places to cut that are alike
LEVELS = 255  # to which values are rounded where detail is measured


@dataclass(frozen=True)
class Wrap:
    """How one picture is laid out.

    Attributes:
        width: W.
        cut: the column with which the extended picture begins, 0..W-1.
        overlap: M, pixels.
    """

    width: int
    cut: int
    overlap: int

    @classmethod
    def of(
        cls,
        picture: Tensor,  # [1, C, H, W]
    ) -> Wrap:
        """The layout of a picture: cut where M columns have the least detail across.

        Raises:
            PictureError: it is higher than half of its width, or too narrow.
        """
        height, width = picture.shape[2:]
        if height > width / 2 + 1 or width < NARROWEST:
            raise PictureError(
                say(
                    f"the picture has {width}x{height} pixels; expected an equirectangular one for "
                    f"<clip.wrap>, {NARROWEST} or more wide and twice as wide as high or wider: "
                    "choose another, or turn that off."
                )
            )
        overlap = max(1, round(OVERLAP * width))
        # whole numbers: a rolled picture has the same sums, to the bit
        values = picture[0, :3].double().nan_to_num().clamp(-LEVELS, LEVELS)
        levels = (values * (LEVELS / 2)).round().long().cpu().numpy()
        detail = np.abs(levels - np.roll(levels, 1, -1)).sum((0, 1))
        sums = np.concatenate([[0], np.cumsum(np.concatenate([detail, detail]))])
        held = (sums[overlap:] - sums[:-overlap])[:width]
        # a mirrored picture has two such places: what follows on them decides
        cuts = np.flatnonzero(held == held.min())[:MOST_COMPARED]
        columns = levels.sum((0, 1))
        cut = min(cuts, key=lambda first: np.roll(columns, -first).tolist())
        return cls(width, int(cut), overlap)

    def at(self, width: int) -> Wrap:
        """The same layout of the picture at another width, to the nearest pixel."""
        scale = width / self.width
        return replace(
            self,
            width=width,
            cut=round(self.cut * scale) % width,
            overlap=max(1, round(self.overlap * scale)),
        )

    def extend(
        self,
        picture: Tensor,  # [1, C, H, W]
    ) -> Tensor:  # [1, C, H, W + M]
        """The extended picture."""
        laid = picture.roll(-self.cut, -1)
        return torch.cat([laid, laid[..., : self.overlap]], -1)

    def close(
        self,
        made: Tensor,  # [1, C, H, W + M] of the extended picture
    ) -> Tensor:  # [1, C, H, W]
        """What was made on the extended picture, closed, at the picture's own place.

        Column x of the overlap becomes `(1 - s) O(x + W) + s O(x)`, s rising from 0 to 1.
        """
        share = self._share(torch.arange(self.overlap, device=made.device).to(made.dtype))
        closed = made[..., : self.width].clone()
        again = made[..., self.width :]
        closed[..., : self.overlap] = torch.lerp(again, closed[..., : self.overlap], share)
        return closed.roll(self.cut, -1)

    def close_field(
        self,
        field: Tensor,  # [B, C, h, w] of the extended picture
    ) -> Tensor:  # [B, C, h, w]
        """The field with both copies of the overlap cross-faded into one, as `close` does.

        So whatever follows from it is the same in either copy. A flow's unit stays the same.
        """
        w, extended = field.shape[3], self.width + self.overlap
        x = torch.arange(w, dtype=torch.float64, device=field.device) * ((extended - 1) / (w - 1))
        first = x <= self.overlap
        second = x >= self.width
        place = torch.where(second, x - self.width, x)
        other = torch.where(second, place, x + self.width).clamp(max=extended - 1)
        share = self._share(place)  # of the first copy
        share = torch.where(second, share, 1 - share)  # of the other one
        share = torch.where(first | second, share, torch.zeros_like(share))
        at = other * ((w - 1) / (extended - 1))
        before = at.floor().clamp(0, w - 2).long()
        there = torch.lerp(
            field.index_select(3, before),
            field.index_select(3, before + 1),
            (at - before).to(field.dtype),
        )
        return torch.lerp(field, there, share.to(field.dtype))

    def _share(self, x: Tensor) -> Tensor:
        """S of `close` at columns of the overlap: 0 and 1 within the margins at its ends."""
        return ((x / self.overlap - MARGIN) / (1 - 2 * MARGIN)).clamp(0, 1)

    def on_sphere(
        self,
        step: Tensor,  # [1, 2, h, w] backward, normalised, of the extended picture
        height: int,
    ) -> Tensor:  # [1, 2, h, w]
        """A flow as on a sphere, calm at the poles and the same in both copies of the overlap.

        With φ the latitude and c falling smoothly from 1 at ±`CALM_FROM_DEG` to 0 at
        ±`STILL_FROM_DEG`, level motion is multiplied by `c / cos φ` (2.2 at most), upright motion
        by c.

        Args:
            step: the flow of one frame.
            height: H, pixels; the picture's middle row is the horizon.
        """
        h = step.shape[2]
        rows = torch.linspace(-0.5, 0.5, h, dtype=torch.float64) * (height - 1)
        latitude = (rows * (2 * math.pi / self.width)).abs()
        first, last = math.radians(CALM_FROM_DEG), math.radians(STILL_FROM_DEG)
        t = ((latitude - first) / (last - first)).clamp(0, 1)
        calm = 1 - t * t * (3 - 2 * t)
        level = calm / latitude.cos().clamp(min=math.cos(last))
        gain = torch.stack([level, calm])[None, :, :, None].to(step)
        return self.close_field(step * gain)
