"""Answers: segment a picture by the motion predictor's answers to several codes.

One code's field tells badly whether a pixel may move, since the next code stills other ones, but
over some codes sky and water show by their mean speed, and one from the other by how they answer
the codes. It serves bundles without a scene network.

Legend: K codes, h w pixels of the predictor's grid.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .certainty import best_row

MOVES = 0.1  # mean speed over the codes from which a pixel moves, in shares of the fastest step
MOVES_SHARE = 0.35  # … or this share of the picture's fast pixels, where all of it is slow
NOTHING_MOVES = 0.02
ALIKE = 0.6  # how much like the sky's a pixel's answer to the codes is, if it is sky
SURE, UNSURE = 0.98, 0.7  # share of what moves, and of what doesn't: a still pixel may be cloud


def shares_by_answers(
    flows: Tensor,  # [K, 2, h, w] backward, in shares of the fastest step, under K codes
    horizon: float | None = None,
) -> Tensor:  # [1, 3, h, w] of land, sky and water; their sum is 1
    """The class shares of each pixel; the horizon (a share of the height) is found if not given."""
    speed = flows.square().sum(1).sqrt().mean(0)  # [h, w]
    fast = float(torch.quantile(speed.flatten(), 0.95))
    moving = speed > min(MOVES, MOVES_SHARE * fast)
    if fast < NOTHING_MOVES:
        moving = torch.zeros_like(moving)
        return _shares(moving, moving)
    if horizon is None:
        row = _horizon_row(flows, moving)
    else:
        row = round(horizon * speed.shape[0])
    below = torch.zeros_like(moving)
    below[row:] = True
    return _shares(moving & ~below, moving & below)


def _shares(sky: Tensor, water: Tensor) -> Tensor:  # bool [h, w] each -> [1, 3, h, w]
    moving = torch.stack([sky, water]).float()
    shares = moving * SURE + (1 - moving) * (1 - SURE) / 2
    still = ~(sky | water)
    shares[:, still] = (1 - UNSURE) / 2
    return torch.cat([1 - shares.sum(0, keepdim=True), shares])[None]


def _horizon_row(flows: Tensor, moving: Tensor) -> int:
    """The row that best separates pixels that answer the codes like the sky from the others.

    The sky's answer is that of the topmost moving pixels, a tenth of all.
    """
    counts = moving.sum(1).cumsum(0)
    first_rows = int((counts < 0.1 * counts[-1]).sum()) + 1
    answer = flows.flatten(0, 1)  # [2K, h, w]
    sky = (answer[:, :first_rows] * moving[:first_rows]).sum((1, 2))
    sky = sky / sky.norm().clamp(min=1e-12)
    alike = (answer * sky[:, None, None]).sum(0) / answer.norm(dim=0).clamp(min=1e-12)
    none = alike.new_zeros(())
    return best_row(torch.where(moving, (alike - ALIKE).clamp(-0.3, 0.3), none).sum(1))
