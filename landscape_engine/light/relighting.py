"""Relighting: constrain a change of light over a picture to what daylight can do.

What a network predicts differs from place to place more than light does. Here its change is that of
linear light, in logarithms, on three axes:

    e = Δ ln Y (exposure),   w = Δ (ln R - ln B) (warmth),   g = Δ (ln G - (ln R + ln B) / 2)

It is fitted by a function of few terms: of the place, of how light and how warm a thing is, and of
whether it is sky, land or water. Nothing else is left of it: no blotch, no rim. Then it follows
what holds of every day: land darkens with its sky, and water shows it; gold falls on what is lit,
and shade stays cool; as it gets dark it gets blue, last at the horizon; light keeps to the colors
of daylight; no sun lights the night; and the change can be seen, but is no greater than a day's.

Legend: m terms; B codes of one picture of h w pixels.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from ..ops import masks
from ..ops.masks import mean_within as mean
from ..ops.masks import soft_threshold as rising
from . import daylight, suns

FITTED_SIDE = 64  # pixels of the grid on which a change is fitted and measured, or a few more
STIFFNESS = 0.02  # of the fit: variance of a term below which it hardly counts
LONGEST = 2.5  # change on any axis that is believed

DIMMEST, BRIGHTEST = -2.0, 0.7  # e
COLDEST, WARMEST = -0.7, 1.2  # w of land; of sky a third or a half more
GILT = 1.35  # of warmth, by which gold outshines what is predicted in the mean
LOW_SUN = 1.3  # share of its mean gold that a sky has more at the horizon than at the zenith
GREY_GOLD, OF_BLUE = 1.2, 0.45  # of w that a grey sky's mean can get; and for each w it is bluer
APART = 0.2, 0.4  # of w, that lit land gets warmer, or colder, than its sky at the most
LIT = 10.0, 35.0  # L* from which land takes part in it, and wholly
GOLD_FADES = 1.35  # e below 0 at which no gold is left
DUSK = 0.3  # of w, that goes with each e below 0
BLUE = 1.5  # by which it is less for each w that land is blue already
AFTERGLOW = 0.9  # ... and comes back at the horizon
GOES_OUT = (0.5, 1.3), 0.6  # e below 0 from which it fades; share of it that is gone by then
SUNLIT = (0.25, 0.75), (0.0, 14.0)  # w and L* by which land is above its mean: not, and surely
LAST_SUN = 0.15, 0.75  # e below 0 at which the sun leaves what it lit, and has left it
OF_SUN = 0.7, 0.55  # share of its warmth above the mean, and e, that it then loses
RED = 0.9  # w above the mean of which no more is lost
FADES, FADED = (0.5, 1.4), 0.5  # e below 0 from which land loses color, to the most; share of it
IN_WATER = 0.6  # ... and of water, which shows its sky's
LAST_ON_CLOUDS, ABOVE_GLOW = (0.5, 1.2), (0.05, 0.4)  # e below 0, and height, from which clouds
OF_CLOUDS, LIGHTER = (0.7, 0.45), 30.0  # lose so much of their warmth, and e; L* that counts whole
BRIGHT_SKY = 62.0, 78.0  # mean L* of a sky under which dry grass is gold by itself: no, surely
COLORED = 1.8, 2.6  # w from which land is colored by itself (autumn trees): a little, surely …
REDDENED = 0.6, 0.9  # … unless it is red, ln R - ln G: leaves are yellow
ZENITH = 0.5  # by how much of it the zenith darkens more than the horizon
ROSE = 0.085  # of g, that gold has less than a black body: the air takes green too
COOL_SHADE = 0.93  # of warmth, that black has less than what is lit
GREY = 0.3  # of w and g, about which a thing is grey and keeps its tinge
AS_ITS_SKY = 0.65  # of the change of water, the share that is its sky's
MOST, EASE = 30.0, 14.0  # mean ΔE that no light reaches, and from which on it grows slower
DEEPER, DIMMED = 0.7, (0.25, 0.75)  # share of it that a dusk gets more, by its mean e below 0
GLARE = 0.85  # share of its change that what is burnt out does not take: the sun stays the sun
BY_A_LAMP = 30.0, 55.0  # L* of what is around a lamp: surely, not (what is white there is a thing)
SETS, REDDENS = 0.4, 0.5  # share of its sky's e < 0 that a low sun takes; and w it gets for each
SUN_UP = 0.8  # e below 0 that a picture with a sun in its sky never reaches: by night there is none
SHINES = 0.1, 0.4  # most of that confidence in a sky: it has no sun, surely one
SUN, PALE_SKY = 0.005, 0.03  # share of the picture up to which glare is the sun's, or a pale sky's
DIM = 22.0  # mean L* below which a picture has less of a day
NIGHT, DUSKY = 20.0, 30.0  # mean L* of a sky at night, and of the darkest that is none
LAMPS, LIT_SKY = (0.001, 0.004), (8.0, 10.0)  # share of lamps below it: few, a town, whose sky has
# so much more of both
AURORA, ITS_GLOW = (0.18, 0.3), (62.0, 50.0)  # green share and mean L*: no aurora, surely one
GREENER = 0.05  # ln of G over R and B from which sky is green: blue and teal are by day too
BY_NIGHT = 0.85  # share of the change of color that no sun makes: stars keep theirs
MOONLIT = 0.6  # ... and of the light
UNCOLORED = 1.0, 2.5  # chroma of nearly all of a picture: black and white surely, and at most
MOST_GAIN = 2.2  # times that a timid change is lengthened

OF_TONE = (3, 4, 9, 12)  # terms that would make of a change of light one of contrast


def natural(
    wanted: Tensor,  # [B, 3, h, w] in [-1, 1] the picture as a network relights it
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1], without its texture
    shares: Tensor | None = None,  # [1, 3, h, w] of land, sky and water
    sharp: Tensor | None = None,  # [1, 3, h, w] in [-1, 1] the picture with its texture
    starry: float = 0.0,  # 0..1 the share of the sky that is full of stars
) -> Tensor:  # [B, 3, h, w] in [-1, 1]
    """Relight the picture as a day would; unchanged where no change is requested."""
    before = daylight.linear(picture).expand_as(wanted)
    change = _change(before, daylight.linear(wanted)).clamp(-LONGEST, LONGEST)
    if float(change.abs().amax()) < 1e-4:
        return picture.expand_as(wanted)
    apart = max(1, min(wanted.shape[2:]) // FITTED_SIDE)
    scene = _Scene(before, shares, None if sharp is None else daylight.linear(sharp), starry)
    small = scene.every(apart)
    fitted = small.fit(change[..., apart // 2 :: apart, apart // 2 :: apart])
    gain = _gain(small.at(fitted), small)
    return daylight.encoded(_lit(before, _by_day(gain * scene.at(fitted), scene)))


class _Scene:
    """The features of a picture that a change of light depends on; each is [B, 1, h, w]."""

    def __init__(
        self,
        light: Tensor,  # [B, 3, h, w] 0..1
        shares: Tensor | None,  # [1, 3, h, w]
        sharp: Tensor | None = None,  # [1, 3, h, w] 0..1, with its texture
        starry: float = 0.0,
        places: tuple[Tensor, Tensor] | None = None,  # x and y, where they aren't all
    ) -> None:
        count, _, h, w = light.shape
        self.light, self.shares, self.sharp, self.starry = light, shares, sharp, starry
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

    def every(self, apart: int) -> _Scene:
        """The same of some of its pixels."""
        if apart == 1:
            return self
        some = (..., slice(apart // 2, None, apart), slice(apart // 2, None, apart))
        shares = None if self.shares is None else self.shares[some]
        sharp = None if self.sharp is None else self.sharp[some]
        places = self.x[some], self.y[some]
        return _Scene(self.light[some], shares, sharp, self.starry, places)

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
        """The elevation above the horizon of sky, or of the sky that water reflects."""
        of_sky = (self.horizon - self.y) / (self.horizon + 1).clamp(min=0.1)
        of_water = (self.y - self.shore) / (1 - self.shore).clamp(min=0.1)
        share = self.water / (self.sky + self.water).clamp(min=1e-3)
        return torch.lerp(of_sky.clamp(0, 1), of_water.clamp(0, 1), share)

    @cached_property
    def sun(self) -> suns.Sun:
        """The sun that stands in the sky."""
        light = self.light if self.sharp is None else self.sharp
        return suns.find(light, self.sky[:1], self.warmth[:1])

    @cached_property
    def colored(self) -> Tensor:  # [B or 1, 1, 1, 1] 0..1
        """The confidence that a picture is no black-and-white one, whose light has no color."""
        _, a, b = daylight.lab(self.light if self.sharp is None else self.sharp)
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
        lightness, _, _ = daylight.lab(self.light if self.sharp is None else self.sharp)
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


def _by_day(
    change: Tensor,  # [B, 3, h, w]
    scene: _Scene,
) -> Tensor:  # [B, 3, h, w]
    """Constrain a change to a plausible day."""
    exposure, warmth, green = change.split(1, 1)
    exposure = _exposure(exposure.clamp(DIMMEST, BRIGHTEST), scene)
    warmth = _warmth(warmth, exposure, scene)
    burnt = rising(scene.lightness, suns.BURNT)
    large = rising(mean(burnt, torch.ones_like(burnt)), (SUN, PALE_SKY))
    glare = GLARE * (1 - large) * masks.blur(burnt, max(1, scene.x.shape[3] // 21))
    lamp = 1 - rising(masks.blur(scene.lightness, max(1, scene.x.shape[3] // 12)), BY_A_LAMP)
    glare = glare * torch.lerp(lamp, torch.ones_like(lamp), scene.sky)  # a white wall is no light
    sun = scene.sun
    glare = torch.maximum(glare, GLARE * sun.disc)
    exposure = _while_a_sun_shines(exposure, torch.maximum(sun.disc, sun.setting))
    dimmed = (-exposure).clamp(min=0)
    exposure = exposure * (1 - torch.where(exposure < 0, glare.clamp(max=1 - SETS), glare))
    # no sun gets colder, nor its glow; it reddens as it sets
    kept = torch.maximum(torch.maximum(glare / GLARE, sun.glow), sun.setting)
    warmth = warmth * (1 - torch.where(warmth < 0, kept, glare)) + REDDENS * dimmed * sun.setting
    green = _green(green, warmth, scene)
    exposure, warmth, green = _sun_leaves(exposure, warmth, green, scene)
    exposure, warmth, green = _clouds_go_grey(exposure, warmth, green, scene)
    warmth, green = _colors_fade(exposure, warmth, green, scene)
    colored = (1 - BY_NIGHT * scene.night) * scene.colored
    return torch.cat([exposure * (1 - MOONLIT * scene.night), warmth * colored, green * colored], 1)


def _while_a_sun_shines(exposure: Tensor, sun: Tensor) -> Tensor:
    """The sun stays where the picture has it, and so the evening that comes is not the night."""
    dusk = -SUN_UP * (-exposure / SUN_UP).clamp(min=0).tanh()
    shines = rising(sun.amax((2, 3), True), SHINES)
    return torch.where(exposure < 0, torch.lerp(exposure, dusk, shines), exposure)


def _exposure(exposure: Tensor, scene: _Scene) -> Tensor:
    """A sky dims as its land, which gets no lighter; what is dark is neither lifted nor crushed."""
    dark = scene.dark
    pale = ((scene.lightness - 70) / 30).clamp(0, 1)
    excess = (mean(exposure, scene.land) - mean(exposure, scene.sky)).clamp(min=0)
    exposure = exposure - excess * scene.seen * scene.land
    lacking = (mean(exposure, scene.sky) - mean(exposure, scene.land).clamp(max=0)).clamp(min=0)
    exposure = exposure - lacking * (1 - scene.night) * scene.skyward
    zenith = ZENITH * (scene.height - 0.5) * scene.skyward
    lifted = exposure * (1 - dark * (1 - 0.7 * scene.sky)) * (1 - pale)
    return torch.where(exposure > 0, lifted, exposure * (1 - 0.3 * dark) * (1 + zenith))


def _warmth(warmth: Tensor, exposure: Tensor, scene: _Scene) -> Tensor:
    """Gold falls on what is lit, while it's light; as it gets dark it gets blue."""
    shade = (1 - (scene.lightness - 12) / 40).clamp(0, 1)
    left = (1 + (exposure + 0.15) / (GOLD_FADES - 0.15)).clamp(0, 1)
    low = 1 + LOW_SUN * (0.5 - scene.height) * scene.skyward
    gold = GILT * warmth * left * (1 - COOL_SHADE * shade) * low
    already = torch.where(warmth > 0, scene.warmth, -0.7 * scene.warmth).clamp(min=0)
    warmth = torch.where(warmth > 0, gold, warmth) / (1 + already)
    warmth = _under_a_grey_sky(warmth, scene)
    dimmed = (-exposure - 0.15).clamp(min=0)
    dusk = DUSK * dimmed * (1 - 0.5 * scene.sky)
    dusk = dusk / (1 + BLUE * scene.land * (-scene.warmth).clamp(min=0))
    warmth = warmth - dusk - 2 * DUSK * scene.dark * exposure.clamp(min=0)
    warmth = _agreeing(warmth, scene)  # land does not see the afterglow
    glow = AFTERGLOW * dimmed * (1 - GOES_OUT[1] * rising(dimmed, GOES_OUT[0]))
    warmth = warmth + glow * scene.skyward * (1 - scene.height) ** 3
    return torch.minimum(
        torch.maximum(warmth, COLDEST * (1 + scene.sky / 3)), WARMEST * (1 + scene.sky / 2)
    )


