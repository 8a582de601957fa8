"""Edges: snap the borders of a region map to the picture's edges.

A pixel near a border goes to the region whose colors, found close by, it has. Labels are small
whole numbers; 0 is what stays still.
"""

from __future__ import annotations

import numpy as np

from ..ops.local_means import LEAST, LocalMeans

LEAST_SPREAD = 0.02  # least standard deviation of a region's colors, of 1
CERTAIN = 4.0  # log-odds beyond which color says no more
SIDE = 0.008  # how far to both sides of an edge colors are compared, share of the width
NO_EDGE, EDGE = 0.025, 0.07  # difference of the colors of both sides, of 1
FAINT = 0.025  # difference of colors that counts as an edge for what follows a picture, of 1


def follow(
    shares: np.ndarray,  # float32 [K, h, w], whose sum is 1
    image: np.ndarray,  # uint8 [H, W, 3]
    radius: int,
) -> np.ndarray:  # float32 [K, H, W], whose sum is 1
    """Enlarge shares along the picture's edges: a guided filter with the colors for its guide.

    Within each window of 2 × `radius` + 1 pixels a share is the linear function of the colors that
    fits it best; each pixel has the mean of those of its windows. They are fitted on every few
    pixels, since they hardly differ between neighbours.
    """
    import cv2

    height, width = image.shape[:2]
    apart = max(1, radius // 4)
    few = (max(1, width // apart), max(1, height // apart))
    soft = cv2.GaussianBlur(image, (0, 0), 0.5).astype(np.float32) / 255
    guide = cv2.resize(soft, few, interpolation=cv2.INTER_AREA)
    size = (2 * max(1, radius // apart) + 1,) * 2

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, size, borderType=cv2.BORDER_REFLECT)

    colors = mean(guide)
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    spread = {
        (i, j): mean(guide[..., i] * guide[..., j])
        - colors[..., i] * colors[..., j]
        + (FAINT**2 if i == j else 0)
        for i, j in pairs
    }
    followed = []
    for share in shares[1:]:
        of_few = cv2.resize(share, few, interpolation=cv2.INTER_LINEAR)
        average = mean(of_few)
        joint = mean(guide * of_few[..., None]) - colors * average[..., None]
        slope = _solve(spread, joint)
        offset = average - (slope * colors).sum(2)
        slope, offset = (cv2.resize(mean(one), (width, height)) for one in (slope, offset))
        red, green, blue = cv2.split(slope * soft)
        followed.append(red + green + blue + offset)
    return np.stack([1 - sum(followed), *followed])


def _solve(
    matrix: dict[tuple[int, int], np.ndarray],  # [h, w] each, symmetric, (i, j) with i <= j
    right: np.ndarray,  # [h, w, 3]
) -> np.ndarray:  # [h, w, 3]
    """Solve three equations for each pixel, by cofactors."""
    a, b, c, d, e, f = (matrix[k] for k in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    aa, ab, ac = d * f - e * e, c * e - b * f, b * e - c * d
    bb, bc, cc = a * f - c * c, b * c - a * e, a * d - b * b
    x, y, z = right[..., 0], right[..., 1], right[..., 2]
    solved = (aa * x + ab * y + ac * z, ab * x + bb * y + bc * z, ac * x + bc * y + cc * z)
    return np.stack(solved, -1) / (a * aa + b * ab + c * ac)[..., None]


def strength(
    mask: np.ndarray,  # bool [H, W]
    rim: np.ndarray,  # bool [H, W] where it is asked
    picture: np.ndarray,  # uint8 [H, W, 3]
) -> np.ndarray:  # float32 [H, W] 0..1, meaningful near the rim
    """How much the picture's colors differ on both sides of a mask's edge, smoothed along it."""
    side = max(2, round(SIDE * mask.shape[1]))
    whole = np.ones(mask.shape, np.float32)
    if not rim.any():
        return whole
    box = _around(rim, 4 * side + 1)  # what any mean near the rim is made of
    mask, rim, picture = mask[box], rim[box], picture[box]
    values = picture.astype(np.float32) / 255
    inside, outside = (LocalMeans(part, 2 * side + 1).of(values) for part in (mask, ~mask))
    difference = np.abs(inside - outside).max(2)
    found = ((difference - NO_EDGE) / (EDGE - NO_EDGE)).clip(0, 1) * rim
    along = LocalMeans(rim, 4 * side + 1)
    whole[box] = np.where(along.share > LEAST, along.of(found), 1)
    return whole


def _around(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The rows and columns of what a mask, which isn't empty, shows, and a margin."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return (
        slice(max(0, rows[0] - margin), rows[-1] + margin + 1),
        slice(max(0, columns[0] - margin), columns[-1] + margin + 1),
    )


def pull(
    drawn: np.ndarray,  # uint8 [H, W] labels
    image: np.ndarray,  # uint8 [H, W, 3]
    reach: float,
    free: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Give each pixel within `reach` of an edge to the region nearby whose colors it has.

    A pixel changes its region only for one that is near, the less readily the farther it is. Only
    the labels in `free` exchange pixels.

    Args:
        drawn: the map as it came.
        image: the picture, R, G, B.
        reach: how far an edge may move, pixels.
        free: the labels whose borders with one another may move.

    Returns:
        The labels [H, W], and bool [H, W], where they may differ from those that came.
    """
    import cv2

    labels = [label for label in free if (drawn == label).any()]
    away = {
        label: cv2.distanceTransform((drawn != label).astype(np.uint8), cv2.DIST_L2, 5)
        for label in labels
    }
    near = {label: away[label] < reach for label in labels}
    band = np.sum([near[label] for label in labels], axis=0) > 1
    band &= np.isin(drawn, labels)
    if not band.any():
        return drawn, band
    soft = cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float64) / 255
    radius = round(2 * reach)
    found = {
        label: _likelihood(soft, _core(drawn == label, 0.4 * reach), band, radius)
        for label in labels
    }
    own, at = drawn[band], np.full(band.sum(), -np.inf)
    for label in labels:
        at = np.where(own == label, found[label], at)
    best, score = own.copy(), np.zeros(len(own))
    for label in labels:
        gain = np.where(np.isfinite(at), found[label] - np.where(np.isfinite(at), at, 0), -np.inf)
        gain = gain.clip(-CERTAIN, CERTAIN) - (CERTAIN / reach) * away[label][band]
        better = near[label][band] & (own != label) & (gain > score)
        best[better], score[better] = label, gain[better]
    labelled = drawn.copy()
    labelled[band] = best
    return np.where(band, _calm(labelled, labels), drawn), band


def _core(mask: np.ndarray, reach: float) -> np.ndarray:
    """The part of a mask deeper than `reach`; thin parts keep their inner half."""
    import cv2

    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, parts.astype(np.intp).ravel(), depth.ravel())
    return mask & (depth > np.minimum(reach, 0.5 * deepest[parts]))


def _likelihood(
    image: np.ndarray, samples: np.ndarray, where: np.ndarray, radius: int
) -> np.ndarray:  # [where.sum()], -inf where there are too few samples nearby
    """Log-likelihood of colors under the normal distribution of the samples around each pixel."""
    import cv2

    def around(values: np.ndarray) -> np.ndarray:
        size = (2 * radius + 1, 2 * radius + 1)
        return cv2.boxFilter(
            values, cv2.CV_64F, size, normalize=False, borderType=cv2.BORDER_CONSTANT
        )[where]

    weight = samples.astype(np.float64)
    count = around(weight)
    some = np.maximum(count, 1)
    mean = np.stack([around(weight * image[..., i]) / some for i in range(3)], -1)
    spread = np.empty((len(some), 3, 3))
    for i in range(3):
        for j in range(i, 3):
            moment = around(weight * image[..., i] * image[..., j]) / some
            spread[:, i, j] = spread[:, j, i] = moment - mean[:, i] * mean[:, j]
    spread += np.eye(3) * LEAST_SPREAD**2
    away = image[where] - mean
    distance = np.einsum("ni,ni->n", away, np.linalg.solve(spread, away[..., None])[..., 0])
    likelihood = -0.5 * (distance + np.linalg.slogdet(spread)[1])
    return np.where(count >= 20, likelihood, -np.inf)


def _calm(labelled: np.ndarray, labels: list[int]) -> np.ndarray:
    """Each pixel's most frequent label around it: specks go, edges stay."""
    import cv2

    votes = np.stack(
        [cv2.GaussianBlur((labelled == label).astype(np.float32), (0, 0), 1.0) for label in labels]
    )
    return np.asarray(labels, np.uint8)[votes.argmax(0)]
