"""Baked light: two looks of a cycle as tone curves for each place, between which a kit is mixed.

A look is the tone curves (`light.tone_curves`) of one phase, at the size of masks, with a skyline
where there is one. Color transfer maps become the curves that do the same to the mean color of each
place. The light of moved things stays with the place. (Beyond the paper.)

Legend: H W pixels of a look, h w pixels of the color maps' grid.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..light import tone_curves
from ..light.cycles import LightCycle
from ..networks.inputs import square
from ..ops import color, masks, warping
from ..scene.regions import mask_size
from ..scene.skyline import Skyline
from .lighting import Light, when_needed

TRIED = 24  # phases of a cycle that are compared to find the farthest look


@dataclass(frozen=True)
class Looks:
    """Two looks of one light.

    Attributes:
        frames: frames of the clip in which the light goes from the first to the second and back.
        at: the frame of each look.
        curves: [1, 7, H, W] of each look, as `tone_curves` has them.
        edge: E of `tone_curves`.
        toe: t of `tone_curves`.
        teal: how far green may get ahead of red and blue where it is blue, of that.
        dark: gains from and to which texture loses color.
        faded: the share of it that it has lost then.
        grey: shares of the logits of red, green and blue in the grey that it fades into.
        cobalt: logits by which blue may get further ahead of red and green than it was.
    """

    frames: float
    at: tuple[float, float]
    curves: tuple[Tensor, Tensor]
    edge: float = tone_curves.EDGE
    toe: float = tone_curves.TOE
    teal: float = tone_curves.TEAL
    dark: tuple[float, float] = tone_curves.DARK
    faded: float = tone_curves.FADED
    grey: tuple[float, float, float] = tone_curves.GREY
    cobalt: float = tone_curves.COBALT


def looks_of(
    cycle: LightCycle,
    picture: Tensor,  # [1, 3 or 4, H, W]
    skyline: Skyline | None,
    clip_frames: int,
) -> Looks:
    """The look with which a cycle begins, and the one that changes the picture most."""
    light = Light(cycle, picture, skyline)
    baker = _Baker(light, picture)
    first = baker.curves(0.0)
    shown = tone_curves.shade(baker.small, first)
    phases = sorted({k / TRIED for k in range(1, TRIED)} | set(cycle.codes.phases[1:]))

    def change(phase: float) -> float:
        lit = tone_curves.shade(baker.small, baker.curves(phase))
        return float((lit - shown).abs().mean())

    farthest = max(phases, key=change)
    length = clip_frames / cycle.rounds
    return Looks(length, (0.0, farthest * length), (baker.baked(0.0), baker.baked(farthest)))


class _Baker:
    """The tone curves of a light, on the grid or baked."""

    def __init__(
        self,
        light: Light,
        picture: Tensor,  # [1, 3 or 4, H, W]
    ) -> None:
        self.light = light
        self.size = mask_size(picture.shape[2], picture.shape[3])
        self.grid = light.keyed(0.0, when_needed)().shape[3]
        self.small = square(picture, self.grid, light.picture.device)

    def curves(self, phase: float) -> Tensor:  # [1, 7, h, w]
        """The curves on the grid, without those that a skyline parts off."""
        made = self._made(phase)
        return made[:, :, : self.grid] if self.light.skyline else made

    def baked(self, phase: float) -> Tensor:  # [1, 7, H, W]
        """The curves at the size of masks."""
        made, (height, width) = self._made(phase), self.size
        if self.light.skyline:
            return self.light.skyline.enlarge(made, height, width)
        return warping.enlarge(made, height, width)

    def _made(self, phase: float) -> Tensor:
        color_map = self.light.keyed(phase, when_needed)()
        if self.light.codes.relative:
            return color_map
        mean = masks.blur(self.small, color.AROUND)
        shown = color.transfer(mean, color_map)
        return tone_curves.through(mean, shown, (1 - shown * shown) * color_map[:, :3])
