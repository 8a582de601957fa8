# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings under a library override: what is changed here stays when the .blend is saved.

Blender notes what differs from the linked data. From 5.0 on it takes a group of settings that only
one of both has for replaced as a whole, and can't read that again; so both get all groups first.
New items of lists are found again by their names, which have to differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import handlers

GROUPS = ("clip", "motion", "regions", "loop", "appearance", "output")
UNNAMED = "Item"  # keys have no name that is seen


def linked_settings(settings: Any) -> Any | None:
    """The settings of the linked data that these are an override of; None: they are of their own.

    Args:
        settings: an owner's `landscape`.
    """
    override = settings.id_data.override_library
    return override.reference.landscape if override and override.reference else None


@persistent
def _make_ready(*_: Any) -> None:
    """Let Blender note no more than what was changed, and find new items again."""
    for data in (bpy.data.objects, bpy.data.worlds, bpy.data.cameras):
        for owner in data:
            if owner.override_library is None or not owner.is_property_set("landscape"):
                continue
            linked = linked_settings(owner.landscape)
            if linked is None:
                continue
            for name in GROUPS:  # where there is none Blender makes it
                getattr(linked, name), getattr(owner.landscape, name)
            for items, given in zip(_lists(owner.landscape), _lists(linked), strict=True):
                _tell_apart(items, len(given))


def _lists(settings: Any) -> Iterator[Any]:
    yield settings.results
    yield settings.regions.region_items
    yield settings.appearance.key_items
    yield settings.appearance.patch_items


def _tell_apart(items: Any, given: int) -> None:
    """Give items after the linked ones names of their own, numbered as Blender does it."""
    taken = {item.name for item in items[:given]}
    for item in items[given:]:
        base, number = item.name or UNNAMED, 0
        name = base
        while name in taken:
            number += 1
            name = f"{base}.{number:03d}"
        if item.name != name:
            item.name = name
        taken.add(name)


HANDLERS = (("load_post", _make_ready), ("save_pre", _make_ready))


def register() -> None:
    """Watch files being opened and saved."""
    handlers.watch(HANDLERS)


def unregister() -> None:
    """Stop watching."""
    handlers.unwatch(HANDLERS)
