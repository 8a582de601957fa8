"""Days to learn from: sequences of appearance codes, closed, and varied without end.

A day is a cycle. A sequence whose ends are farther apart than its steps are long went one way only,
from noon to night say: it becomes a day by the way back, which light may well take (dusk run
backwards is dawn). Legend: n codes of a sequence, K codes of a day, Z code size.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...bundles.codebook import resample
from ...settings import TrainCodesSettings

MEETING = 1.2  # of a sequence's longest step: ends no farther apart than that meet
STRONGEST_WARP = 0.6  # of the pace: by so much the light is slower here and quicker there
MOST_MIXED = 0.5  # of another day
COMPARED = 8  # codes along two sequences that are compared
SAME = 0.25  # of the codes' deviation: sequences that differ less are one


def close(
    codes: Tensor,  # [n, Z]
) -> Tensor:  # [n or 2 n - 2, Z], the last followed by the first
    """A sequence as a cycle: as it is where its ends meet, else there and back."""
    longest = (codes[1:] - codes[:-1]).norm(dim=1).max()
    if len(codes) > 2 and (codes[-1] - codes[0]).norm() <= MEETING * longest:
        return codes
    return torch.cat([codes, codes[1:-1].flip(0)])


def along(
    cycle: Tensor,  # [n, Z]
    phases: Tensor,  # [K] in cycles, any
) -> Tensor:  # [K, Z]
    """The codes at these phases of a cycle, linear between neighbours."""
    at = (phases % 1.0) * len(cycle)
    k = at.long() % len(cycle)
    return torch.lerp(cycle[k], cycle[(k + 1) % len(cycle)], (at - at.floor())[:, None].float())


def every(
    sequences: list[Tensor],  # each [n, Z]
    day: int,
) -> Tensor:  # [2 K × sequences, K + 1, Z]
    """Each sequence as days that begin at each of K phases, forwards and backwards; unvaried."""
    steps = torch.arange(day + 1, dtype=torch.float64) / day
    return torch.stack(
        [
            along(cycle, start + way * steps)
            for cycle in map(close, sequences)
            for start in steps[:-1]
            for way in (1, -1)
        ]
    )


def part(
    sequences: list[Tensor], share: float, seed: int
) -> tuple[list[Tensor], list[Tensor]]:  # to learn from, held out
    """Hold out a share of the days, at least one, drawn by the seed."""
    drawn = np.random.default_rng(seed).permutation(len(sequences))
    count = min(max(1, round(share * len(sequences))), len(sequences) - 1)
    held_out = set(drawn[:count].tolist())
    return (
        [s for i, s in enumerate(sequences) if i not in held_out],
        [s for i, s in enumerate(sequences) if i in held_out],
    )


def without_twins(sequences: list[Tensor]) -> list[Tensor]:
    """Drop duplicates of earlier sequences, so that none is both learnt and held out."""
    least = SAME * deviation_of(torch.cat(sequences))
    alike = [resample(codes, COMPARED) for codes in sequences]
    kept: list[int] = []
    for i, codes in enumerate(alike):
        if all((codes - alike[k]).norm(dim=1).mean() > least for k in kept):
            kept.append(i)
    return [sequences[i] for i in kept]


def deviation_of(
    codes: Tensor,  # [n, Z]
) -> float:
    """How far codes lie from their mean: root mean square."""
    return float((codes - codes.mean(0)).square().sum(1).mean().sqrt())


class VariedDays(Dataset):
    """Numbered samples, each a plausible new day [K + 1, Z].

    A sequence, or a part of it; begun anywhere, forwards or backwards, at a pace of its own; with
    another day mixed in from where it is nearest; the whole moved as one code is from another,
    which is the same day at another place.
    """

    def __init__(self, sequences: list[Tensor], settings: TrainCodesSettings, seed: int) -> None:
        self.sequences, self.settings, self.seed = sequences, settings, seed
        self.codes = torch.cat(sequences)
        self.deviation = self.codes.std(0)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """The inputs [K, Z], and the code that follows each, [K, Z]."""
        rng = np.random.default_rng((self.seed, index))
        day = self._day(rng)
        if rng.random() < self.settings.mix:
            other = self._day(rng, day[0])
            day = torch.lerp(day, other, rng.uniform(0, MOST_MIXED))
        here, there = self.codes[torch.from_numpy(rng.integers(0, len(self.codes), 2))]
        day = day + rng.uniform(0, self.settings.shift) * (there - here)
        noise = torch.from_numpy(rng.standard_normal((len(day) - 1, day.shape[1]))).float()
        noise[0] = 0  # the first is the picture's own, and what a day comes back to
        return day[:-1] + self.settings.noise * self.deviation * noise, day[1:]

    def __len__(self) -> int:
        """The number of samples: practically unlimited."""
        return 2**31

    def _day(
        self,
        rng: np.random.Generator,
        near: Tensor | None = None,  # [Z] what it should begin close to
    ) -> Tensor:  # [K + 1, Z]
        codes = self.sequences[rng.integers(len(self.sequences))]
        if len(codes) > 3 and rng.random() < self.settings.part:
            count = int(rng.integers(3, len(codes) + 1))
            first = int(rng.integers(0, len(codes) - count + 1))
            codes = codes[first : first + count]
        cycle = close(codes)
        start = rng.random()
        if near is not None:
            start = float((cycle - near).norm(dim=1).argmin()) / len(cycle)
        steps = torch.arange(self.settings.day + 1, dtype=torch.float64) / self.settings.day
        strength, turn = rng.uniform(0, STRONGEST_WARP), rng.uniform(0, 2 * np.pi)
        pace = strength * (torch.sin(2 * np.pi * steps + turn) - np.sin(turn)) / (2 * np.pi)
        return along(cycle, start + rng.choice([-1, 1]) * (steps + pace))
