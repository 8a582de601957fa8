# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's words as the panel has them: it speaks to a shell, of flags."""

from __future__ import annotations

import re

LABELS = {
    "--frames": "Frames",
    "--size": "Size",
    "--seed": "Seed",
    "--upright": "the orientation",
    "--no-upright": "the orientation",
    "--motion": "Motion",
    "--motion-code": "Code",
    "--motion-speed": "Speed",
    "--water": "Water",
    "--layers": "Keep Light",
    "--ripple": "Ripple",
    "--arrow": "an arrow",
    "--arrows-as": "Arrows As",
    "--clean": "Find What Moves",
    "--no-clean": "Find What Moves, off,",
    "--still-mask": "Still Mask",
    "--moving-mask": "Moving Mask",
    "--region": "a region",
    "--horizon": "Horizon",
    "--loop": "Loop",
    "--loop-frames": "Period",
    "--loop-blend": "Blend",
    "--sampling": "Sampling",
    "--phase-noise": "Phase Noise",
    "--appearance": "Light",
    "--appearance-code": "Sequence",
    "--appearance-cycles": "Cycles",
    "--appearance-codes": "Key Codes",
    "--relative": "Begin with Picture",
    "--absolute": "Begin with Picture, off,",
    "--anchor": "Keep Own Look",
    "--no-anchor": "Keep Own Look, off,",
    "--correct": "Match Colors",
    "--no-correct": "Match Colors, off,",
    "--appearance-key": "a key",
    "--patch": "a patch",
    "--patch-frame": "Patches at Frame",
    "--format": "Format",
    "--fps": "the scene's frame rate",
    "--ten-bits": "10 Bits",
    "--no-ten-bits": "10 Bits, off,",
    "--out": "Folder",
    "--bundle": "Weights, in the preferences,",
    "--device": "Device, in the preferences,",
}


def for_panel(text: str) -> str:
    """A sentence of the engine's with the panel's labels in place of flags."""
    return re.sub(r"--[a-z]+(-[a-z]+)*", lambda flag: LABELS.get(flag[0], flag[0]), text)
