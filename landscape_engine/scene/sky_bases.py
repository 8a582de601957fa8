"""The base of a sky: the clear sky behind its clouds.

Legend: h w pixels of the grid on which a base is made; radii are those of `blurs`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks
from . import blurs

CLEAR_PX = 10  # radius of the blur of a clear sky
DETAIL_PX = 4  # detail of a sky is what a blur of this radius removes
FAINT = 0.04  # contrast of detail up to which a sky counts as clear, of 2
LEAST_SPREAD = 0.08  # how far a clear sky may be from its polynomial, of 2
WHITE = 0.1  # weight, in the fit, of what lies before it: clouds are whiter than the blue
PALER = 0.3  # ... by so much of what it has more in red, at least
BY_NIGHT = -0.3  # lightness, -1..1, below which a clear sky is that of the night
GREENER = 0.15  # of an aurora: by so much of what it has more in green, at least
ROUNDS = 30  # of the robust fit
MOST_FITTED = 20000  # pixels
DEGREES = 2, 4  # of the polynomial, across and down
GLOW_PX, GLOWS = 16, (0.05, 0.12, 0.3)  # radius of the blur whose lightest place is a sun's; widths
# of the glow around it, shares of the picture's
FORM_PX, FORMS = (3, 18), (0.012, 0.03)  # radii of the blurs between which forms lie; of 2: none,
# some
FAR_PX = 32  # from forms, what is light alone
NEAR_SUN, CLOUDED = 0.14, 0.3  # of the narrowest glow, which is near a sun; difference from the fit
# there, of 2, from which clouds are before it
NEAR_GLOW, WARM = 0.1, -0.15  # share of the width over which the sky about it is averaged; red less
# blue from which it is no blue one, of 2
WINDOWS = 5  # across a picture, in which a row's common light is looked for
WINDOW = 0.8  # width of one, share of the picture's
CALM_PX = 6  # radius over which the light of rows is averaged
SURELY_CLEAR = 0.3  # from which a pixel counts as clear sky in its row
LEAST_COMMON = 0.1  # share of the width that a row needs of the region to have a common light


def sky_base(
    picture: Tensor,  # [1, 3, h, w] in [-1, 1]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 3, h, w]
    """The clear sky behind the clouds.

    A polynomial of `DEGREES`, with a glow around the lightest place, is fitted to each channel by
    iteratively reweighted least squares over what is smooth and not too red (clouds and their glow
    count less). Pixels near it and without detail are clear, and so are those far from any form;
    the base is the picture itself there, blurred, and goes on smoothly from them under the clouds.
    What the most part of a row has in common, as a glow above the horizon, is light as well.
    """
    px = blurs.px(picture)
    smoothed = masks.blur(picture, blurs.radius(DETAIL_PX * px))
    detail = (picture - smoothed).abs().amax(1, keepdim=True)
    smooth = torch.exp(-((detail / FAINT) ** 2)) + 1e-3
    terms, glows = _terms(*picture.shape[2:]), _glows(smoothed, inside)  # [K, h, w] each
    where = inside[0, 0] > 0.5
    # in double precision, which not every device has
    values, weight = picture[0][:, where].cpu().double(), smooth[0, 0][where].cpu().double()
    keep = slice(None, None, max(1, values.shape[1] // MOST_FITTED))

    def fit_of(terms: Tensor) -> tuple[Tensor, float]:  # [1, 3, h, w]
        columns = terms[:, where.cpu()].double()
        fitted, spread = _fit(columns[:, keep], values[:, keep], weight[keep])
        fit = torch.einsum("kc,khw->chw", fitted.float(), terms)
        return fit[None].to(picture), spread

    fit, spread = fit_of(torch.cat([terms, glows]))
    if len(glows):  # clouds before a glow would be seen as holes in it: then it goes with them
        near = inside * (glows[0] > NEAR_SUN).to(inside)
        off = (picture - fit).abs().amax(1, keepdim=True)
        if float(masks.mean_within(off, near)) > CLOUDED:
            fit, spread = fit_of(terms)
    off = (picture - fit).abs().amax(1, keepdim=True)
    off = off * (1 + _lies_before((picture - fit)[0], fit[0], spread).to(off))
    clear = inside * torch.exp(-((off / (3 * spread)) ** 4)) * torch.exp(-((detail / 0.1) ** 2))
    clear = torch.maximum(clear, inside * _formless(picture, inside))
    base = blurs.push_pull(picture, clear, blurs.radius(CLEAR_PX * px))
    base = base + _level_light(picture - base, inside, clear)
    lowest, highest = _range(picture, inside)
    return base.clamp(lowest, highest)


def _level_light(
    rest: Tensor,  # [1, 3, h, w] the picture less its base
    inside: Tensor,  # [1, 1, h, w] 0 or 1
    clear: Tensor,  # [1, 1, h, w] 0..1
) -> Tensor:  # [1, 3, h, w]
    """The median of each row within windows that overlap, linear from one to the next.

    Where there is some clear sky in a row, its light is what that has in common: a cloud that fills
    most of a row is none.
    """
    h, w = inside.shape[2:]
    unknown = rest.new_tensor(float("nan"))
    known = torch.where(inside > 0.5, rest, unknown)[0]  # [3, h, w]
    free = torch.where(clear > SURELY_CLEAR, rest, unknown)[0]
    reach = max(1, round(w * WINDOW / 2))
    centres = torch.linspace(0, w - 1, WINDOWS)
    found = []
    for centre in centres.round().int().tolist():
        window = slice(max(0, centre - reach), min(w, centre + reach + 1))
        some = inside[0, 0, :, window].sum(1) > LEAST_COMMON * w
        median = known[:, :, window].nanmedian(2).values.nan_to_num(0.0)
        seen = (clear[0, 0, :, window] > SURELY_CLEAR).sum(1) > LEAST_COMMON * w
        median = torch.where(seen, free[:, :, window].nanmedian(2).values.nan_to_num(0.0), median)
        found.append(torch.where(some, median, median.new_zeros(())))
    medians = torch.stack(found, 2)[None]  # [1, 3, h, WINDOWS]
    calm = blurs.radius(CALM_PX * blurs.px(rest))  # or each row would be a streak of its own
    medians = F.pad(medians, (0, 0, calm, calm), mode="replicate")
    medians = F.avg_pool2d(medians, (2 * calm + 1, 1), 1)
    return F.interpolate(medians, (h, w), mode="bilinear", align_corners=True)


def _terms(h: int, w: int) -> Tensor:  # [K, h, w]
    y = torch.linspace(-1, 1, h)[:, None].expand(h, w)
    x = torch.linspace(-1, 1, w)[None].expand(h, w)
    return torch.stack([x**i * y**j for j in range(DEGREES[1] + 1) for i in range(DEGREES[0] + 1)])


def _formless(
    picture: Tensor,  # [1, 3, h, w]
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [1, 1, h, w] 0..1
    """Where nothing far and wide has a form: whatever its color is, it is light."""
    px, grey, within = blurs.px(picture), picture.mean(1, keepdim=True), inside.clamp(min=1e-4)
    fine, coarse = (masks.blur_within(grey, within, blurs.radius(one * px)) for one in FORM_PX)
    forms = masks.highest((fine - coarse).abs() * inside, blurs.radius(FAR_PX * px))
    return 1 - masks.soft_threshold(masks.blur(forms, blurs.radius(FAR_PX * px / 2)), FORMS)


def _glows(
    smoothed: Tensor,  # [1, 3, h, w] the picture without detail
    inside: Tensor,  # [1, 1, h, w] 0 or 1
) -> Tensor:  # [K', h, w]
    """The glow of a sun falls off around the lightest place, `1 / (1 + (d / s)²)`, s of `GLOWS`.

    Where the sky about it is blue, that is a cloud's: there is none.
    """
    h, w = inside.shape[2:]
    reach = blurs.radius(GLOW_PX * blurs.px(smoothed))
    light = masks.blur_within(smoothed.mean(1, keepdim=True), inside.clamp(min=1e-4), reach)
    lightest = int(torch.where(inside > 0.5, light, -1.0).flatten().argmax())
    row, column = divmod(lightest, w)
    around = masks.blur_within(smoothed, inside.clamp(min=1e-4), max(1, round(NEAR_GLOW * w)))
    red, _, blue = around[0, :, row, column].tolist()
    if red - blue < WARM:
        return torch.zeros(0, h, w)
    y = (torch.arange(h)[:, None] - row) / w
    x = (torch.arange(w)[None] - column) / w
    away = x * x + y * y
    return torch.stack([1 / (1 + away / s**2) for s in GLOWS])


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
        fit = (columns.T @ fitted).T
        rest = values - fit
        off = rest.abs().amax(0)
        spread = max(LEAST_SPREAD, float(off.median()))
        reddish = rest[0] - 0.5 * rest[2] > spread
        weight = smooth / (1 + (off / spread) ** 4) * torch.where(reddish, 0.3, 1.0)
        weight = weight * torch.where(_lies_before(rest, fit, spread), WHITE, 1.0)
    return fitted, spread


def _lies_before(
    rest: Tensor,  # [3, ...] what differs from a clear sky
    clear: Tensor,  # [3, ...] that sky
    spread: float,
) -> Tensor:  # [...] bool
    """Whether a pixel is as a cloud is before the blue, or as an aurora is before the night.

    A cloud is lighter, in red more than in blue; an aurora is lighter, and in green the most.
    """
    red, green, blue = rest[0], rest[1], rest[2]
    cloud = (red > spread / 2) & (red - blue > PALER * red)
    aurora = (green > spread / 2) & (green - torch.maximum(red, blue) > GREENER * green)
    return cloud | (aurora & (clear.mean(0) < BY_NIGHT))


def _range(picture: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:  # [1, 3, 1, 1] each
    where = inside[0, 0] > 0.5
    lowest, highest = picture[0][:, where].aminmax(dim=1)
    return lowest.view(1, 3, 1, 1), highest.view(1, 3, 1, 1)
