"""Regions: where a picture moves.

A bundle with a scene network is asked for sky and water. Without one, the predictor is asked under
several codes: one code's field tells badly whether a pixel may move, since the next code stills
other ones, but over some codes sky and water show by their mean speed, and one from the other by
how they answer the codes.

Legend: K codes, h w pixels of the predictor's grid, H W pixels of the masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import edges, masks

MOVES = 0.1  # mean speed over the codes from which a pixel moves, in shares of the fastest step
MOVES_SHARE = 0.35  # … or this share of the picture's fast pixels, where all of it is slow
NOTHING_MOVES = 0.02
ALIKE = 0.6  # how much like the sky's a pixel's answer to the codes is, if it is sky
DOUBT = 0.3  # share of a region's usual speed below which nothing is said
MASK_WIDTH = 640  # masks are made at the picture's width, or at this if that is larger; pixels
REACH = 0.015  # how far a mask's edge may go to meet the picture's, share of the width
SPECK = 2e-3  # share of the picture below which a region is none
HOLE = 2e-4  # share of the picture below which a hole in a region is none
SKY_HOLE = 0.01  # … and below which a hole in the sky is cloud after all
STAYS = 0.5  # share of land from which a pixel stays
BESIDE = 0.03  # share of the height over which the horizon isn't taken for a level line
MOST_HASTE = 4.0  # how much a hesitant field is lengthened at most
THIN = 0.025  # widest of the thin things, share of the width
THIN_CONTRAST = 0.12  # how much darker they are than what is behind, of 1
SKY, WATER = 1, 2
RegionKind = Literal["sky", "water", "other"]
NAMES = {SKY: "sky", WATER: "water"}


@dataclass(frozen=True)
class Guide:
    """What the artist wants of one region; the rest comes from the motion's settings."""

    code: str | None = None  # as `MotionSettings.code`
    speed: float = 1.0  # factor on the region's speed
    phase: float = 0.0  # share of the loop by which it runs ahead
    ripple: float = 0.0  # height of ripples, in thousandths of the picture's height
    sway: float = 0.0  # width of swaying, in thousandths of the picture's width
    arrows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Region:
    """A part of the picture that moves.

    Attributes:
        name: "sky", "water", or what the artist called it.
        alpha: [1, 1, H, W] how much of each pixel moves, 0..1; exactly 0 where all stays.
        core: [1, 1, h, w] bool, the grid's pixels that lie wholly inside.
        guide: what the artist wants of it.
        kind: "sky", "water" or "other", which says what of it stays (`bases`).
    """

    name: str
    alpha: Tensor
    core: Tensor
    guide: Guide = Guide()
    kind: RegionKind = "other"


def find(
    drawn: np.ndarray,  # uint8 [h, w]: 0, SKY or WATER
    picture: np.ndarray,  # uint8 [H, W, 3]
    device: torch.device | str = "cpu",
) -> list[Region]:
    """Sky and water with edges that are the picture's.

    Args:
        drawn: labels, from `label_by_scene` or `label_by_answers`.
        picture: the picture at the masks' size (`mask_size`).
        device: where the regions go.

    Returns:
        None, one or two regions; they don't overlap but for their soft edges.
    """
    height, width = picture.shape[:2]
    if not drawn.any():
        return []
    large = _resize_labels(drawn, height, width)
    pulled, _ = edges.pull(large, picture, max(2.0, REACH * width), (0, SKY, WATER))
    calm = _without_holes_in_sky(_without_specks(pulled))
    calm[_thin_things(calm, picture)] = 0
    return [
        region_of((calm == label).astype(np.float32), drawn.shape, name, torch.device(device))
        for label, name in NAMES.items()
        if (calm == label).any()
    ]


