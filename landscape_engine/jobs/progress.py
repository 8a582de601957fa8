"""Progress: how a job's caller follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

# passes a stage's items on, and may count, announce or, by raising, end them; takes the items,
# their number and the stage's name
Progress = Callable[[Iterator[Any], int, str], Iterator[Any]]


def silent(items: Iterator[Any], count: int, stage: str) -> Iterator[Any]:
    """Pass items on."""
    return items
