"""Bases: the static light of a region; only the difference from it moves.

Wind carries clouds and not the gradient behind them, and a current carries the surface and not what
is reflected in it. A region of the picture I is taken apart as `I = B + D`: B is its base (the
clear sky behind the clouds, the smooth reflections in water), D the difference, which goes on a
little beyond the region's edge and is zero farther out. Frames show `B + D(p + flow)`.

Legend: H W pixels of the picture, h w pixels of the grid on which a base is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks, shrinking, warping
from ..ops.strips import strips
from .regions import RegionKind

GRID_WIDTH = 480  # most pixels across of the grid on which a base is made
REFERENCE_WIDTH = 960  # of the picture for which all radii below are given, pixels

CLEAR_PX = 10  # radius of the blur of a clear sky
DETAIL_PX = 4  # detail of a sky is what a blur of this radius removes
FAINT = 0.04  # contrast of detail up to which a sky counts as clear, of 2
LEAST_SPREAD = 0.08  # how far a clear sky may be from its polynomial, of 2
ROUNDS = 30  # of the robust fit
MOST_FITTED = 20000  # pixels
DEGREES = 2, 4  # of the polynomial, across and down
WINDOWS = 5  # across a picture, in which a row's common light is looked for
WINDOW = 0.8  # width of one, share of the picture's
CALM_PX = 6  # radius over which the light of rows is averaged
LEAST_COMMON = 0.1  # share of the width that a row needs of the region to have a common light

FAR_WATER_PX, NEAR_WATER_PX = 4, 12  # upright radius of the blur of water at the horizon, below
COMB_PX = 6  # radius over which columns of water's base are compared with their neighbours
LEFT = 0.15  # … of the waves' variance, what a blur along the vertical leaves of it by chance
WHITE_WATER_PX = 48  # … of water whose whole texture goes with the flow
WHITE = 0.3  # lightness of foam, 0..2, above the water's own
WAVES = 0.25  # of what differs from water's base, of 2, waves are; stones and logs differ by more
ROUGH = 4.0  # … or this many times their median, if that is more
WHITECAPS = 1.5  # … and foam is
SURF_PX, SURF = 24, (0.3, 0.7)  # radius over which foam is surf if there is so much of it
FEW = 0.015  # share of foam nearby without which what is white in water is a cloud's reflection
OUTSIDE = 0.1  # share of a region up to which a pixel lies outside: slow fades are no edge
FRINGE_PX = 5  # at a region's edge nothing is taken to move, since pixels there are mixed
FADE_PX = 6  # … beyond which what moves sets in
BEYOND_PX = 24, 96  # from there to where what goes on beyond the edge begins to fade, and is gone
SLOW_PX = 8  # at an edge softer than this, what fades with the region stays
EDGE_BLUR_PX = 3  # radius over which what goes on is averaged: its forms, not its grain


@dataclass(frozen=True)
class Base:
    """The static layer of a region.

    Attributes:
        light: [1, 3, h, w] the base B, in [-1, 1].
        most: [1, 1, h, w] greatest difference from it that moves, of 2; None: all of it.
    """

    light: Tensor
    most: Tensor | None = None


def base_of(
    picture: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    alpha: Tensor,  # [1, 1, h', w'] of the region
    kind: RegionKind,
    foam: Tensor | None = None,  # [1, 1, h", w"] how much of each pixel is white water
) -> Base | None:
    """The base of a region by its kind: "sky", "water"; None for others, which move whole."""
    if kind not in ("sky", "water"):
        return None
    small, share, inside = _small(picture, alpha)
    if float(inside.sum()) == 0:
        return None
    if kind == "sky":
        light, most = sky_base(small, inside), None
    else:
        surf = _surf(small, inside, foam)
        light = water_base(small, inside, surf)
        waves = _waves(small - light, inside)
        most = waves + (WHITECAPS - waves) * surf
    # where a region fades slowly, as to a sun, what fades with it is light: it would move as a ring
    reach = _radius(SLOW_PX * _px(small))
    return Base(torch.lerp(small, light, F.max_pool2d(share, 2 * reach + 1, 1, reach)), most)


def _waves(
    rest: Tensor,  # [1, 3, h, w] the picture less its base
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # []
    """By how much waves differ from water's base at most: of a rough sea most pixels do by a lot.

    Half of a wave that stays would be seen through the half that moves.
    """
    usual = rest.abs().amax(1, keepdim=True)[inside > 0.5]
    if not usual.numel():
        return rest.new_tensor(WAVES)
    return (ROUGH * usual.median()).clamp(WAVES, WHITECAPS)


def _surf(
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
    share = masks.blur_within(foam, inside, _radius(SURF_PX * _px(small)))
    sure = ((share - SURF[0]) / (SURF[1] - SURF[0])).clamp(0, 1)
    return torch.maximum(white * (share / FEW).clamp(max=1), sure)


def _small(
    picture: Tensor,  # [1, 3 or 4, H, W]
    alpha: Tensor,  # [1, 1, h', w']
) -> tuple[Tensor, Tensor, Tensor]:  # [1, 3, h, w], then [1, 1, h, w] each
    """The picture on a base's grid, the region's share of each pixel, and its full pixels."""
    height, width = picture.shape[2:]
    scale = min(1.0, GRID_WIDTH / width)
    size = max(2, round(height * scale)), max(2, round(width * scale))
    # made small where the picture lies, so that a huge one need not go to the device for this
    small = shrinking.area(picture[:, :3], size).to(alpha.device)
    share = shrinking.area(alpha.to(small), size)
    inside = (share > 0.9).to(picture.dtype) if bool((share > 0.9).any()) else share
    return small, share, inside


def difference(
    picture: Tensor,  # [1, 3 or 4, H, W]; a fourth channel is alpha
    base: Base,
    alpha: Tensor,  # [1, 1, h', w']
) -> Tensor:  # [1, 3 or 4, H, W]
    """D: the difference of a region from its base, extended past the edge by `_beyond`.

    Of a picture's own alpha all that differs from its mean in the region moves. With `base.most`,
    it is `most tanh(D / most)`: what differs by more stays with the base.
    """
    height, width = picture.shape[2:]
    inner, light = _inner(alpha), base.light
    if picture.shape[1] > light.shape[1]:
        opaque = shrinking.area(picture[:, 3:], inner.shape[2:])
        mean = (opaque * inner).sum() / inner.sum().clamp(min=1e-6)
        light = torch.cat([light, mean.expand_as(light[:, :1])], 1)
    size = light.shape[2:]
    small = shrinking.area(picture, size)
    beyond = _beyond(small - light, shrinking.area(inner, size))
    made = torch.empty_like(picture)
    for rows in strips(range(height), width, picture.device):
        made[:, :, rows] = picture[:, :, rows] - warping.enlarge(light, height, width, rows)
        share = warping.enlarge(inner, height, width, rows)
        made[:, :, rows] = warping.enlarge(beyond, height, width, rows).lerp(
            made[:, :, rows], share
        )
        if base.most is not None:
            most = warping.enlarge(base.most, height, width, rows)
            made[:, :, rows].div_(most).tanh_().mul_(most)
    return made


def difference_on(
    small: Tensor,  # [1, 3, h, w] the picture on the predictor's grid
    base: Base,
    alpha: Tensor,  # [1, 1, h'', w'']
) -> Tensor:  # [1, 3, h, w]
    """The same on a small grid."""
    light, inner = (
        F.interpolate(one, small.shape[2:], mode="bilinear", align_corners=True)
        for one in (base.light, _inner(alpha))
    )
    rest = small - light
    made = torch.lerp(_beyond(rest, inner), rest, inner)
    if base.most is None:
        return made
    most = F.interpolate(base.most, small.shape[2:], mode="bilinear", align_corners=True)
    return most * torch.tanh(made / most)


def _beyond(
    rest: Tensor,  # [1, C, h, w] the picture less its base
    inner: Tensor,  # [1, 1, h, w] 0..1 `_inner`
) -> Tensor:  # [1, C, h, w]
    """The difference at a region's edge, extended past it and faded: a cloud behind a ridge.

    Ended at the edge, a cloud that moves on would leave a bare rim along it, and things in front of
    it, as a kite is, would cast a hole into it that goes along.
    """
    sure = (inner > 0.99).to(rest.dtype)
    if not bool(sure.any()):
        return torch.zeros_like(rest)
    px = _px(rest)
    edge = masks.blur_within(rest, sure, _radius(EDGE_BLUR_PX * px))
    far = masks.depth(sure < 0.5, border=False).to(rest)
    first, last = BEYOND_PX
    fading = ((far / px - first) / (last - first)).clamp(0, 1).mul(math.pi).cos().add(1).div(2)
    return masks.extend(edge, sure) * fading


def _inner(alpha: Tensor) -> Tensor:  # [1, 1, h, w] 0..1
    """The weight of each pixel inside a region, away from its edge; the border is no edge."""
    inside = alpha > OUTSIDE
    px = _px(alpha)
    if bool(inside.all()):
        return torch.ones_like(alpha)
    depth = masks.depth(inside, border=False).to(alpha)
    fringe = max(1.0, FRINGE_PX * px)
    return ((depth - fringe) / max(2.0, FADE_PX * px)).clamp(0, 1) * alpha


# ----------------------------------------------------------------------------------------- sky


def sky_base(
    picture: Tensor,  # [1, 3, h, w] in [-1, 1]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 3, h, w]
    """The clear sky behind the clouds.

    A polynomial of `DEGREES` is fitted to each channel by iteratively reweighted least squares over
    what is smooth and not too red (clouds and their glow count less). Pixels near it and without
    detail are clear; the base is the picture itself there, blurred, and goes on smoothly from them
    under the clouds. What the most part of a row has in common, as a glow above the horizon, is
    light as well.
    """
    px = _px(picture)
    detail = (picture - masks.blur(picture, _radius(DETAIL_PX * px))).abs().amax(1, keepdim=True)
    smooth = torch.exp(-((detail / FAINT) ** 2)) + 1e-3
    terms = _terms(*picture.shape[2:])  # [K, h, w]
    where = inside[0, 0] > 0.5
    # in double precision, which not every device has
    values, weight = picture[0][:, where].cpu().double(), smooth[0, 0][where].cpu().double()
    columns = terms[:, where.cpu()].double()
    keep = slice(None, None, max(1, values.shape[1] // MOST_FITTED))
    fitted, spread = _fit(columns[:, keep], values[:, keep], weight[keep])
    fit = torch.einsum("kc,khw->chw", fitted.float(), terms)[None].to(picture)
    off = (picture - fit).abs().amax(1, keepdim=True)
    clear = inside * torch.exp(-((off / (3 * spread)) ** 4)) * torch.exp(-((detail / 0.1) ** 2))
    base = push_pull(picture, clear, _radius(CLEAR_PX * px))
    base = base + _level_light(picture - base, inside)
    lowest, highest = _range(picture, inside)
    return base.clamp(lowest, highest)


def _level_light(
    rest: Tensor,  # [1, 3, h, w] the picture less its base
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 3, h, w]
    """The median of each row within windows that overlap, linear from one to the next."""
    h, w = inside.shape[2:]
    known = torch.where(inside > 0.5, rest, rest.new_tensor(float("nan")))[0]  # [3, h, w]
    reach = max(1, round(w * WINDOW / 2))
    centres = torch.linspace(0, w - 1, WINDOWS)
    found = []
    for centre in centres.round().int().tolist():
        window = slice(max(0, centre - reach), min(w, centre + reach + 1))
        some = inside[0, 0, :, window].sum(1) > LEAST_COMMON * w
        median = known[:, :, window].nanmedian(2).values.nan_to_num(0.0)
        found.append(torch.where(some, median, median.new_zeros(())))
    medians = torch.stack(found, 2)[None]  # [1, 3, h, WINDOWS]
    calm = _radius(CALM_PX * _px(rest))  # or each row would be a streak of its own
    medians = F.pad(medians, (0, 0, calm, calm), mode="replicate")
    medians = F.avg_pool2d(medians, (2 * calm + 1, 1), 1)
    return F.interpolate(medians, (h, w), mode="bilinear", align_corners=True)


def _terms(h: int, w: int) -> Tensor:  # [K, h, w]
    y = torch.linspace(-1, 1, h)[:, None].expand(h, w)
    x = torch.linspace(-1, 1, w)[None].expand(h, w)
    return torch.stack([x**i * y**j for j in range(DEGREES[1] + 1) for i in range(DEGREES[0] + 1)])


def _fit(
    columns: Tensor,  # [K, N] float64
    values: Tensor,  # [3, N]
    smooth: Tensor,  # [N] how little detail there is
) -> tuple[Tensor, float]:  # [K, 3], and how far clear pixels are from the fit
    weight, spread = smooth, LEAST_SPREAD
    ridge = 1e-6 * torch.eye(len(columns), dtype=columns.dtype)
    for _ in range(ROUNDS):
        weighted = columns * weight
        fitted = torch.linalg.solve(
            weighted @ columns.T / weight.sum() + ridge, weighted @ values.T / weight.sum()
        )
        rest = values - (columns.T @ fitted).T
        off = rest.abs().amax(0)
        spread = max(LEAST_SPREAD, float(off.median()))
        reddish = rest[0] - 0.5 * rest[2] > spread
        weight = smooth / (1 + (off / spread) ** 4) * torch.where(reddish, 0.3, 1.0)
    return fitted, spread


# --------------------------------------------------------------------------------------- water


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
    wide = push_pull(picture, inside, _radius(WHITE_WATER_PX * _px(picture)))
    far, near = (
        _upright(picture, inside, _radius(radius * _px(picture)))
        for radius in (FAR_WATER_PX, NEAR_WATER_PX)
    )
    far, near = (_without_comb(one, picture, inside) for one in (far, near))
    band, h = masks.rows_of(inside), picture.shape[2]
    rows = torch.linspace(0, 1, h, device=picture.device) * (h - 1) - band.first
    depth = (rows / max(band.last - 1 - band.first, 1)).clamp(0, 1)[:, None]
    return torch.lerp(torch.lerp(far, near, depth), wide, surf)


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
    across = _radius(COMB_PX * _px(picture))
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
    px = _px(picture)
    grey = picture.mean(1, keepdim=True)
    usual = grey[inside > 0.5].median() if bool((inside > 0.5).any()) else grey.new_zeros(())
    color = picture.amax(1, keepdim=True) - picture.amin(1, keepdim=True)
    around = _radius(NEAR_WATER_PX * px)
    rough = (grey - masks.blur(grey, around)).abs()
    light = ((grey - usual) / WHITE).clamp(0, 1) * (1 - color / 0.5).clamp(0, 1)
    light = light * (grey > 0).to(grey.dtype)
    rough = (masks.blur_within(rough, inside, 2 * around) / 0.1).clamp(0, 1)
    share = masks.blur_within(light * rough, inside, 2 * around)
    return ((share - 0.1) / 0.3).clamp(0, 1)


# --------------------------------------------------------------------------------------- blurs


def push_pull(
    values: Tensor,  # [1, C, h, w]
    weight: Tensor,  # [1, 1, h, w] 0..1
    radius: int,
) -> Tensor:  # [1, C, h, w]
    """A weighted blur of adaptive width: the finest level with enough weight.

    Radii double from `radius` up to the grid's size; each level is made on a grid so coarse that
    its own blur is a small one.
    """
    h, w = values.shape[2:]
    levels = max(1, math.ceil(math.log2(max(h, w) / radius)))
    mean = (values * weight).sum((2, 3), keepdim=True) / weight.sum().clamp(min=1e-6)
    found = mean.expand_as(values)
    for level in reversed(range(levels)):
        reach = radius * 2**level
        coarser = max(1, reach // 3)
        size = max(2, -(-h // coarser)), max(2, -(-w // coarser))
        step = _radius(reach / coarser)
        stack = shrinking.area(torch.cat([values * weight, weight], 1), size)
        stack = masks.blur(stack, step)
        there = stack[:, -1:]
        stack = torch.cat([stack[:, :-1] / there.clamp(min=1e-6), (4 * there).clamp(max=1)], 1)
        stack = F.interpolate(stack, (h, w), mode="bilinear", align_corners=False)
        found = torch.lerp(found, stack[:, :-1], stack[:, -1:])
    return found


def _px(small: Tensor) -> float:
    """The factor from the reference picture's pixels, in which radii are given, to a grid's."""
    return small.shape[3] / REFERENCE_WIDTH


def _radius(pixels: float) -> int:
    return max(1, round(pixels))


def _range(picture: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:  # [1, 3, 1, 1] each
    where = inside[0, 0] > 0.5
    lowest, highest = picture[0][:, where].aminmax(dim=1)
    return lowest.view(1, 3, 1, 1), highest.view(1, 3, 1, 1)
