"""Perceptual distance: how unlike two pictures look to a network trained on photographs.

After Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
which the paper uses with Alex-Net and weights learnt from people's judgements. Those weights can't
be had with every network, so all channels count alike here: values are to be compared with each
other, not with published ones.

Legend: C channels of a tap, h w its pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import images
from ..networks.perceptual import VGG16, VGG16_URL, PerceptualNetwork, load_perceptual

WIDTH = 256  # of the pictures that are looked at, pixels; smaller ones keep their own

Taps = Mapping[str, Tensor]  # features [1, C, h, w] by the tap's name


def distance(
    first: Taps,
    second: Taps,
) -> float:
    """`d = mean over taps l, mean over places p of 1 - cos(F_l(I)(p), F_l(O)(p))`.

    Half of Zhang's `‖F̂_l(I)(p) - F̂_l(O)(p)‖²` with features of unit length and all channels
    weighed by 1. 0 for equal pictures, at most 1, as features after a ReLU aren't negative.
    """
    distances = []
    for name, features in first.items():
        a, b = (F.normalize(taps, dim=1, eps=1e-6) for taps in (features, second[name]))
        distances.append((a - b).square().sum(1).mean() / 2)  # exact for equal pictures
    return float(torch.stack(distances).mean())


def features(
    network: PerceptualNetwork,
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
    device: torch.device,
) -> Taps:
    """A network's features of a picture, at `WIDTH`."""
    height, width = image.shape[2:]
    wide = min(WIDTH, width)
    small = images.resize(image, wide, max(32, round(height * wide / width)))
    with torch.inference_mode():
        return network(small.to(device))


def find(name: str, device: torch.device) -> tuple[PerceptualNetwork | None, str]:
    """The network that a setting names, and its name for reports.

    Args:
        name: "none"; "auto": torchvision's VGG16 where torch's folder of downloads holds it;
            or a file with weights.
        device: where it computes.

    Raises:
        BundleError: the file isn't there, or isn't of a known form.
    """
    if name == "none":
        return None, "none"
    if name == "auto":
        cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(VGG16_URL).name
        if not cached.is_file():
            return None, "none"
        name = VGG16
    return load_perceptual(name).to(device), Path(name).name
