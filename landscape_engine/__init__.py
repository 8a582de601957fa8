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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers
    from .animator import Animator as Animator
    from .animator import load_animator as load_animator
    from .bundles.checkpoints import ModelBundle as ModelBundle
    from .bundles.codebook import CodeCycle as CodeCycle
    from .errors import AnnotationError as AnnotationError
    from .errors import BundleError as BundleError
    from .errors import CodeError as CodeError
    from .errors import DocumentError as DocumentError
    from .errors import LandscapeError as LandscapeError
    from .errors import OutputError as OutputError
    from .errors import PictureError as PictureError
    from .errors import RegionError as RegionError
    from .errors import SettingsError as SettingsError
    from .errors import TrainingError as TrainingError
    from .fitting.annotations import Arrow as Arrow
    from .fitting.annotations import ArrowLike as ArrowLike
    from .fitting.annotations import Patch as Patch
    from .fitting.annotations import PatchLike as PatchLike
    from .fitting.optimize import AppearanceFit as AppearanceFit
    from .fitting.optimize import MotionFit as MotionFit
    from .images import load_image as load_image
    from .images import resize as resize
    from .images import save_image as save_image
    from .landscape import Landscape as Landscape
    from .light.cycles import LightCycle as LightCycle
    from .motion.codes import Chosen as Chosen
    from .motion.fields import MotionField as MotionField
    from .rendering.stopwatch import Stopwatch as Stopwatch
    from .scene.regions import Region as Region
    from .sequence import Kit as Kit
    from .sequence import WrittenSequence as WrittenSequence
    from .sequence import write_kit as write_kit
    from .sequence import write_sequence as write_sequence
    from .settings import AppearanceSettings as AppearanceSettings
    from .settings import ClipSettings as ClipSettings
    from .settings import DeviceName as DeviceName
    from .settings import LoopSettings as LoopSettings
    from .settings import MotionSettings as MotionSettings
    from .settings import OutputSettings as OutputSettings
    from .settings import RegionSettings as RegionSettings

__version__ = "0.1.0"

_HOMES = {  # names are fetched when first used: `import landscape_engine` doesn't wait for torch
    "Animator": "animator",
    "load_animator": "animator",
    "ModelBundle": "bundles.checkpoints",
    "CodeCycle": "bundles.codebook",
    "AnnotationError": "errors",
    "BundleError": "errors",
    "CodeError": "errors",
    "DocumentError": "errors",
    "LandscapeError": "errors",
    "OutputError": "errors",
    "PictureError": "errors",
    "RegionError": "errors",
    "SettingsError": "errors",
    "TrainingError": "errors",
    "Arrow": "fitting.annotations",
    "ArrowLike": "fitting.annotations",
    "Patch": "fitting.annotations",
    "PatchLike": "fitting.annotations",
    "AppearanceFit": "fitting.optimize",
    "MotionFit": "fitting.optimize",
    "load_image": "images",
    "resize": "images",
    "save_image": "images",
    "Landscape": "landscape",
    "LightCycle": "light.cycles",
    "Chosen": "motion.codes",
    "MotionField": "motion.fields",
    "Stopwatch": "rendering.stopwatch",
    "Region": "scene.regions",
    "Kit": "sequence",
    "WrittenSequence": "sequence",
    "write_kit": "sequence",
    "write_sequence": "sequence",
    "AppearanceSettings": "settings",
    "ClipSettings": "settings",
    "DeviceName": "settings",
    "LoopSettings": "settings",
    "MotionSettings": "settings",
    "OutputSettings": "settings",
    "RegionSettings": "settings",
}
__all__ = sorted(_HOMES)


if not TYPE_CHECKING:  # a type checker would take any name for one of the package

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
