"""Clip report: evaluations of clips as tables, as JSON, as CSV, as a plot and as a sheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import images
from . import plots, report
from .clip_protocol import CURVES, MEASURES, ClipEvaluation, at_shown, longest, mean_curves
from .protocol import mean

FILES = ("clips.json", "clips.csv", "clips.png", "clips_frames.png")
TITLES = {"rmse": "RMSE", "perceptual": "perceptual distance"}
LOOKS = {  # of the curves: name in the legend, color, dashed
    "still": ("nothing moves", "#808080", True),
    "mean": ("codes: mean, min, max", "#2060c0", False),
    "best": ("best", "#209050", False),
    "encoded": ("encoded", "#d07010", False),
}
SHOWN_MOTION = {  # the table's columns: title and form
    "frame": ("frame", "{:.4g}"),
    **{f"rmse_{name}": (name, "{:.4f}") for name in CURVES},
    "rmse_mean_ratio": ("mean ×", "{:.2f}"),
    "rmse_best_ratio": ("best ×", "{:.2f}"),
    "rmse_encoded_ratio": ("enc. ×", "{:.2f}"),
    "perceptual_still": ("p still", "{:.4f}"),
    "perceptual_mean_ratio": ("p mean ×", "{:.2f}"),
    "perceptual_best_ratio": ("p best ×", "{:.2f}"),
}
SHOWN_LIGHT = {
    "lightness": ("L*", "{:.0f}"),
    "lightness_low": ("darkest", "{:.0f}"),
    "lightness_high": ("brightest", "{:.0f}"),
    "yellow": ("b*", "{:.0f}"),
    "cold": ("coldest", "{:.0f}"),
    "warm": ("warmest", "{:.0f}"),
    "chroma_high": ("chroma", "{:.0f}"),
    "light_change": ("change", "{:.2f}"),
    "distance_still": ("d as is", "{:.4f}"),
    "distance_global": ("d global", "{:.4f}"),
    "distance_encoded": ("d encoded", "{:.4f}"),
    "encoded_ratio": ("enc. ×", "{:.2f}"),
    "distance_corrected": ("d corr.", "{:.4f}"),
    "corrected_ratio": ("corr. ×", "{:.2f}"),
}
LEAST_CHANGE = 0.1  # of the light, below which an encoded reference isn't judged by its ratio
TILE_WIDTH = 240
DIFFERENCES = 4  # factor by which differences are amplified

Figures = dict[str, float | None]


def motion_figures(clip: ClipEvaluation) -> Figures:
    """A clip's figures at the frame that the table shows; a ratio is to "nothing moves"."""
    figures: Figures = {}
    for measure in MEASURES:
        still = at_shown(clip.curves[measure]["still"])
        if measure == "rmse":
            figures["frame"] = still[1] if still else None
        for name in CURVES:
            found = at_shown(clip.curves[measure].get(name, []))
            figures[f"{measure}_{name}"] = found[0] if found else None
            if name != "still":
                figures[f"{measure}_{name}_ratio"] = (
                    found[0] / still[0] if found and still and still[0] > 0 else None
                )
    return figures


def light_figures(clip: ClipEvaluation) -> Figures:
    """A clip's figures of light; the ratio is to the error of global color transfer.

    Where the clip's light hardly changes there is no ratio: there is nothing to transfer.
    """
    if clip.light is None:
        return {}
    figures: Figures = dict(clip.light.figures)
    left = clip.light.figures["distance_global"]
    told = left > 0 and clip.frames.light_change >= LEAST_CHANGE
    for name in ("encoded", "corrected"):
        distance = clip.light.figures[f"distance_{name}"]
        figures[f"{name}_ratio"] = distance / left if told else None
    return figures


def tables(clips: Sequence[ClipEvaluation]) -> str:
    """Tables for people: motion, then light, a line for each clip and their mean."""
    motion = report.markdown("clip", _rows(clips, motion_figures), SHOWN_MOTION)
    if not any(clip.light for clip in clips):
        return motion
    return f"{motion}\n\n" + report.markdown("clip", _rows(clips, light_figures), SHOWN_LIGHT)


def _rows(clips: Sequence[ClipEvaluation], figures_of: Any) -> list[tuple[str, Figures]]:
    rows = [(clip.name, figures_of(clip)) for clip in clips]
    if len(rows) > 1:
        names = dict.fromkeys(n for _, figures in rows for n in figures if n != "frame")
        rows.append(("mean", {n: mean(figures.get(n) for _, figures in rows) for n in names}))
    return rows


