"""Mixing: spread the clips' share evenly over the numbered samples of a training."""

from __future__ import annotations


def clip_sample(index: int, share: float) -> int | None:
    """The clips' sample at a number; None if it comes from another source."""
    before = int(index * share)
    return before if int((index + 1) * share) > before else None
