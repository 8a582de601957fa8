"""Regularisers of latent codes, those of VAE and of WAE (section 6.6).

Without one a code is what the encoder says, kept near zero by its mean square. `vae` makes each
code a small Gaussian of its own and draws that towards N(0, 1); `wae` draws only the set of codes
towards it, so that codes of different motions may stay far from each other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...networks.encoder import Encoder
from ...settings import RegularizerSettings

FREE = RegularizerSettings()  # codes without a regularizer
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def spread_of(encoder: Encoder) -> nn.Linear:
    """The head beside an encoder's last layer that says how wide each code is, for `vae` only.

    It gives the logarithm of the variance, narrow at first.
    """
    head = nn.Linear(encoder.fc.in_features, encoder.fc.out_features)
    nn.init.zeros_(head.weight)
    nn.init.constant_(head.bias, -4.0)
    return head


def encode(
    encoder: Encoder,
    spread: nn.Linear | None,
    shown: Tensor,  # [B, C, 128, 128]
    noise: Tensor,  # [B, Z] Gaussian
    settings: RegularizerSettings,
    code_weight: float,
) -> tuple[Tensor, Tensor]:  # code [B, Z], its weighted loss
    """Encode; also the codes' regularisation loss, the mean square where there is none."""
    features = encoder.features(shown)
    code = encoder.fc(features).float()
    if settings.regularizer == "vae":
        assert spread is not None
        log_variance = spread(features).float().clamp(-10, 10)
        loss = settings.vae_weight * divergence(code, log_variance)
        return code + noise * (log_variance / 2).exp(), loss
    if settings.regularizer == "wae":
        return code, settings.wae_weight * discrepancy(code, noise)
    return code, code_weight * code.square().mean()


def divergence(
    mean: Tensor,  # [B, Z]
    log_variance: Tensor,  # [B, Z]
) -> Tensor:
    """Kullback-Leibler divergence from N(0, 1), summed over a code, the mean over codes."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def discrepancy(
    codes: Tensor,  # [B, Z]
    drawn: Tensor,  # [B, Z] from N(0, 1)
) -> Tensor:
    """Maximum mean discrepancy between codes and drawn ones, by inverse multiquadratic kernels.

    The kernels are WAE's: Σ C / (C + |x - y|²) with C = 2 Z s. Estimated without bias from two
    codes or more, so that it may fall below zero by chance.
    """
    count, z = codes.shape
    if count < 2:
        return codes.square().mean() * 0.0

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        distance = (a[:, None] - b[None]).square().sum(2)
        return sum((2 * z * s / (2 * z * s + distance) for s in SCALES), torch.zeros_like(distance))

    others = 1 - torch.eye(count, device=codes.device)
    within = (kernel(codes, codes) * others + kernel(drawn, drawn) * others).sum()
    return within / (count * (count - 1)) - 2 * kernel(codes, drawn).mean()
