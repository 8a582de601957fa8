"""Motion sheet: predictions for some samples, to watch the training."""

from __future__ import annotations

import torch
from torch import Tensor

from ... import images
from ...ops import flow_colors, warping

WHEEL = 24  # side of the legend, pixels


def draw(
    image: Tensor,  # [B, 3, S, S] in [-1, 1]
    flow: Tensor,  # [B, 2, S, S] predicted, backward, normalised
    target: Tensor,  # [B, 3, S, S] the next frame, of clips
    known: Tensor,  # [B, 2, S, S] the known flow, of scenes
    clip: Tensor,  # [B] the clip's number; below 0: a scene
    beta: float,
) -> Tensor:  # [1, 3, H, W] in [-1, 1]
    """Draw a row for each sample: input, predicted flow, warped, target; clips come first.

    The target is the next frame of a clip, whose error is set beside that of "nothing moves", and
    the known flow of a scene. Full color is the predictor's fastest step.
    """
    warped = warping.warp(image, flow.float())
    rows = []
    for k in sorted(range(len(image)), key=lambda k: int(clip[k]) < 0):
        row = [("input", image[k]), ("predicted flow", _paint(flow[k], beta))]
        if clip[k] < 0:
            row += [("warped", warped[k]), ("known flow", _paint(known[k], beta))]
        else:
            error, still = (_rmse(x[k], target[k]) for x in (warped, image))
            row[0] = (f"clip {int(clip[k])}", image[k])
            row += [(f"rmse {error:.4f}", warped[k]), (f"still {still:.4f}", target[k])]
        rows.append([(caption, tile[None].cpu()) for caption, tile in row])
    return images.paste_tiles(rows)


def _paint(flow: Tensor, beta: float) -> Tensor:  # [3, S, S]
    painted = flow_colors.paint(flow[None].float(), 1 / beta)[0]
    painted[:, :WHEEL, :WHEEL] = flow_colors.wheel(WHEEL)[0].to(painted)
    return painted


def _rmse(one: Tensor, other: Tensor) -> float:
    return float(torch.mean((one - other).square()).sqrt())
