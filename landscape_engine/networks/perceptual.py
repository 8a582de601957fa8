"""Perceptual networks: frozen features by which two pictures' style and content are compared.

They are asked for the layers of VGG-16 that the paper names (Equations 7 and 9). What stands in for
them in a distilled VGG-19 (`distilled_vgg19_5SE.pth`), with their channels:

| tap | `vgg16` | distilled | |
|---|---|---|---|
| relu1_2 | 64 | 16 | |
| relu2_2 | 128 | 32 | |
| relu3_3 | 256 | 64 | VGG-19's block has a fourth convolution behind it |
| relu4_3 | 512 | 128 | one convolution deeper than in VGG-16 |

They are the distilled network's own narrow features, not those that its `*_aux` layers widen.

A file may hold either: VGG-16 as torchvision publishes it (`features.0.weight`, ...), or the
distilled one (`conv0.weight`, `conv11.weight`, ..., alone or under "model"), whose widths are read
off its tensors. Nothing in a file is executed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import regular_files
from ..errors import BundleError, is_out_of_memory
from . import stored
from .blocks import channels_last

TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
VGG16 = "vgg16"
VGG16_URL = "https://download.pytorch.org/models/vgg16-397923af.pth"  # torchvision's IMAGENET1K_V1
VGG16_LAYERS = {  # ours, theirs
    **{"conv1_1": "features.0", "conv1_2": "features.2"},
    **{"conv2_1": "features.5", "conv2_2": "features.7"},
    **{"conv3_1": "features.10", "conv3_2": "features.12", "conv3_3": "features.14"},
    **{"conv4_1": "features.17", "conv4_2": "features.19", "conv4_3": "features.21"},
}
DISTILLED_LAYERS = {
    f"conv{block}_{k}": f"conv{block}{k}"
    for block, count in ((1, 2), (2, 2), (3, 4), (4, 3))
    for k in range(1, count + 1)
}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Padding = Literal["zeros", "reflect", "replicate", "circular"]


class PerceptualNetwork(nn.Module):
    """Convolutions of 3×3 with ReLU, halved by max pooling between blocks; frozen.

    Args:
        name: what a run's settings call it: "vgg16", or a file's name with its digest.
        entry: a 1×1 convolution, what the network does to R G B in [0, 1] first.
        convolutions: by name and in order, "conv1_1", "conv1_2", "conv2_1", ...
    """

    def __init__(self, name: str, entry: nn.Conv2d, convolutions: dict[str, nn.Conv2d]) -> None:
        super().__init__()
        self.name = name
        self.entry = entry
        self.convolutions = nn.ModuleDict(convolutions)
        channels_last(self.eval().requires_grad_(False))

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]; H and W 8 or more
        taps: Iterable[str] = TAPS,
    ) -> dict[str, Tensor]:  # each [B, C, H/k, W/k], k = 1, 2, 4, 8 for blocks 1 to 4
        """The features at some taps; layers after the last requested one aren't computed."""
        wanted, found = set(taps), {}
        x = self.entry((image + 1) / 2)
        for name, convolution in self.convolutions.items():
            if name.endswith("_1") and name != "conv1_1":
                x = F.max_pool2d(x, 2)
            x = F.relu(convolution(x))
            tap = name.replace("conv", "relu")
            if tap in wanted:
                found[tap] = x
                if len(found) == len(wanted):
                    return found
        raise ValueError(f"no taps {sorted(wanted - set(found))}; expected some of {TAPS}")


