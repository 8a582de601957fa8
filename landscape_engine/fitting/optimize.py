"""Optimising a latent code with frozen networks (paper, Equations 12 and 13).

Both fits run alike: the codebook is searched on a small picture, the few best are looked at on the
full one, Adam refines the best at half size, and what came out best on the full picture is kept.
Each is a generator that yields the fit so far and may be closed at any time; the last one yielded
is the result. Nothing is yielded in a changed gradient mode.

Legend: B codes at once, n arrows or patches, Z code size, h w pixels of the working picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.motion import MotionPredictor
from ..ops import color, shrinking
from ..settings.sentences import say
from . import targets
from .annotations import Arrow, Patch

SEARCH_SIZE = 64  # side of the picture on which the codebook is searched, pixels
FIT_SIZE = 128  # ... on which Adam runs
SEARCHED = 128  # codes of a codebook that are tried at most, evenly
CHUNK = 16  # codes predicted at once: more gains no time and costs memory
FINALISTS = 3  # of the search, that are looked at on the full picture
STEPS = 12  # of Adam, after a search
WARM_STEPS = 8  # ... from a given code
RATE = 0.02  # of Adam; a fifth of how far codes of a codebook spread

MARGIN = 0.5  # m of Equation 12: 1 - cosine that costs nothing there
PULL = 0.2  # weight of the same error without a margin, which goes on turning within it
LIVELY = 0.5  # share of the typical speed below which an arrow's motion counts as too slow
NEAR_DEG = 2.0  # an error that needs no more steps
TOLERATED_DEG = 30.0  # an error above which the person is told

UNLIKE = 5  # times what is near enough: errors at half and at full size that have parted

NEAR_LEVELS = 2.0  # the same for patches, in 8-bit levels
TOLERATED_LEVELS = 24.0
TETHER = 0.02  # weight of the squared distance to the start, in which unseen looks lie far


@dataclass(frozen=True)
class MotionFit:
    """A motion code and how well it follows the arrows.

    Attributes:
        code: [1, Z] the best so far.
        loss: Equation 12 with its additions, of that code.
        errors_deg: for each arrow, the angle on the screen between it and the motion along it.
        note: a sentence where one code can't do what is asked; only of the last fit yielded.
        step, of: how much of the work is done.
    """

    code: Tensor
    loss: float
    errors_deg: tuple[float, ...]
    note: str | None
    step: int
    of: int


@dataclass(frozen=True)
class AppearanceFit:
    """An appearance code and how well it matches the patches.

    Attributes:
        code: [1, Z] the best so far.
        loss: Equation 13, of that code.
        errors_levels: for each patch, the root mean square over R, G, B of the difference between
            its color and the mean output color in it, in 8-bit levels.
        note: a sentence where the bundle's looks don't reach a color; only of the last.
        step, of: how much of the work is done.
    """

    code: Tensor
    loss: float
    errors_levels: tuple[float, ...]
    note: str | None
    step: int
    of: int


def fit_motion_code(
    predictor: MotionPredictor,
    image: Tensor,  # [1, 3, S, S] in [-1, 1], as the predictor takes it
    aspect: float,
    arrows: Sequence[Arrow],
    codebook: Tensor | None = None,  # [n, Z]
    start: Tensor | None = None,  # [1, Z]
    steps: int | None = None,
) -> Iterator[MotionFit]:
    """Find the code whose motion runs along the arrows (Equation 12).

    The loss is the mean over arrows of `max(0, 1 - cos - m)²` along each, m = 0.5, for the angle as
    it is seen on the screen. Two terms are added to the paper's: a weaker one without the margin,
    since the margin alone is content with 60°, and one on motion that is slower than half of
    `TYPICAL_SPEED`, since a cosine says nothing about a code that hardly moves.

    Args:
        predictor: the motion predictor; its weights aren't touched.
        image: the picture.
        aspect: width / height of the picture as it is shown.
        arrows: one or more.
        codebook: codes to search for a start; needed unless `start` is given.
        start: a code to go on from, as after an arrow was moved; nothing is searched then.
        steps: of Adam (default: 12 after a search, 8 from a start).
    """
    beta = float(predictor.beta)

    def judge(size: int) -> Judge:
        _, mask = targets.draw_arrows(arrows, (size, size), aspect, beta)
        asked = F.normalize(-targets.screen_directions(arrows, aspect), dim=1)
        mask, asked = mask.to(image.device), asked.to(image.device)
        picture = _resized(image, size)
        scale = beta / targets.TYPICAL_SPEED

        def of(codes: Tensor) -> tuple[Tensor, Tensor]:
            flow = _predict(predictor, picture, codes)
            seen = targets.on_screen(flow, aspect) * scale
            return _arrow_loss(seen, asked, mask), targets.angles_deg(flow.detach(), arrows, aspect)

        return of

    def result(best: Candidate, step: int, of: int) -> MotionFit:
        errors = tuple(best.errors.tolist())
        note = explain_arrows(arrows, errors, aspect) if step == of else None
        return MotionFit(best.code.clone(), best.loss, errors, note, step, of)

    search = Search(judge, image.shape[3], NEAR_DEG, tether=0.0)
    for best, step, of in search.run(codebook, start, steps):
        yield result(best, step, of)


def fit_appearance_code(
    predictor: Callable[[Tensor, Tensor], Tensor],
    image: Tensor,  # [1, 3, S, S] in [-1, 1], as the predictor takes it
    aspect: float,
    patches: Sequence[Patch],
    codebook: Tensor | None = None,  # [n, Z]
    start: Tensor | None = None,  # [1, Z]
    steps: int | None = None,
) -> Iterator[AppearanceFit]:
    """Find the code that gives the picture the patches' colors (Equation 13).

    Since a patch has one color and the picture below it a texture, the mean color of each patch
    after the transfer is compared: Equation 13 but for the texture's own variance, which would only
    flatten it. A weak tether keeps the code near where it started, where looks are known.

    Args:
        predictor: the appearance predictor; its weights aren't touched.
        image: the picture.
        aspect: width / height of the picture as it is shown.
        patches: one or more.
        codebook: codes to search for a start; needed unless `start` is given.
        start: a code to go on from; nothing is searched then.
        steps: of Adam (default: 12 after a search, 8 from a start).
    """

    def judge(size: int) -> Judge:
        colors, mask = targets.draw_patches(patches, (size, size), aspect)
        asked, mask = colors[:, :, 0, 0].to(image.device), mask[:, 0].to(image.device)
        weight = mask / mask.sum((1, 2), keepdim=True)
        picture = _resized(image, size)

        def of(codes: Tensor) -> tuple[Tensor, Tensor]:
            output = color.transfer(picture, _predict(predictor, picture, codes))
            squares = (torch.einsum("bchw,nhw->bnc", output, weight) - asked).square().mean(2)
            return squares.mean(1), squares.detach().sqrt() * 127.5

        return of

    def result(best: Candidate, step: int, of: int) -> AppearanceFit:
        errors = tuple(best.errors.tolist())
        note = explain_patches(patches, errors) if step == of else None
        return AppearanceFit(best.code.clone(), best.loss, errors, note, step, of)

    search = Search(judge, image.shape[3], NEAR_LEVELS, tether=TETHER)
    for best, step, of in search.run(codebook, start, steps):
        yield result(best, step, of)


def explain_arrows(
    arrows: Sequence[Arrow], errors_deg: Sequence[float], aspect: float
) -> str | None:
    """The sentence for arrows that no one code follows; None where all are followed."""
    if max(errors_deg) <= TOLERATED_DEG:
        return None
    pairs = list(combinations(arrows, 2))
    turns = [targets.disagreement_deg(a, b, aspect) for a, b in pairs]
    if turns and max(turns) > TOLERATED_DEG:
        one, other = pairs[turns.index(max(turns))]
        return say(
            f"one code moves the whole picture; the {one} and the {other} disagree by "
            f"{max(turns):.0f}°: use <motion.arrows_as> field."
        )
    worst = max(range(len(arrows)), key=lambda i: errors_deg[i])
    return say(
        f"no code of this bundle comes nearer than {errors_deg[worst]:.0f}° to the "
        f"{arrows[worst]}: use <motion.arrows_as> field."
    )


def explain_patches(patches: Sequence[Patch], errors_levels: Sequence[float]) -> str | None:
    """The sentence for patches whose color no code gives; None where all are met."""
    if max(errors_levels) <= TOLERATED_LEVELS:
        return None
    worst = max(range(len(patches)), key=lambda i: errors_levels[i])
    return say(
        f"no code of this bundle comes nearer than {errors_levels[worst]:.0f} levels of 255 to the "
        f"color of the {patches[worst]}: render with the patches themselves, whose colors "
        "<appearance.correct> meets, or choose a color nearer to the picture's."
    )


# ------------------------------------------------------------------------------

Judge = Callable[[Tensor], tuple[Tensor, Tensor]]  # codes [B, Z] → losses [B], errors [B, n]


@dataclass(frozen=True)
class Candidate:
    """A code [1, Z], its loss on the full picture and its errors [n]."""

    code: Tensor
    loss: float
    errors: Tensor


class Adam:
    """Adam for one tensor, as `torch.optim.Adam` has it.

    The first optimizer of torch's in a process loads its compiler, which takes as long as a whole
    fit, cannot be cancelled, and is used for nothing here.
    """

    FIRST, SECOND, LEAST = 0.9, 0.999, 1e-8  # decays of the mean slope and square; added to roots

    def __init__(self, tensor: Tensor, rate: float) -> None:
        """Nothing is known of the slope yet."""
        self.tensor, self.rate, self.steps = tensor, rate, 0
        self.mean, self.square = torch.zeros_like(tensor), torch.zeros_like(tensor)

    @torch.no_grad()
    def step(self, slope: Tensor) -> None:
        """Change the tensor in place, against the slope."""
        self.steps += 1
        self.mean.lerp_(slope, 1 - self.FIRST)
        self.square.lerp_(slope.square(), 1 - self.SECOND)
        mean = self.mean / (1 - self.FIRST**self.steps)
        root = (self.square / (1 - self.SECOND**self.steps)).sqrt_().add_(self.LEAST)
        self.tensor -= self.rate * mean / root


class Search:
    """The best code under a judge of codes, which is made for a size of the picture."""

    def __init__(
        self, judge: Callable[[int], Judge], full_size: int, near: float, tether: float
    ) -> None:
        """`near` is an error that needs no improving; `tether` weighs the way from the start."""
        with _normal_mode():
            self.full = judge(full_size)
            self.half = judge(min(FIT_SIZE, full_size))
            self.small = judge(min(SEARCH_SIZE, full_size))
        self.near, self.tether = near, tether

    def run(
        self, codebook: Tensor | None, start: Tensor | None, steps: int | None
    ) -> Iterator[tuple[Candidate, int, int]]:
        """Yield (the best so far, step, of); the last has step == of."""
        if steps is None:
            steps = STEPS if start is None else WARM_STEPS
        if start is None:
            assert codebook is not None, "without a start there must be a codebook"
            best = self._look_at(self._finalists(codebook))
        else:
            with _normal_mode():
                best = self._look_at(start.detach().clone())
        yield best, 1, steps + 2
        so_far = best
        if float(best.errors.max()) > self.near:
            for so_far, step in self._refine(best, steps):
                yield so_far, step + 1, steps + 2
        if so_far.code is not best.code:
            best = min(best, self._look_at(so_far.code), key=lambda c: c.loss)
        yield best, steps + 2, steps + 2

    def _refine(self, start: Candidate, steps: int) -> Iterator[tuple[Candidate, int]]:
        """Run Adam from a start; yields (the best so far, number of steps taken).

        At half size, where a step costs a quarter; but on the full picture, in fewer steps, where
        the network sees something else in the small one.
        """
        best, judge, stride = start, self.half, 1
        with _normal_mode():
            code = start.code.clone().requires_grad_()
            optimizer = Adam(code, RATE)
            if self._is_unlike(start):
                judge, stride = self.full, 2
        lowest = float("inf")
        for step in range(stride, steps + 1, stride):
            with _normal_mode(), torch.enable_grad():
                loss, errors = judge(code)
                total = loss.sum() + self.tether * (code - start.code).square().sum()
                if total.item() < lowest:
                    lowest = total.item()
                    best = Candidate(code.detach().clone(), loss.item(), errors[0])
                near = float(errors.max()) <= self.near
                if not near:
                    (slope,) = torch.autograd.grad(total, [code])
                    optimizer.step(slope)
            yield best, step
            if near:
                return

    def _is_unlike(self, candidate: Candidate) -> bool:
        """Whether a code's effect differs between the half-size picture and the full one."""
        with torch.inference_mode():
            _, errors = self.half(candidate.code)
        return float((errors[0] - candidate.errors).abs().max()) > UNLIKE * self.near

    def _finalists(self, codebook: Tensor) -> Tensor:  # [B, Z]
        if len(codebook) > SEARCHED:
            codebook = codebook[torch.linspace(0, len(codebook) - 1, SEARCHED).round().long()]
        with torch.inference_mode():
            losses = torch.cat([self.small(chunk)[0] for chunk in torch.split(codebook, CHUNK)])
        with _normal_mode():
            return codebook[losses.clone().argsort()[:FINALISTS]].clone()

    def _look_at(self, codes: Tensor) -> Candidate:
        """The best of some codes [B, Z] on the full picture."""
        with torch.inference_mode():
            judged = [self.full(code) for code in torch.split(codes, 1)]
        k = min(range(len(judged)), key=lambda i: float(judged[i][0]))
        loss, errors = judged[k]
        return Candidate(codes[k : k + 1], float(loss), errors[0])


