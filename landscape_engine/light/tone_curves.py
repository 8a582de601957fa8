"""Tone curves: light as a change from a picture's own look, where they are identity.

A color transfer map is affine before tanh, so that not even the best one gives a textured picture
back. A tone curve is affine between two logits, with u = ((v + 1) / 2 + E) / (1 + 2 E), and then a
gain G of all colors alike, about t below black:

    u(S) = σ(C^w ∘ logit(u(I)) + C^b),   O + 1 + t = G (S + 1 + t)

so that weights of 1, biases of 0 and a gain of 1 are the picture, to the bit of its file. E keeps
values from black and white, or small steps beside them, as in the glow of a sun, would become large
ones. As light falls it is the gain that falls: between logits alone white would stay far above all
else, a cloud in the night sky. (Beyond the paper.)

Legend: curves [B, 7, H, W]: weights R G B, then biases R G B, then the gain.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import color, masks
from . import relighting
from .lit_scene import Scene

EDGE = 0.08  # E: how far beyond black and white curves end, of 1
BOLDEST = 1.3  # how much stronger texture becomes at most, in the terms of the light about it
FLATTEST = 0.7  # ... and how much weaker: what is dark before glare stays dark
STRONGEST = 2.5  # times that a value grows at most, black being 0: no night becomes day
WEAKEST = 0.25  # ... and shrinks: a night isn't black
FORMS = 0.04  # share of the width within which forms of sky and water are blurred
DARK, FADED = (0.62, 0.3), 0.85  # gains from and to which texture loses color; share lost then
GREY = 0.1, 0.4, 0.5  # shares of the logits of red, green and blue in what is seen of it then
TEAL = 0.5  # of how much more blue than red there is, by which green may get ahead
COBALT = 0.8  # logits by which blue may get further ahead of red and green than it was
INSIDE = 0.5 / (1 + 2 * EDGE)  # slope of u(v)
NO_END = 1e-6  # what lies beyond black and white is taken to be so far from 0 and 1
TOE = 0.11  # t: below black, from which sRGB is nearly a power of light


def shade(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    curves: Tensor,  # [B, 7, H, W]
) -> Tensor:  # [B, 3, H, W] in [-1, 1]
    """`u(S) = σ(C^w ∘ logit(u(I)) + C^b)`, `O + 1 + t = G (S + 1 + t)`."""
    return shade_logits(logits(image), curves)


def logits(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    out: Tensor | None = None,  # [B, 3, H, W], may be the image itself
) -> Tensor:  # [B, 3, H, W]
    """`logit(u(I))`, precomputed for repeated shading."""
    white = image.new_tensor((1 + 2 * EDGE) * INSIDE)
    return torch.add(white, image, alpha=INSIDE, out=out).logit_(NO_END)


def shade_logits(
    logits: Tensor,  # [B, 3, H, W] of the picture
    curves: Tensor,  # [B, 7, H, W]
) -> Tensor:  # [B, 3, H, W] in [-1, 1]
    """`σ(C^w ∘ L + C^b)` and the gain, in -1..1; what is warm gets no greener than it was.

    L are the logits, and with the gain their distance from a grey falls: by night the eye sees no
    color of clouds and leaves, and a hole of blue in a grey sky is as dull as that. The grey is
    what rods see, of red little: what the last sun made red is no lighter than the rest.
    Curves are made for the mean color of a place: of a yellow glow in it they would leave a green
    one, as red ends at white before green does. Green may get as far ahead of red and blue as it
    was, and further by a share of how blue the pixel is: teal water stays teal. Blue may get
    further ahead by `COBALT`: gaps of sky between orange leaves would glow in the night.
    """
    left = _color_left(curves[:, 6:])
    if bool((left < 1).any()):
        logits = torch.lerp(_grey(logits), logits, left)
    red, green, blue = logits.unbind(1)
    ahead = torch.maximum(red, blue).neg_().add_(green).relu_()
    ahead.add_(torch.sub(blue, red).relu_(), alpha=TEAL)
    bluest = torch.maximum(red, green).neg_().add_(blue).relu_().add_(COBALT)
    weights, biases, gain = curves.split((3, 3, 1), 1)
    shaded = torch.addcmul(biases, weights, logits)
    red, green, blue = shaded.unbind(1)
    torch.minimum(green, ahead.add_(torch.maximum(red, blue)), out=green)
    torch.minimum(blue, bluest.add_(torch.maximum(red, green)), out=blue)
    shaded.sigmoid_().clamp_(EDGE / (1 + 2 * EDGE), (1 + EDGE) / (1 + 2 * EDGE))
    # G ((2 + 4 E) σ + t - 2 E) - 1 - t, in one pass over the colors
    offset = gain.mul(TOE - 2 * EDGE).sub_(1 + TOE)
    return torch.addcmul(offset, gain, shaded, value=2 + 4 * EDGE, out=shaded).clamp_(min=-1)


def relate(
    color_map: Tensor,  # [B, 6, h, w] of a look
    own_map: Tensor,  # [B or 1, 6, h, w], predicted for the picture's own look
    picture: Tensor,  # [B or 1, 3, h, w] in [-1, 1], `formless`
    scene: Scene,  # the picture's, as `relighting.scene_of` reads it
) -> Tensor:  # [B, 7, h, w]
    """The tone curves that change a picture as one map's output differs from the other's.

    With O_k and O_own what both maps make of the picture I: light is as many times weaker or
    stronger, `M + 1 = (I + 1)(O_k + 1) / (O_own + 1)`, but what is missing to white falls no faster
    than in the maps, `1 - M >= (1 - I)(1 - O_k) / (1 - O_own)`. Of M the change that hours of a day
    make is taken (`relighting.natural`). Texture goes with the light that falls on it. Where things
    move, I is to be without its forms: the light of a place falls on whatever comes there.
    """
    shown, own = (color.transfer(picture, one) for one in (color_map, own_map))
    factor = ((shown + 1) / (own + 1).clamp(min=1e-3)).clamp(WEAKEST, STRONGEST)
    lit = (picture + 1) * factor - 1
    pale = 1 - (1 - picture) * (1 - shown) / (1 - own).clamp(min=1e-3)
    wanted = torch.where(shown < own, lit, torch.minimum(lit, pale))
    wanted = relighting.natural(wanted, picture, scene)
    return through(picture, wanted, (wanted + 1 + TOE) / (picture + 1 + TOE))


def formless(
    picture: Tensor,  # [B or 1, 3, h, w]
    shares: Tensor,  # [1, 3, h, w] of land, sky and water
) -> Tensor:  # [B or 1, 3, h, w]
    """The picture with sky and water blurred, each within itself; land as it is."""
    radius = max(1, round(FORMS * picture.shape[3]))
    made = picture * (1 - shares[:, 1:].sum(1, keepdim=True)).clamp(0, 1)
    for k in (1, 2):
        one = shares[:, k : k + 1].to(picture)
        made = made + one * masks.blur_within(picture, one, radius)
    return made


def through(
    mean: Tensor,  # [B or 1, 3, h, w] in [-1, 1]
    wanted: Tensor,  # [B, 3, h, w] in [-1, 1]
    slope: Tensor,  # [B, 3, h, w] dO/dI
) -> Tensor:  # [B, 7, h, w]
    """The tone curves that turn mean colors into those wanted, and texture about them by a slope.

    The gain is what is left of the light, `G = min(max_c (O + 1 + t) / max_c (I + 1 + t), 1)`.
    With u and w those of I and S, dS/dI = C^w w (1 - w) / (u (1 - u)), and therefore
    `C^w = slope / G · u (1 - u) / (w (1 - w))`, at most `BOLDEST`, since near black and white there
    is no room for more, and at least `FLATTEST`, or what differs much from the mean (a mast before
    the sun) would take its color.
    """
    lightest = [one.amax(1, keepdim=True) + 1 + TOE for one in (wanted, mean)]
    gain = (lightest[0] / lightest[1]).clamp(max=1)
    rest = torch.where(gain < 1, (wanted + 1 + TOE) / gain - 1 - TOE, wanted)  # exact at 1
    before, after = _inside(mean), _inside(rest)
    slope = slope / gain
    weights = (slope * before * (1 - before) / (after * (1 - after))).clamp(FLATTEST, BOLDEST)
    seen = before.logit()
    seen = torch.lerp(_grey(seen), seen, _color_left(gain))
    return torch.cat([weights, after.logit() - weights * seen, gain], dim=1)


def _grey(logits: Tensor) -> Tensor:  # [B, 1, H, W]
    """What the eye of the night sees of colors."""
    red, green, blue = (share * one for share, one in zip(GREY, logits.split(1, 1), strict=True))
    return red.add_(green).add_(blue)


def _color_left(gain: Tensor) -> Tensor:  # [B, 1, H, W] 0..1
    """The share of its color that texture keeps as it gets dark."""
    return 1 - FADED * ((DARK[0] - gain) / (DARK[0] - DARK[1])).clamp(0, 1)


def _inside(values: Tensor) -> Tensor:
    """`u(v)` of values in [-1, 1]: 0..1, away from both ends."""
    return torch.add(values, 1 + 2 * EDGE).mul_(INSIDE).clamp_(NO_END, 1 - NO_END)