def region_of(
    mask: np.ndarray,  # float32 [H, W] 0..1
    grid_hw: tuple[int, int],
    name: str,
    device: torch.device,
    soften: int = 1,
) -> Region:
    """A region of a mask, its edge softened inwards by `soften` pixels."""
    hard = torch.from_numpy(np.ascontiguousarray(mask))[None, None]
    # blurred inwards: what the mask leaves out stays out, bit for bit
    alpha = masks.blur(masks.shrink(hard, soften), soften) * (hard > 0) if soften else hard
    alpha = torch.where(alpha > 0.995, torch.ones(()), alpha).to(device)
    core = F.interpolate((alpha > 0.5).float(), grid_hw, mode="area") > 0.999
    if not bool(core.any()):  # a thread of a region
        core = F.interpolate(alpha, grid_hw, mode="area") > 0
    return Region(name, alpha, core)


def mask_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the masks for a picture's."""
    scale = min(1.0, MASK_WIDTH / width)
    return max(8, round(height * scale)), max(8, round(width * scale))


def motion_within(
    region: Region,
    step: Tensor,  # [1, 2, h, w] backward, normalised: what the predictor says
    radius: int = 8,
    calm: float = 0.0,
) -> Tensor:  # [1, 2, h, w]
    """A region's field, cleaned: without dawdlers and outliers, smooth, and going on beyond it.

    Vectors shorter than `DOUBT` times the region's usual length (its 70th percentile) are filled
    from their neighbours (clouds at the horizon are a quarter as fast as those overhead, and stay
    so); those longer than its 95th percentile are shortened to it. Doubt also shortens what is
    predicted: where the usual length is below `calm` (normalised, per frame), all are lengthened to
    it, by `MOST_HASTE` at most.
    """
    inside = region.core.float()
    length = step.square().sum(1, keepdim=True).sqrt()
    within = length[region.core]
    usual, longest = torch.quantile(within, 0.7), torch.quantile(within, 0.95)
    sure = inside * (length >= DOUBT * usual)
    field = step * (longest / length.clamp(min=1e-12)).clamp(max=1)
    field = field * (calm / usual.clamp(min=calm / MOST_HASTE)).clamp(min=1)
    if float(sure.sum()) == 0:
        return torch.zeros_like(step)
    field = masks.extend(field, sure)
    return masks.blur(masks.extend(masks.blur_within(field, inside, radius), inside), radius // 2)


def label_by_scene(
    log_odds: Tensor,  # [1, 3, h, w] of land, sky and water
    horizon: float | None = None,
) -> np.ndarray:  # uint8 [h, w]
    """Labels by the scene network: sky above one row, water below it.

    The row is the given horizon (a share of the height), or the one that goes best with what the
    network takes for sky and for water; within `BESIDE` of that one each pixel is what it is taken
    for.
    """
    share = log_odds[0].softmax(0)
    moving = share[0] < STAYS
    if horizon is not None:
        return _part(moving, round(horizon * share.shape[1]))
    sky = torch.where(moving, share[SKY] - share[WATER], share.new_zeros(()))
    row = _best_row(sky.sum(1))
    labels = _part(moving, row)
    beside = round(BESIDE * share.shape[1])
    near = slice(max(row - beside, 0), row + beside)
    each = torch.where(sky[near] > 0, SKY, WATER).to(torch.uint8) * moving[near]
    labels[near] = each.cpu().numpy()
    return labels


def label_by_answers(
    flows: Tensor,  # [K, 2, h, w] backward, in shares of the fastest step, under K codes
    horizon: float | None = None,
) -> np.ndarray:  # uint8 [h, w]
    """Labels by the motion predictor; the horizon (a share of the height) is found if not given."""
    speed = flows.square().sum(1).sqrt().mean(0)  # [h, w]
    fast = float(torch.quantile(speed.flatten(), 0.95))
    if fast < NOTHING_MOVES:
        return np.zeros(speed.shape, np.uint8)
    moving = speed > min(MOVES, MOVES_SHARE * fast)
    if horizon is None:
        row = _horizon_row(flows, moving)
    else:
        row = round(horizon * speed.shape[0])
    return _part(moving, row)


def _part(moving: Tensor, row: int) -> np.ndarray:  # uint8 [h, w]
    labels = moving.to(torch.uint8) * SKY
    labels[row:] *= WATER
    return labels.cpu().numpy()


def _best_row(votes: Tensor) -> int:
    """The row (0..h) with the greatest sum of `votes` [h] above it, less that below."""
    gain = torch.cat([votes.new_zeros(1), votes.cumsum(0)])
    return int(gain.argmax())


def _horizon_row(flows: Tensor, moving: Tensor) -> int:
    """The row that best parts what answers the codes as the sky does from what doesn't.

    The sky's answer is that of the topmost moving pixels, a tenth of all.
    """
    counts = moving.sum(1).cumsum(0)
    first_rows = int((counts < 0.1 * counts[-1]).sum()) + 1
    answer = flows.flatten(0, 1)  # [2K, h, w]
    sky = (answer[:, :first_rows] * moving[:first_rows]).sum((1, 2))
    sky = sky / sky.norm().clamp(min=1e-12)
    alike = (answer * sky[:, None, None]).sum(0) / answer.norm(dim=0).clamp(min=1e-12)
    none = alike.new_zeros(())
    return _best_row(torch.where(moving, (alike - ALIKE).clamp(-0.3, 0.3), none).sum(1))


def _resize_labels(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    import cv2

    shares = [
        cv2.resize(
            (labels == k).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
        for k in (0, SKY, WATER)
    ]
    return np.stack(shares).argmax(0).astype(np.uint8)


def _thin_things(
    labels: np.ndarray,  # uint8 [H, W]: 0, SKY or WATER
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W]
    """Masts, stays, poles and twigs: narrow and dark before what is behind, and rooted in land.

    What a closing by `THIN` of the width fills by more than `THIN_CONTRAST` is narrow and dark; of
    that, what hangs together with still land. Clouds have no such parts that reach the ground. In
    the sky it is also darker than most of what is near: the gaps between star trails aren't.
    """
    import cv2

    still = labels == 0
    width = labels.shape[1]
    size = max(3, round(THIN * width) | 1)
    grey = cv2.GaussianBlur(picture, (0, 0), 0.5).min(2)
    narrow = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((size, size), np.uint8))
    usual = cv2.medianBlur(grey, min(2 * size + 1, 255))
    below = np.where(labels == SKY, usual.astype(np.int16) - grey, 255)
    dark = (narrow > 255 * THIN_CONTRAST) & (below > 255 * THIN_CONTRAST / 2) & ~still
    near = cv2.dilate(still.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    _, parts = cv2.connectedComponents(dark.astype(np.uint8), connectivity=8)
    rooted = np.zeros(int(parts.max()) + 1, bool)
    rooted[np.unique(parts[near & dark])] = True
    rooted[0] = False
    return cv2.dilate(rooted[parts].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _without_specks(labels: np.ndarray) -> np.ndarray:
    """Labels [H, W] without regions and holes too small to be meant."""
    import cv2

    labels = labels.copy()
    for label, least, other in ((SKY, SPECK, 0), (WATER, SPECK, 0), (0, HOLE, None)):
        mask = (labels == label).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        small = stats[:, cv2.CC_STAT_AREA] < least * labels.size
        small[0] = False
        if other is not None:
            labels[small[parts]] = other
        else:
            hole = small[parts]
            grown = cv2.dilate(labels, np.ones((3, 3), np.uint8))
            labels[hole] = grown[hole]
    return labels


def _without_holes_in_sky(labels: np.ndarray) -> np.ndarray:
    """Labels [H, W] of which no small piece of land hangs in the sky, touching nothing else."""
    import cv2

    labels = labels.copy()
    _, parts, stats, _ = cv2.connectedComponentsWithStats((labels != SKY).astype(np.uint8))
    border = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    hole = stats[:, cv2.CC_STAT_AREA] < SKY_HOLE * labels.size
    hole[0] = False
    hole[border] = False
    hole[np.unique(parts[labels == WATER])] = False
    labels[hole[parts]] = SKY
    return labels