def describe(clips: Sequence[ClipEvaluation], **context: Any) -> dict[str, Any]:
    """Everything that was measured, as plain data of five digits; `context` comes first."""
    everything = {
        **context,
        "clips": [
            {
                "name": clip.name,
                "size": [clip.frames.first.shape[3], clip.frames.first.shape[2]],
                "frames": len(clip.frames.following),
                "codes": clip.codes,
                "best_code": clip.best,
                "figures": motion_figures(clip),
                "light": light_figures(clip),
                "reference_frame": clip.frames.reference_at,
                "curves": clip.curves,
                "each": clip.each,
                "notes": clip.notes,
            }
            for clip in clips
        ],
    }
    return report.rounded(everything)


def comma_separated(clips: Sequence[ClipEvaluation]) -> str:
    """A line for each frame of each clip, a column for each curve; empty where there is none.

    With several clips as long as the longest, lines named "mean" follow: the mean over those.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clip", "frame", *(f"{m}_{name}" for m in MEASURES for name in CURVES)])
    tabled = [(clip.name, clip.curves) for clip in clips]
    if len(longest(clips)) > 1:
        tabled.append(("mean", mean_curves(clips)))
    for title, measured in tabled:
        for k in range(len(measured["rmse"]["still"])):
            values = [
                None if name not in measured[m] else measured[m][name][k]
                for m in MEASURES
                for name in CURVES
            ]
            writer.writerow([title, k + 1, *("" if v is None else f"{v:.6g}" for v in values)])
    return text.getvalue()


def plot(clips: Sequence[ClipEvaluation]) -> Tensor:  # [1, 3, H, W] in [-1, 1]
    """A row of panels for each clip, after one for the mean of the longest clips."""
    rows = [(f"{clip.name}", clip.curves) for clip in clips]
    if (whole := len(longest(clips))) > 1:
        which = f"mean of {whole} clips" + (", the longest" if whole < len(clips) else "")
        rows.insert(0, (which, mean_curves(clips)))
    measures = [
        m for m in MEASURES if any(v is not None for _, c in rows for v in c[m].get("still", []))
    ]
    return plots.draw(
        [
            [plots.Panel(f"{TITLES[m]}: {title}", _lines(measured[m])) for m in measures]
            for title, measured in rows
        ]
    )


def _lines(measured: dict[str, Any]) -> list[plots.Line]:
    lines = []
    for name, (title, color, dashed) in LOOKS.items():
        if name not in measured:
            continue
        bounds = (measured["min"], measured["max"]) if name == "mean" else ((), ())
        lines.append(plots.Line(title, measured[name], color, dashed, *bounds))
    return lines


def draw(clips: Sequence[ClipEvaluation]) -> Tensor:  # [1, 3, H', W'] in [-1, 1]
    """Draw three rows for each clip.

    The first frame, the filmed one and predictions of it; how far each is from the filmed one
    (white: no difference); then the reference of light, what was made of the first frame to come
    near to it, and the ends of the codebook's range.
    """
    rows: list[list[tuple[str, Tensor]]] = []
    for clip in clips:
        filmed = clip.frames.following[clip.shown_at - 1]
        assert filmed is not None
        predicted = {"nothing moves": clip.frames.first, **clip.shown}
        gap = torch.ones_like(filmed)
        rows.append(
            [(clip.name, clip.frames.first), (f"filmed, frame {clip.shown_at}", filmed)]
            + [(name, frame) for name, frame in clip.shown.items()]
        )
        apart = [
            (f"{name}: difference x {DIFFERENCES}", 1 - DIFFERENCES * (frame - filmed).abs())
            for name, frame in predicted.items()
        ]
        rows.append([apart[0], ("", gap), *apart[1:]])
        if clip.light:
            rows.append(
                [
                    (f"reference, frame {clip.frames.reference_at}", clip.frames.reference),
                    ("encoded", clip.light.encoded),
                    ("encoded, corrected", clip.light.corrected),
                    ("global transfer", clip.light.global_transfer),
                    *clip.light.extremes.items(),
                ]
            )
    return images.paste_tiles([[(name, _fit(tile)) for name, tile in row] for row in rows])


def _fit(image: Tensor) -> Tensor:  # [1, 3, h, TILE_WIDTH]
    height = max(1, round(TILE_WIDTH * image.shape[2] / image.shape[3]))
    return images.resize(image.clamp(-1, 1), TILE_WIDTH, height)


def write(clips: Sequence[ClipEvaluation], folder: Path, described: dict[str, Any]) -> None:
    """Write clips.json, clips.csv, the plot clips.png and the sheet clips_frames.png.

    Raises:
        OutputError: they can't be written.
    """
    texts = (json.dumps(described, indent=1) + "\n", comma_separated(clips))
    for name, text in zip(FILES, texts, strict=False):
        report.write_text(folder / name, text)
    images.save_image(plot(clips), folder / FILES[2])
    images.save_image(draw(clips), folder / FILES[3])
