"""Codebooks: the latent codes of training, ordered along their first principal component.

Legend: n codes, Z code size, K codes of a sequence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import CodeError

AWAY = 0.25  # share of what the darkest look of a day lies away from half time that is kept


def order(
    codes: Tensor,  # [n, Z]
) -> Tensor:  # [n] indices
    """The order of codes along their first principal component (section 6.4.1).

    A component's sign is arbitrary; here its largest entry is positive.
    """
    if len(codes) < 2:
        return torch.arange(len(codes))
    centred = (codes - codes.mean(0)).cpu().double()
    component = torch.linalg.svd(centred, full_matrices=False).Vh[0]
    component = component * component[component.abs().argmax()].sign()
    return torch.argsort(centred @ component, stable=True)


class MotionCodebook:
    """Motion codes in order; one code makes a whole clip."""

    def __init__(self, codes: Tensor) -> None:
        """Hold the codes [n, Z] in the order given."""
        self.codes = codes

    @classmethod
    def ordered(cls, codes: Tensor) -> MotionCodebook:
        """A codebook of these codes [n, Z] along their first principal component."""
        return cls(codes[order(codes)])

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self.codes)

    def at(self, position: float) -> Tensor:  # [1, Z]
        """The code at a position 0..1, linear between neighbours."""
        check_position(position)
        at = position * (len(self) - 1)
        k = min(int(at), max(len(self) - 2, 0))
        nearest = self.codes[k : k + 1]
        return torch.lerp(nearest, self.codes[k + 1 : k + 2], at - k) if len(self) > 1 else nearest


class AppearanceCodebook:
    """Appearance sequences in order; one sequence makes a day."""

    def __init__(self, sequences: Sequence[Tensor]) -> None:
        """Hold the sequences, each [K, Z], in the order given."""
        self.sequences = list(sequences)

    @classmethod
    def ordered(cls, sequences: Sequence[Tensor]) -> AppearanceCodebook:
        """A codebook of these sequences by their mean codes' first principal component."""
        means = torch.stack([s.mean(0) for s in sequences])
        return cls([sequences[i] for i in order(means).tolist()])

    def __len__(self) -> int:
        """How many sequences there are."""
        return len(self.sequences)

    @property
    def reach(self) -> Tensor:  # [n]
        """The greatest distance of each sequence's codes from its first one."""
        return torch.stack([(s - s[:1]).norm(dim=1).max() for s in self.sequences])

    def at(self, position: float) -> Tensor:  # [K, Z]
        """The sequence at a position 0..1; between two, both resampled to the longer and mixed."""
        check_position(position)
        at = position * (len(self) - 1)
        k = round(at)
        if abs(at - k) < 1e-6:
            return self.sequences[k]
        low, high = self.sequences[int(at)], self.sequences[int(at) + 1]
        count = max(len(low), len(high))
        return torch.lerp(resample(low, count), resample(high, count), at - int(at))

    def draw(
        self,
        own: Tensor,  # [1, Z] a picture's look
        seed: int,
    ) -> Tensor:  # [K, Z]
        """A sequence that suits a picture, a different one for each seed while there are any left.

        They lie in one shuffled order, of which the seed, from the start again after the last,
        takes its place.
        """
        suiting = self.suiting(own)
        order = torch.randperm(len(suiting), generator=torch.Generator().manual_seed(0)).tolist()
        number: int = order[seed % len(suiting)]
        return self.sequences[suiting[number]]

    def suiting(
        self,
        own: Tensor,  # [1, Z] a picture's look
    ) -> list[int]:
        """The indices of the sequences that suit a picture; at least one.

        Of those that change (their reach, from the first code to the farthest, is half of the
        usual one or more) the half that begin nearest to the picture's look, in units of the
        deviation of what the codebook begins with.
        """
        begins, reach = torch.stack([s[0] for s in self.sequences]), self.reach
        changing = (reach >= reach.median() / 2).nonzero()[:, 0]
        scale = begins.std(0, correction=0).clamp(min=1e-6)
        apart = ((begins[changing] - own.to(begins)) / scale).norm(dim=1)
        nearest = apart.argsort(stable=True)[: (len(changing) + 1) // 2]
        return sorted(changing[nearest].tolist())


def check_position(position: float) -> None:
    """Refuse a position outside 0..1."""
    if not 0 <= position <= 1:
        raise CodeError(f"the codebook position is {position:g}; expected 0 to 1.")


def resample(
    sequence: Tensor,  # [K, Z]
    count: int,
) -> Tensor:  # [count, Z]
    """Resample a sequence to `count` evenly spaced codes, linearly, ends included."""
    if count == len(sequence):
        return sequence
    if len(sequence) == 1:
        return sequence.expand(count, -1)
    at = torch.linspace(0, len(sequence) - 1, count, dtype=torch.float64)
    k = at.long().clamp(max=len(sequence) - 2)
    share, k = (at - k)[:, None].to(sequence.dtype), k.to(sequence.device)
    return torch.lerp(sequence[k], sequence[k + 1], share.to(sequence.device))


def pace(
    looks: Tensor,  # [K, N] the picture in each look, in [-1, 1]
) -> tuple[float, ...]:  # K phases, 0 to less than 1
    """The phase of each look of a closed cycle, with more time for larger changes.

    Of the time between two looks one half goes with how light they are, as little happens in the
    dark, the other with how far they lie apart: a day that ends at night doesn't fall back to its
    morning at once. Midnight, the darkest look, comes near half time.
    """
    steps = (looks.roll(-1, 0) - looks).norm(dim=1).cpu().double()
    light = (looks.mean(dim=1) + 1).cpu().double()
    light = light + light.roll(-1, 0) + 1e-3
    shares = steps + steps.mean().clamp(min=1e-6) * light / light.mean()
    ends = shares.cumsum(0) / shares.sum()
    phases = torch.cat([ends.new_zeros(1), ends[:-1]])
    midnight = float(phases[looks.mean(dim=1).argmin().cpu()])
    if midnight:
        middle = 0.5 + AWAY * (midnight - 0.5)
        later = (phases - midnight) / (1 - midnight)
        phases = torch.where(
            phases < midnight, phases / midnight * middle, middle + later * (1 - middle)
        )
    return tuple(phases.tolist())


@dataclass(frozen=True)
class CodeCycle:
    """Key codes along a closed cycle, each at its phase, linearly interpolated.

    The last key is followed by the first: the paper interpolates "the final and initial latent
    codes to generate a cycle" (section 5).

    Attributes:
        codes: [K, Z] in order.
        phases: of each code, 0 to less than 1, rising; the first is 0.
        corrections: for each code, [1, 3, h, w] to be added to the colors that it gives the picture
            of this cycle, or None; empty where there are none (`light.corrections`).
        relative: whether a code stands for what changes from the picture's own look, as a tone
            curve, and not for a color transfer map (`light.tone_curves`).
    """

    codes: Tensor
    phases: tuple[float, ...]
    corrections: tuple[Tensor | None, ...] = ()
    relative: bool = False

    @classmethod
    def even(cls, codes: Tensor) -> CodeCycle:
        """A cycle through evenly spaced codes [K, Z]."""
        return cls(codes, tuple(k / len(codes) for k in range(len(codes))))

    def around(self, phase: float) -> tuple[int, int, float]:
        """The two keys around a phase, and its position between them, from 0 to less than 1."""
        phase %= 1.0
        k = bisect_right(self.phases, phase) - 1
        after = self.phases[k + 1] if k + 1 < len(self.phases) else 1.0
        share = (phase - self.phases[k]) / (after - self.phases[k])
        return k, (k + 1) % len(self.phases), share

    def at(self, phase: float) -> Tensor:  # [1, Z]
        """The code at a phase."""
        first, second, share = self.around(phase)
        return torch.lerp(self.codes[first : first + 1], self.codes[second : second + 1], share)
