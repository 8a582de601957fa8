"""Progress: how a job's caller follows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Passes a stage's items on, and may count, announce or, by raising, end them."""

    def __call__(self, items: Iterator[T], count: int, stage: str, /) -> Iterator[T]:
        """Take the items, their number and the stage's name."""


def silent(items: Iterator[T], count: int, stage: str) -> Iterator[T]:
    """Pass items on."""
    return items
