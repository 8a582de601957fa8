# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn on the picture, with grease pencil or annotations, as arrows of the picture."""

from ..image_exchange.surface import seen_at
from . import arrow_heads
from .arrows import Reading, arrows_on
from .drawing import LAYER, clear_arrows, count, is_drawing, start_drawing, stop_drawing

__all__ = [
    "LAYER",
    "Reading",
    "arrow_heads",
    "arrows_on",
    "clear_arrows",
    "count",
    "is_drawing",
    "seen_at",
    "start_drawing",
    "stop_drawing",
]
