"""Lit scene: the features of a picture that a change of its light depends on.

Where a thing is, how light and how warm it is, whether it is sky, land or water, whether the
picture shows the night, and where its sun is.

Legend: m terms; B codes of one picture of h w pixels.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from ..ops import masks
from ..ops.masks import mean_within as mean
from ..ops.masks import soft_threshold as rising
from . import daylight, lamplight, suns

AS_ITS_SKY = 0.65  # of the change of water, the share that is its sky's
BY_A_LAMP = 30.0, 55.0  # L* of what is around a lamp: surely, not (what is white there is a thing)
STIFFNESS = 0.02  # of the fit: variance of a term below which it hardly counts
NIGHT, DUSKY = 20.0, 30.0  # mean L* of a sky at night, and of the darkest that is none
LAMPS, LIT_SKY = (0.001, 0.004), (8.0, 10.0)  # share of lamps below it: few, a town, whose sky has
# so much more of both
AURORA, ITS_GLOW = (0.18, 0.3), (62.0, 50.0)  # green share and mean L*: no aurora, surely one
GREENER = 0.05  # ln of G over R and B from which sky is green: blue and teal are by day too
UNCOLORED = 1.0, 2.5  # chroma of nearly all of a picture: black and white surely, and at most
SUN, PALE_SKY = 0.005, 0.03  # share of the picture up to which glare is the sun's, or a pale sky's
LEAVES = 0.1, 0.3  # g beyond daylight's line: none, surely leaves
CLOSE = 0.05  # of the width, to a sun
SPOT = 0.06  # of the width, about which land's mean light is taken
SHINES = 0.1, 0.4  # most confidence of a sun in a sky: it has none, surely one
RODS = 0.062, 0.608, 0.33  # what rods see of linear R, G, B
LOW = 0.15, 0.3  # height of a sun above the horizon, of the sky's: low, not low
OF_TONE = (3, 4, 9, 12)  # terms that would make of a change of light one of contrast


class Scene:
    """The features of a picture that a change of light depends on; each is [B, 1, h, w]."""

    def __init__(
        self,
        light: Tensor,  # [B, 3, h, w] 0..1
        shares: Tensor | None,  # [1, 3, h, w]
        sharp: Tensor | None = None,  # [1, 3, h, w] 0..1, with its texture
        starry: float = 0.0,
        buildings: Tensor | None = None,  # [1, 1, h, w] share
        places: tuple[Tensor, Tensor] | None = None,  # x and y, where they aren't all
    ) -> None:
        count, _, h, w = light.shape
        self.light, self.shares, self.sharp, self.starry = light, shares, sharp, starry
        self.buildings = buildings
        self._fewer: dict[int, Scene] = {}  # the same of some pixels, by how far they are apart
        if places is None:
            y = torch.linspace(-1, 1, h, device=light.device).view(1, 1, h, 1)
            x = torch.linspace(-1, 1, w, device=light.device).view(1, 1, 1, w)
            places = x.expand(count, 1, h, w), y.expand(count, 1, h, w)
        self.x, self.y = places
        self.lightness, _, _ = daylight.lab(light)
        self.dark = (1 - self.lightness / 45).clamp(0, 1)
        self.warmth, green = daylight.axes((light + daylight.FAINT).log())
        self.green = green - daylight.GREEN_OF_WARMTH * self.warmth
        nothing = torch.zeros_like(self.x)
        self.sky, self.water = (
            nothing if shares is None else shares[:, k : k + 1].expand_as(nothing) for k in (1, 2)
        )
        self.land = (1 - self.sky - self.water).clamp(min=0)
        self.night = self._night()
        self.shore = _row(self.water, self.y, 0.05)
        self.horizon = _row(self.sky, self.y, 0.95)

    def every(self, apart: int) -> Scene:
        """The same of some of its pixels."""
        if apart == 1:
            return self
        if apart not in self._fewer:
            some = (..., slice(apart // 2, None, apart), slice(apart // 2, None, apart))
            shares, sharp, buildings = (
                None if one is None else one[some]
                for one in (self.shares, self.sharp, self.buildings)
            )
            places = self.x[some], self.y[some]
            self._fewer[apart] = Scene(
                self.light[some], shares, sharp, self.starry, buildings, places
            )
        return self._fewer[apart]

    @property
    def seen(self) -> Tensor:  # [B, 1, 1, 1] 0..1
        """The confidence that the picture's sky lights its land."""
        return (mean(self.sky, torch.ones_like(self.sky)) / 0.05).clamp(max=1)

    @property
    def skyward(self) -> Tensor:  # [B, 1, h, w] 0..1
        """The share of the sky's light at each pixel: 1 in the sky, less on water."""
        return self.sky + AS_ITS_SKY * self.water

    @property
    def height(self) -> Tensor:  # [B, 1, h, w] 0..1
        """The elevation above the horizon of sky, or of the sky that water reflects.

        Of water without a sky, as from above, the middle.
        """
        of_sky = (self.horizon - self.y) / (self.horizon + 1).clamp(min=0.1)
        of_water = (self.y - self.shore) / (1 - self.shore).clamp(min=0.1)
        of_water = torch.lerp(torch.full_like(of_water, 0.5), of_water.clamp(0, 1), self.seen)
        share = self.water / (self.sky + self.water).clamp(min=1e-3)
        return torch.lerp(of_sky.clamp(0, 1), of_water, share)

    @cached_property
    def sharpest(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The light with its texture, if there is such a one, [B or 1, 3, h, w], and its L*a*b*."""
        light = self.light if self.sharp is None else self.sharp
        return light, *daylight.lab(light)

    @cached_property
    def sun(self) -> suns.Sun:
        """The sun that stands in the sky."""
        return suns.find(self.sharpest[0], self.sky[:1], self.warmth[:1])

    @cached_property
    def moon(self) -> Tensor:  # [B or 1, 1, h, w] 0..1
        """The confidence that a place shows a moon."""
        return suns.moon(self.sharpest[0], self.sky[:1])

    @cached_property
    def by_rods(self) -> Tensor:  # [B, 1, h, w]
        """The logarithm of what rods see of the light, in terms of its luminance."""
        light = self.light + daylight.FAINT
        red, green, blue = (share * one for share, one in zip(RODS, light.split(1, 1), strict=True))
        return ((red + green + blue) / daylight.luminance(light)).log()

    @cached_property
    def leaves(self) -> Tensor:  # [B, 1, h, w] 0..1
        """How sure leaves and grass are: yellow, but greener than anything that gold falls on."""
        return rising(self.green, LEAVES) * self.land

    @cached_property
    def spots(self) -> Tensor:  # [B, 1, h, w] 0 and more
        """How far land is lighter than the land about it, in logarithms of light."""
        light = (daylight.luminance(self.light) + daylight.FAINT).log()
        reach = max(1, round(SPOT * self.x.shape[3]))
        around = masks.blur_within(light, self.land.clamp(min=1e-4), reach)
        return (light - around).clamp(min=0) * self.land

    @cached_property
    def around_the_sun(self) -> Tensor:  # [1, 1, h, w] 0..1
        """The confidence that a place shows a sun or its glow, with what lies close to it."""
        sun = torch.maximum(self.sun.glow, torch.maximum(self.sun.disc, self.sun.setting))
        reach = max(1, round(CLOSE * sun.shape[3]))
        return masks.blur(-masks.shrink(-sun, reach), reach)

    @cached_property
    def low_sun(self) -> Tensor:  # [B or 1, 1, 1, 1] 0..1
        """The confidence that a sun stands near the horizon, where no moon takes its place."""
        sun = torch.maximum(self.sun.disc, self.sun.setting)
        height = mean(self.height, sun) + (1 - rising(sun.amax((2, 3), True), SHINES))
        return 1 - rising(height, LOW)

    @cached_property
    def sun_up(self) -> Tensor:  # [B or 1, 1, h, w] 0..1
        """The confidence that the sun itself is seen, burnt out."""
        white = self.sun.setting * rising(self.sharpest[1], suns.BURNT)
        return torch.maximum(self.sun.disc, white)

    @cached_property
    def glare(self) -> Tensor:  # [B, 1, h, w] 0..1
        """The confidence that a place is burnt out by a light, which stays as things get dark.

        A pale sky is none, and a white wall neither.
        """
        burnt = rising(self.lightness, suns.BURNT)
        large = rising(mean(burnt, torch.ones_like(burnt)), (SUN, PALE_SKY))
        around = masks.blur(self.lightness, max(1, self.x.shape[3] // 12))
        lamp = 1 - rising(around, BY_A_LAMP)
        glare = (1 - large) * masks.blur(burnt, max(1, self.x.shape[3] // 21))
        return torch.maximum(
            glare * torch.lerp(lamp, torch.ones_like(lamp), self.sky), self.sun.disc
        )

    @cached_property
    def lamplit(self) -> Tensor:  # [1, 1, h, w] 0..1
        """The share of the light that lamps give."""
        if self.shares is None or self.buildings is None:
            return torch.zeros_like(self.x[:1])
        return lamplight.find(self.sharpest[0][:1], self.shares, self.buildings)

    @cached_property
    def sunny(self) -> Tensor:  # [B or 1, 1, 1, 1] 0..1
        """The confidence that a sun is seen at all."""
        return rising(self.sun_up.amax((2, 3), True), SHINES)

    @cached_property
    def colored(self) -> Tensor:  # [B or 1, 1, 1, 1] 0..1
        """The confidence that a picture is no black-and-white one, whose light has no color."""
        _, _, a, b = self.sharpest
        chroma = (a.square() + b.square()).sqrt().flatten(1)
        most = chroma.sort(1).values[:, int(0.98 * (chroma.shape[1] - 1))]
        return rising(most, UNCOLORED).view(-1, 1, 1, 1)

    def _night(self) -> Tensor:  # [B, 1, 1, 1] 0..1
        """The confidence that a picture shows night: a sky of stars, a dark one, or an aurora's."""
        color = (self.light + daylight.FAINT).log()
        ahead = color[:, 1:2] - torch.maximum(color[:, :1], color[:, 2:])
        light, green = (mean(one, self.sky) for one in (self.lightness, (ahead > GREENER).float()))
        town = rising(mean(self._lamps(), 1 - self.sky), LAMPS)
        darkest, dusky = NIGHT + LIT_SKY[0] * town, DUSKY + LIT_SKY[1] * town
        dark = (dusky - light) / (dusky - darkest)
        aurora = (green - AURORA[0]) / (AURORA[1] - AURORA[0])
        dim = (ITS_GLOW[0] - light) / (ITS_GLOW[0] - ITS_GLOW[1])
        night = torch.maximum(dark.clamp(0, 1), aurora.clamp(0, 1) * dim.clamp(0, 1))
        return (night * self.seen).clamp(min=self.starry)

    def _lamps(self) -> Tensor:  # [B or 1, 1, h, w] 0 or 1
        """What is light amid the dark, but for the sky."""
        _, lightness, _, _ = self.sharpest
        around = masks.blur(lightness, max(1, self.x.shape[3] // 21))
        return ((lightness > BY_A_LAMP[1]) & (around < BY_A_LAMP[0] + 5)).to(lightness)

    def fit(
        self,
        change: Tensor,  # [B, 3, h, w]
    ) -> Tensor:  # [B, m, 3]
        """The coefficients of a change by least squares; its exposure hangs on no tone."""
        terms, change = self._terms(self.sky, self.water, self.y).flatten(2), change.flatten(2)
        square, right = terms @ terms.mT / terms.shape[2], terms @ change.mT / terms.shape[2]
        square = square + STIFFNESS * torch.eye(square.shape[1], device=square.device)
        fitted = torch.linalg.solve(square, right)
        rest = [k for k in range(square.shape[1]) if k not in OF_TONE]
        fitted[:, :, 0] = 0
        fitted[:, rest, :1] = torch.linalg.solve(square[:, rest][:, :, rest], right[:, rest, :1])
        return fitted

    def at(
        self,
        fitted: Tensor,  # [B, m, 3]
    ) -> Tensor:  # [B, 3, h, w]
        """Apply the coefficients; water mostly takes the change of the sky that it reflects."""
        change = _sum(self._terms(self.sky, self.water, self.y), fitted)
        if not bool((self.sky > 0.5).any() & (self.water > 0.5).any()):
            return change
        mirrored = (2 * self.shore - self.y).clamp(min=-1)
        above = _sum(
            self._terms(torch.ones_like(self.x), torch.zeros_like(self.x), mirrored), fitted
        )
        return torch.lerp(change, above, AS_ITS_SKY * self.water)

    def _terms(self, sky: Tensor, water: Tensor, y: Tensor) -> Tensor:  # [B, m, h, w]
        tone = self.lightness / 50 - 1
        warm = (self.warmth / 1.2).clamp(-1.5, 1.5)
        alone = (torch.ones_like(tone), self.x, y, tone, tone * tone, warm, sky)
        within = (sky * self.x, sky * y, sky * tone, sky * warm, water, water * tone)
        return torch.cat(alone + within, 1)


def _sum(terms: Tensor, fitted: Tensor) -> Tensor:  # [B, 3, h, w]
    return torch.einsum("bmhw,bmc->bchw", terms, fitted)


def _row(share: Tensor, y: Tensor, part: float) -> Tensor:  # [B, 1, 1, 1]
    """The row, -1..1, above which a given share of a region lies; -1 if there is none."""
    rows = share.mean(3, keepdim=True).cumsum(2)
    above = rows < part * rows[:, :, -1:]
    return torch.where(above, y[..., :1], -1.0).amax(2, keepdim=True)
