# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks of the artist's: painted as a veil on the picture, and kept in the .blend.

keeping   what was painted is packed; Blender itself loses it
undoing   undo past that brings it back
copying   a mask that the brush can't paint, made smaller
brush     the texture brush on a mask, and the settings that it took the place of
found     what the engine found that moves
veil      the mask, or what was found, as a color over the picture
"""

from . import brush, copying, found, keeping, undoing, veil
from .keeping import keep, made_for

PARTS = (keeping, undoing, copying, brush, found, veil)

__all__ = ["brush", "copying", "found", "keep", "keeping", "made_for", "veil"]


def register() -> None:
    """Watch files being saved and masks being painted."""
    for part in PARTS:
        part.register()


def unregister() -> None:
    """Stop watching."""
    for part in reversed(PARTS):
        part.unregister()
