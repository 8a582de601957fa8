"""Perceptual distance: how unlike two pictures look to a network trained on photographs.

After Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
which the paper uses with Alex-Net and weights learnt from people's judgements. Those weights can't
be had with every network, so all channels count alike here: values are to be compared with each
other, not with published ones.

Legend: C channels of a tap, h w its pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import images
from ..errors import BundleError

WIDTH = 256  # of the pictures that are looked at, pixels; smaller ones keep their own
VGG16_FILE = "vgg16-397923af.pth"  # the name under which torchvision's weights are cached
VGG16_LAYOUT = (2, 2, 3, 3, 3)  # convolutions of each block; the last of a block is tapped
DISTILLED_LAYOUT = (2, 2, 4, 4, 1)  # the first of a block is tapped
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of torchvision's weights

Taps = Mapping[str, Tensor]  # features [1, C, h, w] by the tap's name
Network = Callable[[Tensor], Taps]  # of a picture [1, 3, H, W] in [-1, 1]


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
    network: Network,
    image: Tensor,  # [1, 3, H, W] in [-1, 1]
    device: torch.device,
) -> Taps:
    """What a network sees in a picture, at `WIDTH`."""
    height, width = image.shape[2:]
    wide = min(WIDTH, width)
    small = images.resize(image, wide, max(32, round(height * wide / width)))
    return network(small.to(device))


def find(name: str, device: torch.device) -> tuple[Network | None, str]:
    """The network that a setting names, and what it is called.

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
        cached = Path(torch.hub.get_dir()) / "checkpoints" / VGG16_FILE
        if not cached.is_file():
            return None, "none"
        return load(cached, device), "VGG16"
    return load(Path(name), device), Path(name).name


def load(path: Path, device: torch.device) -> Network:
    """Read VGG16 as torchvision saves it, or a VGG-19 distilled to a sixteenth, from a file.

    VGG16 is tapped at relu1_2, 2_2, 3_3, 4_3 and 5_3, the distilled one at relu1_1, 2_1, 3_1, 4_1
    and 5_1, led through its `*_aux` convolutions to what those of VGG-19 would be.

    Raises:
        BundleError: the file isn't there, or isn't of one of these forms.
    """
    if not path.is_file():
        raise BundleError(
            f"the perceptual network '{path}' doesn't exist; expected auto, none or a file with "
            "weights: check the spelling."
        )
    try:
        weights = torch.load(path, map_location=device, weights_only=True)
        weights = {k: v.float() for k, v in weights.get("model", weights).items()}
        network = _Distilled(weights) if "conv11_aux.weight" in weights else _Vgg16(weights)
        network(torch.zeros(1, 3, 32, 32, device=device))
    except Exception as error:  # whatever pickle, torch and other forms' names lead to
        raise BundleError(
            f"'{path}' holds no perceptual network that is known here ({type(error).__name__}); "
            "expected VGG16 as torchvision saves it, or the distilled VGG-19: see docs/controls.md."
        ) from error
    return network


class _Vgg16:
    """Blocks of 3×3 convolutions with ReLU, 2×2 max-pooling between them."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        numbers = sorted({int(k.split(".")[1]) for k in weights if k.startswith("features.")})
        convolutions = iter([_pair(weights, f"features.{n}") for n in numbers])
        self.blocks = [list(itertools.islice(convolutions, count)) for count in VGG16_LAYOUT]
        assert all(len(b) == n for b, n in zip(self.blocks, VGG16_LAYOUT, strict=True))

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        mean, deviation = (
            torch.tensor(v, device=image.device).view(1, 3, 1, 1) for v in (MEAN, DEVIATION)
        )
        x, taps = ((image + 1) / 2 - mean) / deviation, {}
        for number, block in enumerate(self.blocks, start=1):
            x = F.max_pool2d(x, 2) if number > 1 else x
            for weight, bias in block:
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
            taps[f"relu{number}_{len(block)}"] = x
        return taps


class _Distilled:
    """VGG-19 at a sixteenth: reflect padding, and a 1×1 convolution to each tap's real width."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        x, taps = F.conv2d((image + 1) / 2, *_pair(self.weights, "conv0")), {}
        for block, count in enumerate(DISTILLED_LAYOUT, start=1):
            x = F.max_pool2d(x, 2) if block > 1 else x
            for number in range(1, count + 1):
                padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
                x = F.relu(F.conv2d(padded, *_pair(self.weights, f"conv{block}{number}")))
                if number == 1:
                    aux = _pair(self.weights, f"conv{block}1_aux")
                    taps[f"relu{block}_1"] = F.relu(F.conv2d(x, *aux))
        return taps


def _pair(weights: Mapping[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]
