"""Exchange: when each pixel of a loop switches from the older copy to the younger one.

Both copies of a cloud half there are seen as what they are: one cloud, twice. Real clouds don't
fade, they condense and evaporate: thin parts first, thick parts last, each within a short while. So
of what differs from a base (`bases`) each pixel keeps one copy for most of a loop.

With s the share of the younger copy, which grows from 0 to 1, d = d_A - d_B by how much denser the
older copy is there (`density`), n an even noise of the place, the share that is shown is
`S((s - 1/2 - NOISE n - LINGER d + GAP tanh(d / THIN)) / SPAN + 1/2)`, S(x) = x² (3 - 2 x) on 0..1.
It is 0 and 1 wherever s is. What stands before clear air is gone before it comes anew elsewhere, or
it would be seen twice: thin parts by GAP before and after, thick ones by less. For that n goes with
the forms (`Order`). (Beyond the paper.)
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..ops import masks, shrinking, warping
from ..ops.strips import strips
from ..ops.warping import Band
from .layers import Layers

SPAN = 0.16  # of a loop in which one pixel goes over from copy to copy
LINGER = 0.08  # of a loop by which the densest stay longer, and come sooner, than the thinnest
GAP = 0.12  # of a loop by which what is thin is gone before half time, and comes after it
THIN = 0.15  # difference of densities from which the gap is nearly whole
NOISE = 0.3  # of a loop, at most, by which places differ in when they go over
WAVE_SPAN, WAVE_NOISE = 0.15, 0.42  # the same of waves
CELLS = 6, 12  # of the noise across the longer side; each octave has half of the one before
GRID_WIDTH = 480  # most pixels across of the grid on which density is held
FORM = 0.03  # of the width, over which density is averaged: forms go over, not their parts
HALF_DENSE = 0.7  # contrast, in terms of the region's own, that counts as half dense
OPAQUE = 0.12, 0.3  # contrast, of 2, from which a form covers what is behind it: a little, wholly
GLOWS = 0.04, 0.12  # of 2, by which an aurora's green is ahead of red and blue: not yet, surely
CLEAR = 0.02  # density that clear air counts as, in the mean of what meets at a place
REACH = 0.04  # of the width, about as far as a sky moves from where it is
LEAST_GLOW = 0.003  # share of the picture that an aurora's light has at least
FAINTEST = 0.02  # contrast, of 2, that always counts as less than half dense


def forms(
    plate: Tensor,  # [1, 3 or 4, H, W] what differs from a base, fading beyond the region
) -> tuple[Tensor, Tensor]:  # [1, 1, h, w] each, 0..1
    """The density and the opacity of the moving forms.

    An aurora is light: it has no form, and covers nothing.
    """
    height, width = plate.shape[2:]
    scale = min(1.0, GRID_WIDTH / width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    found = contrast(plate, size)
    lit = glowing(shrinking.area(plate[:, :3], size))
    own = 1.0 if lit is None else 1 - lit
    return density(found) * own, opacity(found) * own


def contrast(
    plate: Tensor,  # [1, 3 or 4, H, W] what differs from a base, fading beyond the region
    size_hw: tuple[int, int],
) -> Tensor:  # [1, 1, h, w]
    """The contrast c of moving forms: the mean difference over `FORM`, of 2."""
    height, width = plate.shape[2:]
    strength = plate.new_empty(1, 1, height, width)
    for rows in strips(range(height), width, plate.device):
        torch.mean(plate[:, :3, rows].abs(), 1, keepdim=True, out=strength[:, :, rows])
    found = shrinking.area(strength, size_hw)
    return masks.blur(found, max(1, round(FORM * size_hw[1])))


def glow(
    rest: Tensor,  # [1, 3 or 4, H, W] what differs from a base
) -> Tensor:  # [1, 1, H, W] 0..1
    """How far it is an aurora's light: green above all."""
    red, green, blue = rest[:, 0:1], rest[:, 1:2], rest[:, 2:3]
    return masks.soft_threshold(green - torch.maximum(red, blue), GLOWS)


def glowing(
    rest: Tensor,  # [1, 3, h, w] what differs from a base, on the grid of the fields
) -> Tensor | None:  # [1, 1, h, w] 0..1; None where nothing does
    """How far a place is lit by an aurora, or will be as it moves: within `REACH` of its light."""
    light = glow(rest)
    if float(light.mean()) < LEAST_GLOW:
        return None
    reach = max(1, round(REACH * rest.shape[3]))
    near = masks.highest(light, reach)
    return torch.maximum(masks.blur(near, reach), light)


def density(
    contrast: Tensor,  # [1, 1, h, w]
) -> Tensor:  # [1, 1, h, w] 0..1
    """The density of moving forms: `c / (c + HALF_DENSE r)`, r the rms of their contrast."""
    found = contrast[contrast > 0]
    if found.numel() == 0:
        return contrast
    half = max(FAINTEST, HALF_DENSE * float(found.square().mean().sqrt()))
    return contrast / (contrast + half)


