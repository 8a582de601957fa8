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

import torch
from torch import Tensor

from ..ops import masks
from ..ops.masks import mean_within as mean
from ..ops.masks import soft_threshold as rising
from . import daylight, nightfall
from .greying import by_grey, less_warm
from .lit_scene import SHINES, Scene

FITTED_SIDE = 64  # pixels of the grid on which a change is fitted and measured, or a few more
LONGEST = 3.0  # change on any axis that is believed

DIMMEST, BRIGHTEST = -2.8, 0.7  # e
COLDEST, WARMEST = -0.7, 1.2  # w of land; of sky a third or a half more
GILT = 1.35  # of warmth, by which gold outshines what is predicted in the mean
SNOW = (65.0, 90.0), 0.4  # L* of what is white below the sky: not, surely; gold that it has less
LOW_SUN = 1.3  # share of its mean gold that a sky has more at the horizon than at the zenith
BLUE_SKY, ALOFT = (0.0, 0.35), (0.0, 0.4)  # w below 0, and height, from which a sky stays blue …
AT_DUSK = 0.15, 0.6  # ... as it gets dark: e below 0; by grey it would be seen as mud
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
LAST_ON_CLOUDS, ABOVE_GLOW = (0.5, 1.2), (0.05, 0.4)  # e below 0, and height, from which clouds
OF_CLOUDS, LIGHTER = (0.7, 0.45), 30.0  # lose so much of their warmth, and e; L* that counts whole
CALM = 0.04  # of the width, over which what they lose is averaged
BRIGHT_SKY = 62.0, 78.0  # mean L* of a sky under which dry grass is gold by itself: no, surely
IN_SHADE = 24.0, 38.0  # ... and of land, most of which has no sun any more: surely, not
COLORED = 1.8, 2.6  # w from which land is colored by itself (autumn trees): a little, surely …
REDDENED = 0.6, 0.9  # … unless it is red, ln R - ln G: leaves are yellow
ZENITH = 0.5  # by how much of it the zenith darkens more than the horizon
BLUE_HOUR = 0.35  # share of daylight's magenta that what gets blue lacks: dusk is no violet
ROSE = 0.085  # of g, that gold has less than a black body: the air takes green too
COOL_SHADE = 0.93  # of warmth, that black has less than what is lit
GREY = 0.3  # of w and g, about which a thing is grey and keeps its tinge
MOST, EASE = 30.0, 14.0  # mean ΔE that no light reaches, and from which on it grows slower
DEEPER, DIMMED = 1.25, (0.1, 0.5)  # share of it that a dusk gets more, by its mean e below 0
GLARE = 0.85  # share of its change that what is burnt out does not take: the sun stays the sun
SETS, REDDENS = 0.4, 0.5  # share of its sky's e < 0 that a low sun takes; and w it gets for each
SUN_DOWN = 2.1  # e below 0 that a picture with a sun in its sky, or its glow, never reaches
SINKS, EMBERS = (0.3, 1.0), 0.5  # e below 0 of a sky from which a sun near its horizon begins to
# dim as the sky does, and wholly; w that it and its glow then get for each e
AS_MOON = 0.8, 1.6  # mean e below 0 from and to which a sun gets the light of a moon
MOONSHINE = 0.3  # share of its e that the moon does not take
LAST_GLOW, OF_GLOW = (0.7, 1.5), (0.6, 0.6)  # e below 0 at which it fades; share of its warmth, and
# e for `LIGHTER`, that it then loses
DIM = 22.0  # mean L* below which a picture has less of a day
BY_NIGHT = 0.85  # share of the change of color that no sun makes: stars keep theirs
MOONLIT = 0.6  # ... and of the light
MOST_GAIN = 3.2  # times that a timid change is lengthened
STEPS = 3  # by which that is found


def scene_of(
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1], without its texture
    shares: Tensor | None = None,  # [1, 3, h, w] of land, sky and water
    sharp: Tensor | None = None,  # [1, 3, h, w] in [-1, 1] the picture with its texture
    starry: float = 0.0,  # 0..1 the share of the sky that is full of stars
    buildings: Tensor | None = None,  # [1, 1, h, w] share
) -> Scene:
    """Read off a picture what a change of its light depends on: once, for all changes."""
    sharp = None if sharp is None else daylight.linear(sharp)
    return Scene(daylight.linear(picture), shares, sharp, starry, buildings)


