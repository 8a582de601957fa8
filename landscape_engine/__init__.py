"""landscape-engine: one landscape picture in, a seamless animation out.

    from landscape_engine import load_animator, load_image, write_sequence

    animator = load_animator()
    lake = animator.look_at(load_image("lake.jpg"))
    motion, light = animator.move(lake), animator.light(lake)
    write_sequence(animator.render(lake, motion, light), "lake.mp4")

Method: Endo, Kanamori, Kuriyama, "Animating Landscape", ACM TOG 38(6), 2019.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {  # names are fetched when first used: `import landscape_engine` doesn't wait for torch
    "Animator": "animator",
    "Stopwatch": "rendering.stopwatch",
    "load_animator": "animator",
    "ModelBundle": "bundles.checkpoints",
    "MotionField": "motion.fields",
    "load_image": "images",
    "resize": "images",
    "save_image": "images",
    "WrittenSequence": "sequence",
    "write_sequence": "sequence",
    "AppearanceSettings": "settings",
    "ClipSettings": "settings",
    "LoopSettings": "settings",
    "MotionSettings": "settings",
    "OutputSettings": "settings",
    "LandscapeError": "errors",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
