"""Plots: values over frames, drawn as curves (Figure 10 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..settings.checks import check_installed

SIZE = (480, 300)  # of a panel, pixels
DPI = 100
MARKED = 12  # values of a curve up to which each gets a mark
BARS = 15  # bars of a curve, about

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


def check() -> None:
    """Refuse to measure what can't be drawn in the end.

    Raises:
        SettingsError: matplotlib isn't installed.
    """
    use = "the curves of clips are drawn"
    check_installed("matplotlib", use, "evaluate", ", or leave out --out")


def draw(rows: Sequence[Sequence[Panel]]) -> Tensor:  # [1, 3, H, W] in [-1, 1]
    """Draw panels in rows, each with a legend; the values' axis begins at 0.

    Raises:
        SettingsError: matplotlib isn't installed.
    """
    check()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot, which keeps figures and wants a screen

    columns = max(len(row) for row in rows)
    size = (columns * SIZE[0] / DPI, len(rows) * SIZE[1] / DPI)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for row, places in zip(rows, figure.subplots(len(rows), columns, squeeze=False), strict=True):
        for axes in places:
            axes.set_axis_off()  # until there is something to draw
        for panel, axes in zip(row, places, strict=False):
            _draw_panel(axes, panel)
    canvas.draw()
    pixels = np.array(canvas.buffer_rgba())[..., :3]
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def _draw_panel(axes: Any, panel: Panel) -> None:
    axes.set_title(panel.title, loc="left", fontsize=9, pad=22)  # points; the legend lies below it
    lines = [one for one in panel.lines if any(v is not None for v in one.values)]
    if not lines:
        axes.text(0, 1, "nothing measured", va="top", fontsize=8, transform=axes.transAxes)
        return
    axes.set_axis_on()
    for one in lines:
        _draw_line(axes, one)
    axes.set_xlim(0, max(len(one.values) for one in lines))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("predicted frame", fontsize=8)
    axes.locator_params("x", integer=True)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#e4e4e4")
    axes.spines[["top", "right"]].set_visible(False)
    where = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": len(lines)}
    narrow = {"frameon": False, "borderpad": 0, "handlelength": 1.5, "columnspacing": 1}
    axes.legend(fontsize=8, **where, **narrow)


def _draw_line(axes: Any, line: Line) -> None:
    known = [(t, v) for t, v in enumerate(line.values, start=1) if v is not None]
    frames, values = zip(*known, strict=True)
    style = {"color": line.color, "linestyle": "--" if line.dashed else "-"}
    marker = "s" if len(known) <= MARKED else None
    axes.plot(frames, values, label=line.name, marker=marker, markersize=3, **style)
    bounds = [
        (t, low, high)
        for t, (low, high) in enumerate(zip(line.low, line.high, strict=True), start=1)
        if low is not None and high is not None
    ]
    for t, low, high in bounds[:: max(1, len(line.values) // BARS)]:
        axes.plot([t, t], [low, high], color=line.color, linewidth=1, marker="_", markersize=5)
