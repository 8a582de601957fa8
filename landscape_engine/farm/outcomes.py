"""Outcomes: what a batch is, what becomes of it, and who hears of it meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..settings import BatchSettings, DeviceName
from .manifests import Item
from .roots import Roots


@dataclass(frozen=True)
class Plan:
    """What a batch is.

    Attributes:
        items: of the manifest.
        roots: where they may read and write.
        settings: how often they are tried.
        bundle: folder of the weights as every worker sees it; None for the one that ships.
        device: where workers compute.
    """

    items: Sequence[Item]
    roots: Roots
    settings: BatchSettings = field(default_factory=BatchSettings)
    bundle: Path | None = None
    device: DeviceName = "auto"


@dataclass
class End:
    """What became of an item.

    Attributes:
        item: which.
        state: "made", "found" (finished before), "failed", or "open" where the run was ended.
        attempts: how often this run has heard of its end.
        sentence: why it failed.
        record: of the finished item, as `ledger.Record` has it.
        worker: of the last attempt, as `items` describes it.
    """

    item: Item
    state: str = "open"
    attempts: int = 0
    sentence: str | None = None
    record: dict[str, Any] | None = None
    worker: dict[str, Any] | None = None


class Listener(Protocol):
    """Hears how a batch goes on."""

    def ended(self, end: End, done: int, of: int) -> None:
        """An item has ended, the `done`th of all."""

    def moved(self, name: str, frame: int, frames: int) -> None:
        """A frame of an item was made; not all of them are told."""

    def noted(self, sentence: str) -> None:
        """Something that the person should know."""


@dataclass
class Outcome:
    """What became of a batch.

    Attributes:
        run: its name, drawn anew for each run.
        ends: of all items, in the manifest's order.
        seconds: that it took.
        problem: why it was ended before all items were; None if they all have an end.
    """

    run: str
    ends: list[End]
    seconds: float = 0.0
    problem: str | None = None
