"""Days: a sequence of appearance codes that an LSTM goes on with (paper, Appendix B)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..networks.code_lstm import CodeLSTM

CODES = 8  # in a day, the first one included
UNREST = 0.15  # of each step under a seed, in shares of the step


def predict_day(
    lstm: CodeLSTM,
    first: Tensor,  # [1, Z]
    count: int = CODES,
    seed: int = 0,
) -> Tensor:  # [count, Z]
    """Codes that follow the first one, each predicted from those before it.

    Seed 0 is the prediction itself; other seeds jolt each step a little before it is fed back.
    """
    generator = torch.Generator().manual_seed(seed)
    codes, state = [first], None
    while len(codes) < count:
        following, state = lstm(codes[-1][None], state)
        following = following[0]
        if seed:
            jolt = torch.randn(following.shape, generator=generator).to(following)
            following = following + UNREST * (following - codes[-1]).norm() * jolt
        codes.append(following)
    return torch.cat(codes)
