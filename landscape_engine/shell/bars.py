"""Bars: a stage and the time left on a terminal, quiet elsewhere; or lines that a farm reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from tqdm import tqdm

ProgressName = Literal["bar", "openjd"]


def named(name: ProgressName) -> Callable[[Iterator[Any], int, str], Iterator[Any]]:
    """The way to follow frames that a flag names."""
    return openjd if name == "openjd" else bar


def openjd(items: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """Pass items on, and print each whole percent as Open Job Description's runners read it."""
    print(f"openjd_status: {stage}", flush=True)
    said, number = -1, 0
    for item in items:
        yield item
        del item  # not held while the next is made
        number += 1
        percent = 100 * number // max(count, 1)
        if percent > said:
            said = percent
            print(f"openjd_progress: {min(percent, 100)}", flush=True)


def bar(items: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """Pass items on under a bar."""
    with tqdm(total=count, desc=stage, unit="frame", disable=None, leave=False) as shown:
        for item in items:
            yield item
            del item  # not held while the next is made, as tqdm's own loop would
            shown.update()


def steps(fits: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """Pass fits on under a bar of their steps, which they count themselves."""
    with tqdm(desc=stage, unit="step", disable=None, leave=False) as shown:
        for best in fits:
            shown.total, shown.n = best.of, best.step
            shown.refresh()
            yield best
