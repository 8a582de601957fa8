# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks of the artist's: painted as a veil on the picture, and kept in the .blend.

keeping   what was painted is packed; Blender itself loses it
undoing   undo past that brings it back
copying   a mask that the brush can't paint, made smaller
brush     the texture brush on a mask, and the settings that it took the place of
veil      the mask as a color over the picture
"""

from . import brush, copying, keeping, undoing, veil
from .keeping import keep, made_for

PARTS = (keeping, undoing, copying, brush, veil)

__all__ = ["brush", "copying", "keep", "keeping", "made_for"]


def register() -> None:
    """Watch files being saved and masks being painted."""
    for part in PARTS:
        part.register()


def unregister() -> None:
    """Stop watching."""
    for part in reversed(PARTS):
        part.unregister()
