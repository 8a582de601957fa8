"""Borders: what comes in at a picture's border, made of what is mirrored there and led along it.

A mirror image shows its axis: a band of cloud that rises to the border falls behind it. Led along
the border by as much as its streaks lean, a band goes on straight. With J the structure tensor of
the picture near the border, a line of equal color has the slope dy/dx = -J_xy / J_yy, and what is
mirrored o pixels beyond a border at the right lies twice that higher. What has no direction is led
along the border by an uneven share of o, so that it is another form. (Beyond the paper.)

Legend: h w pixels of the predictor's grid.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import masks, warping
from . import phase_noise

SLANT, SLANT_CELLS = 1.0, (4, 8)  # pixels along a border, in the mean, for each beyond it; noise's
NEAR_PX = 7  # pixels over which the directions of streaks are averaged
STEEPEST = 0.7  # slope up to which a streak is followed: of steeper ones other things would come
FLAT = 1e-4  # squared step of gray levels, of 2, up to which there are no streaks
FOLLOWED = 0.25, 0.6  # coherence of streaks that are not followed, and wholly


class Borders:
    """How sources beyond a picture's borders are led along them."""

    def __init__(
        self,
        core: Tensor,  # [1, 1, h, w] bool, the region that moves
        small: Tensor | None,  # [1, 3, h, w] the picture, if it is known
    ) -> None:
        """Measure how streaks lean."""
        uneven = SLANT * (1 + phase_noise.smooth(core.float(), SLANT_CELLS))
        if small is None:
            self.led = torch.cat([uneven, torch.zeros_like(uneven).expand(-1, 2, -1, -1)], 1)
            return
        leaning, followed = _streaks(small, core)
        self.led = torch.cat([uneven * (1 - followed), 2 * leaning * followed], 1)

    def along(
        self,
        source: Tensor,  # [1, 2, h, w] normalised
        pixels: Tensor,  # [1, 2, 1, 1] of the grid, for each normalised unit
    ) -> Tensor:  # [1, 2, h, w] normalised
        """By how much sources are led along a border: 0 for those within the picture."""
        beyond = ((source.abs() - 1).clamp(min=0) * pixels).flip(1)
        led = warping.sample(self.led, source.clamp(-1, 1))
        side = source.sign().flip(1)
        return (led[:, :1] - side * led[:, 1:]) * beyond / pixels


def _streaks(
    small: Tensor,  # [1, 3, h, w]
    core: Tensor,  # [1, 1, h, w] bool
) -> tuple[Tensor, Tensor]:  # [1, 2, h, w] dx/dy and dy/dx, [1, 1, h, w] 0..1
    """How streaks lean near each pixel, within a region, and how far they are to be followed."""
    gray = small.mean(1, keepdim=True)
    across = torch.gradient(gray, dim=3)[0]
    down = torch.gradient(gray, dim=2)[0]
    inside = (masks.depth(core) > 1).to(gray)  # beside the region there is its silhouette
    xx, yy, xy = (
        masks.blur(one * inside, NEAR_PX) for one in (across.square(), down.square(), across * down)
    )
    total = xx + yy + FLAT
    coherence = ((xx - yy).square() + 4 * xy.square()).sqrt() / total
    slopes = torch.cat([-xy / (xx + FLAT), -xy / (yy + FLAT)], 1).clamp(-STEEPEST, STEEPEST)
    return slopes, masks.soft_threshold(coherence, FOLLOWED)
