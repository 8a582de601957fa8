"""Days: a closed sequence of appearance codes that an LSTM goes on with (paper, Appendix B)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..codebook import resample
from ..networks.code_lstm import CodeLSTM

CODES = 8  # in a day, the first one included
WIDEST = 2.0  # deviations beyond which nothing is drawn


def predict_day(
    lstm: CodeLSTM,
    first: Tensor,  # [1, Z]
    count: int = CODES,
    seed: int = 0,
) -> Tensor:  # [count, Z]
    """Codes that follow the first one, each predicted from those before it, and lead back to it.

    Seed 0 is the paper's prediction: what follows on average. Under another seed each code is drawn
    from about the predicted one, as far as real days were from theirs, and fed back as drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    codes, state = [first], None
    for unrest in lstm.unrest:
        following, state = lstm(codes[-1][None], state)
        following = following[0]
        if seed:
            drawn = torch.randn(len(unrest), generator=generator).clamp(-WIDEST, WIDEST)
            following = following + unrest @ drawn.to(unrest)
        codes.append(following)
    return resample(_close(torch.cat(codes)), count + 1)[:-1]


def _close(
    codes: Tensor,  # [K + 1, Z]
) -> Tensor:  # [K + 1, Z], the last one equal to the first
    """Take from each code its share of the gap that is left at the end."""
    share = torch.linspace(0, 1, len(codes)).to(codes)[:, None]
    closed = codes + share * (codes[:1] - codes[-1:])
    closed[-1] = closed[0]
    return closed
