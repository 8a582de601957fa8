"""Contrast: restore the contrast that averaging two layers loses; keep glows in place.

A blend of two samplings that don't match loses contrast, and where the light differs from place to
place (a glow above the horizon, a darker zenith) it carries that light along, which no wind does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..ops import masks, shrinking, warping
from .layers import Layers

DETAIL_PX = 4  # detail, of which a blend loses contrast, is what a blur of this radius removes
GLOW_PX = 40  # the light of a place is what a blur of this radius leaves
GRID = 2  # how much coarser a grid both are measured on
CONTRAST_PX = 3  # radius over which contrast is measured, pixels of that
FAINTEST = 1e-3  # detail that has no contrast to lose; values span 2
MOST_GAIN = 1.5  # two unrelated pictures, half and half, need the square root of 2


@dataclass(frozen=True)
class Frequencies:
    """A picture in a region, decomposed on a coarse grid."""

    detail: Tensor  # [1, 1, h, w] of its grey
    low: Tensor  # [1, 3, h, w] what is left without it
    glow: Tensor | None  # [1, 3, h, w] the lowest frequencies, going on beyond the region; if any


def take_apart(
    small: Tensor,  # [1, 3, h, w] the picture on the predictor's grid
    core: Tensor | None,  # [1, 1, h, w] bool, the region; None for what has no light of its own
) -> Frequencies:
    """A picture's detail, its low frequencies, and the light of each place in a region."""
    low = masks.blur(small, DETAIL_PX)
    if core is None:
        return Frequencies((small - low).mean(1, keepdim=True), low, None)
    size = small.shape[2] // GRID, small.shape[3] // GRID
    inside = shrinking.area(core.to(small.dtype), size)
    filled = masks.extend(shrinking.area(small, size), (inside > 0.99).to(small.dtype))
    detail = (small - low).mean(1, keepdim=True)
    return Frequencies(detail, low, masks.blur(filled, GLOW_PX // GRID))


def corrected(pictured: Frequencies, layers: Layers) -> Layers:
    """Restore a blend O: `g O - correction` has the contrast and the light of both layers.

    With D the detail, s the share of the second and E a local mean, the gain is
    `g = [(1-s) E|D_A| + s E|D_B|] / E|(1-s) D_A + s D_B|`, 1..`MOST_GAIN`: 1 where both samplings
    agree or where their edges lie apart, √2 where half and half of two unrelated grains meet. With
    L the low frequencies of the blend, G the glow and G' the glow as it was carried along, the
    result is `L + g (O - L) + G - G'`. What differs from a base has no glow; it is multiplied by
    the share of it that has a source, `layers.found`, and not folded back into the region.
    """
    if layers.second is None or layers.share is None:
        return layers
    folded = layers if pictured.glow is None else layers.folded()
    first, second = folded.first, folded.second
    assert second is not None and layers.share is not None
    h, w = (side // GRID for side in pictured.low.shape[2:])
    whole, rough = layers.held, layers.held.on(h)
    identity = warping.identity_grid(h, w, first.device, rough.rows)
    share = layers.share.expand(1, 1, *first.shape[2:])
    fields = warping.enlarge(torch.cat([first, second, share], 1), h, w, rough.rows, whole)
    at_a, at_b, s = identity + fields[:, :2], identity + fields[:, 2:4], fields[:, 4:]

    def blend(of: Tensor) -> Tensor:
        return torch.lerp(warping.sample(of, at_a), warping.sample(of, at_b), s)

    detail_a = warping.sample(pictured.detail, at_a)
    detail_b = warping.sample(pictured.detail, at_b)
    wanted = torch.lerp(detail_a.abs(), detail_b.abs(), s)
    found = torch.lerp(detail_a, detail_b, s).abs_()
    wanted, found = (masks.blur(torch.cat([wanted, found], 1), CONTRAST_PX) + FAINTEST).split(1, 1)
    more = (wanted / found).clamp_(1, MOST_GAIN) - 1
    correction = more * blend(pictured.low)
    if pictured.glow is not None:
        correction = correction + blend(pictured.glow) - pictured.glow[:, :, rough.rows]
    lacking = torch.cat([more, correction], 1)
    lacking = warping.enlarge(lacking, whole.height, first.shape[3], whole.rows, rough)
    return _found(layers, lacking)


def plain(layers: Layers) -> Layers:
    """The plain blend, except where a layer has no source."""
    if layers.found is None:
        return layers
    return _found(layers, layers.first.new_zeros(1, 4, *layers.first.shape[2:]))


def _found(layers: Layers, lacking: Tensor) -> Layers:
    """The layers with restored contrast, for foreground alone: `f (g O - correction)`."""
    if layers.found is None:
        return replace(layers, contrast=lacking)
    more, correction = lacking[:, :1], lacking[:, 1:]
    shown = torch.cat([(1 + more) * layers.found - 1, correction * layers.found], 1)
    return replace(layers, contrast=shown)
