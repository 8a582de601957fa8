"""Corrections: the color error left by the best code, added back as a smooth offset.

A look has as many degrees of freedom as its code has numbers; a patch or a reference picture may
ask for what none of the predictor's looks has. As an arrow may bend the field where no code runs
along it, a correction changes the colors that a code gives, smoothly over what is alike in the
picture, and as light does: by a factor for each channel, so that what is dark changes less. (Beyond
the paper.)

Legend: h w pixels of the predictor's picture, n patches, C classes (land, sky, water). A color v
has the light `v + 1 + DIM`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..fitting import targets
from ..fitting.annotations import Patch
from ..ops import color, masks, warping

NEAR = 0.8  # how far a patch reaches, in half widths of the picture
ALIKE = 0.8  # ... to what other colors, of a range of 2
KIN = 0.8  # ... to what else than it lies on, sky, water or land
RIDGE = 0.02  # what damps the solution where patches contradict each other
ROUNDS = 3  # of the solution, as texture moves the mean
DIM = 0.15  # light that black has, so that it can be lifted at all
MOST = 3.0  # what the logarithm of a light's factor comes to at most

KNOTS = 4  # of a class's course from its top to its foot
STIFF = 0.001  # ridge of the course, in shares of the picture
LIFT = 0.3  # by how much land grows brighter at most, as MOST: a glowing sky may be taken for it
LEAST = 0.05  # share of the picture below which what shows a class says less and less


def towards_patches(
    color_map: Tensor,  # [1, 6, h, w] the code's
    picture: Tensor,  # [1, 3, h, w] in [-1, 1]
    classes: Tensor,  # [1, C, h, w] what the picture shows, shares that add up to 1
    patches: Sequence[Patch],
    aspect: float,
) -> Tensor:  # [1, 3, h, w] to be added to what the map makes of local mean colors
    """The offset that gives each patch its color on average.

    The light is multiplied by `exp(Σ c_n exp(-|f(x) - f_n|² / 2))` over patches n, f being a
    pixel's place on the screen in units of `NEAR`, its local mean color in units of `ALIKE` and its
    classes in units of `KIN`; c such that each patch's mean light is what it asks for. Texture goes
    through tanh too, so that this is done `ROUNDS` times, each time for what is still missing.
    """
    device = picture.device
    asked, discs = targets.draw_patches(patches, (picture.shape[2], picture.shape[3]), aspect)
    asked = asked[:, :, 0, 0].to(device)
    weight = discs[:, 0].to(device)
    weight = weight / weight.sum((1, 2), keepdim=True)
    height, width = picture.shape[2:]
    place = targets.on_screen(warping.identity_grid(height, width, device), aspect)
    local = masks.blur(picture, color.AROUND)
    features = torch.cat([place / NEAR, local / ALIKE, classes / KIN], dim=1)
    apart = features - _means(features, weight)[:, :, None, None]  # [n, F, h, w]
    kernel = torch.exp(-apart.square().sum(1) / 2)
    system = torch.einsum("mhw,nhw->mn", weight, kernel)
    system = system + RIDGE * torch.eye(len(patches), device=device)
    before = color.transfer(local, color_map)
    factor = torch.zeros_like(picture)  # its logarithm
    for _ in range(ROUNDS):
        offset = _relit(before, factor)
        shown = color.transfer(picture, color.correct(color_map, picture, offset))
        missing = _light(asked).log() - _light(_means(shown, weight)).log()
        share = _solve(system, missing)
        factor = factor + torch.einsum("nc,nhw->chw", share, kernel)
    return _relit(before, factor)


def towards_reference(
    color_map: Tensor,  # [1, 6, h, w] the code's
    picture: Tensor,  # [1, 3, h, w] in [-1, 1]
    classes: Tensor,  # [1, C, h, w] what the picture shows, shares that add up to 1
    reference: Tensor,  # [1, 3, h', w'] in [-1, 1]
    reference_classes: Tensor,  # [1, C, h', w']
) -> Tensor:  # [1, 3, h, w] to be added to what the map makes of local mean colors
    """The offset that gives each class the reference's vertical color gradient.

    A class's course is linear between `KNOTS` heights of it, and from left to right in all but the
    first, land, which lies elsewhere in each picture; fitted by least squares. The light is
    multiplied by the ratio of the two, that of land by `LIFT` more at most. What one of the two
    hardly shows, a class or a height of it, is left as the code has it.
    """
    before = color.transfer(masks.blur(picture, color.AROUND), color_map)
    factor = torch.zeros_like(picture)  # its logarithm
    for k in range(classes.shape[1]):
        ours = _Course.of(classes[0, k], before, sideways=k > 0)
        theirs = _Course.of(reference_classes[0, k], reference, sideways=k > 0)
        seen = torch.minimum(ours.seen, theirs.seen).square()
        sure = seen / (seen + LEAST**2)
        now = ours.colors(ours.weights)
        then = ours.colors(torch.lerp(ours.weights, theirs.weights, sure[:, None]))
        ratio = _light(then.clamp(-1, 1)).log() - _light(now.clamp(-1, 1)).log()
        factor = factor + classes[:, k : k + 1] * (ratio if k else ratio.clamp(max=LIFT))
    return _relit(before, factor)


def _solve(system: Tensor, wanted: Tensor) -> Tensor:
    """Solve a few equations on the CPU, as not every device can."""
    return torch.linalg.solve(system.cpu(), wanted.cpu()).to(wanted.device)


def _light(colors: Tensor) -> Tensor:
    return colors + (1 + DIM)


def _relit(colors: Tensor, factor: Tensor) -> Tensor:
    """The offset that multiplies the light of colors by exp(factor)."""
    return _light(colors) * torch.expm1(factor.clamp(-MOST, MOST))


def _means(values: Tensor, weight: Tensor) -> Tensor:  # [n, C]
    return torch.einsum("chw,nhw->nc", values[0], weight)


@dataclass(frozen=True)
class _Course:
    """The smooth color of a class over a picture: `Σ weights_k basis_k`.

    The basis is hats at even heights of the class, from its top to its foot, and, if wanted, how
    far to the right a pixel lies.
    """

    basis: Tensor  # [K, h, w]
    weights: Tensor  # [K, 3]
    seen: Tensor  # [K] of each part of the basis, the share of the picture that shows it

    @classmethod
    def of(
        cls,
        mask: Tensor,  # [h, w] 0..1
        picture: Tensor,  # [1, 3, h, w]
        sideways: bool,
    ) -> _Course:
        """The least-squares fit to a picture within a mask."""
        height, width = mask.shape
        rows = mask.sum(1).cumsum(0)
        top, foot = (int((rows < share * rows[-1]).sum()) for share in (0.02, 0.98))
        t = (torch.arange(height, device=mask.device) - top) / max(foot - top, 1)
        knots = torch.arange(KNOTS, device=mask.device)[:, None]
        hats = (1 - (t.clamp(0, 1) * (KNOTS - 1) - knots).abs()).clamp(min=0)
        basis = hats[:, :, None].expand(-1, height, width)
        if sideways:
            right = torch.linspace(-1, 1, width, device=mask.device)
            basis = torch.cat([basis, right.expand(1, height, width)])

        weight = (mask * mask / mask.numel()).flatten()
        flat, colors = basis.flatten(1), picture[0].flatten(1)
        mean = (colors * weight).sum(1) / weight.sum().clamp(min=1e-6)
        system = (flat * weight) @ flat.T + STIFF * torch.eye(len(flat), device=mask.device)
        weights = _solve(system, (flat * weight) @ (colors - mean[:, None]).T)
        weights[:KNOTS] += mean  # hats add up to 1
        return cls(basis, weights, flat.abs() @ weight)

    def colors(self, weights: Tensor) -> Tensor:  # [1, 3, h, w]
        """The course by other weights, in this picture."""
        return torch.einsum("kc,khw->chw", weights, self.basis)[None]
