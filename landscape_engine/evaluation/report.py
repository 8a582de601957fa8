"""Report: evaluations as a table, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import images, staging
from . import sheet
from .protocol import NAMES, Evaluation, mean

FILES = ("evaluation.json", "evaluation.csv", "evaluation.png")
SHEETS = "sheets"  # folder of those that are to be graded
SHOWN = {  # the table's columns: title and form
    "leak": ("leak", "{:.3f}"),
    "reach": ("reach", "{:.2f}"),
    "variety": ("variety/16", "{:.4g}"),
    "steer_field": ("steer°", "{:.1f}"),
    "steer_code": ("by code°", "{:.1f}"),
    "steer_refused": ("refused", "{:.0%}"),
    "seam": ("seam", "{:.2f}"),
    "sharpness": ("sharp", "{:.2f}"),
    "sharpness_cv": ("cv", "{:.3f}"),
    "stretch": ("stretch", "{:.3f}"),
    "intrusion": ("intrusion", "{:.2%}"),
    "edges": ("edges", "{:.3f}"),
    "own_look": ("own look dB", "{:.1f}"),
    "cast": ("cast ΔE", "{:.1f}"),
    "sourceless": ("sourceless", "{:.1%}"),
    "ghost": ("ghost", "{:.2f}"),
    "ghost_foreign": ("foreign", "{:.2f}"),
    "torn": ("torn", "{:.1%}"),
    "pulse": ("pulse", "{:.2f}"),
    "twice": ("twice", "{:.2f}"),
    "streak": ("streak", "{:.2f}"),
    "creep": ("creep", "{:.2%}"),
    "reflection": ("reflection", "{:.2f}"),
}


def means(stills: Sequence[Evaluation]) -> dict[str, float | None]:
    """The mean of each figure over the stills that have it."""
    return {name: mean(still.figures[name] for still in stills) for name in NAMES}


def table(stills: Sequence[Evaluation]) -> str:
    """A table for people: a line for each still, and their mean; a dash where nothing was measured.

    It is Markdown, so that a page can carry it as it is.
    """
    rows = [(still.name, still.figures) for still in stills]
    if len(stills) > 1:
        rows.append(("mean", means(stills)))
    return markdown("still", rows, SHOWN)


def markdown(
    corner: str,
    rows: Sequence[tuple[str, dict[str, float | None]]],
    columns: dict[str, tuple[str, str]],
) -> str:
    """Rows of figures under their titles; a column without any figure is left out."""
    shown = {
        name: column
        for name, column in columns.items()
        if any(figures.get(name) is not None for _, figures in rows)
    }
    cells = [[corner, *(title for title, _ in shown.values())]]
    for title, figures in rows:
        values = [(figures.get(name), form) for name, (_, form) in shown.items()]
        cells.append([title, *("–" if v is None else form.format(v) for v, form in values)])
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    cells.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    lines = []
    for row in cells:
        padded = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]  # noqa: B905
        lines.append("| " + " | ".join(padded) + " |")
    return "\n".join(lines)


def describe(stills: Sequence[Evaluation], **context: Any) -> dict[str, Any]:
    """Everything that was measured, as plain data of five digits; `context` comes first."""
    everything = {
        **context,
        "stills": [
            {
                "name": still.name,
                "size": [still.image.shape[3], still.image.shape[2]],
                "figures": still.figures,
                "notes": still.notes,
                "codes": still.codes,
                "loops": [
                    {"position": one.position, **one.figures, "worst_frame": one.worst_at}
                    for one in still.loops
                ],
            }
            for still in stills
        ],
        "mean": means(stills),
    }
    return rounded(everything)


def rounded(value: Any) -> Any:
    """Plain data with its numbers at five digits."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def comma_separated(stills: Sequence[Evaluation]) -> str:
    """A line for each still, one column for each figure; empty where nothing was measured."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["still", *NAMES])
    for still in stills:
        values = (still.figures[name] for name in NAMES)
        writer.writerow([still.name, *("" if v is None else f"{v:.6g}" for v in values)])
    return text.getvalue()


def check_folder(folder: Path, files: Sequence[str] = FILES) -> None:
    """Find out, before there is anything to write, whether the files can be.

    Raises:
        OutputError: they can't.
    """
    for name in files:
        staging.check_file(folder / name)


def write_text(target: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    with staging.explaining(target), staging.new_file(target) as staged:
        staged.write_text(text, encoding="utf-8", newline="")


def write(stills: Sequence[Evaluation], folder: Path, described: dict[str, Any]) -> None:
    """Write evaluation.json, evaluation.csv and evaluation.png into a folder.

    Raises:
        OutputError: they can't be written.
    """
    write_figures(stills, folder, described)
    images.save_image(sheet.draw(stills), folder / FILES[2])


def write_figures(stills: Sequence[Evaluation], folder: Path, described: dict[str, Any]) -> None:
    """Write evaluation.json and evaluation.csv into a folder.

    Raises:
        OutputError: they can't be written.
    """
    texts = (json.dumps(described, indent=1) + "\n", comma_separated(stills))
    for name, text in zip(FILES, texts, strict=False):
        write_text(folder / name, text)