def _arrow_loss(
    seen: Tensor,  # [B, 2, h, w] backward flow on the screen, in typical speeds
    asked: Tensor,  # [n, 2] unit vectors, backward
    mask: Tensor,  # [n, 1, h, w]
) -> Tensor:  # [B]
    total = seen.new_zeros(len(seen))
    for direction, plane in zip(asked, mask[:, 0] > 0, strict=True):
        along = seen[:, :, plane]  # [B, 2, pixels]
        length = along.square().sum(1).add(1e-12).sqrt()
        error = 1 - torch.einsum("bcp,c->bp", along, direction) / length
        slow = (1 - length / LIVELY).clamp(min=0)
        beyond = (error - MARGIN).clamp(min=0).square()
        total = total + (beyond + PULL * error.square() + PULL * slow.square()).mean(1)
    return total / len(asked)


def _predict(
    predictor: Callable[[Tensor, Tensor], Tensor], picture: Tensor, codes: Tensor
) -> Tensor:
    return predictor(picture.expand(len(codes), -1, -1, -1), codes)


def _resized(image: Tensor, size: int) -> Tensor:  # [1, 3, size, size]
    if image.shape[3] != size:
        image = shrinking.area(image, (size, size))
    return image.clone()  # an inference tensor becomes one that autograd takes


def _normal_mode() -> torch.inference_mode:
    return torch.inference_mode(False)
