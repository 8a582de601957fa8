"""Bases: the static light of a region; only the difference from it moves.

Wind carries clouds and not the gradient behind them, and a current carries the surface and not what
is reflected in it. A region of the picture I is taken apart as `I = B + D`: B is its base (the
clear sky behind the clouds, the smooth reflections in water), D the difference, which goes on a
little beyond the region's edge and is zero farther out. Frames show `B + D(p + flow)`.

Legend: H W pixels of the picture, h w pixels of the grid on which a base is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks, shrinking, warping
from ..ops.strips import strips
from . import blurs, sky_bases, water_bases
from .regions import RegionKind

GRID_WIDTH = 480  # most pixels across of the grid on which a base is made
OUTSIDE = 0.1  # share of a region up to which a pixel lies outside: slow fades are no edge
FRINGE_PX = 6  # at a region's edge nothing is taken to move, since pixels there are mixed
FADE_PX = 5  # … beyond which what moves sets in
FRINGE_OF_CLOUDS_PX, FADE_OF_CLOUDS_PX = 2, 3  # the same of a sky, whose edges are crisper
STAR_PX, HALO_PX = 9, 3  # widest hole in a region that is a point of light: what is beside it
# moves, but for its halo
BEHIND_PX = 64  # … widest tower that what moves passes behind, level
BEYOND_PX = 24, 96  # from there to where what goes on beyond the edge begins to fade, and is gone
SLOW_PX = 8  # at an edge softer than this, what fades with the region stays
EDGE_BLUR_PX = 3  # radius over which what goes on is averaged: its forms, not its grain


@dataclass(frozen=True)
class Base:
    """The static layer of a region.

    Attributes:
        light: [1, 3, h, w] the base B, in [-1, 1].
        most: [1, 1, h, w] greatest difference from it that moves, of 2; None: all of it.
        behind: whether what moves goes on behind masts and twigs, as clouds do. What stands in
            water is wider than it looks: nothing comes near it.
    """

    light: Tensor
    most: Tensor | None = None
    behind: bool = False
    _inner: dict[int, tuple[Tensor, Tensor]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # by the alpha's id: alpha, and what `inner` gives

    def inner(
        self,
        alpha: Tensor,  # [1, 1, h', w'] of the region, known by the very tensor
    ) -> Tensor:  # [1, 1, h', w'] 0..1
        """The weight of each pixel inside the region, away from its edge; computed once."""
        if id(alpha) not in self._inner:
            self._inner[id(alpha)] = alpha, _inner(alpha, self.behind)
        return self._inner[id(alpha)][1]


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
        light, most = sky_bases.sky_base(small, inside), None
    else:
        surf = water_bases.surf_in(small, inside, foam)
        light = water_bases.water_base(small, inside, surf)
        most = water_bases.most_that_moves(small - light, inside, surf)
    # where a region fades slowly, as to a sun, what fades with it is light: it would move as a ring
    reach = blurs.radius(SLOW_PX * blurs.px(small))
    light = torch.lerp(small, light, masks.highest(share, reach))
    return Base(light, most, behind=kind == "sky")


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
    most = share.amax()  # of a sky of stars, which hardly moves, no pixel has all
    return small, share, ((share > 0.9 * most) & (most > 0)).to(picture.dtype)


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
    inner, light = base.inner(alpha), base.light
    if picture.shape[1] > light.shape[1]:
        opaque = shrinking.area(picture[:, 3:], inner.shape[2:])
        mean = (opaque * inner).sum() / inner.sum().clamp(min=1e-6)
        light = torch.cat([light, mean.expand_as(light[:, :1])], 1)
    size = light.shape[2:]
    small = shrinking.area(picture, size)
    beyond = _beyond(small - light, shrinking.area(inner, size), base.behind)
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
        for one in (base.light, base.inner(alpha))
    )
    rest = small - light
    made = torch.lerp(_beyond(rest, inner, base.behind), rest, inner)
    if base.most is None:
        return made
    most = F.interpolate(base.most, small.shape[2:], mode="bilinear", align_corners=True)
    return most * torch.tanh(made / most)


def _beyond(
    rest: Tensor,  # [1, C, h, w] the picture less its base
    inner: Tensor,  # [1, 1, h, w] 0..1 `_inner`
    behind: bool,
) -> Tensor:  # [1, C, h, w]
    """The difference at a region's edge, extended past it and faded: a cloud behind a ridge.

    Ended at the edge, a cloud that moves on would leave a bare rim along it, and things in front of
    it, as a kite is, would cast a hole into it that goes along.
    """
    sure = (inner > 0.99).to(rest.dtype)
    if not bool(sure.any()):
        return torch.zeros_like(rest)
    px = blurs.px(rest)
    edge = masks.blur_within(rest, sure, blurs.radius(EDGE_BLUR_PX * px))
    far = masks.depth(sure < 0.5, border=False).to(rest)
    first, last = BEYOND_PX
    fading = ((far / px - first) / (last - first)).clamp(0, 1).mul(math.pi).cos().add(1).div(2)
    level, known = masks.extend_level(edge, sure, max(1, round(math.log2(BEHIND_PX * px))))
    made = masks.extend(level, known)
    if behind:  # what is finer is mirrored at the edge: smooth, it would be seen beside a mast
        made = made + warping.sample((rest - edge) * sure, _mirrored(sure > 0.5)) * (1 - sure)
    return made * fading


def _mirrored(
    sure: Tensor,  # [1, 1, h, w] bool, not empty
) -> Tensor:  # [1, 2, h, w] normalised
    """The place that each pixel outside a region mirrors, itself inside."""
    h, w = sure.shape[2:]
    return warping.identity_grid(h, w, sure.device) + masks.mirror(sure)


def _inner(
    alpha: Tensor,  # [1, 1, h, w]
    behind: bool,
) -> Tensor:  # [1, 1, h, w] 0..1
    """The weight of each pixel inside a region, away from its edge; the border is no edge.

    A star is no edge, though no pixel of it moves.
    """
    inside = alpha > OUTSIDE
    px = blurs.px(alpha)
    if bool(inside.all()):
        return torch.ones_like(alpha)
    stars = masks.small_holes(inside, max(3, round(STAR_PX * px)))
    own = alpha
    if bool(stars.any()):
        inside = inside | stars
        halo = max(1, round(HALO_PX * px))
        own = alpha * (1 - masks.highest(stars.to(alpha), halo))
        if bool(inside.all()):
            return own
    depth = masks.depth(inside, border=False).to(alpha)
    clouds = FRINGE_OF_CLOUDS_PX, FADE_OF_CLOUDS_PX
    first, wide = (one * px for one in (clouds if behind else (FRINGE_PX, FADE_PX)))
    return ((depth - max(1.0, first)) / max(2.0, wide)).clamp(0, 1) * own
