# SPDX-License-Identifier: GPL-3.0-or-later
import bpy

settings = bpy.context.object.landscape

settings.clip.frames = 250
settings.motion.kind = "steady"
settings.motion.code_from = "AUTO"
settings.motion.speed = 1.0
settings.motion.water = "predicted"
settings.motion.layers = True
settings.motion.ripple = 0.0
settings.loop.kind = "two-phase"
settings.loop.frames = 0
settings.loop.blend = "condense"
settings.loop.phase_noise = 0.4
settings.appearance.kind = "keyed"
settings.appearance.code_from = "POSITION"
settings.appearance.position = 0.2532
settings.appearance.cycles = 1
settings.appearance.codes = 0
settings.appearance.stars = 0.0
settings.appearance.windows = 0.0
settings.appearance.relative = True
settings.appearance.anchor = True
settings.appearance.correct = True
