"""Shrinking: means over areas, the same on every device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def area(
    values: Tensor,  # [B, C, H, W]
    size_hw: tuple[int, int] | torch.Size,
) -> Tensor:  # [B, C, h, w]
    """The mean over the area of each pixel of a grid; a larger grid repeats pixels.

    Pixel i of n takes rows `floor(i H / n)` to `ceil((i + 1) H / n) - 1` of H, as
    `interpolate(mode="area")` does. That refuses, on Apple's GPUs, sizes that don't divide.
    """
    if values.device.type != "mps":
        return F.interpolate(values, tuple(size_hw), mode="area")
    return by_weights(values, size_hw)


def by_weights(
    values: Tensor,  # [B, C, H, W]
    size_hw: tuple[int, int] | torch.Size,
) -> Tensor:  # [B, C, h, w]
    """The same as two products of matrices, which every device has."""
    rows, columns = (
        _weights(inner, outer).to(values)
        for inner, outer in zip(values.shape[2:], size_hw, strict=True)
    )
    return rows @ values @ columns.mT


def _weights(inner: int, outer: int) -> Tensor:  # [outer, inner]
    first = torch.arange(outer) * inner // outer
    last = -(-(torch.arange(outer) + 1) * inner // outer)
    at = torch.arange(inner)
    inside = (at >= first[:, None]) & (at < last[:, None])
    return inside / inside.sum(1, keepdim=True)
