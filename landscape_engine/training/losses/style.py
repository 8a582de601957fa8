"""Losses over a perceptual network's features: style and content (Equations 7 and 9).

The paper leaves the features' scale and the Gram matrices' factor open, in which the style loss
goes up to the fourth power, and networks differ in both. Here a tap's unit is the root mean square
of its features over examples of the training, and all losses are means: over a Gram matrix's
entries, over the features, over the batch. So a weight counts alike for every network and size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...networks.perceptual import PerceptualNetwork

STYLE_TAPS = ("relu2_2", "relu3_3", "relu4_3")
CONTENT_TAPS = ("relu1_2",)
Features = dict[str, Tensor]  # by tap, each [B, C, H, W]


def gram(
    features: Tensor,  # [B, C, H, W]
) -> Tensor:  # [B, C, C]
    """The Gram matrix of the channels: F Fᵀ / (H·W)."""
    with torch.autocast(features.device.type, enabled=False):  # differences are small
        flat = features.float().flatten(2)
        return flat @ flat.mT / flat.shape[2]


def style(output: Features, target: Features) -> Tensor:
    """Mean squared differences of the Gram matrices, summed over the style taps (Equation 7)."""
    differences = [gram(target[tap]) - gram(output[tap]) for tap in STYLE_TAPS]
    return torch.stack([d.square().mean() for d in differences]).sum()


def content(output: Features, source: Features) -> Tensor:
    """Mean squared difference of the features themselves, against the *input* (Equation 9)."""
    differences = [source[tap].float() - output[tap].float() for tap in CONTENT_TAPS]
    return torch.stack([d.square().mean() for d in differences]).sum()


class FeatureLosses:
    """The weighted losses that need a perceptual network.

    Args:
        network: where the losses are to be computed.
        examples: pictures [N, 3, H, W] in [-1, 1] whose features give each tap its unit.
        style_weight: of Equation 7; 0 leaves it out.
        content_weight: of Equation 9; 0 leaves it out.
    """

    def __init__(
        self,
        network: PerceptualNetwork,
        examples: Tensor,
        style_weight: float,
        content_weight: float,
    ) -> None:
        self.network = network
        self.weights = {"style": style_weight, "content": content_weight}
        self.style_taps = STYLE_TAPS if style_weight else ()
        self.content_taps = CONTENT_TAPS if content_weight else ()
        self.units: dict[str, Tensor] = {}
        with torch.no_grad():
            features = self._features(examples, self.style_taps + self.content_taps)
        self.units = {tap: x.square().mean().sqrt().clamp(min=1e-6) for tap, x in features.items()}

    def __call__(
        self,
        output: Tensor,  # [B, 3, H, W] in [-1, 1], as are the others
        source: Tensor,
        target: Tensor,
    ) -> dict[str, Tensor]:
        """Each loss times its weight, by name."""
        shown = self._features(output, self.style_taps + self.content_taps)
        parts = {}
        if self.style_taps:
            with torch.no_grad():
                wanted = self._features(target, self.style_taps)
            parts["style"] = self.weights["style"] * style(shown, wanted)
        if self.content_taps:
            with torch.no_grad():
                given = self._features(source, self.content_taps)
            parts["content"] = self.weights["content"] * content(shown, given)
        return parts

    def _features(self, image: Tensor, taps: tuple[str, ...]) -> Features:
        found = self.network(image, taps) if taps else {}
        return {tap: x.float() / self.units.get(tap, 1.0) for tap, x in found.items()}
