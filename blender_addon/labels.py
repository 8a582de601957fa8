# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's sentences with the panel's labels as the names of settings."""

from __future__ import annotations

from typing import Any

from . import image_exchange
from .properties import LandscapeProperties

# Settings that the panel has under another property than that of their name
PROPERTIES = {
    "clip.size": "size_from",
    "motion.code": "code_from",
    "motion.arrows": "use_arrows",
    "regions.still_mask": "still_image",
    "regions.moving_mask": "moving_image",
    "regions.region": "region_active",
    "appearance.code": "code_from",
    "appearance.keys": "key_active",
    "appearance.patches": "patch_active",
}
ELSEWHERE = {
    "clip.upright": "the orientation",
    "clip.profile": "the color profile",
    "output.fps": "the scene's frame rate",
    "output.force": "another name",
}


def sentence(event: dict[str, Any]) -> str:
    """What an event of the engine's says; it names the setting that it is about in any case."""
    parts = event.get("parts") or [event.get("text") or event.get("message") or ""]
    said = "".join(part if isinstance(part, str) else _name(part) for part in parts)
    said = image_exchange.by_their_names(said)
    setting = event.get("setting")
    if setting and all(isinstance(part, str) for part in parts):
        return f"{label(setting)}: {said}"
    return said


def label(path: str) -> str:
    """The panel's name for a setting of the engine: "Speed" for "motion.speed"."""
    group, _, field = path.partition(".")
    groups = LandscapeProperties.bl_rna.properties
    properties = groups[group].fixed_type.properties if group in groups else {}
    found = properties.get(PROPERTIES.get(path, field))
    return ELSEWHERE.get(path) or (found.name if found else path)  # a newer engine's has none


def _name(part: dict[str, Any]) -> str:
    return label(part["setting"]) + (" (off)" if part.get("off") else "")
