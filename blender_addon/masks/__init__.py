# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks of the artist's: painted as a veil on the picture, and kept in the .blend.

keeping   what was painted is packed; Blender itself loses it
brush     the texture brush on a mask, and the settings that it took the place of
found     what the engine found that moves
veil      the mask, or what was found, as a color over the picture
"""

from . import brush, found, keeping, veil
from .keeping import keep, made_for

PARTS = (keeping, brush, found, veil)

__all__ = ["brush", "found", "keep", "made_for", "veil"]


def register() -> None:
    """Watch files being saved and masks being painted."""
    for part in PARTS:
        part.register()


def unregister() -> None:
    """Stop watching."""
    for part in reversed(PARTS):
        part.unregister()
