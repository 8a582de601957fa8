"""The base of water: what it mirrors; its surface is the rest.

Legend: h w pixels of the grid on which a base is made; radii are those of `blurs`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks
from . import blurs

FAR_WATER_PX, NEAR_WATER_PX = 4, 12  # upright radius of the blur of water at the horizon, below
COMB_PX = 6  # radius over which columns of water's base are compared with their neighbours
LEFT = 0.15  # … of the waves' variance, what a blur along the vertical leaves of it by chance
WHITE_WATER_PX = 48  # … of water whose whole texture goes with the flow
WHITE = 0.3  # lightness of foam, 0..2, above the water's own
WAVES = 0.25  # of what differs from water's base, of 2, waves are; stones and logs differ by more
ROUGH = 4.0  # … or this many times their median, if that is more
MOST_OF_ROW, OF_ROW = 0.75, 3.5  # quantile of a row's differences; in its terms the waves of a row
LEAST_WAVES, ROWS_PX = 0.05, 6  # of a calm water, of 2; radius over which rows are averaged
WHITECAPS = 1.5  # … and foam is
SURF_PX, SURF = 24, (0.3, 0.7)  # radius over which foam is surf if there is so much of it
FEW = 0.015  # share of foam nearby without which what is white in water is a cloud's reflection


def water_base(
    picture: Tensor,  # [1, 3, h, w] in [-1, 1]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
    surf: Tensor,  # [1, 1, h, w] 0..1 where water is nothing else
) -> Tensor:  # [1, 3, h, w]
    """The reflection in water; for rapids and surf only their light.

    Waves lie across the picture, and reflections stand upright: what a blur along the vertical
    leaves is mirrored and stays, what it takes away is the surface. The blur grows from the horizon
    towards the viewer, as the surface's texture does. Where all is foam, which mirrors nothing, it
    is so wide that the whole texture moves.
    """
    wide = blurs.push_pull(picture, inside, blurs.radius(WHITE_WATER_PX * blurs.px(picture)))
    far, near = (
        _upright(picture, inside, blurs.radius(radius * blurs.px(picture)))
        for radius in (FAR_WATER_PX, NEAR_WATER_PX)
    )
    far, near = (_without_comb(one, picture, inside) for one in (far, near))
    band, h = masks.rows_of(inside), picture.shape[2]
    rows = torch.linspace(0, 1, h, device=picture.device) * (h - 1) - band.first
    depth = (rows / max(band.last - 1 - band.first, 1)).clamp(0, 1)[:, None]
    return torch.lerp(torch.lerp(far, near, depth), wide, surf)


def surf_in(
    small: Tensor,  # [1, 3, h, w]
    inside: Tensor,  # [1, 1, h, w]
    foam: Tensor | None,  # [1, 1, h", w"]
) -> Tensor:  # [1, 1, h, w] 0..1
    """Segment foam in water: by its look, near the network's white water.

    Half of a foam that stays would be seen through the half that moves.
    """
    white = white_water(small, inside)
    if foam is None:
        return white
    foam = F.interpolate(foam.to(small), small.shape[2:], mode="bilinear")
    share = masks.blur_within(foam, inside, blurs.radius(SURF_PX * blurs.px(small)))
    few = (share / FEW).clamp(max=1)
    return torch.maximum(white * few, masks.soft_threshold(share, SURF))


def most_that_moves(
    rest: Tensor,  # [1, 3, h, w] the picture less its base
    inside: Tensor,  # [1, 1, h, w] 0 or 1
    surf: Tensor,  # [1, 1, h, w] 0..1 where water is nothing else
) -> Tensor:  # [1, 1, h, w]
    """By how much waves and foam differ from water's base at most, of 2.

    Of a rough sea most pixels do by a lot: half of a wave that stays would be seen through the half
    that moves. What differs by far more than the rest of its row does is no wave: a mast that a
    calm water mirrors, broken by its ripples, would leave its reflection.
    """
    off = rest.abs().amax(1, keepdim=True)
    usual, waves = off[inside > 0.5], rest.new_tensor(WAVES)
    if usual.numel():
        waves = (ROUGH * usual.median()).clamp(WAVES, WHITECAPS)
        waves = torch.minimum(waves, _waves_of_rows(off, inside))
    return waves + (WHITECAPS - waves) * surf


def _waves_of_rows(
    off: Tensor,  # [1, 1, h, w] by how much each pixel differs
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 1, h, 1]
    """The most by which the waves of a row differ: `OF_ROW` times what most of its pixels do."""
    known = torch.where(inside > 0.5, off, off.new_tensor(float("nan")))
    most = known.cpu().nanquantile(MOST_OF_ROW, 3, keepdim=True)  # which not every device has
    waves = OF_ROW * most.nan_to_num(0.0).to(off)
    reach = blurs.radius(ROWS_PX * blurs.px(off))
    waves = F.pad(waves, (0, 0, reach, reach), mode="replicate")
    return F.avg_pool2d(waves, (2 * reach + 1, 1), 1).clamp(min=LEAST_WAVES)


def _upright(
    values: Tensor,  # [1, C, h, w]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
    radius: int,
) -> Tensor:  # [1, C, h, w]
    """A vertical blur with nothing from outside; beyond the edge, the nearest value."""
    size = (2 * radius + 1, 1)
    stack = torch.cat([values * inside, inside], 1)
    for _ in range(2):
        stack = F.avg_pool2d(stack, size, 1, (radius, 0), count_include_pad=False)
    blurred = stack[:, :-1] / stack[:, -1:].clamp(min=1e-6)
    return masks.extend(blurred, (stack[:, -1:] > 1e-3).to(values.dtype))


def _without_comb(
    upright: Tensor,  # [1, 3, h, w] what a blur along the vertical leaves
    picture: Tensor,  # [1, 3, h, w]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 3, h, w]
    """The same, without those differences between its columns that waves leave by chance.

    A few waves over one another do not average out, and what they leave would stand as a comb while
    they move on. Where columns differ by more than that, they mirror something: a local Wiener
    filter, across.
    """
    across = blurs.radius(COMB_PX * blurs.px(picture))
    smooth = masks.blur_within(upright, inside, across)
    apart = (upright - smooth).square().mean(1, keepdim=True)
    waves = (picture - upright).square().mean(1, keepdim=True)
    apart, waves = (masks.blur_within(one, inside, 2 * across) for one in (apart, waves))
    mirrored = (1 - LEFT * waves / apart.clamp(min=1e-8)).clamp(0, 1)
    return torch.lerp(smooth, upright, mirrored)


def white_water(
    picture: Tensor,  # [1, 3, h, w] in [-1, 1]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 1, h, w] in 0..1
    """Where water looks like foam: lighter than its median, grey, of contrast."""
    px = blurs.px(picture)
    grey = picture.mean(1, keepdim=True)
    usual = grey[inside > 0.5].median() if bool((inside > 0.5).any()) else grey.new_zeros(())
    color = picture.amax(1, keepdim=True) - picture.amin(1, keepdim=True)
    around = blurs.radius(NEAR_WATER_PX * px)
    rough = (grey - masks.blur(grey, around)).abs()
    light = ((grey - usual) / WHITE).clamp(0, 1) * (1 - color / 0.5).clamp(0, 1)
    light = light * (grey > 0).to(grey.dtype)
    rough = (masks.blur_within(rough, inside, 2 * around) / 0.1).clamp(0, 1)
    share = masks.blur_within(light * rough, inside, 2 * around)
    return ((share - 0.1) / 0.3).clamp(0, 1)
