"""Common motion fields: the encoder's input for each clip (section 4.1, Algorithm 2).

A clip's field begins as zero and becomes the flow last predicted for one of its pairs; from it the
clip's latent code is taken when the clip's turn comes again, an epoch later.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..runs import ranks
from .footage import Footage, measure

ENCODER_SIZE = 128


class CommonFields(nn.Module):
    """The fields of N clips, flow × beta as the encoder takes it, kept in the checkpoint."""

    def __init__(self, count: int, rate: float = 1.0) -> None:
        """Begin with the paper's zero; `rate` is how far a field goes towards each prediction."""
        super().__init__()
        self.rate = rate
        self.fields: Tensor
        self.register_buffer("fields", torch.zeros(count, 2, ENCODER_SIZE, ENCODER_SIZE))

    def __len__(self) -> int:
        """How many clips there are."""
        return len(self.fields)

    def begin_with(self, measured: Tensor) -> None:
        """Begin with the clips' measured flow, in place of the paper's zero."""
        self.fields.copy_(_shown(measured))

    def put_into(
        self,
        shown: Tensor,  # [B, 2, 128, 128] what the encoder is shown
        clips: Tensor,  # [B] numbers of clips; below 0: of none
    ) -> Tensor:  # [B, 2, 128, 128]
        """The encoder's input, with the clips' current fields where a clip is named."""
        if not len(self):
            return shown
        return torch.where((clips >= 0).view(-1, 1, 1, 1), self.fields[clips], shown)

    @torch.no_grad()
    def refine(
        self,
        clips: Tensor,  # [B] numbers of clips; below 0: of none
        flow: Tensor,  # [B, 2, S, S] predicted for them, flow × beta
    ) -> None:
        """Put the predicted flow in the place of each clip's field (Algorithm 2, line 14).

        With a rate below 1 the field only goes so far towards it.

        A clip that comes twice in a step, of this process or of others, gets the mean.
        """
        clips, newest = ranks.gather(clips), ranks.gather(_shown(flow.float()))
        for clip in clips[clips >= 0].unique():
            self.fields[clip].lerp_(newest[clips == clip].mean(0), self.rate)


def measure_all(
    clips: Sequence[Footage], beta: float
) -> Tensor:  # [N, 2, S, S] backward flow × beta, within ±1
    """The optical flow that each clip's pairs have in common."""
    return torch.stack([(measure(clip) * beta).clamp(-1, 1) for clip in clips])


def _shown(flow: Tensor) -> Tensor:  # [B, 2, 128, 128]
    return F.interpolate(flow, (ENCODER_SIZE,) * 2, mode="bilinear", antialias=True)
