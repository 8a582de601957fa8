"""Mixing: which of a training's numbered samples come from clips, evenly by their share."""

from __future__ import annotations


def clip_sample(index: int, share: float) -> int | None:
    """Which sample of the clips stands at a number; None: it is one of another source."""
    before = int(index * share)
    return before if int((index + 1) * share) > before else None
