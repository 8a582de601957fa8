"""Stored weights: read from a file as torch writes them, and nothing but weights.

A tensor may claim more numbers than its file has, of which all are one: a few kilobytes would take
all memory at the first look at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import pickles


def read(path: Path) -> Any:
    """The state that a file of weights holds, on the CPU; nothing in it is executed.

    Raises:
        Exception: of any kind, where it is damaged, too large, no regular file, or holds tensors
            of other kinds, or of more numbers than its own.
    """
    pickles.check_weights(path)
    state = torch.load(path, map_location="cpu", weights_only=True)
    left = path.stat().st_size
    for tensor in _tensors(state):
        if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
            raise ValueError("it holds tensors of another kind")
        left -= tensor.nbytes
        if left < 0:
            raise ValueError("its tensors have more numbers than the file")
    return state


def _tensors(state: Any) -> Iterator[Tensor]:
    """All tensors of a state, which holds nothing of itself (`pickles`)."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, Mapping):
        for value in state.values():
            yield from _tensors(value)
    elif isinstance(state, list | tuple | set):
        for value in state:
            yield from _tensors(value)
