"""Fixed smooth noise that offsets the phase of each pixel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def smooth(
    like: Tensor,  # [1, C, h, w]
    cells: Sequence[int],
    seed: int = 0,
) -> Tensor:  # [1, 1, h, w] in -1..1
    """Noise over a field, of one octave for each number of cells across its longer side.

    Each octave has half of the height of the one before.
    """
    generator = torch.Generator().manual_seed(seed)
    height, width = like.shape[2:]
    made, most = torch.zeros(1, 1, height, width), 0.0
    for octave, count in enumerate(cells):
        h, w = (max(2, round(count * side / max(height, width)) + 1) for side in (height, width))
        lattice = 2 * torch.rand(1, 1, h, w, generator=generator) - 1
        made += 0.5**octave * F.interpolate(
            lattice, (height, width), mode="bicubic", align_corners=True
        )
        most += 0.5**octave
    return (made / most).clamp(-1, 1).to(like.device)


def even(
    noise: Tensor,  # [1, 1, h, w]
    core: Tensor,  # [1, 1, h, w] bool
) -> Tensor:  # [1, 1, h, w] in -1..1
    """The noise with all values equally frequent within a region, by their ranks there.

    A sum of octaves lies near 0 for the most part; what it delays would all happen at one time.
    """
    known = noise[core].sort().values
    if not len(known):
        return noise
    rank = torch.searchsorted(known, noise.contiguous()).to(noise.dtype)
    return 2 * rank / len(known) - 1
