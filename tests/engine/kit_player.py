"""A player of live kits in numpy: what `live.json` says, without the engine, as a game would do it.

Legend: H W pixels of what is played, N places.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Array = np.ndarray


@dataclass
class KitPlayer:
    """One kit, and how it is played.

    Attributes:
        folder: the kit's.
        speed: factor on the flow.
        turn: by which the flow is turned, radians, counterclockwise as seen.
        amount: share of the motion that is shown.
        light: how far the light is from the first look to the second, 0..1; None: no light.
        finer: how many pixels are played for one of the picture's, in a row.
    """

    folder: Path
    speed: float = 1.0
    turn: float = 0.0
    amount: float = 1.0
    light: float | None = None
    finer: int = 1
    document: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.document = json.loads((self.folder / "live.json").read_text(encoding="utf-8"))
        self.size = self.document["width"], self.document["height"]
        self._maps: dict[str, Array] = {}

    def places(self) -> Array:  # [H, W, 2] u and v
        """The centers of the pixels that are played."""
        width, height = (self.finer * side for side in self.size)
        u, v = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
        return np.stack(np.meshgrid(u, v), -1)

    def frame(self, t: float) -> Array:  # [H, W, 3] 0..1, display-referred
        """One frame of the loop."""
        p = self.places()
        colors = self.value(self.document["picture"], p)[..., :3]
        for layer in self.document["layers"]:
            colors = self.layer(layer, colors, p, t)
        return colors if self.light is None else self.lit(colors, p)

    def layer(self, layer: dict[str, Any], colors: Array, p: Array, t: float) -> Array:
        """The colors with one layer put into them."""
        turns = layer["rounds"] * (t / self.document["period"] + layer["start"])
        if layer["phase"] and "phase" in self.document:
            turns = turns + self.value(self.document["phase"], p)
        n = self.document["period"] / layer["rounds"]
        times = [2 * n * ((turns / 2 + ahead) % 1 - 0.5) for ahead in (0.5, 0.0)]
        first, second = (self.source(layer, p, k) for k in times)
        counted, other = (
            (1 - np.abs(k) / n) * self.weight(layer, p, source)
            for k, source in zip(times, (first, second), strict=True)
        )
        share = other / np.maximum(counted + other, 1e-9)
        moved = mix(self.plate(layer, first), self.plate(layer, second), share)
        matte = self.value(layer["matte"], p)[..., :1] * self.amount
        if layer["kind"] == "whole":
            return mix(colors, moved, matte)
        moved = moved * mix(self.found(layer, first), self.found(layer, second), share)
        return (colors + matte * (moved - self.plate(layer, p))).clip(0, 1)

    def flow(self, layer: dict[str, Any], q: Array) -> Array:
        """The displacement of one frame, backward."""
        found = self.value(layer["flow"], q)[..., :2] * self.speed
        if self.turn:
            aspect = self.size[0] / self.size[1]
            x, y = found[..., 0] * aspect, -found[..., 1]
            c, s = np.cos(self.turn), np.sin(self.turn)
            found = np.stack([(c * x - s * y) / aspect, -(s * x + c * y)], -1)
        return found

    def source(self, layer: dict[str, Any], p: Array, k: Array | float) -> Array:
        """Follow the flow for k frames."""
        a = self.flow(layer, p)
        b = self.flow(layer, p + k / 2 * a)
        c = self.flow(layer, p + k / 2 * b)
        d = self.flow(layer, p + k * c)
        return p + k / 6 * (a + 2 * b + 2 * c + d)

    def over(self, s: Array) -> Array:
        """How far a source lies beyond the centers of the picture's border pixels; negative: in."""
        half = 0.5 - 0.5 / np.array(self.size)
        return (np.abs(s - 0.5) - half).max(-1, keepdims=True)

    def weight(self, layer: dict[str, Any], p: Array, s: Array) -> Array:
        """How much a source counts."""
        inside = self.value(layer["matte"], s)[..., 1:2]
        beyond = (self.over(s) / layer["cell"] + 0.5).clip(0, 1)
        inside = mix(inside, layer["least_weight"], beyond)
        moved = np.linalg.norm(s - p, axis=-1, keepdims=True)
        return 1 - (1 - inside) * np.minimum(moved / layer["decided"], 1)

    def found(self, layer: dict[str, Any], s: Array) -> Array:
        """The share of foreground at a source."""
        found = self.value(layer["matte"], s)[..., 2:3]
        if layer["fade"] is None:
            return found
        near, far = layer["fade"]
        return found * (1 - ((self.over(s) - near) / (far - near)).clip(0, 1))

    def plate(self, layer: dict[str, Any], s: Array) -> Array:
        """What moves, mirrored at the centers of the border pixels."""
        low = 0.5 / np.array(self.size)
        span = 1 - 2 * low
        inside = low + span - np.abs((s - low) % (2 * span) - span)
        return self.value(layer["plate"], inside)[..., :3]

    def lit(self, colors: Array, p: Array) -> Array:
        """The colors in the light of both looks, mixed."""
        light = self.document["light"]
        first, second = light["looks"]
        weights, biases, gain = (
            mix(self.value(first[name], p), self.value(second[name], p), self.light)
            for name in ("weights", "biases", "gain")
        )
        edge, toe = light["edge"], light["toe"]
        inner = ((colors + edge) / (1 + 2 * edge)).clip(1e-6, 1 - 1e-6)
        x = np.log(inner / (1 - inner))
        first, last = light["dark"]
        dark = ((first - gain[..., :1]) / (first - last)).clip(0, 1)
        x = mix(x, (x * light["grey"]).sum(-1, keepdims=True), light["faded"] * dark)
        y = weights * x + biases
        ahead = np.maximum(x[..., 1] - np.maximum(x[..., 0], x[..., 2]), 0)
        ahead += light["teal"] * np.maximum(x[..., 2] - x[..., 0], 0)
        y[..., 1] = np.minimum(y[..., 1], np.maximum(y[..., 0], y[..., 2]) + ahead)
        ahead = np.maximum(x[..., 2] - np.maximum(x[..., 0], x[..., 1]), 0) + light["cobalt"]
        y[..., 2] = np.minimum(y[..., 2], np.maximum(y[..., 0], y[..., 1]) + ahead)
        shown = ((1 + 2 * edge) / (1 + np.exp(-y)) - edge).clip(0, 1)
        return (gain * (shown + toe) - toe).clip(0, 1)

    def value(self, entry: dict[str, Any], q: Array) -> Array:  # [H, W, C]
        """A map's values at some places, bilinear, mirrored at its edges."""
        pixels = self._read(entry["file"])
        height, width = pixels.shape[:2]
        x, y = q[..., 0] * width - 0.5, q[..., 1] * height - 0.5
        left, top = np.floor(x).astype(int), np.floor(y).astype(int)
        across, down = (x - left)[..., None], (y - top)[..., None]

        def at(column: Array, row: Array) -> Array:
            return pixels[mirrored(row, height), mirrored(column, width)]

        upper = mix(at(left, top), at(left + 1, top), across)
        lower = mix(at(left, top + 1), at(left + 1, top + 1), across)
        return (mix(upper, lower, down) - entry["offset"]) * entry["scale"]

    def _read(self, name: str) -> Array:  # [H, W, C] 0..1, R G B(A)
        if name not in self._maps:
            stored = np.fromfile(self.folder / name, np.uint8)
            pixels = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)
            most = np.iinfo(pixels.dtype).max
            if pixels.ndim == 2:
                pixels = pixels[..., None]
            order = [2, 1, 0, 3][: pixels.shape[2]] if pixels.shape[2] > 1 else [0]
            self._maps[name] = pixels[..., order].astype(np.float64) / most
        return self._maps[name]


def mix(first: Any, second: Any, share: Any) -> Any:
    """`(1 - share) first + share second`."""
    return first + (second - first) * share


def mirrored(index: Array, count: int) -> Array:
    """The pixels of a texture that goes on mirrored at its edges."""
    index = index % (2 * count)
    return np.where(index < count, index, 2 * count - 1 - index)
