"""The LSTM that predicts the next appearance code (paper, Appendix B, Table 3)."""

from __future__ import annotations

from torch import Tensor, nn

State = tuple[Tensor, Tensor]


class CodeLSTM(nn.Module):
    """Predicts each next latent code of an appearance sequence from the codes so far.

    Args:
        code_size: length of a latent code.
        hidden_size: units of the LSTM (128 in the paper).
    """

    def __init__(self, code_size: int = 8, hidden_size: int = 128) -> None:
        super().__init__()
        self.fc_in = nn.Linear(code_size, hidden_size)
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.fc_out = nn.Linear(hidden_size, code_size)

    def forward(
        self,
        codes: Tensor,  # [B, T, Z]
        state: State | None = None,
    ) -> tuple[Tensor, State]:  # [B, T, Z]: for each step the code after it; the LSTM's state
        """Predict, for each code of the sequence, the one that follows."""
        hidden, state = self.lstm(self.fc_in(codes), state)
        return self.fc_out(hidden), state
