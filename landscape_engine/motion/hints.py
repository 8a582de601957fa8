"""Hints: a few vectors spread over a motion field, without any optimisation.

Legend: k hints, h w pixels of the predictor's grid; aspect = width / height as shown.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..ops import warping

SIGMA = 0.4  # normalised, a fifth of the picture's height: how far a hint reaches by itself
NEAREST = 0.05  # normalised: within this distance the nearest hint wins over all others
TURNED = 3.0  # a hint slows or speeds the predicted motion by at most this factor
FLOOR = 0.1  # share of the asked speed below which a prediction has no direction to turn
AFAR = 0.02  # weight of the motion far from a hint in what is predicted around it
SHRUNK = 0.5  # turns that cancel to less than this share of their length slow the motion down


def spread(
    field: Tensor,  # [1, 2, h, w] backward, normalised: what the network predicts
    moving: Tensor,  # [1, 1, h, w] 0..1: where anything may move
    points: Tensor,  # [k, 2] normalised positions of the hints, x then y
    vectors: Tensor,  # [k, 2] backward, normalised: the step asked for there
    sigma: float = SIGMA,
    aspect: float = 1.0,
) -> Tensor:  # [1, 2, h, w] backward, normalised
    """Spread hints over a field: `v = M (λ d + (1 - λ) R v_net)`.

    With r_i the distance to hint i on the screen, `λ = max e^(-r²/σ²)` and `d = Σ w_i v_i / Σ w_i`,
    `w_i = e^(-r²/σ²) / (1 + r²/ε²)`: the second factor lets the nearest hint win, so that each is
    obeyed exactly where it lies, however near the next one is.

    R is what makes a whole sky follow a single arrow. At each hint the turn (and change of speed)
    from the motion that is predicted around it to the one asked for is a complex factor; their mean
    by `1 / (1 + r²/ε²)`, which unlike a bell never runs out, multiplies the predicted motion far
    from all hints. So one hint, or several that agree, turn everything; what the network knows
    stays (perspective, swirls, slow edges, still land), only turned, where replacing the far field
    by d would have lost it. Where hints disagree the factor passes smoothly from one to the other,
    through rest only where they are opposed, as a shear does.

    A stroke is given as several points along it with one vector. Give one region's `moving` and
    hints to keep what is said there to it. Where k = 0 the field comes back times `moving`.
    """
    if not len(points):
        return field * moving
    height, width = field.shape[2:]
    device = field.device
    points, vectors = points.to(device), vectors.to(device)
    scale = torch.tensor([1.0, 1 / aspect], device=device)  # to the screen, in half widths
    grid = warping.identity_grid(height, width, device)
    away = (grid - points[:, :, None, None]) * (scale * aspect).view(1, 2, 1, 1)  # in half heights
    square = away.square().sum(1).flatten(1)  # [k, h w]
    bell = torch.exp(-square / sigma**2)
    near = 1 / (1 + square / NEAREST**2)

    seen = (field[0] * scale.view(2, 1, 1)).flatten(1).T  # [h w, 2]
    asked = vectors * scale
    # nearby first; the whole region has a say where nothing moves nearby
    around = (torch.exp(-square / (sigma / 2) ** 2) + AFAR / (1 + square)) * moving.flatten()
    there = around @ seen / around.sum(1, keepdim=True).clamp(min=1e-9)  # [k, 2]
    turn, trust = _turns(there, asked)
    weight = near * trust[:, None]
    # a little of "no turn" stays, for hints around which the network predicts nothing to turn
    factor = (turn @ weight.to(turn.dtype) + 1e-6) / (weight.sum(0) + 1e-6)
    speed = (turn.abs() @ weight + 1e-6) / (weight.sum(0) + 1e-6)
    factor = factor / (factor.abs() / speed).clamp(min=SHRUNK)  # a mean of turns loses length
    turned = torch.view_as_real(torch.view_as_complex(seen.contiguous()) * factor)  # [h w, 2]

    share = bell * near
    direct = share.T @ asked / share.sum(0).clamp(min=1e-12)[:, None]
    strength = bell.amax(0)[:, None]
    blended = strength * direct + (1 - strength) * turned
    longest = torch.maximum(seen.norm(dim=1).amax(), asked.norm(dim=1).amax())
    blended = blended * (longest / blended.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1)
    return (blended / scale).T.view(1, 2, height, width) * moving


def _turns(
    there: Tensor,  # [k, 2] predicted around each hint, on the screen
    asked: Tensor,  # [k, 2] on the screen
) -> tuple[Tensor, Tensor]:  # [k] complex factors; [k] how far each can be relied on, 0..1
    predicted = torch.view_as_complex(there.contiguous())
    wanted = torch.view_as_complex(asked.contiguous())
    low = FLOOR * wanted.abs()
    turn = wanted * predicted.conj() / predicted.abs().square().clamp(min=1e-20)
    size = turn.abs().clamp(min=1e-12)
    return turn / size * size.clamp(1 / TURNED, TURNED), predicted.abs() / (predicted.abs() + low)


def moving_part(
    field: Tensor,  # [1, 2, h, w] backward, normalised
    floor: float = 0.1,
) -> Tensor:  # [1, 1, h, w] 0..1
    """Where a predicted field moves: 0 below `floor` × its mean length, eased in up to 3 ×."""
    length = field.square().sum(1, keepdim=True).sqrt()
    low = floor * length.mean()
    ease = ((length - low) / (2 * low).clamp(min=1e-12)).clamp(0, 1)
    return ease * ease * (3 - 2 * ease)
