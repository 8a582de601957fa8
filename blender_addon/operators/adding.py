# SPDX-License-Identifier: GPL-3.0-or-later
"""Add a result elsewhere: to the sequencer, to the compositor, or as what a light throws."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from .. import image_exchange, results
from ..errors import AddonError
from ..image_exchange import Clip
from .backdrops import OfCamera, OfWorld
from .subject import reporting

USES = (
    (
        "STRIP",
        "Sequencer Strip",
        "Add the result to the sequencer, above what is there, from the scene's first frame on",
        "SEQUENCE",
        0,
    ),
    (
        "COMPOSITOR",
        "Compositor Image",
        "Add the result to the compositor, as an Image node that plays it over and over",
        "NODE_COMPOSITING",
        1,
    ),
    (
        "GOBO",
        "Light Gobo",
        "Add a spot light above the 3D cursor that throws the result downwards; Cycles alone "
        "renders it",
        "LIGHT_SPOT",
        2,
    ),
)
OWNERS = (
    ("OBJECT", "Object", "A result of the active object"),
    ("WORLD", "World", "A result of the scene's world"),
    ("CAMERA", "Camera", "A result of the scene's camera"),
)


def _settings(context: bpy.types.Context, owner: str) -> Any:
    """The settings that list the results of an owner; None: it isn't there."""
    if owner == "OBJECT":
        found = context.object
    else:
        found = (OfWorld if owner == "WORLD" else OfCamera).backdrop(context)
    return found.landscape if found else None


def chosen_result(context: bpy.types.Context, owner: str) -> Any:
    """The result that is chosen in an owner's list; None: it has none."""
    settings = _settings(context, owner)
    index = settings.result_active if settings else -1
    return settings.results[index] if settings and 0 <= index < len(settings.results) else None


class LANDSCAPE_OT_add_result(bpy.types.Operator):
    """Use the chosen result elsewhere too; its files are shared, not copied"""

    bl_idname = "landscape.add_result"
    bl_label = "Add Result as"
    bl_options = {"REGISTER", "UNDO"}

    kind: EnumProperty(name="As", description="What the result becomes", items=USES)
    owner: EnumProperty(name="Of", items=OWNERS, options={"HIDDEN", "SKIP_SAVE"})
    times: IntProperty(
        name="Times",
        description="How often the clip plays, one strip after the other",
        default=1,
        min=1,
        max=1000,
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """What the chosen kind does."""
        return next(use[2] for use in USES if use[0] == properties.kind)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey out where nothing was made yet, and say so."""
        if any(chosen_result(context, owner[0]) for owner in OWNERS):
            return True
        cls.poll_message_set("Animate first: there is no result yet")
        return False

    def draw(self, context: bpy.types.Context) -> None:
        """Show what can be chosen afterwards."""
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(self, "kind")
        if self.kind == "STRIP":
            layout.prop(self, "times")

    @reporting
    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it, and say where it is."""
        item = chosen_result(context, self.owner)
        if item is None:
            raise AddonError("no result is chosen; animate first, or choose one in the list.")
        clip, image = results.clip_of(item), results.image_of(item)
        if self.kind == "STRIP":
            said = self._strip(context, item.name, image, clip)
        elif self.kind == "COMPOSITOR":
            image_exchange.add_image_node(context.scene, item.name, image, clip)
            said = (
                f"'{item.name}' is an Image node in the compositor; link it to where it is needed."
            )
        else:
            said = self._gobo(context, item.name, image, clip)
        self.report({"INFO"}, said)
        return {"FINISHED"}

    def _strip(
        self, context: bpy.types.Context, name: str, image: bpy.types.Image, clip: Clip
    ) -> str:
        # from Blender 5.0 on the sequencer may show another scene than the window
        scene = getattr(context, "sequencer_scene", None) or context.scene
        renders_strips = image_exchange.has_strips(scene) or not scene.render.use_sequencer
        strips = image_exchange.add_strips(scene, name, image, clip, self.times)
        said = (
            f"'{name}' is in channel {strips[0].channel} of the sequencer, frames "
            f"{image_exchange.strip_span(strips[0])[0]} to "
            f"{image_exchange.strip_span(strips[-1])[1]}."
        )
        if renders_strips:
            return said
        return f"{said} Renders show the strips now: see Output > Post Processing."

    def _gobo(
        self, context: bpy.types.Context, name: str, image: bpy.types.Image, clip: Clip
    ) -> str:
        light = image_exchange.add_gobo(context, f"{name} gobo", image, clip)
        said = f"the spot light '{light.name}' throws '{name}'."
        if context.scene.render.engine == "CYCLES":
            return said
        return f"{said} Render it with Cycles: EEVEE's lights throw no pictures."


classes = (LANDSCAPE_OT_add_result,)
