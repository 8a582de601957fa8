"""Edges: a drawn or predicted map of regions, its borders pulled to the picture's own.

A pixel near a border goes to the region whose colors, found close by, it has. Labels are small
whole numbers; 0 is what stays still.
"""

from __future__ import annotations

import numpy as np

LEAST_SPREAD = 0.02  # least standard deviation of a region's colors, of 1
CERTAIN = 4.0  # log-odds beyond which color says no more


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
    """What of a mask lies deeper than `reach`; thin parts keep their inner half."""
    import cv2

    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, parts.ravel(), depth.ravel())
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
