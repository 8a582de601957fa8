# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks of the artist's: painted as a veil on the picture, and kept in the .blend.

keeping   what was painted is packed; Blender itself loses it
brush     the texture brush on a mask, and the settings that it took the place of
veil      the mask as a color over the picture
"""

from . import brush, keeping, veil
from .keeping import keep, made_for

PARTS = (keeping, brush, veil)

__all__ = ["brush", "keep", "made_for"]


def register() -> None:
    """Watch files being saved and masks being painted."""
    for part in PARTS:
        part.register()


def unregister() -> None:
    """Stop watching."""
    for part in reversed(PARTS):
        part.unregister()
