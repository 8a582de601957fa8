"""Picking: some pixels of fields taken out and put back, where the rest needs no more work.

Legend: R W pixels of a strip, N of them picked, by their numbers along its rows.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def numbers(
    mask: Tensor,  # [R, W] bool, on a CPU
) -> Tensor:  # [N] int64
    """The numbers of the pixels that a mask picks."""
    return torch.from_numpy(np.flatnonzero(mask.numpy()))  # in a fifth of the time of torch's


def take(
    fields: Tensor,  # [1, C, R, W]
    picked: Tensor,  # [N]
) -> Tensor:  # [1, C, 1, N]
    """The picked pixels, as a row."""
    # one channel at a time takes a third of the time
    rows = [field.index_select(0, picked) for field in fields.flatten(2)[0]]
    return torch.stack(rows)[None, :, None]


def put(
    fields: Tensor,  # [1, C, R, W], contiguous; changed here
    picked: Tensor,  # [N]
    row: Tensor,  # [1, C, 1, N]
) -> None:
    """Put picked pixels in their places."""
    fields.view(*fields.shape[:2], -1)[0].index_copy_(1, picked, row[0, :, 0])
