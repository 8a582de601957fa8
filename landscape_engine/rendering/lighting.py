"""Lighting: the changing light of one clip, as color maps along a cycle of codes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property, partial
from typing import Any

import torch
from torch import Tensor

from ..light import highlights, tone_curves
from ..light.cycles import LightCycle
from ..light.stars import Stars
from ..light.windows import Windows
from ..networks.inputs import square
from ..ops import color, warping
from ..scene.skyline import Skyline
from .compositing import Drift, Transfer, recolor

ColorMap = Callable[[], Tensor]  # gives a map or curves [1, M, h, w] when it's there
Start = Callable[..., ColorMap]  # starts a function that makes one, with its arguments


class Light:
    """The changing light of one clip: color maps along a closed cycle of key codes."""

    def __init__(
        self,
        cycle: LightCycle,
        picture: Tensor,  # [1, 3 or 4, H, W]
        skyline: Skyline | None = None,
        stars: Stars | None = None,
        windows: Windows | None = None,
    ) -> None:
        """Hold the codes; tone curves end at a skyline; stars and windows shine at night."""
        self.codes = cycle.codes
        self.predict = cycle.predict
        self.rounds = cycle.rounds
        self.is_per_frame = cycle.per_frame
        relative = cycle.codes.relative
        self.transfer: Transfer = tone_curves.shade_logits if relative else color.transfer
        self.bright = highlights.has_any(picture)
        if self.bright:
            self.transfer = (
                highlights.above(tone_curves.shade, highlights.CURVES)
                if relative
                else highlights.above(color.transfer)
            )
        self.own_code = cycle.own_code
        self.picture = picture
        self.skyline = skyline if relative else None
        self.stars = stars
        self.windows = windows
        self._maps: dict[int, ColorMap] = {}

    def keyed(self, phase: float, start: Start) -> ColorMap:
        """The map at a phase 0..1: predicted at the codes around it, interpolated between.

        Predictions are started at once, that of the code after them too; what is given waits for
        them.
        """
        first, second, weight = self.codes.around(phase)
        next_one = (second + 1) % len(self.codes.codes)
        self._maps = {
            k: self._maps.get(k) or start(self._at_key, k) for k in (first, second, next_one)
        }
        before, after = self._maps[first], self._maps[second]
        return lambda: torch.lerp(before(), after(), weight)

    def _at_key(self, k: int) -> Tensor:  # [1, M, h, w]
        """The map of a key code, corrected if the cycle says so."""
        color_map = self.predict(self.picture, self.codes.codes[k : k + 1])
        offset = self.codes.corrections[k] if self.codes.corrections else None
        if offset is None:
            return self.skyline.part(color_map) if self.skyline else color_map
        picture = square(self.picture, color_map.shape[3], color_map.device)
        return color.correct(color_map, picture, offset.to(color_map.device))

    @cached_property
    def _own_map(self) -> Tensor | None:  # [1, 6, h, w]
        """The map of the picture's own look, where it is needed."""
        if not self.bright or self.own_code is None:
            return None
        return self.predict(self.picture, self.own_code)

    @property
    def prepare(self) -> Callable[[Tensor], None] | None:
        """The function that prepares a moved strip [1, 3 or 4, R, W] for recoloring, in place."""
        return _take_logits if self.codes.relative and not self.bright else None

    def recolor(
        self,
        frame: Tensor,  # [1, 3 or 4, H, W] moved and prepared, and changed here
        drift: Drift,
        color_map: Tensor,  # of the unmoved picture, as `keyed` gives it
        phase: float,
        cancelled: Callable[[], bool],
    ) -> Tensor:  # [1, 3 or 4, H, W]
        """The recolored frame; a map half follows the motion, curves with a skyline stay."""
        clear = self._clear(frame, prepared=self.prepare is not None)
        if self._own_map is not None:
            color_map = torch.cat([color_map, self._own_map], 1)
        if self.skyline:
            lit = recolor(frame, color_map, cancelled, frame, self.transfer, self.skyline.enlarge)
        else:
            lit = recolor(frame, drift.carry(color_map), cancelled, frame, self.transfer)
        if self.windows is not None:
            self.windows.shine(lit)
        return self._starlit(lit, clear, phase)

    def _clear(self, frame: Tensor, prepared: bool) -> Tensor | None:  # [1, 1, H, W]
        """How much of each star the clouds of a frame leave; None where there are no stars."""
        if self.stars is None:
            return None
        return self.stars.behind(frame if prepared else tone_curves.logits(frame[:, :3]))

    def _starlit(self, frame: Tensor, clear: Tensor | None, phase: float) -> Tensor:
        if self.stars is not None and clear is not None:
            self.stars.shine(frame, clear, phase)
        return frame

    def per_frame(
        self,
        frame: Tensor,  # [1, 3 or 4, H, W] moved, not yet recolored
        phase: float,
    ) -> Tensor:  # [1, 3, H, W]
        """The recolored frame, its map predicted from itself (Algorithm 1, lines 13-15)."""
        color_map = self.predict(frame, self.codes.at(phase))
        height, width = frame.shape[2:]
        clear = self._clear(frame, prepared=False)
        lit = self.transfer(frame[:, :3], warping.enlarge(color_map, height, width))
        return self._starlit(lit, clear, phase)


def _take_logits(strip: Tensor) -> None:  # [1, 3 or 4, R, W]
    colors = strip[:, :3]
    tone_curves.logits(colors, out=colors)


def when_needed(function: Callable[..., Tensor], *arguments: Any) -> ColorMap:
    """Make a map when it's first asked for."""
    return cache(partial(function, *arguments))
