# SPDX-License-Identifier: GPL-3.0-or-later
"""What the buttons do: collect, hand over, report."""

from . import adding, backdrops, codes, drawing, engine, lists, live, painting, pictures, rendering

classes = (
    *pictures.classes,
    *rendering.classes,
    *live.classes,
    *backdrops.classes,
    *adding.classes,
    *engine.classes,
    *drawing.classes,
    *painting.classes,
    *codes.classes,
    *lists.classes,
)