def natural(
    wanted: Tensor,  # [B, 3, h, w] in [-1, 1] the picture as a network relights it
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1], without its texture
    scene: Scene,  # the picture's, as `scene_of` reads it
) -> Tensor:  # [B, 3, h, w] in [-1, 1]
    """Relight the picture as a day would; unchanged where no change is requested."""
    change = _change(scene.light, daylight.linear(wanted)).clamp(-LONGEST, LONGEST)
    same = change.abs().amax((1, 2, 3), keepdim=True) < 1e-4
    if bool(same.all()):
        return picture.expand_as(wanted)
    apart = max(1, min(wanted.shape[2:]) // FITTED_SIDE)
    small = scene.every(apart)
    fitted = small.fit(change[..., apart // 2 :: apart, apart // 2 :: apart])
    gain = _gain(small.at(fitted), small)
    lit = daylight.encoded(_lit(scene.light, _by_day(gain * scene.at(fitted), scene)))
    return torch.where(same, picture, lit)


def _by_day(
    change: Tensor,  # [B, 3, h, w]
    scene: Scene,
) -> Tensor:  # [B, 3, h, w]
    """Constrain a change to a plausible day."""
    exposure, warmth, green = change.split(1, 1)
    exposure = _exposure(exposure.clamp(DIMMEST, BRIGHTEST), scene)
    warmth = _warmth(warmth, exposure, scene)
    sun, glare = scene.sun, GLARE * scene.glare
    exposure = _while_a_sun_shines(exposure, scene)
    moon = rising(-mean(exposure, torch.ones_like(exposure)), AS_MOON) * (1 - scene.night)
    sunken = scene.low_sun * rising(-mean(exposure, scene.sky), SINKS)
    moon, glare = moon * (1 - scene.low_sun), glare * (1 - sunken * scene.around_the_sun)
    by_moon = moon * scene.around_the_sun
    dimmed = (-exposure).clamp(min=0)
    sets = torch.lerp(glare.clamp(max=1 - SETS), MOONSHINE * glare, moon * scene.skyward)
    exposure = exposure * (1 - torch.where(exposure < 0, sets, glare))
    # no sun gets colder, nor its glow; it reddens as it sets, low in embers, and high up is a moon
    lamps = glare / GLARE * (1 - moon * (scene.sky + scene.water).clamp(max=1))
    kept = torch.maximum(lamps, torch.maximum(sun.glow, sun.setting) * (1 - moon))
    reddens = REDDENS * dimmed.clamp(max=AS_MOON[0]) * sun.setting * (1 - moon)
    reddens = reddens + EMBERS * dimmed.clamp(max=SINKS[1]) * scene.around_the_sun * sunken
    warmth = warmth * (1 - torch.where(warmth < 0, kept, glare)) + reddens
    green = _green(green, warmth, scene)
    exposure, warmth, green = _sun_leaves(exposure, warmth, green, scene)
    exposure, warmth, green = _clouds_go_grey(exposure, warmth, green, scene)
    gold = (scene.warmth + warmth).clamp(min=0)  # of which a moon has none, and what it lights
    warmth, green = less_warm(warmth, green, by_moon * gold, scene)
    warmth, green = nightfall.colors_fade(exposure, warmth, green, scene)
    kept = torch.maximum(kept, by_moon)
    warmth, green = nightfall.night_falls(exposure, warmth, green, kept, scene)
    green = nightfall.rose_at_dusk(exposure, warmth, green, kept, scene)
    exposure = nightfall.evened(nightfall.seen_by_night(exposure, scene), scene)
    colored = (1 - BY_NIGHT * scene.night) * scene.colored
    exposure = exposure * (1 - MOONLIT * scene.night)
    change = torch.cat([exposure, warmth * colored, green * colored], 1)
    return change * (1 - torch.maximum(scene.lamplit, scene.moon))  # they have light of their own


def _while_a_sun_shines(exposure: Tensor, scene: Scene) -> Tensor:
    """A sun stays where the picture has it: the night that comes is a moonlit one."""
    setting = rising(scene.sun.setting.amax((2, 3), True), SHINES)
    shines = torch.maximum(setting, scene.sunny)
    dusk = -SUN_DOWN * (-exposure / SUN_DOWN).clamp(min=0).tanh()
    return torch.where(exposure < 0, torch.lerp(exposure, dusk, shines), exposure)


def _exposure(exposure: Tensor, scene: Scene) -> Tensor:
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


def _warmth(warmth: Tensor, exposure: Tensor, scene: Scene) -> Tensor:
    """Gold falls on what is lit, while it's light; as it gets dark it gets blue."""
    shade = (1 - (scene.lightness - 12) / 40).clamp(0, 1)
    left = (1 + (exposure + 0.15) / (GOLD_FADES - 0.15)).clamp(0, 1)
    low = 1 + LOW_SUN * (0.5 - scene.height) * scene.skyward
    snow = 1 - SNOW[1] * rising(scene.lightness, SNOW[0]) * (1 - scene.sky)
    blue = rising(-scene.warmth, BLUE_SKY) * rising(scene.height, ALOFT) * scene.skyward
    low = low * (1 - blue * rising(-exposure, AT_DUSK))
    gold = GILT * warmth * left * (1 - COOL_SHADE * shade) * low * snow
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


def _under_a_grey_sky(warmth: Tensor, scene: Scene) -> Tensor:
    """The less blue a sky is, the less gold it takes: through a grey one no sun comes."""
    gold = mean(warmth.clamp(min=0), scene.sky)
    most = GREY_GOLD + OF_BLUE * (-mean(scene.warmth, scene.sky)).clamp(min=0)
    eased = most * (gold / most).tanh() / gold.clamp(min=1e-3)
    factor = torch.lerp(eased.new_ones(()), eased, scene.skyward)
    return torch.where(warmth > 0, warmth * factor, warmth)


def _agreeing(warmth: Tensor, scene: Scene) -> Tensor:
    """Land takes part in the warmth of its sky, and does not go far beyond it, nor against it."""
    lit = scene.land * rising(scene.lightness, LIT)
    above, below = mean(warmth, scene.sky), mean(warmth, lit)
    wanted = torch.minimum(torch.maximum(below, above - APART[1]), above.clamp(min=0) + APART[0])
    return warmth + (wanted - below) * scene.seen * lit


def _sun_leaves(
    exposure: Tensor, warmth: Tensor, green: Tensor, scene: Scene
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
    by_day = rising(mean(scene.lightness, scene.sky), BRIGHT_SKY) * scene.seen
    sunlit = sunlit * (1 - by_day * rising(mean(scene.lightness, scene.land), IN_SHADE))
    gone = rising(-exposure, LAST_SUN) * sunlit
    lost = OF_SUN[0] * gone * warmer.clamp(0, RED) * (1 - scene.leaves)
    return exposure - OF_SUN[1] * gone, warmth - lost, green + by_grey(-lost, scene)


def _clouds_go_grey(
    exposure: Tensor, warmth: Tensor, green: Tensor, scene: Scene
) -> tuple[Tensor, Tensor, Tensor]:
    """After the sun has left them, clouds above the afterglow have the light of the sky alone.

    Last the glow goes out; where its sun still stands, it stays.
    """
    above = rising(scene.height, ABOVE_GLOW)
    warmer = (scene.warmth - mean(scene.warmth, scene.sky)).clamp(0, RED)
    lighter = ((scene.lightness - mean(scene.lightness, scene.sky)) / LIGHTER).clamp(0, 1)
    down = torch.maximum(1 - scene.sunny, rising(-mean(exposure, scene.sky), AS_MOON))
    lost, dimmed = torch.zeros_like(warmth), torch.zeros_like(warmth)
    for where, when, share in (
        (above, LAST_ON_CLOUDS, OF_CLOUDS),
        ((1 - above) * down, LAST_GLOW, OF_GLOW),
    ):
        gone = rising(-exposure, when) * where * (1 - scene.night)
        lost, dimmed = lost + share[0] * gone * warmer, dimmed + share[1] * gone * lighter
    reach = max(1, round(CALM * scene.x.shape[3]))  # a form in it would be seen as a blotch
    lost, dimmed = (
        scene.skyward * masks.blur_within(one, scene.skyward.clamp(min=1e-4), reach)
        for one in (lost, dimmed)
    )
    return exposure - dimmed, warmth - lost, green + by_grey(-lost, scene)


def _green(green: Tensor, warmth: Tensor, scene: Scene) -> Tensor:
    """Light keeps to daylight's colors, and blue fades by grey into gold, not by green."""
    own = scene.warmth
    locus = daylight.GREEN_OF_WARMTH * (warmth - BLUE_HOUR * warmth.clamp(max=0))
    gold = ((own + warmth).clamp(min=0) - own.clamp(min=0)).clamp(min=0)
    rose = torch.where(warmth < 0, (green - locus).clamp(-0.03, 0), 0)
    color = own.square() + scene.green.square()
    colorful = 1 - (-color / GREY**2).exp()
    fading = colorful * torch.where(own > 0, scene.sky, 0.6 + 0.4 * scene.sky)
    fading = fading * (warmth * own < 0)
    return torch.lerp(locus, by_grey(warmth, scene), fading) - ROSE * gold + rose


def _gain(
    change: Tensor,  # [B, 3, h, w]
    scene: Scene,
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
    reached = far(gain)
    goal = most * (1 - (-reached / EASE).exp())
    for step in range(STEPS):
        reached = far(gain) if step else reached
        gain = (gain * goal / reached.clamp(min=0.1)).clamp(0.3, MOST_GAIN)
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