def opacity(
    contrast: Tensor,  # [1, 1, h, w]
) -> Tensor:  # [1, 1, h, w] 0..1
    """How far forms cover what is behind them: white clouds do, thin or dim ones take its light."""
    return masks.soft_threshold(contrast, OPAQUE)


class Order:
    """The order in which a region's forms go over: an even noise that moves with them.

    Where one form goes and another comes the denser one's counts. Beside a border, where the share
    of the younger copy grows sooner, the older copy of a form goes as soon as the younger one
    comes, wherever that is.
    """

    def __init__(
        self,
        scattered: Tensor,  # [1, 1, h, w] -1..1, `phase_noise.even`
        dense: Tensor,  # [1, 1, h, w] 0..1 `density`
    ) -> None:
        """Hold the noise and the density of the forms that it goes with."""
        weight = dense + CLEAR
        self._moving = torch.cat([weight, weight * scattered], 1)

    def planned(
        self,
        layers: Layers,
        identity: Tensor,  # [1, 2, b, w] of the rows that the layers hold
        lit: Tensor | None = None,  # [1, 1, b, w] 0..1, as of `planned`
    ) -> Layers:
        """The blend whose forms go over one after another."""
        first, second, share, leeway = layers.first, layers.second, layers.share, layers.leeway
        if second is None or share is None:
            return layers
        older, younger = (warping.sample(self._moving, identity + one) for one in (first, second))
        met = older + younger
        scattered = met[:, 1:] / met[:, :1]
        if leeway is not None:
            of_form = torch.lerp(
                _of_both(share, second - first, layers.held),
                _of_both(share, first - second, layers.held),
                older[:, :1] / met[:, :1],
            )
            share = torch.lerp(share.expand_as(of_form), of_form, leeway.clamp(min=0))
        return planned(replace(layers, share=share), scattered, lit)


def _of_both(
    share: Tensor,  # [1, 1, b, w]
    apart: Tensor,  # [1, 2, b, w] normalised, from one copy of a form to the other
    held: Band,
) -> Tensor:  # [1, 1, b, w]
    """The larger share of the younger copy at both places of a form."""
    b, w = apart.shape[2:]
    share = share.expand(1, 1, b, w)
    of_rows = apart.new_tensor([1.0, (held.height - 1) / max(b - 1, 1)]).view(1, 2, 1, 1)
    there = warping.identity_grid(b, w, apart.device) + apart * of_rows
    return torch.maximum(share, warping.sample(share, there.clamp(-1, 1)))


def planned(
    layers: Layers,
    scattered: Tensor,  # [1, 1, b, w] -1..1, even, on the rows that the layers hold
    lit: Tensor | None = None,  # [1, 1, b, w] 0..1 `glowing`: how far a place is lit by an aurora
) -> Layers:
    """A blend whose pixels switch one after another; `shown` gives the order from the density.

    Light fades, over all of the loop: an aurora that goes over in places would be torn.
    """
    if layers.second is None or layers.share is None:
        return layers
    begun = _begun(layers, scattered, NOISE, SPAN)
    if lit is not None:
        begun = torch.lerp(begun, layers.share.expand_as(begun), lit)
    return replace(layers, begun=begun)


def waves(
    layers: Layers,
    scattered: Tensor,  # [1, 1, b, w] `phase_noise.even`, on the rows that the layers hold
) -> Layers:
    """A blend of waves whose places switch one after another, each over a short time.

    Waves have no density: `S((s - 1/2 - WAVE_NOISE n) / WAVE_SPAN + 1/2)` is shown. So most of a
    water is one copy, and sharp, for most of a loop.
    """
    if layers.second is None or layers.share is None:
        return layers
    begun = _begun(layers, scattered, WAVE_NOISE, WAVE_SPAN)
    return replace(layers, share=_smooth(begun.clamp_(0, 1)))


def shown(
    begun: Tensor,  # [1, 1, R, W] of `planned`
    first: Tensor,  # [1, 1, R, W] density of the older copy
    second: Tensor,  # [1, 1, R, W] … of the younger one
) -> Tensor:  # [1, 1, R, W] 0..1
    """The share of the younger copy that is shown."""
    denser = first - second
    x = torch.tanh(denser / THIN).mul_(GAP / SPAN).sub_(denser, alpha=LINGER / SPAN)
    return _smooth(x.add_(begun).clamp_(0, 1))


def _begun(layers: Layers, scattered: Tensor, noise: float, span: float) -> Tensor:
    """The progress of each place from first to second: above 0 begun, from 1 on done.

    A place has as much choice of its time as `Layers.leeway` says. Where that is below 0, who is
    late to go over is early to come back.
    """
    share = layers.share
    assert share is not None  # of a second layer
    if layers.leeway is not None:
        scattered = scattered * layers.leeway
    return (share - 0.5 - noise * scattered) / span + 0.5


def _smooth(x: Tensor) -> Tensor:  # S of 0..1
    return x * x * (3 - 2 * x)
