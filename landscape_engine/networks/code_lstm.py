"""The LSTM that predicts the next appearance code (paper, Appendix B, Table 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]


class CodeLSTM(nn.Module):
    """Predicts each next latent code of an appearance sequence from the codes so far.

    Table 3 gives one day for a picture. What a day might be instead is in `unrest`: how far, and in
    which directions, the codes of days held out from training lay from those predicted. It is
    measured, not learnt by descent, and has no part in `forward`.

    Args:
        code_size: length of a latent code.
        hidden_size: units of the LSTM (128 in the paper).
        day: codes of a day; the one predicted after the last is the first again.
    """

    unrest: Tensor  # [day, Z, Z]: of each step a factor L of the errors' covariance L Lᵀ

    def __init__(self, code_size: int = 8, hidden_size: int = 128, day: int = 8) -> None:
        super().__init__()
        self.fc_in = nn.Linear(code_size, hidden_size)
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.fc_out = nn.Linear(hidden_size, code_size)
        self.register_buffer("unrest", torch.zeros(day, code_size, code_size))

    def forward(
        self,
        codes: Tensor,  # [B, T, Z]
        state: State | None = None,
    ) -> tuple[Tensor, State]:  # [B, T, Z]: for each step the code after it; the LSTM's state
        """Predict, for each code of the sequence, the one that follows."""
        hidden, state = self.lstm(self.fc_in(codes), state)
        return self.fc_out(hidden), state
