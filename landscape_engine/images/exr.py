"""EXR: scene-linear, premultiplied, in a window of its own, with layers and parts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import PictureError
from ..settings import MAX_SIDE_PX
from . import exr_header, exr_layers
from .color_spaces import LINEAR_SRGB, ColorSpace, convert, is_known
from .curves import STRIP_ROWS, encode_scene
from .decoding import silenced
from .exr_header import ExrPart, Window
from .exr_layers import Layer
from .limits import check_size

_NAMED = 8  # channels that a sentence names


def load_exr(path: Path) -> Tensor:  # [1, 3|4, H, W]
    """The layer of an EXR that is the picture, as linear sRGB through the curve."""
    parts = exr_header.read_parts(path)
    layer = _check_layers(path, parts)[0]
    part = parts[layer.part]
    check_size(path, *_size(part.display_window))
    # A data window may hang over by any amount, and memory is taken for all of it.
    if max(_size(part.data_window)) > 2 * MAX_SIDE_PX:
        raise ValueError("absurd data window")
    planes = _read_planes(path, layer)
    if "RY" in layer.channels:
        colors = _decode_luminance_chroma(planes, part)
    else:
        colors = [planes[role].pixels for role in layer.channels]
    tensor = _place_in_window(part, colors, alpha="A" in layer.channels)
    if part.space != LINEAR_SRGB:
        for strip in torch.split(tensor[0], STRIP_ROWS, -2):
            convert(strip, part.space.to_srgb)
    return encode_scene(path, tensor, premultiplied=True)


def color_space(path: Path) -> ColorSpace:
    """The color space that an EXR's picture is stored in."""
    parts = exr_header.read_parts(path)
    return parts[_check_layers(path, parts)[0].part].space


def layer_notes(path: Path) -> list[str]:
    """What was taken of an EXR that holds more than one picture, and for what, a sentence each."""
    parts = exr_header.read_parts(path)
    layers = _check_layers(path, parts)
    part = parts[layers[0].part]
    notes = []
    if part.tag and not is_known(part.tag):
        taken = part.space.tag or "linear ones of its chromaticities"
        notes.append(
            f"the picture's color space '{part.tag}' isn't known; its colors are read, and frames "
            f"in EXR written, as {taken}."
        )
    if len(layers) == 1 and not layers[0].prefix:
        return notes
    names = [f"'{layer.name}'" if layer.name else "the plain channels" for layer in layers]
    if len(names) == 1:
        return [*notes, f"the picture's colors are its layer {names[0]}."]
    others = ", ".join(names[1:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return [*notes, f"the picture's colors are {names[0]}; left aside: {others}."]


def _check_layers(path: Path, parts: Sequence[ExrPart]) -> list[Layer]:
    """The layers that can be taken for the picture, the best first; a file without is refused."""
    layers = exr_layers.find(parts)
    if layers:
        return layers
    if any(part.is_deep for part in parts):
        raise PictureError(
            f"'{path}' holds deep data, several samples to a pixel; expected a flat picture: "
            "flatten it in the program that rendered it."
        )
    found = [name for part in parts for name in part.channels]
    named = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    raise PictureError(
        f"'{path}' holds the channels {named or 'none'}; expected R, G, B (and A) or Y: "
        "export a color picture."
    )


def _read_planes(path: Path, layer: Layer) -> dict[str, Any]:
    """The library's channels of a layer by their roles."""
    import OpenEXR

    source: Any = str(path)
    names = layer.channels
    if not exr_header.is_utf8(path):  # which the library gives up on, or says nothing of
        source, plain = exr_header.plain_copy(path)
        names = {role: plain[layer.part][name] for role, name in names.items()}
    with silenced(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        channels = OpenEXR.File(source, separate_channels=True).parts[layer.part].channels
    return {role: channels[name] for role, name in names.items()}


def _size(window: Window) -> tuple[int, int]:
    left, top, right, bottom = window
    return right - left + 1, bottom - top + 1


def _decode_luminance_chroma(planes: dict[str, Any], part: ExrPart) -> list[NDArray[Any]]:
    """R, G, B(, A) of Y, `RY = (R - Y) / Y` and `BY = (B - Y) / Y`, which may be coarser."""
    luminance = planes["Y"].pixels.astype(np.float32)
    share_red, share_green, share_blue = part.space.luminance_weights
    red, blue = (
        (_enlarged(planes[role], luminance.shape) + 1) * luminance for role in ("RY", "BY")
    )
    green = (luminance - share_red * red - share_blue * blue) / share_green
    return [red, green, blue, *([planes["A"].pixels] if "A" in planes else [])]


def _enlarged(channel: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:  # [h, w]
    """A channel of which every second pixel, say, is stored, linear between them."""
    pixels = channel.pixels.astype(np.float32)
    for axis, step in ((0, channel.ySampling), (1, channel.xSampling)):
        stored = pixels.shape[axis]
        if stored == shape[axis]:
            continue
        at = np.minimum(np.arange(shape[axis]) / step, stored - 1)
        below = np.minimum(at.astype(int), max(stored - 2, 0))
        weight = (at - below).astype(np.float32)
        weight = weight[:, None] if axis == 0 else weight[None]
        above = np.minimum(below + 1, stored - 1)
        near, far = np.take(pixels, below, axis), np.take(pixels, above, axis)
        pixels = near * (1 - weight) + far * weight
    enlarged: NDArray[np.float32] = pixels
    return enlarged


def _place_in_window(
    part: ExrPart,
    planes: Sequence[NDArray[Any]],  # each [h, w], the data window: R, G, B(, A) or Y(, A)
    alpha: bool,
) -> Tensor:  # [1, 3|4, H, W], the display window; black and clear where there is no data
    width, height = _size(part.display_window)
    left = part.data_window[0] - part.display_window[0]
    top = part.data_window[1] - part.display_window[1]
    data_height, data_width = planes[0].shape
    if any(plane.shape != planes[0].shape for plane in planes):
        raise ValueError("subsampled channels")
    first_row, first_column = min(max(top, 0), height), min(max(left, 0), width)
    rows = slice(first_row, max(first_row, min(top + data_height, height)))
    columns = slice(first_column, max(first_column, min(left + data_width, width)))
    colors = planes[:-1] if alpha else planes
    sources = [*(colors if len(colors) == 3 else [colors[0]] * 3), *(planes[-1:] if alpha else [])]
    target = np.zeros((len(sources), height, width), np.float32)
    if rows.start < rows.stop and columns.start < columns.stop:
        inside = (
            slice(rows.start - top, rows.stop - top),
            slice(columns.start - left, columns.stop - left),
        )
        for channel, source in enumerate(sources):
            target[channel, rows, columns] = source[inside]
    return torch.from_numpy(target)[None]
