# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's properties as settings have them: a library override may change them, and keeps that.

Without this Blender shows the settings of an overridden object greyed, forgets what a script sets
there, and refuses new items in its lists.
"""

from __future__ import annotations

from functools import partial

from bpy import props

_CHANGED = {"LIBRARY_OVERRIDABLE"}

BoolProperty = partial(props.BoolProperty, override=_CHANGED)
EnumProperty = partial(props.EnumProperty, override=_CHANGED)
FloatProperty = partial(props.FloatProperty, override=_CHANGED)
FloatVectorProperty = partial(props.FloatVectorProperty, override=_CHANGED)
IntProperty = partial(props.IntProperty, override=_CHANGED)
PointerProperty = partial(props.PointerProperty, override=_CHANGED)
StringProperty = partial(props.StringProperty, override=_CHANGED)
CollectionProperty = partial(props.CollectionProperty, override=_CHANGED | {"USE_INSERTION"})
