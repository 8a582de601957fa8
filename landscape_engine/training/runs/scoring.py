"""How well a scene network tells land, sky and water on stills that it never saw."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...networks import mosaic, scene
from ...networks.mosaic import SceneParser
from ...networks.scene import SceneNetwork
from ..data.labelled import CLASSES, UNKNOWN, LabelledStill

LEAST = 0.005  # share of a still from which a class counts as seen in it


def ask(network: nn.Module, image: Tensor) -> Tensor:  # [1, 3, h, w]
    """The shares of land, sky and water, by a scene network or a parser."""
    if isinstance(network, SceneNetwork):
        return scene.ask(network, image, torch.device("cpu"))[:, : len(CLASSES)]
    return mosaic.ask(cast(SceneParser, network), image, torch.device("cpu"))[:, :3]


def score(network: nn.Module, stills: list[LabelledStill]) -> dict[str, Any]:
    """Intersection over union of land, sky and water, asked as the animator asks.

    Args:
        network: a scene network, or a parser.
        stills: with their labels.

    Returns:
        `stills` by name: each class's (None where the still hardly shows it, `LEAST`); `mean` over
        the stills that show the class; `pooled` over all their pixels. What isn't known isn't
        counted.
    """
    per_still: dict[str, dict[str, float | None]] = {}
    both, either = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    for still in stills:
        image = torch.from_numpy(still.image.transpose(2, 0, 1).copy())[None].float() / 127.5 - 1
        shares = ask(network, image)
        found = F.interpolate(shares, still.label.shape, mode="bilinear")[0].argmax(0).numpy()
        known = still.label != UNKNOWN
        row: dict[str, float | None] = {}
        for k, name in enumerate(CLASSES):
            is_k, said = (still.label == k) & known, (found == k) & known
            common, joint = int((is_k & said).sum()), int((is_k | said).sum())
            both[k], either[k] = both[k] + common, either[k] + joint
            shown = is_k.sum() >= LEAST * max(known.sum(), 1)
            row[name] = round(common / max(joint, 1), 4) if shown else None
        per_still[still.name] = row

    def mean(name: str) -> float | None:
        values = [v for row in per_still.values() if (v := row[name]) is not None]
        return round(float(np.mean(values)), 4) if values else None

    pooled = {
        name: round(float(both[k] / either[k]), 4) if either[k] else None
        for k, name in enumerate(CLASSES)
    }
    return {"mean": {name: mean(name) for name in CLASSES}, "pooled": pooled, "stills": per_still}


def line(found: dict[str, Any]) -> str:
    """A score in one line."""
    parts = [f"{k} {'-' if v is None else f'{v:.3f}'}" for k, v in found["mean"].items()]
    return f"IoU on {len(found['stills'])} stills held out: {', '.join(parts)}"
