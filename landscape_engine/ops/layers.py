"""Layers: one region's part of a frame, as samplings of the input picture that are blended."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .warping import Band


@dataclass(frozen=True)
class Layers:
    """One region's part of a frame: `O = (1 - share) I(first) + share I(second)`, corrected.

    What is shown is `g O - correction` (see `contrast.correct`). With a `band` all fields hold
    these rows of the predictor's grid alone, b of its h.
    """

    first: Tensor  # [1, 2, b, w] backward, normalised, from this frame to the input picture
    second: Tensor | None = None  # [1, 2, b, w]
    share: Tensor | None = None  # [1, 1, b, w] or [1, 1, 1, 1], of the second; 0..1
    contrast: Tensor | None = None  # [1, 4, b, w] g - 1, then the correction
    alpha: Tensor | None = None  # [1, 1, H, W] the region; None for the whole picture
    touched: Band | None = None  # the rows in which alpha isn't 0
    band: Band | None = None

    @property
    def held(self) -> Band:
        """The rows of the grid that the fields hold."""
        return self.band or Band(0, self.first.shape[2], self.first.shape[2])
