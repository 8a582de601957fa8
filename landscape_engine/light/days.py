"""Days: a closed sequence of appearance codes that an LSTM goes on with (paper, Appendix B)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..bundles.codebook import resample
from ..networks.code_lstm import CodeLSTM

CODES = 8  # in a day, the first one included
MOST_LONGER = 2.0  # times that a day's codes are led away from the first one
WIDEST = 2.0  # deviations beyond which nothing is drawn


def predict_day(
    lstm: CodeLSTM,
    first: Tensor,  # [1, Z]
    count: int = CODES,
    seed: int | None = None,
) -> Tensor:  # [count, Z]
    """Predict the codes after the first one, each from its predecessors, and close the cycle.

    Without a seed that is the paper's deterministic prediction. With one, each code is drawn from
    about the predicted one, as far as real days were from theirs, and fed back as drawn: what the
    LSTM alone predicts is what follows on average, a day that hardly changes.
    """
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    codes, state = [first], None
    for unrest in lstm.unrest:
        following, state = lstm(codes[-1][None], state)
        following = following[0]
        if generator is not None:
            drawn = torch.randn(len(unrest), generator=generator).clamp(-WIDEST, WIDEST)
            following = following + unrest @ drawn.to(unrest)
        codes.append(following)
    return resample(_close(torch.cat(codes)), count + 1)[:-1]


def lengthen(
    codes: Tensor,  # [K, Z] of a day
    least: float,
) -> Tensor:  # [K, Z]
    """Scale a day to at least a given distance from its first code, at most `MOST_LONGER` times."""
    reach = float((codes - codes[:1]).norm(dim=1).max())
    return torch.lerp(codes[:1], codes, min(max(least / max(reach, 1e-6), 1), MOST_LONGER))


def calm(
    codes: Tensor,  # [K, Z] of a closed day
) -> Tensor:  # [K, Z]
    """Smooth a day: move each code but the first halfway to its neighbours' mean.

    So the light leaves the first look slowly, comes back to it slowly, and does not waver between.
    """
    if len(codes) < 3:
        return codes
    calmed = codes / 2 + (codes.roll(1, 0) + codes.roll(-1, 0)) / 4
    return torch.cat([codes[:1], calmed[1:]])


def _close(
    codes: Tensor,  # [K + 1, Z]
) -> Tensor:  # [K + 1, Z], the last one equal to the first
    """Close the cycle: subtract from each code its share of the remaining gap."""
    share = torch.linspace(0, 1, len(codes)).to(codes)[:, None]
    closed = codes + share * (codes[:1] - codes[-1:])
    closed[-1] = closed[0]
    return closed
