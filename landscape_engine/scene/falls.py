"""Falls: white water that moves down along its threads, and fast.

The motion predictor knows clouds and waves; it lets falls stand, or slide sideways. White water
whose texture stands upright falls; that of surf and rapids lies. (Beyond the paper.)

Legend: H W pixels of the masks, h w pixels of the predictor's grid.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..ops import masks, shrinking
from ..ops.local_means import LocalMeans

PACE = 1.5e-3  # of falling water, in shares of the picture's width: 1.4 pixels a frame at 960
WHITE = 0.5  # share of white water from which a pixel is of it
UPRIGHT = 1.25  # energy of gradients across over that along from which a texture stands upright
PERHAPS = 0.1  # … from which it may be
STANDS = 0.5, 0.65  # share of the energy of gradients that is across: threads may stand, surely do
MEASURED_WIDTH = 480  # of the picture on which gradients are taken, at most
SPREAD = 0.015  # over which their energies are averaged, share of the width
LOWEST = 0.05  # height of the lowest falls, share of the picture's
LEAST = 0.003  # share of the picture below which there are no falls
SLENDER = 2.5  # height over width from which upright threads are falls by themselves
TALL, HIGH, NEARLY_ALL = 1.2, 0.08, 0.7  # or: height over width, share of the picture's height, and
# share of the white water in their rows
WIDE, MOSTLY = 0.015, 0.35  # else: least share of the picture, and of the white water in their rows
JOINED, CLOSED = 0.01, 0.04  # gaps between threads, and in falls, share of the width
SPRAY = 0.1, 0.1  # above and below wide falls, in heights of them, white water belongs to them
OPEN = 0.1  # share of other water above upright white water from which that is surf: falls come
UPPER = 1 / 3  # down from land; share of its height down to which that is measured
RIM, OF_THREAD = 0.003, 0.3  # of falls beside land, whose pixels are mixed with it: share of the
# width, and of half the width of a thread at most
FRINGE = 0.01  # of other water beside them that falls too, share of the width
STEEPEST = 1.0  # sideways for each step down, at most
CALM_PX = 6  # of the grid, over which the direction is averaged


def find(
    water: np.ndarray,  # bool [H, W]
    white: Tensor,  # [1, 1, h', w'] 0..1 how much of each pixel is white water
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # bool [H, W]
    """Segment falls in water: white, with an upright texture, and high enough."""
    import cv2

    height, width = water.shape
    foam = foam_in(water, white)
    if foam.mean() < LEAST:
        return np.zeros_like(water)
    size = min(MEASURED_WIDTH, width), max(2, round(min(MEASURED_WIDTH, width) * height / width))
    inside = cv2.resize(foam.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    across, along, _ = _energies(picture, inside > 0.9)
    foamy = inside > 0.5
    upright = _closed((across > UPRIGHT * along) & foamy, JOINED)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(upright, connectivity=8)
    _, waters = cv2.connectedComponents(foamy.astype(np.uint8), connectivity=8)
    kept = np.zeros_like(upright)
    stand = np.bincount(waters.ravel(), upright.ravel()) >= NEARLY_ALL * np.bincount(waters.ravel())
    stand[0] = False
    for k in range(1, count):
        part, area = parts == k, stats[k, cv2.CC_STAT_AREA] / upright.size
        high, broad = stats[k, cv2.CC_STAT_HEIGHT], stats[k, cv2.CC_STAT_WIDTH]
        if high < LOWEST * size[1] or area < LEAST:
            continue
        around = np.isin(waters, np.unique(waters[part & (waters > 0)]))
        around &= part.any(1)[:, None]
        mostly = upright[around].mean() if around.any() else 0.0
        tall = high >= TALL * broad and high >= HIGH * size[1] and mostly >= NEARLY_ALL
        if high >= SLENDER * broad or tall or (area >= WIDE and mostly >= MOSTLY):
            kept |= part.astype(np.uint8)
    falling = stand & (np.bincount(waters.ravel(), kept.ravel()) > 0)
    kept |= upright * falling[waters]  # what hangs together with them and stands as they do
    kept = _closed(kept, CLOSED)
    open_water = cv2.resize((water & ~foam).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    kept = _with_spray(_without_surf(kept, open_water), foamy)
    beside = _disc(FRINGE * size[0])
    beside[: len(beside) // 2] = 0  # what lies below their foot is the pool
    kept = cv2.dilate(kept, beside)
    return (cv2.resize(kept.astype(np.float32), (width, height)) > 0.5) & water


def without_rim(
    falls: np.ndarray,  # bool [H, W]
    water: np.ndarray,  # bool [H, W]
) -> np.ndarray:  # bool [H, W]
    """Falls less their rim beside land, which would go down with them as an outline."""
    import cv2

    rim = max(1.0, RIM * falls.shape[1])
    depth = cv2.distanceTransform(water.astype(np.uint8), cv2.DIST_L2, 5)
    thread = cv2.dilate(depth, _disc(rim / OF_THREAD))
    return falls & (depth > np.minimum(rim, OF_THREAD * thread))


def foam_in(
    water: np.ndarray,  # bool [H, W]
    white: Tensor,  # [1, 1, h', w'] 0..1 how much of each pixel is white water
) -> np.ndarray:  # bool [H, W]
    """The white water in water."""
    large = F.interpolate(white.float(), water.shape, mode="bilinear", align_corners=False)
    return (large[0, 0] > WHITE).cpu().numpy() & water


def upright(
    image: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    white: Tensor,  # [1, 1, h, w] 0..1 how much of each pixel is white water
) -> Tensor:  # [1, 1, h, w] 0..1
    """Where perhaps white water has threads that stand upright: falls, however slender."""
    perhaps = (white[0, 0] > PERHAPS).cpu().numpy()
    if perhaps.mean() < LEAST:
        return torch.zeros_like(white)
    small = shrinking.area(image[:, :3].cpu(), white.shape[2:])
    pixels = ((small[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)
    across, along, _ = _energies(pixels, perhaps)
    stands = torch.from_numpy(across / (across + along + 1e-6) * perhaps)[None, None]
    return masks.soft_threshold(stands, STANDS).to(white)


def _without_surf(
    falls: np.ndarray,  # uint8 [h, w]
    open_water: np.ndarray,  # float32 [h, w] 0..1 share of water that isn't white
) -> np.ndarray:  # uint8 [h, w]
    """Falls without the surf of a sea, whose water lies above it."""
    import cv2

    count, parts, stats, _ = cv2.connectedComponentsWithStats(falls, connectivity=8)
    kept = np.zeros(count, np.uint8)
    for k in range(1, count):
        high = stats[k, cv2.CC_STAT_TOP] + max(1, round(UPPER * stats[k, cv2.CC_STAT_HEIGHT]))
        kept[k] = open_water[:high].mean() < OPEN
    return kept[parts]


def _with_spray(
    falls: np.ndarray,  # uint8 [h, w]
    white: np.ndarray,  # bool [h, w]
) -> np.ndarray:  # uint8 [h, w]
    """Falls with the white water beside and below them that belongs to them: threads and spray.

    Beside a curtain that falls, one whose threads the spray hides would stand, or drift.
    """
    import cv2

    count, parts, stats, _ = cv2.connectedComponentsWithStats(falls, connectivity=8)
    grown = falls.copy()
    for k in range(1, count):
        if stats[k, cv2.CC_STAT_AREA] < WIDE * falls.size:
            continue
        top, high = stats[k, cv2.CC_STAT_TOP], stats[k, cv2.CC_STAT_HEIGHT]
        rows = np.zeros_like(white)
        rows[max(0, top - round(SPRAY[0] * high)) : top + high + round(SPRAY[1] * high)] = True
        _, near = cv2.connectedComponents((white & rows).astype(np.uint8), connectivity=8)
        own = np.unique(near[(parts == k) & white & rows])
        grown[np.isin(near, own[own > 0])] = 1
    return grown


def _closed(mask: np.ndarray, gap: float) -> np.ndarray:  # uint8 [h, w]
    import cv2

    disc = _disc(gap * mask.shape[1] / 2)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc)


def _disc(radius: float) -> np.ndarray:  # uint8 [k, k]
    import cv2

    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def step(
    picture: Tensor,  # [1, 3 or 4, H, W] in [-1, 1]
    core: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """The flow of one frame: down along the threads, each `PACE` long, defined everywhere.

    Threads run where gradients are least: along the smaller eigenvector of the structure tensor.
    """
    h, w = core.shape[2:]
    aspect = picture.shape[3] / picture.shape[2]
    width = min(MEASURED_WIDTH, picture.shape[3])
    size = max(2, round(width / aspect)), width
    small = shrinking.area(picture[:, :3], size).cpu()
    inside = shrinking.area(core.float().cpu(), size)[0, 0].numpy() > 0.5
    pixels = ((small[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)
    across, along, both = _energies(pixels, inside)
    # thread (sin a, cos a), a from upright: the normal of the strongest gradient
    angle = 0.5 * np.arctan2(2 * both, across - along)
    sideways = np.clip(-np.tan(np.clip(angle, -1.3, 1.3)), -STEEPEST, STEEPEST)
    strength = np.hypot(across - along, 2 * both) / (across + along + 1e-6)
    stack = np.stack([sideways * strength, strength + 0.05]) * inside
    grid = shrinking.area(torch.from_numpy(stack.astype(np.float32))[None], (h, w))
    grid = masks.blur(grid.to(core.device), CALM_PX)
    slope = masks.extend(grid[:, :1] / grid[:, 1:].clamp(min=1e-6), core.to(grid.dtype))
    down = PACE / (1 + slope.square()).sqrt()
    return torch.cat([-2 * slope * down, -2 * aspect * down], 1)


def _energies(
    picture: np.ndarray,  # uint8 [H, W, 3]
    inside: np.ndarray,  # bool [h, w]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # float32 [h, w] each
    """The structure tensor within a mask: means of gx², gy² and gx gy."""
    import cv2

    h, w = inside.shape
    small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    within = cv2.erode(inside.astype(np.float32), np.ones((3, 3)))  # the edge of it is no texture
    around = LocalMeans(within, sigma=max(1.0, SPREAD * w))
    return around.of(gx * gx), around.of(gy * gy), around.of(gx * gy)
