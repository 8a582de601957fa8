"""Strips: process pictures a few rows at a time, which keeps the working set small."""

from __future__ import annotations

import torch

STRIP_PIXELS = {"cpu": 1 << 16, "cuda": 1 << 23, "mps": 1 << 22}  # which keep in a CPU's cache


def strips(rows: range, width: int, device: torch.device) -> list[slice]:
    """Rows of a picture in strips of a size that suits the device."""
    count = max(1, STRIP_PIXELS.get(device.type, 1 << 20) // width)
    return [slice(y, min(y + count, rows.stop)) for y in range(rows.start, rows.stop, count)]
