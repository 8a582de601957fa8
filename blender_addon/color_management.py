# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene's color management makes of the picture's colors."""

from __future__ import annotations

import bpy

from .errors import AddonError

UNCHANGED = {"Standard", "Raw"}  # view transforms that a picture's colors are left alone by
PLAIN = {"exposure": 0.0, "gamma": 1.0, "use_curve_mapping": False, "use_white_balance": False}
WORDS = {"use_curve_mapping": "curves", "use_white_balance": "white balance"}


def view_problem(scene: bpy.types.Scene) -> str | None:
    """What of the scene's view changes the picture's colors, in one sentence; None: nothing."""
    view = scene.view_settings
    changes = [] if view.view_transform in UNCHANGED else [view.view_transform]
    if view.look != "None":
        changes.append(f"the look '{view.look}'")
    for name, plain in PLAIN.items():
        value = getattr(view, name, plain)  # some Blenders have no white balance
        if value != plain:
            changes.append(WORDS.get(name) or f"{name} {value:.3g}")
    if not changes:
        return None
    return (
        f"The scene's color management ({', '.join(changes)}) shows the picture in other colors "
        "than its own."
    )


def use_standard_view(scene: bpy.types.Scene) -> None:
    """Let the scene show the picture in its own colors.

    Raises:
        AddonError: this Blender's color management has no view transform of that name.
    """
    view = scene.view_settings
    try:
        view.view_transform = "Standard"
        view.look = "None"
    except TypeError as error:
        raise AddonError(
            "this Blender's color management has no view transform 'Standard'; choose one that "
            "leaves colors alone in Render Properties > Color Management."
        ) from error
    for name, plain in PLAIN.items():
        if hasattr(view, name):
            setattr(view, name, plain)
