"""Losses over a perceptual network's features: style and content (Equations 7 and 9).

Units: a Gram matrix is divided by C·H·W (Johnson et al. 2016), its difference squared and summed
over the C×C entries; contents are averaged over their entries; both are means over the batch. So
neither grows with the picture. The paper leaves these factors open: its weights count in ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..networks.perceptual import PerceptualNetwork

STYLE_TAPS = ("relu2_2", "relu3_3", "relu4_3")
CONTENT_TAPS = ("relu1_2",)
Features = dict[str, Tensor]  # by tap, each [B, C, H, W]


def gram(
    features: Tensor,  # [B, C, H, W]
) -> Tensor:  # [B, C, C]
    """How strongly each two channels go together, wherever in the picture: F Fᵀ / (C·H·W)."""
    with torch.autocast(features.device.type, enabled=False):  # differences are small
        flat = features.float().flatten(2)
        return flat @ flat.mT / (flat.shape[1] * flat.shape[2])


def style(output: Features, target: Features) -> Tensor:
    """Squared differences of the Gram matrices, summed over their entries and taps (Equation 7)."""
    differences = [(gram(target[tap]) - gram(output[tap])).square() for tap in STYLE_TAPS]
    return torch.stack([d.sum((1, 2)).mean() for d in differences]).sum()


def content(output: Features, source: Features) -> Tensor:
    """Mean squared difference of the features themselves, against the *input* (Equation 9)."""
    differences = [source[tap].float() - output[tap].float() for tap in CONTENT_TAPS]
    return torch.stack([d.square().mean() for d in differences]).sum()


def compare(
    network: PerceptualNetwork,
    output: Tensor,  # [B, 3, H, W] in [-1, 1], as are the others
    source: Tensor,
    target: Tensor,
    style_weight: float,
    content_weight: float,
) -> dict[str, Tensor]:
    """The weighted losses whose weights aren't 0, by name."""
    taps = (STYLE_TAPS if style_weight else ()) + (CONTENT_TAPS if content_weight else ())
    shown = network(output, taps)
    parts = {}
    with torch.no_grad():
        wanted = network(target, STYLE_TAPS) if style_weight else {}
        given = network(source, CONTENT_TAPS) if content_weight else {}
    if style_weight:
        parts["style"] = style_weight * style(shown, wanted)
    if content_weight:
        parts["content"] = content_weight * content(shown, given)
    return parts
