"""The losses of sections 4.1 and 4.2 that training uses."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...ops import warping


def flow_error(
    predicted: Tensor,  # [B, 2, H, W] backward flow times beta
    known: Tensor,  # [B, 2, H, W] the same, known in closed form
    water: Tensor,  # [B, 1, H, W] where water is, 0..1
    still_weight: float = 2.0,
    water_weight: float = 2.0,
) -> Tensor:
    """Mean absolute error against a known flow, the supervised stand-in for Equation 1.

    What should stay still counts `still_weight` times, water `water_weight` times: it is rarer than
    sky, slower, and harder to tell from land.
    """
    still = (known.abs().amax(1, keepdim=True) < 1e-3).to(known.dtype)
    weight = 1 + (still_weight - 1) * still + (water_weight - 1) * water * (1 - still)
    return (weight * (predicted - known).abs()).mean()


def label_error(
    log_odds: Tensor,  # [B, 3, H, W] of land, sky and water
    shares: Tensor,  # [B, 3, H, W] of them, 0..1; all 0 where nothing is known
    water_weight: float = 1.5,
) -> Tensor:
    """Mean cross entropy of what is known; water, which is rarer, counts `water_weight` times."""
    weight = shares * shares.new_tensor([1.0, 1.0, water_weight]).view(1, 3, 1, 1)
    error = -(weight * F.log_softmax(log_odds, dim=1)).sum()
    return error / shares.sum().clamp(min=1.0)


def white_error(
    log_odds: Tensor,  # [B, 1, H, W] of white water among water
    shares: Tensor,  # [B, 2, H, W] of water, and of white water, which is a part of it
) -> Tensor:
    """Mean cross entropy of white water and other water, where there is water."""
    water, white = shares.split(1, 1)
    error = F.binary_cross_entropy_with_logits(
        log_odds, (white / water.clamp(min=1e-3)).clamp(0, 1), weight=water, reduction="sum"
    )
    return error / water.sum().clamp(min=1.0)


def total_variation(
    field: Tensor,  # [B, C, H, W] flow or color transfer map
    guide: Tensor,  # [B, 3, H, W] picture in [-1, 1]
    sigma: float = 0.1,
) -> Tensor:
    """Edge-weighted total variation, the mean over pixels (Equations 2, 3 and 10).

    Neighbours are the right and the upper one; w = exp(-|I(p) - I(q)|_1 / sigma).
    """
    loss = field.new_zeros(())
    for dim in (2, 3):
        n = field.shape[dim] - 1
        w = torch.exp(
            -(guide.narrow(dim, 1, n) - guide.narrow(dim, 0, n)).abs().sum(1, keepdim=True) / sigma
        )
        change = (field.narrow(dim, 1, n) - field.narrow(dim, 0, n)).abs().sum(1, keepdim=True)
        loss = loss + (w * change).mean()
    return loss


def photometric(
    flow: Tensor,  # [B, 2, H, W] backward, normalised, from the next frame
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    target: Tensor,  # [B, 3, H, W] the next frame
) -> Tensor:
    """Squared difference of the warped and the next frame, the mean over pixels (Equation 1).

    Sampled without `warping.warp`, which copies what hardly moves and gives that no gradient.
    """
    height, width = image.shape[2:]
    at = warping.identity_grid(height, width, image.device) + flow
    return (warping.sample(image, at) - target).square().sum(1).mean()


def spatial_pooling(
    output: Tensor,  # [B, 3, H, W]
    target: Tensor,  # [B, 3, H, W]
    cells: int = 32,
) -> Tensor:
    """Mean squared difference of the averages over a grid of cells (Equation 8)."""
    return F.mse_loss(F.adaptive_avg_pool2d(output, cells), F.adaptive_avg_pool2d(target, cells))
