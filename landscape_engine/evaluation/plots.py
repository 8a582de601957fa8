"""Plots: values over frames, drawn as curves (Figure 10 of the paper)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

SIZE = (480, 300)  # of a panel
LEFT, TOP, RIGHT, BOTTOM = 58, 44, 18, 40  # its margins, pixels
SCALE = 2  # supersampling, so that lines have no stairs
GRID, INK = "#e4e4e4", "#333333"

Values = Sequence[float | None]  # of frames 1, 2, ...; None where there is none


@dataclass(frozen=True)
class Line:
    """One curve, with bars where it has bounds."""

    name: str
    values: Values
    color: str
    dashed: bool = False
    low: Values = ()
    high: Values = ()


@dataclass(frozen=True)
class Panel:
    """One plot."""

    title: str
    lines: Sequence[Line] = field(default_factory=tuple)


def draw(rows: Sequence[Sequence[Panel]]) -> Tensor:  # [1, 3, H, W] in [-1, 1]
    """Draw panels in rows, each with a legend; the values' axis begins at 0."""
    width, height = SIZE
    whole = (max(len(row) for row in rows) * width, len(rows) * height)
    sheet = Image.new("RGB", (whole[0] * SCALE, whole[1] * SCALE), "white")
    pen = _Pen(ImageDraw.Draw(sheet))
    for r, row in enumerate(rows):
        for c, panel in enumerate(row):
            _draw_panel(pen, panel, c * width, r * height)
    small = sheet.resize(whole, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 127.5 - 1


class _Pen:
    """Draws in pixels of the finished sheet."""

    def __init__(self, on: ImageDraw.ImageDraw) -> None:
        self.on = on
        self.font = ImageFont.load_default(11 * SCALE)

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float = 1.0) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.on.line(scaled, fill=color, width=max(1, round(width * SCALE)), joint="curve")

    def dashes(self, points: Sequence[tuple[float, float]], color: str, width: float) -> None:
        """The same in pieces of five pixels, with gaps of three."""
        gone = 0.0
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            length = math.hypot(x1 - x0, y1 - y0)
            at = 0.0
            while at < length:
                phase = (gone + at) % 8
                step = min(length - at, (5 if phase < 5 else 8) - phase + 1e-6)
                if phase < 5:
                    ends = [(x0 + (x1 - x0) * s / length, y0 + (y1 - y0) * s / length)
                            for s in (at, at + step)]  # fmt: skip
                    self.line(ends, color, width)
                at += step
            gone += length

    def text(self, x: float, y: float, words: str, anchor: str = "la", color: str = INK) -> None:
        self.on.text((x * SCALE, y * SCALE), words, fill=color, font=self.font, anchor=anchor)

    def length(self, words: str) -> float:
        return self.on.textlength(words, font=self.font) / SCALE


def _draw_panel(pen: _Pen, panel: Panel, left: int, top: int) -> None:
    lines = [one for one in panel.lines if any(v is not None for v in one.values)]
    pen.text(left + LEFT, top + 8, panel.title)
    if not lines:
        pen.text(left + LEFT, top + TOP, "nothing measured")
        return
    last = max(len(one.values) for one in lines)
    highest = max(v for one in lines for v in (*one.values, *one.high) if v is not None)
    step = nice_step(highest)
    highest = max(step * math.ceil(highest / step * 1.02), step)
    x0, x1 = left + LEFT, left + SIZE[0] - RIGHT
    y0, y1 = top + SIZE[1] - BOTTOM, top + TOP

    def place(frame: float, value: float) -> tuple[float, float]:
        return x0 + (x1 - x0) * frame / last, y0 + (y1 - y0) * value / highest

    for k in range(round(highest / step) + 1):
        _, y = place(0, k * step)
        pen.line([(x0, y), (x1, y)], GRID)
        pen.text(x0 - 6, y, f"{k * step:.4g}", "rm")
    every = max(1, round(nice_step(last)))
    for frame in range(0, last + 1, every):
        x, _ = place(frame, 0)
        pen.line([(x, y0), (x, y0 + 4)], INK)
        pen.text(x, y0 + 7, str(frame), "ma")
    pen.text((x0 + x1) / 2, y0 + 22, "predicted frame", "ma")
    pen.line([(x0, y1), (x0, y0), (x1, y0)], INK)
    for one in lines:
        _draw_line(pen, one, place, last)
    _draw_legend(pen, lines, x0, top + 27)


def _draw_line(pen: _Pen, line: Line, place, last: int) -> None:
    points = [place(t, v) for t, v in enumerate(line.values, start=1) if v is not None]
    apart = max(1, last // 15)  # frames between bars
    for t, (low, high) in enumerate(zip(line.low, line.high, strict=True), start=1):
        if low is None or high is None or (t - 1) % apart:
            continue
        (x, bottom), (_, top) = place(t, low), place(t, high)
        pen.line([(x, bottom), (x, top)], line.color)
        for y in (bottom, top):
            pen.line([(x - 2.5, y), (x + 2.5, y)], line.color)
    if line.dashed:
        pen.dashes(points, line.color, 1.8)
    elif len(points) > 1:
        pen.line(points, line.color, 1.8)
    if len(points) <= 12:
        for x, y in points:
            pen.line([(x - 2, y), (x + 2, y)], line.color, 4)


def _draw_legend(pen: _Pen, lines: Sequence[Line], x: float, y: float) -> None:
    for one in lines:
        ends = [(x, y + 6), (x + 18, y + 6)]
        (pen.dashes if one.dashed else pen.line)(ends, one.color, 1.8)
        pen.text(x + 22, y + 6, one.name, "lm")
        x += 22 + pen.length(one.name) + 10


def nice_step(highest: float) -> float:
    """The tick distance: 1, 2 or 5 times a power of ten, for four to nine ticks."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest / 4))
    return max(m * power for m in (1, 2, 5) if m * power * 4 <= highest * (1 + 1e-9))
