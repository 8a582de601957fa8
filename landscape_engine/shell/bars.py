"""Bars: a stage and the time left on a terminal, quiet elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tqdm import tqdm


def bar(items: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """Pass items on under a bar."""
    return iter(tqdm(items, total=count, desc=stage, unit="frame", disable=None, leave=False))


def steps(fits: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """Pass fits on under a bar of their steps, which they count themselves."""
    with tqdm(desc=stage, unit="step", disable=None, leave=False) as shown:
        for best in fits:
            shown.total, shown.n = best.of, best.step
            shown.refresh()
            yield best
