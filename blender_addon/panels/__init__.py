# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sees: the tab "Landscape" of the 3D view, and panels of World and Camera."""

from . import advanced, backdrops, doors, light, motion, output, picture, progress, thumbnails

__all__ = ["classes", "doors", "progress"]

classes = (
    *picture.classes,
    *advanced.classes,
    *thumbnails.classes,
    *motion.classes,
    *light.classes,
    *output.classes,
    *backdrops.classes,
    *doors.classes,
)