def load_perceptual(name_or_path: str | Path) -> PerceptualNetwork:
    """A perceptual network by name, "vgg16", or from a file of weights; on the CPU, frozen.

    VGG-16's weights (528 MB) come from torch's cache, where torchvision keeps them too, or are
    fetched there.

    Raises:
        BundleError: there is no such file, it holds more than weights, or other weights than those
            of the two kinds; VGG-16's are neither cached nor to be had.
    """
    if str(name_or_path) == VGG16:
        return _build(VGG16, _fetch(), VGG16)
    path = Path(name_or_path)
    state = _read(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return _build(f"{path.name} sha256:{digest}", state, str(path))


def _fetch() -> Any:
    try:
        return torch.hub.load_state_dict_from_url(
            VGG16_URL, map_location="cpu", check_hash=True, weights_only=True
        )
    except Exception as error:  # no network, no disk, half a file in the cache: each its own class
        raise BundleError(
            f"VGG-16's weights are not whole in {torch.hub.get_dir()}/checkpoints and can't be "
            f"fetched ({_first_line(error)}); put {VGG16_URL} there, name another file with "
            "--perceptual, or leave out what needs them: --style-weight 0 --content-weight 0."
        ) from error


def _read(path: Path) -> Any:
    try:
        regular_files.check(path, regular_files.MOST_WEIGHTS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BundleError(
            f"there is no perceptual network {path} ({reason}); expected '{VGG16}' or a file of "
            "weights."
        ) from error
    try:
        return stored.read(path)
    except Exception as error:  # torch raises what it likes for damaged or hostile files
        if is_out_of_memory(error):
            raise
        raise BundleError(
            f"{path} was refused: it can't be read as weights alone ({type(error).__name__}); "
            "expected a plain state dict: get it anew from where it was published."
        ) from error


def _build(name: str, state: Any, source: str) -> PerceptualNetwork:
    """The network of a state dict of either kind."""
    if isinstance(state, Mapping) and isinstance(state.get("model"), Mapping):
        state = state["model"]
    padding: Padding
    if isinstance(state, Mapping) and "features.0.weight" in state:
        entry = _normalisation()
        layers, padding = VGG16_LAYERS, "zeros"
    elif isinstance(state, Mapping) and "conv0.weight" in state:
        entry = _convolution(state, "conv0", 3, "zeros", source)
        layers, padding = DISTILLED_LAYERS, "reflect"
    else:
        raise BundleError(
            f"{source} holds no perceptual network; expected the weights of VGG-16 as torchvision "
            "has them, or those of a distilled VGG-19 (conv0, conv11, ...)."
        )
    convolutions: dict[str, nn.Conv2d] = {}
    channels = entry.out_channels
    for ours, theirs in layers.items():
        convolutions[ours] = _convolution(state, theirs, channels, padding, source)
        channels = convolutions[ours].out_channels
    return PerceptualNetwork(name, entry, convolutions)


def _convolution(
    state: Mapping[str, Any], key: str, channels: int, padding: Padding, source: str
) -> nn.Conv2d:
    weight, bias = state.get(f"{key}.weight"), state.get(f"{key}.bias")
    kernel = 1 if key == "conv0" else 3
    if (
        not isinstance(weight, Tensor)
        or not isinstance(bias, Tensor)
        or weight.shape != (len(bias), channels, kernel, kernel)
    ):
        found = list(weight.shape) if isinstance(weight, Tensor) else "missing"
        raise BundleError(
            f"'{key}' of {source} is {found}; expected weights [n, {channels}, {kernel}, {kernel}] "
            "and a bias [n]: get the file anew."
        )
    if not bool(torch.isfinite(weight).all() and torch.isfinite(bias).all()):
        raise BundleError(f"'{key}' of {source} holds NaN; get the file anew.")
    convolution = nn.Conv2d(channels, len(bias), kernel, padding=kernel // 2, padding_mode=padding)
    convolution.load_state_dict({"weight": weight.float(), "bias": bias.float()})
    return convolution


def _normalisation() -> nn.Conv2d:
    """(x - mean) / std of ImageNet, as torchvision's networks expect."""
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    entry = nn.Conv2d(3, 3, 1)
    entry.load_state_dict({"weight": torch.diag(1 / std)[:, :, None, None], "bias": -mean / std})
    return entry


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "reason", error))  # of an URLError
    return (text.splitlines() or [type(error).__name__])[0].rstrip(".")
