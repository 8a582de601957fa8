"""EXR: scene-linear, premultiplied, in a window of its own."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import PictureError
from ..settings import MAX_SIDE_PX
from .curves import encode_scene
from .decoding import silenced
from .limits import check_size


def load_exr(path: Path) -> Tensor:
    """The first part of an EXR that holds a picture."""
    import OpenEXR

    with silenced(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in OpenEXR.File(str(path), header_only=True).parts:
            check_size(path, *_window_size(part.header.get("displayWindow")))
            # A data window may hang over by any amount, and memory is taken for all of it.
            if max(_window_size(part.header["dataWindow"])) > 2 * MAX_SIDE_PX:
                raise ValueError("absurd data window")
        parts = OpenEXR.File(str(path), separate_channels=True).parts
    found: list[str] = []
    for part in parts:
        names = _pick_channels(list(part.channels))
        if names:
            planes = [part.channels.pop(name).pixels for name in names]
            tensor = _place_in_window(part.header, planes)
            return encode_scene(path, tensor, premultiplied=True)
        found += list(part.channels)
    if not parts:
        raise ValueError("no part could be read")
    raise PictureError(
        f"'{path}' holds the channels {', '.join(found) or 'none'}; expected R, G, B (and A) or Y: "
        "export a color picture."
    )


def _window_size(window: Any) -> tuple[int, int]:
    (left, top), (right, bottom) = window
    return int(right) - int(left) + 1, int(bottom) - int(top) + 1


def _pick_channels(names: list[str]) -> list[str]:
    """The names of R, G, B(, A) or Y(, A) among a file's channels; empty if there are none.

    Plain names come first, then a layer's, Blender's `ViewLayer.Combined.R` before other passes.
    """
    prefixes = {name.rpartition(".")[0] for name in names}
    for prefix in sorted(prefixes, key=lambda p: (p != "", not p.endswith("Combined"), p)):
        dotted = f"{prefix}." if prefix else ""
        for colors in ("RGB", "Y"):
            wanted = [dotted + color for color in colors]
            if all(name in names for name in wanted):
                return wanted + [name for name in [dotted + "A"] if name in names]
    return []


def _place_in_window(
    header: dict[str, Any],
    planes: list[NDArray[Any]],  # each [h, w], the data window: R, G, B(, A) or Y(, A)
) -> Tensor:  # [1, 3|4, H, W], the display window; black and clear where there is no data
    width, height = _window_size(header["displayWindow"])
    (display_left, display_top), _ = header["displayWindow"]
    (data_left, data_top), _ = header["dataWindow"]
    left, top = int(data_left) - int(display_left), int(data_top) - int(display_top)
    data_height, data_width = planes[0].shape
    if any(plane.shape != planes[0].shape for plane in planes):
        raise ValueError("subsampled channels")
    rows = slice(max(top, 0), max(min(top + data_height, height), 0))
    columns = slice(max(left, 0), max(min(left + data_width, width), 0))
    sources = [0, 0, 0, 1][: len(planes) + 2] if len(planes) < 3 else list(range(len(planes)))
    target = np.zeros((len(sources), height, width), np.float32)
    for channel, source in enumerate(sources):
        target[channel, rows, columns] = planes[source][
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return torch.from_numpy(target)[None]
