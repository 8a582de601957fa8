"""The report of a batch: what became of each item, as plain data and as JSON.

{"version", "run", "manifest", "out", "bundle", "bundle_hash"…, "problem",
 "counts": {"made", "found", "failed", "open"},
 "workers": [{"host", "process", "items", "loads"}],
 "items": [{"name", "said", "picture", "out", "state", "attempts", "sentence", "frames", …}]}
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from .. import __version__, staging
from ..bundles import checkpoints
from .contact_page import write_page
from .outcomes import Outcome, Plan
from .roots import PAGE, REPORT

STATES = ("made", "found", "failed", "open")
OF_RECORD = ("content", "frames", "width", "height", "seconds", "device", "notes", "poster")


def describe(
    plan: Plan, outcome: Outcome, manifest: Path, scheduler: str | None = None
) -> dict[str, Any]:
    """What became of a batch, as plain data.

    Args:
        plan: what was to be done.
        outcome: what was.
        manifest: where its items stand.
        scheduler: its address; None where the workers were started for it.
    """
    counts = Counter(end.state for end in outcome.ends)
    return {
        "version": __version__,
        "run": outcome.run,
        "manifest": str(manifest),
        "out": str(plan.roots.out),
        "roots": [str(root) for root in plan.roots.read],
        "bundle": str(plan.bundle or checkpoints.DEFAULT),
        "scheduler": scheduler,
        "seconds": round(outcome.seconds, 3),
        "problem": outcome.problem,
        "counts": {state: counts[state] for state in STATES},
        "workers": _workers(outcome),
        "items": [
            {
                "name": end.item.name,
                "said": end.item.said,
                "picture": str(end.item.job.picture),
                "out": str(end.item.job.out),
                "state": end.state,
                "attempts": end.attempts,
                "sentence": end.sentence,
                **{name: (end.record or {}).get(name) for name in OF_RECORD},
            }
            for end in outcome.ends
        ],
    }


def write(described: dict[str, Any], out: Path) -> tuple[Path, Path]:
    """Write the report and its page into the output folder; gives their paths.

    Raises:
        OutputError: one can't be written.
    """
    report, page = out / REPORT, out / PAGE
    with staging.explaining(report), staging.new_file(report) as staged:
        staged.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    write_page(described, page)
    return report, page


def _workers(outcome: Outcome) -> list[dict[str, Any]]:
    """The processes that made items of this run: how many, and how often each loaded a bundle."""
    made: dict[tuple[str, int], dict[str, Any]] = {}
    for end in outcome.ends:
        if end.worker is not None and end.state in ("made", "failed"):
            who = end.worker["host"], end.worker["process"]
            one = made.setdefault(who, {"host": who[0], "process": who[1], "items": 0, "loads": 0})
            one["items"] += 1
            one["loads"] = max(one["loads"], end.worker["loads"])
    return sorted(made.values(), key=lambda one: (one["host"], one["process"]))