def _under_a_grey_sky(warmth: Tensor, scene: _Scene) -> Tensor:
    """The less blue a sky is, the less gold it takes: through a grey one no sun comes."""
    gold = mean(warmth.clamp(min=0), scene.sky)
    most = GREY_GOLD + OF_BLUE * (-mean(scene.warmth, scene.sky)).clamp(min=0)
    eased = most * (gold / most).tanh() / gold.clamp(min=1e-3)
    factor = torch.lerp(eased.new_ones(()), eased, scene.skyward)
    return torch.where(warmth > 0, warmth * factor, warmth)


def _agreeing(warmth: Tensor, scene: _Scene) -> Tensor:
    """Land takes part in the warmth of its sky, and does not go far beyond it, nor against it."""
    lit = scene.land * rising(scene.lightness, LIT)
    above, below = mean(warmth, scene.sky), mean(warmth, lit)
    wanted = torch.minimum(torch.maximum(below, above - APART[1]), above.clamp(min=0) + APART[0])
    return warmth + (wanted - below) * scene.seen * lit


def _sun_leaves(
    exposure: Tensor, warmth: Tensor, green: Tensor, scene: _Scene
) -> tuple[Tensor, Tensor, Tensor]:
    """As it gets dark, land that the sun alone lights, as an alpenglow, falls to the rest of it.

    Its gold fades by grey, or orange rock would turn green.
    """
    warmer = scene.warmth - mean(scene.warmth, scene.land)
    lighter = scene.lightness - mean(scene.lightness, scene.land)
    red = (0.5 - daylight.GREEN_OF_WARMTH) * scene.warmth - scene.green
    sunlit = torch.maximum(1 - rising(scene.warmth, COLORED), rising(red, REDDENED)) * scene.land
    for above, rule in zip((warmer, lighter), SUNLIT, strict=True):
        sunlit = sunlit * rising(above, rule)
    sunlit = masks.blur(sunlit, max(1, scene.x.shape[3] // 64)) * scene.land
    sunlit = sunlit * (1 - rising(mean(scene.lightness, scene.sky), BRIGHT_SKY) * scene.seen)
    gone = rising(-exposure, LAST_SUN) * sunlit
    lost = OF_SUN[0] * gone * warmer.clamp(0, RED)
    return exposure - OF_SUN[1] * gone, warmth - lost, green + _by_grey(-lost, scene)


def _clouds_go_grey(
    exposure: Tensor, warmth: Tensor, green: Tensor, scene: _Scene
) -> tuple[Tensor, Tensor, Tensor]:
    """After the sun has left them, clouds above the afterglow have the light of the sky alone."""
    gone = rising(-exposure, LAST_ON_CLOUDS) * scene.sky * (1 - scene.night)
    gone = gone * rising(scene.height, ABOVE_GLOW)
    warmer = (scene.warmth - mean(scene.warmth, scene.sky)).clamp(0, RED)
    lighter = ((scene.lightness - mean(scene.lightness, scene.sky)) / LIGHTER).clamp(0, 1)
    lost = OF_CLOUDS[0] * gone * warmer
    return exposure - OF_CLOUDS[1] * gone * lighter, warmth - lost, green + _by_grey(-lost, scene)


def _colors_fade(
    exposure: Tensor, warmth: Tensor, green: Tensor, scene: _Scene
) -> tuple[Tensor, Tensor]:
    """In the dusk the eye sees less color: it is mixed with grey of the same luminance.

    That of the sky stays, and much of what water shows of it.
    """
    dull = scene.land + IN_WATER * scene.water
    faded = FADED * rising(-exposure, FADES) * dull * (1 - scene.night)
    color = scene.light + daylight.FAINT
    mixed = torch.lerp(color, daylight.luminance(color).expand_as(color), faded)
    after, before = daylight.axes(mixed.log()), daylight.axes(color.log())
    return warmth + after[0] - before[0], green + after[1] - before[1]


def _green(green: Tensor, warmth: Tensor, scene: _Scene) -> Tensor:
    """Light keeps to daylight's colors, and blue fades by grey into gold, not by green."""
    own, locus = scene.warmth, daylight.GREEN_OF_WARMTH * warmth
    gold = ((own + warmth).clamp(min=0) - own.clamp(min=0)).clamp(min=0)
    rose = torch.where(warmth < 0, (green - locus).clamp(-0.03, 0), 0)
    color = own.square() + scene.green.square()
    colorful = 1 - (-color / GREY**2).exp()
    along = own.square() / color.clamp(min=1e-6)  # what is green or magenta has no such way
    fading = colorful * along * torch.where(own > 0, scene.sky, 0.6 + 0.4 * scene.sky)
    fading = fading * (warmth * own < 0)
    return torch.lerp(locus, _by_grey(warmth, scene), fading) - ROSE * gold + rose


def _by_grey(warmth: Tensor, scene: _Scene) -> Tensor:
    """The change of g of a color that gets so much warmer or colder by being mixed with grey.

    With grey of the same luminance Y, `(R + s (Y - R)) = exp(w') (B + s (Y - B))` gives its share
    s. Beyond grey the change follows daylight.
    """
    own = scene.warmth
    left = torch.where(own < 0, (own + warmth).clamp(max=0), (own + warmth).clamp(min=0))
    color, grey, ratio = (
        scene.light + daylight.FAINT,
        daylight.luminance(scene.light) + daylight.FAINT,
        left.exp(),
    )
    red, blue = color[:, :1], color[:, 2:]
    whole = (grey - red) - ratio * (grey - blue)
    share = (ratio * blue - red) / torch.where(whole.abs() < 1e-6, 1.0, whole)
    mixed = torch.lerp(color, grey.expand_as(color), share.clamp(0, 1)).log()
    _, found = daylight.axes(mixed)
    before = scene.green + daylight.GREEN_OF_WARMTH * own
    return found - before + daylight.GREEN_OF_WARMTH * (own + warmth - left)


def _gain(
    change: Tensor,  # [B, 3, h, w]
    scene: _Scene,
) -> Tensor:  # [B, 1, 1, 1]
    """The factor that scales a change, from its mean ΔE."""
    everywhere = torch.ones_like(scene.x)
    lab = torch.cat(daylight.lab(scene.light), 1)

    def far(gain: Tensor) -> Tensor:
        lit = torch.cat(daylight.lab(_lit(scene.light, _by_day(gain * change, scene))), 1)
        return mean((lit - lab).square().sum(1, keepdim=True).sqrt(), everywhere)

    gain = torch.ones_like(mean(everywhere, everywhere))
    most = MOST * (mean(scene.lightness, everywhere) / DIM).clamp(0.5, 1)
    most = most * (1 - MOONLIT * scene.night)
    most = most * (1 + DEEPER * rising(-mean(change[:, :1], everywhere), DIMMED))
    goal = most * (1 - (-far(gain) / EASE).exp())
    for _ in range(3):
        gain = (gain * goal / far(gain).clamp(min=0.1)).clamp(0.3, MOST_GAIN)
    return gain


def _lit(
    before: Tensor,  # [B, 3, h, w] 0..1 light
    change: Tensor,  # [B, 3, h, w]
) -> Tensor:  # [B, 3, h, w] 0..1
    """Light after a change; nothing gets clipped that was not."""
    exposure, warmth, green = change.split(1, 1)
    factor = torch.cat([warmth / 2 - green / 3, green * 2 / 3, -warmth / 2 - green / 3], 1)
    turned = (before + daylight.FAINT) * factor.exp()
    same = (daylight.luminance(before) + daylight.FAINT) / daylight.luminance(turned)
    after = turned * same * exposure.exp()
    # the lightest channel comes near its end, and nothing gets flat there
    peak, new = before.amax(1, keepdim=True) + daylight.FAINT, after.amax(1, keepdim=True)
    room = (0.9 + daylight.FAINT - peak).clamp(min=1e-4)
    after = after * torch.where(new > peak, (peak + room * ((new - peak) / room).tanh()) / new, 1)
    return (after - daylight.FAINT * exposure.exp().clamp(max=1)).clamp(0, 1)


def _change(before: Tensor, after: Tensor) -> Tensor:  # [B, 3, h, w] e, w, g
    bright = [(daylight.luminance(one) + daylight.FAINT).log() for one in (before, after)]
    warmth, green = daylight.axes((after + daylight.FAINT).log() - (before + daylight.FAINT).log())
    return torch.cat([bright[1] - bright[0], warmth, green], 1)


def _sum(terms: Tensor, fitted: Tensor) -> Tensor:  # [B, 3, h, w]
    return torch.einsum("bmhw,bmc->bchw", terms, fitted)


def _row(share: Tensor, y: Tensor, part: float) -> Tensor:  # [B, 1, 1, 1]
    """The row, -1..1, above which a given share of a region lies; -1 if there is none."""
    rows = share.mean(3, keepdim=True).cumsum(2)
    above = rows < part * rows[:, :, -1:]
    return torch.where(above, y[..., :1], -1.0).amax(2, keepdim=True)
